//! Lowers a parsed Dockerfile to the tree of values that rules ask.

use std::{collections::BTreeSet, ops::Range};

use super::{
    super::{Unreadable, node::Node},
    bases::{DefaultUser, default_user},
    fields::Fields,
    ignores,
    image::Image,
    instruction, lifetimes,
    parse::{Dockerfile, Instruction},
    remedies,
    stages::{Base, Stage, Stages},
    words::Escape,
};

/// What a stage has come to, by its own instructions and by those of the stages it begins from.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    /// The user that was set: text, whether all of it is known, bytes.
    pub(super) user: Option<(String, bool, Range<usize>)>,
    /// Bytes of the last `HEALTHCHECK`, and whether it is `NONE`.
    pub(super) healthcheck: Option<(Range<usize>, bool)>,
    /// The last `WORKDIR`, if it is absolute.
    pub(super) folder: Option<String>,
    /// The words of the last `SHELL`.
    pub(super) shell: Vec<String>,
    /// Package managers whose index was updated in a step of its own.
    pub(super) updated: BTreeSet<String>,
    /// Programs that its own `RUN`s run.
    pub(super) programs: BTreeSet<String>,
    /// Whether an `ENTRYPOINT` takes the place of the image's.
    pub(super) has_entrypoint: bool,
    /// Whether it says by `EXPOSE` that it listens.
    pub(super) listens: bool,
    /// Who runs in the image at the bottom of its chain.
    pub(super) base_user: DefaultUser,
}

/// Everything that lowering one instruction needs to know of the file.
pub(super) struct Desk<'f> {
    pub(super) file: &'f Dockerfile,
    pub(super) stages: Stages,
    pub(super) states: Vec<State>,
    /// What was too much to look at.
    pub(super) problems: Vec<Unreadable>,
    /// Whether the file has both `CMD` and `ENTRYPOINT`: the form of one decides what the other means.
    pub(super) has_both: bool,
}

/// The whole file as one map.
pub(super) fn lower(file: &Dockerfile, text: &str) -> Node {
    let stages = Stages::of(file);
    let has = |name: &str| file.instructions.iter().any(|one| one.name == name);
    let has_both = has("CMD") && has("ENTRYPOINT");
    let mut desk = Desk { file, stages, states: Vec::new(), problems: Vec::new(), has_both };
    let mut instructions = Vec::with_capacity(file.instructions.len());
    let mut images = Vec::new();
    let first = desk.stages.all.first().map_or(file.instructions.len(), |stage| stage.from);
    for instruction in &file.instructions[..first] {
        instructions.push(instruction::lower(&mut desk, None, instruction, (false, false)));
    }
    for stage in 0..desk.stages.all.len() {
        let parent = desk.stages.parent(stage).and_then(|parent| desk.states.get(parent));
        let parent = parent.map(|parent| State { programs: BTreeSet::new(), ..parent.clone() });
        let mut state = parent.unwrap_or_default();
        state.base_user = base_user(&desk.stages, stage);
        desk.states.push(state);
        images.extend(image_of(&desk.stages.all[stage], stage));
        let range = desk.stages.all[stage].from..desk.stages.all[stage].end;
        let later = repeated(&file.instructions[range.clone()]);
        let starts = begins_series(&file.instructions[range.clone()]);
        let marks = later.into_iter().zip(starts);
        for (instruction, marks) in file.instructions[range].iter().zip(marks) {
            let lowered = instruction::lower(&mut desk, Some(stage), instruction, marks);
            images.extend(lowered.get("image").cloned());
            instructions.push(lowered);
        }
    }
    root(&desk, text, instructions, images)
}

fn root(desk: &Desk<'_>, text: &str, instructions: Vec<Node>, images: Vec<Node>) -> Node {
    let mut fields = Fields::new(0..text.len());
    for directive in &desk.file.directives {
        fields.text_at(&directive.name, &directive.value, directive.at.clone());
    }
    let stages: Vec<Node> = (0..desk.stages.all.len()).map(|at| stage_node(desk, at)).collect();
    if let Some(last) = stages.last() {
        fields.node("final-stage", last.clone());
    }
    fields.list("instructions", instructions);
    fields.list("stages", stages);
    fields.list("images", images);
    let ignores = desk.file.ignores.iter().map(|at| ignores::node(text, at));
    fields.list("ignores", ignores.collect());
    let problem = |problem: &Unreadable| Node::text(problem.message.as_str(), problem.at.clone());
    fields.list("problems", desk.file.problems.iter().chain(&desk.problems).map(problem).collect());
    fields.finish()
}

