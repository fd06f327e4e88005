//! The graph of stages, and the variables that each stage knows.

use std::{collections::HashMap, ops::Range};

use super::{
    image::Image,
    parse::{Dockerfile, Instruction},
    words::{self, Expanded, Known},
};

/// A chain of stages longer than this is not followed.
const LONGEST_CHAIN: usize = 64;

/// What a stage begins from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Base {
    /// An image.
    Image(Image),
    /// An earlier stage.
    Stage(usize),
    /// Nothing.
    Scratch,
    /// There is no `FROM`.
    Missing,
}

/// What an `ARG` says of its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Preset {
    /// This text.
    Known(String),
    /// A text with variables in it that nothing is known of.
    Unknown,
    /// Nothing.
    Missing,
}

impl Preset {
    /// A default that has been expanded.
    pub(super) fn of(value: Expanded) -> Self {
        if value.complete { Self::Known(value.text) } else { Self::Unknown }
    }
}

/// One stage.
#[derive(Debug)]
pub(super) struct Stage {
    /// Index of its `FROM` among the instructions.
    pub(super) from: usize,
    /// Index after its last instruction.
    pub(super) end: usize,
    /// Bytes of its `FROM`; of the first instruction if there is none.
    pub(super) at: Range<usize>,
    /// What follows `FROM`, expanded, and its bytes.
    pub(super) reference: (Expanded, Range<usize>),
    /// What it begins from.
    pub(super) base: Base,
    /// Its name after `AS`, in lower case, and its bytes.
    pub(super) name: Option<(String, Range<usize>)>,
    /// Whether an earlier stage has the same name.
    pub(super) is_duplicate: bool,
    /// Whether it is the last stage or one that the last one begins from.
    pub(super) is_shipped: bool,
    /// Variables of `ARG` and `ENV`: whether from `ENV`, and what is known of them.
    variables: HashMap<String, (bool, Option<String>)>,
}

/// All stages of a file, and the `ARG`s before the first.
#[derive(Debug, Default)]
pub(super) struct Stages {
    pub(super) all: Vec<Stage>,
    /// The last stage of each name.
    names: HashMap<String, usize>,
    globals: HashMap<String, Option<String>>,
}

impl Stages {
    /// Reads the `FROM`s and the `ARG`s before them.
    pub(super) fn of(file: &Dockerfile) -> Self {
        let mut stages = Self::default();
        for (index, instruction) in file.instructions.iter().enumerate() {
            match instruction.name {
                "FROM" if !instruction.onbuild => stages.open(file, index, instruction),
                "ARG" if stages.all.is_empty() => stages.global(file, instruction),
                _ if stages.all.is_empty() => stages.all.push(missing(index, instruction)),
                _ => {}
            }
        }
        stages.close(file.instructions.len());
        stages
    }

    fn open(&mut self, file: &Dockerfile, index: usize, instruction: &Instruction) {
        if let Some(last) = self.all.last_mut() {
            last.end = index;
        }
        let words = words::split(instruction.text(), file.escape);
        let word = |at: usize| words.get(at).map(|word| &instruction.text()[word.clone()]);
        let place = |at: usize| {
            let start = instruction.arguments.start;
            let word = words.get(at).cloned().unwrap_or(0..0);
            instruction.source(&(start + word.start..start + word.end))
        };
        let look_up = |name: &str| match self.globals.get(name) {
            Some(Some(value)) => Known::Value(value),
            _ => Known::Nothing,
        };
        let reference = words::expand(word(0).unwrap_or_default(), file.escape, &look_up);
        let is_named = word(1).is_some_and(|word| word.eq_ignore_ascii_case("as"));
        let name = word(2).filter(|_| is_named).map(|name| (name.to_ascii_lowercase(), place(2)));
        let is_duplicate = name.as_ref().is_some_and(|(name, _)| self.named(name).is_some());
        let base = match self.named(&reference.text) {
            Some(stage) => Base::Stage(stage),
            None if reference.text.eq_ignore_ascii_case("scratch") => Base::Scratch,
            None => Base::Image(Image::of(&reference.text)),
        };
        if let Some((name, _)) = &name {
            self.names.insert(name.clone(), self.all.len());
        }
        self.all.push(Stage {
            from: index,
            end: index + 1,
            at: instruction.at.clone(),
            reference: (reference, place(0)),
            base,
            name,
            is_duplicate,
            is_shipped: false,
            variables: HashMap::new(),
        });
    }

    fn global(&mut self, file: &Dockerfile, instruction: &Instruction) {
        for word in words::split(instruction.text(), file.escape) {
            let word = &instruction.text()[word];
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (word, None),
            };
            let look_up = |name: &str| match self.globals.get(name) {
                Some(Some(value)) => Known::Value(value),
                _ => Known::Nothing,
            };
            let value = value.map(|value| words::expand(value, file.escape, &look_up));
            let value = value.filter(|value| value.complete).map(|value| value.text);
            self.globals.insert(name.to_owned(), value);
        }
    }

    /// Marks the last stage and what it begins from as shipped.
    fn close(&mut self, end: usize) {
        let Some(last) = self.all.last_mut() else { return };
        last.end = end;
        let mut at = Some(self.all.len() - 1);
        while let Some(stage) = at {
            self.all[stage].is_shipped = true;
            at = self.parent(stage);
        }
    }

    /// The stage that a stage begins from.
    pub(super) fn parent(&self, stage: usize) -> Option<usize> {
        match self.all.get(stage)?.base {
            // A parent is always earlier, so that chains end.
            Base::Stage(parent) => Some(parent).filter(|parent| *parent < stage),
            Base::Image(_) | Base::Scratch | Base::Missing => None,
        }
    }

    /// The last stage of this name.
    pub(super) fn named(&self, name: &str) -> Option<usize> {
        self.names.get(&name.to_ascii_lowercase()).copied()
    }

    /// What a stage knows of a variable, by itself or from the stages it begins from.
    pub(super) fn look_up(&self, stage: usize, name: &str) -> Known<'_> {
        match self.variable(stage, name) {
            Some((_, Some(value))) => Known::Value(value),
            _ => Known::Nothing,
        }
    }

    fn variable(&self, stage: usize, name: &str) -> Option<&(bool, Option<String>)> {
        let chain = std::iter::successors(Some(stage), |stage| self.parent(*stage));
        chain.take(LONGEST_CHAIN).find_map(|stage| self.all[stage].variables.get(name))
    }

    /// A stage sets a variable by `ENV`.
    pub(super) fn set(&mut self, stage: usize, name: &str, value: Option<String>) {
        self.all[stage].variables.insert(name.to_owned(), (true, value));
    }

    /// A stage declares a variable by `ARG`. `ENV` goes before it, and a default before the first `FROM`
    /// stands in for a missing one.
    pub(super) fn declare(&mut self, stage: usize, name: &str, default: Preset) {
        let value = match default {
            Preset::Known(value) => Some(value),
            Preset::Unknown => None,
            Preset::Missing => self.globals.get(name).cloned().flatten(),
        };
        if !self.variable(stage, name).is_some_and(|(is_environment, _)| *is_environment) {
            self.all[stage].variables.insert(name.to_owned(), (false, value));
        }
    }
}

fn missing(index: usize, instruction: &Instruction) -> Stage {
    Stage {
        from: index,
        end: index + 1,
        at: instruction.at.clone(),
        reference: (Expanded::default(), instruction.at.clone()),
        base: Base::Missing,
        name: None,
        is_duplicate: false,
        is_shipped: false,
        variables: HashMap::new(),
    }
}
