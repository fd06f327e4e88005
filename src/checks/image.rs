//! A container image: secrets in every layer, packages and files of what the layers make together, and the
//! configuration. Whiteouts and overwritten files count: <https://github.com/opencontainers/image-spec>.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
    path::Path,
};

use serde_json::Value;

use super::{
    Audit, Context, Visit,
    archives::{Desk, moved},
    finish, secrets,
};
use crate::{
    deadline::Deadline,
    engines::secret::masker::Masker,
    finding::{
        FileNotes, FilePlace, Finding, Fingerprint, Gap, Member, Outcome, Place, Quoted, Ran,
        RepoPath,
    },
    packages::lockfile,
    rule::{Kind, RuleId, set::Engine},
    sources::{
        MemoryTree, Tree,
        file::printable,
        image::{self, Image, Node},
    },
};

/// What the image's own files and configuration are looked at as.
const SUBJECT: &str = "container/image";
const ROOT_USER: &str = "container/image-root-user";
const SETUID: &str = "container/image-setuid-file";
const WRITABLE: &str = "container/image-world-writable";
const NO_PASSWORD: &str = "container/image-empty-password";
/// Most bytes of a file of packages, and of all of them.
const MOST_KEPT: u64 = 32 << 20;
const MOST_KEPT_TOGETHER: u64 = 64 << 20;
/// Most paths of the image.
const MOST_PATHS: usize = 2 << 20;
/// Most findings of one rule about files.
const MOST_FINDINGS: usize = 200;
/// Where RPM keeps what is installed.
const RPM: &[&str] = &["var/lib/rpm/", "usr/lib/sysimage/rpm/"];
/// Programs with the setuid or setgid bit that the packages of Debian, Ubuntu and Alpine install so.
const USUAL: &[&str] = &[
    "bbsuid",
    "chage",
    "chfn",
    "chsh",
    "dbus-daemon-launch-helper",
    "expiry",
    "fusermount3",
    "gpasswd",
    "mount",
    "newgrp",
    "pam_extrausers_chkpwd",
    "passwd",
    "ssh-agent",
    "ssh-keysign",
    "su",
    "sudo",
    "umount",
    "unix_chkpwd",
    "wall",
    "write",
];

/// A path of the image as the layers so far make it.
struct Present {
    layer: usize,
    kind: image::Kind,
    mode: u32,
    bytes: Option<Vec<u8>>,
}

/// Audits an image: one outcome for secrets, one for each ecosystem of packages, one for the image itself.
pub fn audit(
    path: &Path,
    platform: Option<&str>,
    context: &Context<'_>,
    deadline: &Deadline<'_>,
) -> Audit {
    let archive = RepoPath::new(&path.to_string_lossy());
    let mut seen = Seen::new(archive, context, deadline);
    match Image::open(path, platform) {
        Ok(image) => seen.image(&image),
        Err(reason) => seen.gap("", &reason),
    }
    seen.finish()
}

/// What was seen so far.
struct Seen<'a> {
    archive: RepoPath,
    context: &'a Context<'a>,
    deadline: &'a Deadline<'a>,
    masker: Masker<'a>,
    files: BTreeMap<String, Present>,
    kept: u64,
    visit: Visit,
    /// For each of the visit's findings its layer and path.
    origins: Vec<(usize, String)>,
    /// The command that made each layer, if it is told.
    commands: Vec<String>,
    config: Option<Value>,
    gaps: Vec<Gap>,
}

impl<'a> Seen<'a> {
    fn new(archive: RepoPath, context: &'a Context<'a>, deadline: &'a Deadline<'a>) -> Self {
        let visit = Visit {
            path: archive.clone(),
            findings: Vec::new(),
            notes: FileNotes::default(),
            gap: None,
        };
        let masker = Masker::plain(context.scanner);
        let (files, origins, commands) = (BTreeMap::new(), Vec::new(), Vec::new());
        let (kept, config, gaps) = (0, None, Vec::new());
        Self {
            archive,
            context,
            deadline,
            masker,
            files,
            kept,
            visit,
            origins,
            commands,
            config,
            gaps,
        }
    }

    fn gap(&mut self, what: &str, reason: &str) {
        let subject = format!("{}{what}", self.archive);
        let reason = self.masker.quote(&printable(reason)).as_str().to_owned();
        self.gaps.push(Gap { subject, reason, incomplete: true });
    }