/// For each instruction, whether a later one of the same name takes its place in the stage.
fn repeated(instructions: &[Instruction]) -> Vec<bool> {
    const ONE_COUNTS: [&str; 3] = ["CMD", "ENTRYPOINT", "HEALTHCHECK"];
    let mut seen = [false; ONE_COUNTS.len()];
    let mut repeated = vec![false; instructions.len()];
    for (at, instruction) in instructions.iter().enumerate().rev() {
        let kind = ONE_COUNTS.iter().position(|name| *name == instruction.name);
        if let Some(kind) = kind.filter(|_| !instruction.onbuild) {
            repeated[at] = std::mem::replace(&mut seen[kind], true);
        }
    }
    repeated
}

/// For each instruction, whether it is the first of several that could be one.
fn begins_series(instructions: &[Instruction]) -> Vec<bool> {
    let continues: Vec<bool> =
        instructions.windows(2).map(|pair| could_be_one(&pair[0], &pair[1])).collect();
    let is_first = |at: usize| {
        continues.get(at) == Some(&true) && (at == 0 || continues.get(at - 1) != Some(&true))
    };
    (0..instructions.len()).map(is_first).collect()
}

/// Whether two steps with the same options run commands, or copy to the same place.
fn could_be_one(first: &Instruction, second: &Instruction) -> bool {
    let destination = |instruction: &Instruction| {
        instruction.text().split_whitespace().next_back().map(str::to_owned)
    };
    let options = |instruction: &Instruction| -> Vec<(String, String)> {
        instruction.flags.iter().map(|flag| (flag.name.clone(), flag.value.clone())).collect()
    };
    first.name == second.name
        && first.onbuild == second.onbuild
        && matches!(first.name, "RUN" | "COPY" | "ADD")
        && options(first) == options(second)
        && (first.name == "RUN" || destination(first) == destination(second))
}

/// The image that a stage begins from, as an element of `images`.
fn image_of(stage: &Stage, index: usize) -> Option<Node> {
    let Base::Image(image) = &stage.base else { return None };
    let at = stage.reference.1.clone();
    Some(image_node(image, at, "FROM", index, stage.is_shipped))
}

/// An image that is named somewhere.
pub(super) fn image_node(
    image: &Image,
    at: Range<usize>,
    by: &str,
    stage: usize,
    is_shipped: bool,
) -> Node {
    let mut fields = Fields::new(at);
    fields.text("by", by).number("stage", stage).flag("shipped", is_shipped);
    fields.text("reference", &image.reference).text("name", &image.name());
    if let Some(registry) = &image.registry {
        fields.text("registry", registry);
    }
    fields.text("repository", &image.repository);
    if let Some(tag) = &image.tag {
        fields.text("tag", tag);
    }
    if let Some(digest) = &image.digest {
        fields.text("digest", digest);
    }
    if let Some(end) = lifetimes::end_of_life(image) {
        fields.text("end-of-life", end);
    }
    fields.text("chosen-by", image.chosen_by()).text("summary", &image.reference);
    fields.finish()
}

