//! Lowers one instruction, and lets it change what its stage has come to.

use std::{collections::HashSet, ops::Range};

use super::{
    super::{
        Unreadable,
        node::{Node, Value},
    },
    commands::{self, Context},
    fields::{Fields, add},
    image::Image,
    lower::{self, Desk, image_node, is_root_name},
    packages,
    parse::Instruction,
    remedies,
    stages::Preset,
    words::{self, Expanded},
};

/// One instruction as a map. `stage` is nothing before the first `FROM`.
pub(super) fn lower(
    desk: &mut Desk<'_>,
    stage: Option<usize>,
    instruction: &Instruction,
    (is_repeated, begins_series): (bool, bool),
) -> Node {
    let mut fields = Fields::new(instruction.at.clone());
    fields.text_at("name", instruction.name, instruction.source(&instruction.name_at));
    if let Some(stage) = stage {
        fields.number("stage", stage).flag("shipped", desk.stages.all[stage].is_shipped);
    }
    if instruction.onbuild {
        fields.flag("onbuild", true);
    }
    if is_repeated {
        fields.flag("repeated", true).text_at("lines", "", instruction.whole.clone());
    }
    if begins_series {
        fields.flag("begins-series", true);
    }
    flags(&mut fields, instruction);
    remedies::note_instruction(&mut fields, instruction);
    let mut lowering = Lowering { desk, stage, instruction, fields };
    lowering.arguments();
    let text = instruction.text();
    lowering.fields.text("text", text).text("summary", summary(text));
    lowering.fields.finish()
}

/// As much of a text as a message can show.
fn summary(text: &str) -> &str {
    text.char_indices().nth(120).map_or(text, |(end, _)| &text[..end])
}

fn flags(fields: &mut Fields, instruction: &Instruction) {
    if instruction.flags.is_empty() {
        return;
    }
    let mut flags = Fields::new(instruction.at.clone());
    let mut mounts = Vec::new();
    for flag in &instruction.flags {
        let at = instruction.source(&flag.at);
        if flag.name == "mount" {
            mounts.push(mount(&flag.value, at.clone()));
        }
        flags.text_at(&flag.name, &flag.value, at);
    }
    fields.node("flags", flags.finish());
    fields.list("mounts", mounts);
}

fn mount(value: &str, at: Range<usize>) -> Node {
    let mut fields = Fields::new(at);
    for part in value.split(',') {
        let (key, value) = part.split_once('=').unwrap_or((part, "true"));
        let key = match key.trim() {
            "src" => "source",
            "dst" | "destination" => "target",
            key => key,
        };
        fields.text(key, value);
    }
    fields.finish()
}

struct Lowering<'d, 'f, 'i> {
    desk: &'d mut Desk<'f>,
    stage: Option<usize>,
    instruction: &'i Instruction,
    fields: Fields,
}