    fn image(&mut self, image: &Image) {
        if let Some(notice) = &image.notice {
            let (subject, reason) = (self.archive.to_string(), notice.clone());
            self.gaps.push(Gap { subject, reason, incomplete: false });
        }
        match serde_json::from_slice(&image.config) {
            Ok(config) => self.config = Some(config),
            Err(error) => self.gap("", &format!("could not be read: its configuration: {error}")),
        }
        self.commands = self.config.as_ref().map(commands).unwrap_or_default();
        self.secrets("configuration.json", image.config.clone());
        for index in 0..image.layer_count() {
            let mut whiteouts = Vec::new();
            let deadline = self.deadline;
            let read = image.layer(index, &|| deadline.passed(), &mut |node, size, bytes| {
                self.entry(index, node, size, bytes, &mut whiteouts);
            });
            if let Err(reason) = read {
                self.gap(&format!("!/layer {}", index + 1), &reason);
            }
        }
        self.tell_layers();
    }

    /// Takes one entry of a layer: for the final file system, and for what secrets it holds.
    fn entry(
        &mut self,
        layer: usize,
        node: Node,
        size: u64,
        reader: &mut dyn Read,
        unread: &mut Vec<String>,
    ) {
        let (folder, name) = node.path.rsplit_once('/').unwrap_or(("", &node.path));
        if let Some(hidden) = name.strip_prefix(".wh.") {
            let folder = if folder.is_empty() { String::new() } else { format!("{folder}/") };
            if hidden == ".wh..opq" {
                self.hide_below(&folder, layer);
            } else {
                self.hide(&format!("{folder}{hidden}"), layer);
            }
            return;
        }
        if node.kind != image::Kind::Folder {
            self.hide(&node.path, layer);
        }
        let mut bytes = None;
        if node.kind == image::Kind::File {
            bytes = self.bytes(&node.path, size, reader, unread);
        }
        let keeps = is_kept(&node.path);
        let mut kept = None;
        if let Some(bytes) = bytes {
            if keeps && self.kept + bytes.len() as u64 <= MOST_KEPT_TOGETHER {
                self.kept += bytes.len() as u64;
                kept = Some(bytes.clone());
            } else if keeps {
                self.gap(&format!("!/{}", node.path), "over the size limit of all such files");
            }
            let before = self.visit.findings.len();
            self.secrets(&format!("layer {}!/{}", layer + 1, node.path), bytes);
            let found = self.visit.findings.len() - before;
            self.origins.extend((0..found).map(|_| (layer, node.path.clone())));
        }
        if self.files.len() < MOST_PATHS {
            let present = Present { layer, kind: node.kind, mode: node.mode, bytes: kept };
            self.files.insert(node.path, present);
        } else if self.files.len() == MOST_PATHS && !self.files.contains_key(&node.path) {
            let reason = format!("more than {MOST_PATHS} paths: the rest is not looked at");
            self.gap("", &reason);
            self.files.insert(node.path, Present { layer, kind: node.kind, mode: 0, bytes: None });
        }
    }