fn stage_node(desk: &Desk<'_>, index: usize) -> Node {
    let stage = &desk.stages.all[index];
    let reached = &desk.states[index];
    let (reference, reference_at) = &stage.reference;
    let mut fields = Fields::new(stage.at.clone());
    fields.number("index", index).flag("shipped", stage.is_shipped);
    if let Some((name, at)) = &stage.name {
        fields.text_at("name", name, at.clone()).flag("duplicate", stage.is_duplicate);
    }
    let base = match stage.base {
        Base::Image(_) => "image",
        Base::Stage(_) => "stage",
        Base::Scratch => "scratch",
        Base::Missing => "missing",
    };
    fields.text_at("base", base, reference_at.clone());
    fields.text_at("reference", &reference.text, reference_at.clone());
    if let Some(image) = bottom(&desk.stages, index) {
        fields.text_at("image", &image.reference, reference_at.clone());
    }
    user_fields(&mut fields, desk, index);
    let (healthcheck, at) = match &reached.healthcheck {
        None => ("missing", reference_at.clone()),
        Some((at, true)) => ("none", at.clone()),
        Some((at, false)) => ("set", at.clone()),
    };
    let mut health = Fields::new(at);
    health.text("state", healthcheck);
    let is_missing = reached.healthcheck.is_none();
    health.text("summary", if is_missing { reference.text.as_str() } else { "HEALTHCHECK NONE" });
    fields.node("healthcheck", health.finish()).flag("listens", reached.listens);
    if let Some(folder) = &reached.folder {
        fields.text("folder", folder);
    }
    fields.texts("shell", &reached.shell);
    let programs: Vec<&String> = reached.programs.iter().collect();
    fields.texts("programs", &programs);
    fields.text("summary", &reference.text);
    fields.finish()
}

fn user_fields(fields: &mut Fields, desk: &Desk<'_>, index: usize) {
    let state = &desk.states[index];
    let reference_at = desk.stages.all[index].reference.1.clone();
    let (user, is_known, is_root, at) = if let Some((user, complete, at)) = &state.user {
        let name = user.split(':').next().unwrap_or_default();
        let is_known = *complete || !name.contains('$');
        (user.as_str(), is_known, is_root_name(name), at.clone())
    } else {
        let user = default_of(state);
        let text = if user == DefaultUser::Root { "root (by default)" } else { "" };
        (text, user != DefaultUser::Unknown, user == DefaultUser::Root, reference_at)
    };
    fields.text("user-set-by", if state.user.is_some() { "USER" } else { "base" });
    fields.flag("user-known", is_known).flag("runs-as-root", is_root);
    fields.text_at("user", user, at);
    let own = &desk.stages.all[index];
    if let Some(new) =
        remedies::new_user(desk.file, own.from..own.end).filter(|_| !is_windows(desk))
    {
        fields.node("new-user", new);
    }
}

/// Whether lines are continued as for Windows, whose users have no numbers.
fn is_windows(desk: &Desk<'_>) -> bool {
    desk.file.escape == Escape::Backtick
}

/// Whether root runs the next instruction of a stage, as far as is known.
pub(super) fn is_root(desk: &Desk<'_>, stage: usize) -> bool {
    let reached = &desk.states[stage];
    match &reached.user {
        Some((user, is_complete, _)) => {
            *is_complete && is_root_name(user.split(':').next().unwrap_or_default())
        }
        None => default_of(reached) == DefaultUser::Root,
    }
}

/// The user where no `USER` stands.
fn default_of(state: &State) -> DefaultUser {
    match state.base_user {
        // A new entrypoint does not become somebody else.
        DefaultUser::Drops if state.has_entrypoint => DefaultUser::Root,
        user => user,
    }
}

fn base_user(stages: &Stages, index: usize) -> DefaultUser {
    match bottom(stages, index) {
        Some(image) => default_user(image),
        None if is_from_scratch(stages, index) => DefaultUser::Root,
        None => DefaultUser::Unknown,
    }
}

fn chain(stages: &Stages, index: usize) -> impl Iterator<Item = &Base> {
    std::iter::successors(Some(index), |stage| stages.parent(*stage))
        .take(64)
        .map(|stage| &stages.all[stage].base)
}

/// The image at the bottom of a stage.
pub(super) fn bottom(stages: &Stages, index: usize) -> Option<&Image> {
    chain(stages, index)
        .find_map(|base| if let Base::Image(image) = base { Some(image) } else { None })
}

/// Whether a stage is built on nothing.
pub(super) fn is_from_scratch(stages: &Stages, index: usize) -> bool {
    chain(stages, index).any(|base| *base == Base::Scratch)
}

/// Whether this user is root: by name, or by a number that is zero.
pub(super) fn is_root_name(name: &str) -> bool {
    name == "root" || (!name.is_empty() && name.bytes().all(|byte| byte == b'0'))
}