impl Lowering<'_, '_, '_> {
    fn arguments(&mut self) {
        match self.instruction.name {
            "RUN" => self.run(),
            "CMD" | "ENTRYPOINT" => {
                self.form();
                let commands = self.commands(self.instruction.arguments.clone());
                self.fields.list("commands", commands);
                if self.instruction.name == "ENTRYPOINT" {
                    self.change(|state| state.has_entrypoint = true);
                }
            }
            "HEALTHCHECK" => self.healthcheck(),
            "SHELL" => self.shell(),
            "ENV" | "LABEL" => self.pairs(),
            "ARG" => self.build_arguments(),
            "USER" => self.user(),
            "WORKDIR" => self.folder(),
            "EXPOSE" => self.ports(),
            "COPY" | "ADD" => self.copy(),
            "VOLUME" => self.paths(),
            _ => {}
        }
    }

    /// Changes the state of the stage, unless the instruction is for another build.
    fn change(&mut self, change: impl FnOnce(&mut super::lower::State)) {
        if let Some(stage) = self.stage.filter(|_| !self.instruction.onbuild) {
            change(&mut self.desk.states[stage]);
        }
    }

    fn context(&self) -> Context {
        let is_shipped = self.stage.is_some_and(|stage| self.desk.stages.all[stage].is_shipped);
        let start = self.instruction.at.start;
        let is_root = self.stage.is_some_and(|stage| lower::is_root(self.desk, stage));
        Context { by: self.instruction.name, is_shipped, is_root, start }
    }

    /// Bytes of the file for bytes of the arguments.
    fn place(&self, at: &Range<usize>) -> Range<usize> {
        let start = self.instruction.arguments.start;
        self.instruction.source(&(start + at.start..start + at.end))
    }

    fn expand(&self, word: &str) -> Expanded {
        let stages = &self.desk.stages;
        match self.stage {
            Some(stage) => {
                words::expand(word, self.desk.file.escape, &|name| stages.look_up(stage, name))
            }
            None => words::expand(word, self.desk.file.escape, &|_| words::Known::Nothing),
        }
    }

    fn words(&self) -> Vec<Range<usize>> {
        words::split(self.instruction.text(), self.desk.file.escape)
    }

    /// The arguments as texts with their bytes: a JSON array, or words expanded.
    fn texts(&self) -> Vec<(Expanded, Range<usize>)> {
        let text = self.instruction.text();
        if let Some(strings) = words::json(text) {
            let expanded = |(text, at): (String, Range<usize>)| {
                let complete = !text.contains('$');
                (Expanded { text, complete, literal: complete }, self.place(&at))
            };
            return strings.into_iter().map(expanded).collect();
        }
        let expanded = |word: Range<usize>| (self.expand(&text[word.clone()]), self.place(&word));
        self.words().into_iter().map(expanded).collect()
    }

    fn form(&mut self) {
        let is_json = words::json(self.instruction.text()).is_some();
        self.fields.text("form", if is_json { "json" } else { "shell" });
        let has_own_shell =
            self.stage.is_some_and(|stage| !self.desk.states[stage].shell.is_empty());
        let json = remedies::as_json(self.instruction);
        if let Some(json) = json.filter(|_| !is_json && !has_own_shell && !self.desk.has_both) {
            let text = self.instruction.text();
            let at = self.place(&(0..text.trim_end().len()));
            self.fields.text_at("as-json", &json, at);
        }
    }

    fn run(&mut self) {
        let mut commands = self.commands(self.instruction.arguments.clone());
        let stages = &self.desk.stages;
        let has_cache_off = |program: &str| {
            let known = self.stage.zip(packages::cache_variable(program));
            known.is_some_and(|(stage, name)| {
                matches!(stages.look_up(stage, name), words::Known::Value(value) if !value.is_empty())
            })
        };
        let alone =
            packages::note(&mut self.fields, self.instruction, &mut commands, &has_cache_off);
        if let Some(stage) = self.stage {
            let state = &self.desk.states[stage];
            packages::note_fetchers(&mut self.fields, &commands, &state.programs);
            let installs = self.fields.texts_of("installs");
            let updates = self.fields.texts_of("updates");
            let is_old = |name: &&String| state.updated.contains(*name) && updates.is_empty();
            let from_earlier: Vec<&String> = installs.iter().filter(is_old).collect();
            self.fields.texts("stale-index-of", &from_earlier);
        }
        let shell = self.stage.map(|stage| self.desk.states[stage].shell.as_slice());
        let is_pipefail = |word: &String| word.contains("pipefail");
        let pipefail = shell.is_some_and(|shell| shell.iter().any(is_pipefail))
            || self.instruction.text().contains("pipefail")
            || self.instruction.heredocs.iter().any(|h| h.body.text().contains("pipefail"));
        self.fields.flag("pipefail", pipefail);
        let image = self.stage.and_then(|stage| lower::bottom(&self.desk.stages, stage));
        let is_default = shell.is_some_and(<[String]>::is_empty);
        let set = image.filter(|_| is_default && !pipefail).and_then(remedies::pipefail_shell);
        if let Some((set, stage)) = set.zip(self.stage) {
            self.fields.text_at("pipefail-shell", set, self.desk.stages.all[stage].at.clone());
        }
        if let Some(end) = remedies::end_of_script(self.instruction) {
            self.fields.text_at("end", "", end);
        }
        let program = |node: &Node| node.get("program").and_then(Node::as_text).map(str::to_owned);
        let programs: Vec<String> = commands.iter().filter_map(program).collect();
        self.fields.list("commands", commands);
        self.change(|state| {
            state.programs.extend(programs);
            state.updated.extend(alone);
        });
    }

    /// Notes the dialect and the variables of commands, and gives the commands.
    fn commands(&mut self, arguments: Range<usize>) -> Vec<Node> {
        let shell = self.stage.and_then(|stage| self.desk.states[stage].shell.first());
        let dialect = shell.map_or("posix", |shell| dialect(shell));
        self.fields.text("dialect", dialect);
        let lowered = commands::lower(self.instruction, &arguments, self.context());
        if lowered.is_cut {
            let at = self.instruction.at.clone();
            self.desk.problems.push(Unreadable::new("too many commands in one instruction", at));
        }
        self.fields.list("variables", lowered.variables);
        lowered.commands
    }

    fn healthcheck(&mut self) {
        let text = self.instruction.text();
        let is_none = text.trim().eq_ignore_ascii_case("none");
        let at = self.instruction.at.clone();
        self.change(|state| state.healthcheck = Some((at, is_none)));
        self.fields.flag("none", is_none);
        let Some(first) = self.words().first().cloned() else { return };
        if text[first.clone()].eq_ignore_ascii_case("cmd") {
            let start = self.instruction.arguments.start;
            let commands = self.commands(start + first.end..self.instruction.arguments.end);
            self.fields.list("commands", commands);
        }
    }

    fn shell(&mut self) {
        let Some(strings) = words::json(self.instruction.text()) else { return };
        let strings: Vec<String> = strings.into_iter().map(|(text, _)| text).collect();
        self.fields.texts("words", &strings);
        self.change(|state| state.shell = strings);
    }

    /// `ENV` and `LABEL`: `name=value ...`, or the old form `name value`.
    fn pairs(&mut self) {
        let text = self.instruction.text();
        let words = self.words();
        let Some(first) = words.first().cloned() else { return };
        let is_old = !text[first.clone()].contains('=');
        let mut pairs = Vec::new();
        if is_old {
            let start = words.get(1).map_or(text.len(), |second| second.start);
            let all = first.start..text.len();
            pairs.push((all, first, start..text.len()));
        } else {
            for word in words {
                let Some(equals) = text[word.clone()].find('=') else { continue };
                let equals = word.start + equals;
                pairs.push((word.clone(), word.start..equals, equals + 1..word.end));
            }
        }
        let names: HashSet<&str> = pairs.iter().map(|(_, name, _)| &text[name.clone()]).collect();
        let others = |(_, name, value): &(Range<usize>, Range<usize>, Range<usize>)| {
            let used = words::references(&text[value.clone()]);
            used.into_iter()
                .filter(|used| *used != &text[name.clone()] && names.contains(used))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let uses: Vec<Vec<String>> = pairs.iter().map(others).collect();
        let lowered: Vec<_> = pairs.into_iter().map(|pair| self.pair(&pair)).collect();
        let mut nodes = Vec::with_capacity(lowered.len());
        for ((mut node, name, value), uses) in lowered.into_iter().zip(uses) {
            let at = node.at.clone();
            let uses: Vec<Node> =
                uses.into_iter().map(|name| Node::text(name, at.clone())).collect();
            if !uses.is_empty() {
                add(&mut node, "beside", Node::new(Value::List(uses), at));
            }
            if let Some(stage) = self.stage.filter(|_| self.sets_environment()) {
                self.desk.stages.set(stage, &name, value.complete.then_some(value.text));
            }
            nodes.push(node);
        }
        self.fields.list("variables", nodes);
    }

    fn sets_environment(&self) -> bool {
        self.instruction.name == "ENV" && !self.instruction.onbuild
    }

    fn pair(
        &self,
        (all, name, value): &(Range<usize>, Range<usize>, Range<usize>),
    ) -> (Node, String, Expanded) {
        let text = self.instruction.text();
        let name_text = words::unquote(&text[name.clone()], self.desk.file.escape);
        let expanded = self.expand(&text[value.clone()]);
        let mut fields = Fields::new(self.place(all));
        self.context().note(&mut fields);
        fields.text_at("name", &name_text, self.place(name));
        fields.text_at("value", &expanded.text, self.place(&self.inside_quotes(value)));
        fields.flag("literal", expanded.literal).flag("complete", expanded.complete);
        fields.text("text", &format!("{name_text}={}", expanded.text)).text("summary", &name_text);
        (fields.finish(), name_text, expanded)
    }

    /// The bytes of a value without the quotes around it.
    fn inside_quotes(&self, value: &Range<usize>) -> Range<usize> {
        let raw = self.instruction.text()[value.clone()].as_bytes();
        match raw {
            [open @ (b'"' | b'\''), .., close] if open == close => value.start + 1..value.end - 1,
            _ => value.clone(),
        }
    }

    fn build_arguments(&mut self) {
        let text = self.instruction.text();
        let mut nodes = Vec::new();
        for word in self.words() {
            let equals = text[word.clone()].find('=').map(|equals| word.start + equals);
            let Some(equals) = equals else {
                let name = text[word.clone()].to_owned();
                let mut fields = Fields::new(self.place(&word));
                self.context().note(&mut fields);
                fields.text("name", &name).text("summary", &name);
                nodes.push(fields.finish());
                self.declare(&name, Preset::Missing);
                continue;
            };
            let pair = (word.clone(), word.start..equals, equals + 1..word.end);
            let (node, name, value) = self.pair(&pair);
            nodes.push(node);
            self.declare(&name, Preset::of(value));
        }
        self.fields.list("variables", nodes);
    }

    fn declare(&mut self, name: &str, default: Preset) {
        if let Some(stage) = self.stage.filter(|_| !self.instruction.onbuild) {
            self.desk.stages.declare(stage, name, default);
        }
    }

    fn user(&mut self) {
        let Some((user, at)) = self.texts().into_iter().next() else { return };
        let name = user.text.split(':').next().unwrap_or_default();
        self.fields.text_at("user", &user.text, at.clone());
        self.fields.flag("root", is_root_name(name));
        let is_number = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
        self.fields.flag("numeric", is_number || name.contains('$'));
        self.change(|state| state.user = Some((user.text, user.complete, at)));
    }

    fn folder(&mut self) {
        let expanded = self.expand(self.instruction.text());
        let path = expanded.text;
        let kind = match path.as_bytes() {
            [b'/' | b'\\', ..] | [_, b':', b'/' | b'\\', ..] => "absolute",
            [b'$', ..] => "unknown",
            _ => "relative",
        };
        let text = self.instruction.text();
        let at = self.place(&(0..text.trim_end().len()));
        let is_written = path == text.trim_end();
        self.fields.text_at("path", &path, at.clone()).text("kind", kind);
        let known = self.stage.and_then(|stage| self.desk.states[stage].folder.clone());
        self.fields.flag("anchored", known.is_some());
        let folder = match (kind, known) {
            ("relative", Some(known)) if known.len() < 4096 => {
                Some(format!("{}/{path}", known.trim_end_matches('/')))
            }
            ("absolute", _) => Some(path),
            (_, known) => known,
        };
        let whole = folder.as_ref().filter(|_| kind == "relative" && is_written);
        if let Some(whole) = whole.filter(|whole| !whole.contains(['$', ' ', '"', '\''])) {
            self.fields.text_at("whole-path", whole, at);
        }
        self.change(|state| state.folder = folder);
    }

    fn ports(&mut self) {
        let mut ports = Vec::new();
        for (port, at) in self.texts() {
            let (numbers, protocol) = port.text.split_once('/').unwrap_or((&port.text, "tcp"));
            for number in numbers.split('-') {
                let mut fields = Fields::new(at.clone());
                if let Ok(number) = number.parse::<usize>() {
                    fields.number("number", number);
                }
                fields.text("protocol", protocol).text("summary", &port.text);
                ports.push(fields.finish());
            }
        }
        self.fields.list("ports", ports);
        self.change(|state| state.listens = true);
    }

    fn paths(&mut self) {
        let texts = self.texts();
        let paths = texts.into_iter().map(|(path, at)| Node::text(path.text, at));
        self.fields.list("paths", paths.collect());
    }

    fn copy(&mut self) {
        let mut texts = self.texts();
        let destination = texts.pop();
        let from = self.from();
        let mut sources = Vec::with_capacity(texts.len());
        for (source, at) in &texts {
            let mut fields = Fields::new(at.clone());
            self.context().note(&mut fields);
            fields.text("path", &source.text).text("summary", &source.text);
            fields.text("kind", if from { "stage" } else { kind_of(source) });
            sources.push(fields.finish());
        }
        let is_plain = |source: &(Expanded, Range<usize>)| {
            kind_of(&source.0) == "file" && !source.0.text.contains(['*', '?', '['])
        };
        if self.instruction.name == "ADD" && texts.iter().all(is_plain) {
            let at = self.instruction.source(&self.instruction.name_at);
            self.fields.text_at("as-copy", "COPY", at);
        }
        self.fields.number("source-count", sources.len());
        self.fields.list("sources", sources);
        if let Some((destination, at)) = destination {
            let is_folder = destination.text.ends_with(['/', '\\']) || destination.text == ".";
            let is_relative = !destination.text.starts_with(['/', '\\', '$'])
                && destination.text.as_bytes().get(1) != Some(&b':');
            let folder = self.stage.is_some_and(|stage| self.desk.states[stage].folder.is_some());
            let is_scratch =
                self.stage.is_some_and(|s| lower::is_from_scratch(&self.desk.stages, s));
            self.fields.flag("destination-depends", is_relative && !folder);
            self.fields.flag("base-is-scratch", is_scratch);
            if destination.literal && words::json(self.instruction.text()).is_none() {
                self.fields.text_at("bare-destination", &destination.text, at.clone());
            }
            self.fields.text_at("destination", &destination.text, at);
            self.fields.flag("destination-is-folder", is_folder || !destination.complete);
        }
    }

    /// Notes what `--from` names; says whether there is one.
    fn from(&mut self) -> bool {
        let Some(flag) = self.instruction.flag("from") else { return false };
        let at = self.instruction.source(&flag.at);
        let name = self.expand(&flag.value);
        let Some(stage) = self.stage else { return true };
        let stages = &self.desk.stages;
        let own = stages.all[stage].name.as_ref().map(|(name, _)| name.as_str());
        let is_earlier = |known: &usize| *known < stage;
        let index = name.text.parse::<usize>().ok();
        let named = stages.named(&name.text);
        let kind = if index == Some(stage)
            || (own.is_some_and(|own| own.eq_ignore_ascii_case(&name.text)) && named == Some(stage))
        {
            "self"
        } else if index.as_ref().is_some_and(is_earlier) || named.as_ref().is_some_and(is_earlier) {
            "stage"
        } else if index.is_some() || named.is_some() {
            "later-stage"
        } else if name.complete || name.text.contains(['/', ':']) {
            "image"
        } else {
            "unknown"
        };
        self.fields.text_at("from", &name.text, at.clone());
        self.fields.text_at("from-kind", kind, at.clone());
        if kind == "image" && !name.text.eq_ignore_ascii_case("scratch") {
            let shipped = stages.all[stage].is_shipped;
            let image = Image::of(&name.text);
            let node = image_node(&image, at, self.instruction.name, stage, shipped);
            self.fields.node("image", node);
        }
        true
    }
}