    /// The bytes of a file that anyone wants; what is too large for that is a gap, once for each layer.
    fn bytes(
        &mut self,
        path: &str,
        size: u64,
        reader: &mut dyn Read,
        unread: &mut Vec<String>,
    ) -> Option<Vec<u8>> {
        let keeps = is_kept(path);
        let most = if keeps { MOST_KEPT } else { self.context.max_file_size };
        let wants = self.context.kinds.contains(&Kind::Secret)
            && secrets::build(self.context).wants(&RepoPath::new(path));
        if !keeps && !wants {
            return None;
        }
        if size > most {
            let is_text = keeps || secrets::says_text(&RepoPath::new(path));
            if is_text && unread.is_empty() {
                unread.push(path.to_owned());
                self.gap(&format!("!/{path}"), &format!("over the size limit of {most} bytes"));
            }
            return None;
        }
        let mut bytes = Vec::new();
        // What is wrong with the layer is told when its next entry is asked for.
        reader.take(most).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    /// Removes what lower layers have at a path and below it.
    fn hide(&mut self, path: &str, layer: usize) {
        if self.files.get(path).is_some_and(|present| present.layer < layer) {
            self.kept -=
                self.files.remove(path).and_then(|it| it.bytes).map_or(0, |it| it.len() as u64);
        }
        self.hide_below(&format!("{path}/"), layer);
    }

    fn hide_below(&mut self, folder: &str, layer: usize) {
        let below = self.files.range(folder.to_owned()..);
        let below = below.take_while(|(path, _)| path.starts_with(folder));
        let hidden = below.filter(|(_, present)| present.layer < layer);
        let hidden: Vec<String> = hidden.map(|(path, _)| path.clone()).collect();
        for path in hidden {
            let bytes = self.files.remove(&path).and_then(|present| present.bytes);
            self.kept -= bytes.map_or(0, |bytes| bytes.len() as u64);
        }
    }

    fn secrets(&mut self, name: &str, bytes: Vec<u8>) {
        if !self.context.kinds.contains(&Kind::Secret) {
            return;
        }
        let check = secrets::build(self.context);
        let mut desk = Desk {
            archive: &self.archive,
            check: check.as_ref(),
            context: self.context,
            deadline: self.deadline,
            visit: &mut self.visit,
            counts: BTreeMap::new(),
        };
        desk.take(name, bytes, &self.masker);
    }

    /// Says of each secret which command made its layer, and whether a later layer removed the file.
    fn tell_layers(&mut self) {
        let first = self.visit.findings.len() - self.origins.len();
        let findings = self.visit.findings[first..].iter_mut();
        for ((_, finding), (layer, path)) in findings.zip(&self.origins) {
            let mut note = String::new();
            if let Some(command) = self.commands.get(*layer).filter(|it| !it.is_empty()) {
                let end = command.floor_char_boundary(80);
                note = format!("; the layer is of `{}`", printable(&command[..end]));
            }
            if self.files.get(path).is_none_or(|present| present.layer != *layer) {
                note.push_str(
                    "; a later layer removed or replaced it, and the image still holds it",
                );
            }
            finding.message = Quoted::concat(&[finding.message.clone(), self.masker.quote(&note)]);
        }
    }

    fn finish(mut self) -> Audit {
        let mut outcomes = self.packages();
        let image = self.configured();
        let gaps = std::mem::take(&mut self.gaps);
        let rules = self.context.rules.of(Engine::Secret).map(|slot| RuleId::new(&slot.id));
        let mut secrets = Outcome::new(secrets::SUBJECT, rules.collect(), Ran::Complete);
        secrets.looked_at = self.files.len() as u64;
        secrets.findings = self.visit.findings.into_iter().map(|(_, finding)| finding).collect();
        secrets.facts = self.visit.notes.facts;
        if self.context.kinds.contains(&Kind::Secret) {
            outcomes.push(secrets);
        }
        if self.context.kinds.contains(&Kind::Container) {
            outcomes.push(image);
        }
        for outcome in &mut outcomes {
            for gap in &gaps {
                outcome.leave_out(gap.clone());
            }
        }
        Audit { outcomes, waivers: Vec::new() }
    }

    /// The packages that the final file system holds, each told at the archive.
    fn packages(&mut self) -> Vec<Outcome> {
        let kept =
            self.files.iter_mut().filter_map(|(path, it)| Some((path.clone(), it.bytes.clone()?)));
        let tree = Tree::Memory(MemoryTree::new(kept));
        let kinds: BTreeSet<Kind> =
            self.context.kinds.iter().copied().filter(|kind| *kind == Kind::Dependency).collect();
        let context = Context { kinds: &kinds, max_file_size: MOST_KEPT, ..*self.context };
        let audited = super::audit(&tree, &context, self.deadline);
        let is_theirs =
            |it: &Outcome| kinds.contains(&Kind::Dependency) && it.check.starts_with("dependency/");
        let mut outcomes: Vec<_> = audited.outcomes.into_iter().filter(is_theirs).collect();
        for outcome in &mut outcomes {
            for gap in &mut outcome.gaps {
                gap.subject = format!("{}!/{}", self.archive, gap.subject);
            }
            let findings = std::mem::take(&mut outcome.findings).into_iter();
            let told = findings.map(|finding| {
                let path = finding.place.file().map(|at| at.path.to_string()).unwrap_or_default();
                let name = match self.files.get(&path) {
                    Some(present) => format!("layer {}!/{path}", present.layer + 1),
                    None => path,
                };
                moved(finding, &self.masker.quote(&printable(&name)), &self.archive)
            });
            outcome.findings = told.collect();
        }
        let has_rpm = self.files.keys().any(|path| RPM.iter().any(|rpm| path.starts_with(rpm)));
        if has_rpm && kinds.contains(&Kind::Dependency) {
            let reason = "not assessed: packages of RPM's database are not read".to_owned();
            self.gaps.push(Gap { subject: self.archive.to_string(), reason, incomplete: false });
        }
        outcomes
    }

    /// What the configuration and the modes of the files say.
    fn configured(&self) -> Outcome {
        let rules = [ROOT_USER, SETUID, WRITABLE, NO_PASSWORD].map(RuleId::new).to_vec();
        let mut outcome = Outcome::new(SUBJECT, rules, Ran::Complete);
        if let Some(config) = &self.config {
            outcome.looked_at = 1;
            if let Some(message) = root_user(config) {
                outcome.findings.extend(self.finding(ROOT_USER, "configuration.json", &message));
            }
        }
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for (path, present) in &self.files {
            let Some((rule, message)) = judge(path, present) else { continue };
            let count = counts.entry(rule).or_default();
            *count += 1;
            if *count <= MOST_FINDINGS {
                let name = format!("layer {}!/{path}", present.layer + 1);
                outcome.findings.extend(self.finding(rule, &name, &message));
            }
        }
        for (rule, count) in counts.iter().filter(|(_, count)| **count > MOST_FINDINGS) {
            let reason = format!("{rule} has {count} findings here; {MOST_FINDINGS} are listed");
            outcome.leave_out(Gap { subject: self.archive.to_string(), reason, incomplete: true });
        }
        outcome
    }

    fn finding(&self, rule: &str, name: &str, message: &str) -> Option<Finding> {
        let id = RuleId::new(rule);
        let mut finding = finish::repository_finding(&id, "", self.context)?;
        let path = self.masker.quote(&printable(name));
        finding.message = self.masker.quote(&format!("{message}: `{}`", path.as_str()));
        let whole = FilePlace::whole(self.archive.clone());
        finding.place = Place::File(FilePlace { member: Some(Member { path, line: 1 }), ..whole });
        finding.fingerprint = Fingerprint::of(&[rule, self.archive.as_str(), name]);
        Some(finding)
    }
}

/// Whether the bytes of a file are needed once all layers are read.
fn is_kept(path: &str) -> bool {
    matches!(path, "etc/os-release" | "usr/lib/os-release" | "etc/shadow")
        || lockfile::format_of(&RepoPath::new(path)).is_some()
}

/// The command of each layer: what makes no layer is passed over.
fn commands(config: &Value) -> Vec<String> {
    let history = config["history"].as_array().map(Vec::as_slice).unwrap_or_default();
    let made = history.iter().filter(|step| step["empty_layer"] != Value::Bool(true));
    made.map(|step| step["created_by"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Why the image runs as root, if it does.
fn root_user(config: &Value) -> Option<String> {
    let user = config["config"]["User"].as_str().unwrap_or_default();
    match user.split(':').next().unwrap_or_default() {
        "" => Some("the image names no user and so runs as root".to_owned()),
        "root" | "0" => Some("the image runs as root".to_owned()),
        _ => None,
    }
}

/// What is wrong with one file of the image.
fn judge(path: &str, present: &Present) -> Option<(&'static str, String)> {
    let name = path.rsplit('/').next().unwrap_or_default();
    let Present { kind, mode, .. } = present;
    match kind {
        image::Kind::File if mode & 0o6000 != 0 && USUAL.binary_search(&name).is_err() => Some((
            SETUID,
            format!("a program with the rights of its owner or group, mode {mode:04o}"),
        )),
        image::Kind::File if mode & 0o002 != 0 => {
            Some((WRITABLE, format!("everyone may write this file, mode {mode:04o}")))
        }
        image::Kind::Folder if mode & 0o1002 == 0o002 => Some((
            WRITABLE,
            format!("everyone may replace what is in this folder, mode {mode:04o}"),
        )),
        _ if path == "etc/shadow" => {
            let text = String::from_utf8_lossy(present.bytes.as_deref()?).into_owned();
            let is_empty = |line: &str| line.split(':').nth(1) == Some("");
            let count = text.lines().filter(|line| is_empty(line)).count();
            (count > 0).then(|| (NO_PASSWORD, format!("{count} of its users need no password")))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_programs_are_in_order() {
        assert!(USUAL.is_sorted());
    }
}