fn dialect(shell: &str) -> &'static str {
    let name = shell.rsplit(['/', '\\']).next().unwrap_or(shell).to_ascii_lowercase();
    match name.strip_suffix(".exe").unwrap_or(&name) {
        "powershell" | "pwsh" => "powershell",
        "cmd" => "cmd",
        "sh" | "bash" | "ash" | "dash" | "zsh" | "ksh" | "busybox" => "posix",
        _ => "other",
    }
}

/// What a source of `COPY` or `ADD` is.
fn kind_of(source: &Expanded) -> &'static str {
    const ARCHIVES: [&str; 12] = [
        ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz", ".tar.zst",
        ".tzst", ".gz", ".xz",
    ];
    let text = source.text.to_ascii_lowercase();
    let is_git = text.starts_with("git@")
        || text.starts_with("git://")
        || text.starts_with("ssh://")
        || (text.starts_with("http")
            && text.split('#').next().and_then(|text| text.rsplit('.').next()) == Some("git"));
    if is_git {
        "git"
    } else if text.starts_with("http://") || text.starts_with("https://") {
        "http"
    } else if text.starts_with("<<") {
        "heredoc"
    } else if ARCHIVES.iter().any(|ending| text.ends_with(ending)) {
        "archive"
    } else if source.complete {
        "file"
    } else {
        "unknown"
    }
}
