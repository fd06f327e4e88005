//! Credentials within archives: each member is looked at as a file of its own, told at the archive's place.

use std::collections::BTreeMap;

use super::{Context, FileCheck, MOST_OF_ONE_RULE, Visit, finish, secrets};
use crate::{
    deadline::Deadline,
    engines::secret::masker::Masker,
    finding::{FileNotes, Finding, Gap, Member, Place, Quoted, RepoPath, Span},
    rule::RuleId,
    sources::{
        SourceFile,
        archive::{self, Limits, Visitor},
        file::printable,
    },
};

/// Most bytes of an archive, and of what it unpacks to.
const MOST_BYTES: u64 = 100 << 20;
/// Most bytes that each byte of an archive may become. Deflate packs text ten times, and zeros a thousand.
const MOST_RATIO: u64 = 200;
/// Most members of an archive, with those of archives within it.
const MOST_MEMBERS: usize = 50_000;

/// Up to which size a file of this path is read.
pub(super) fn size_limit(path: &RepoPath, context: &Context<'_>) -> u64 {
    if archive::is_one(path) {
        context.max_file_size.max(MOST_BYTES)
    } else {
        context.max_file_size
    }
}

/// Looks at the members of an archive with the check of secrets. What was not looked at is one gap.
pub(super) fn look(
    file: &SourceFile,
    check: &dyn FileCheck,
    context: &Context<'_>,
    deadline: &Deadline<'_>,
    visit: &mut Visit,
) {
    visit.notes.looked_at.push(secrets::SUBJECT);
    let masker = Masker::plain(context.scanner);
    let mut desk =
        Desk { archive: file.path(), check, context, deadline, visit, counts: BTreeMap::new() };
    let limits = Limits {
        unpacked: MOST_BYTES,
        ratio: MOST_RATIO,
        members: MOST_MEMBERS,
        member: context.max_file_size,
    };
    let missed = archive::read(
        file.path(),
        file.bytes(),
        &limits,
        &mut Visitor {
            wants: &|path| check.wants(path),
            is_over: &|| deadline.passed(),
            take: &mut |name, bytes| desk.take(name, bytes, &masker),
        },
    );
    let over = desk.counts.iter().filter(|(_, count)| **count > MOST_OF_ONE_RULE);
    let over = over.map(|(rule, count)| {
        format!("{rule} has {count} findings within it; {MOST_OF_ONE_RULE} are listed")
    });
    let over: Vec<String> = over.collect();
    let incomplete = missed.is_incomplete() || !over.is_empty();
    let reasons: Vec<String> = missed.words().into_iter().chain(over).collect();
    if !reasons.is_empty() {
        let reason = masker.quote(&reasons.join("; ")).as_str().to_owned();
        let gap = Gap { subject: file.path().to_string(), reason, incomplete };
        visit.notes.leave_out(secrets::SUBJECT, gap);
    }
}

/// Where the members of one archive are looked at.
pub(super) struct Desk<'a, 'v> {
    pub(super) archive: &'a RepoPath,
    pub(super) check: &'a dyn FileCheck,
    pub(super) context: &'a Context<'a>,
    pub(super) deadline: &'a Deadline<'a>,
    pub(super) visit: &'v mut Visit,
    /// Findings of each rule.
    pub(super) counts: BTreeMap<RuleId, usize>,
}

impl Desk<'_, '_> {
    /// Looks at one member.
    pub(super) fn take(&mut self, name: &str, bytes: Vec<u8>, masker: &Masker<'_>) {
        // Where the archive lies tells as much about its members as their own folders do.
        let path = RepoPath::new(&format!("{}!/{name}", self.archive));
        let file = SourceFile::new(path, bytes);
        if file.is_binary() && (file.has_binary_format() || !secrets::says_text(file.path())) {
            return;
        }
        let mut notes = FileNotes::default();
        self.check.check(&file, self.deadline, &mut notes);
        self.visit.notes.facts.append(&mut notes.facts);
        let name = masker.quote(&printable(name));
        let mut drafts = notes.drafts;
        drafts.retain_mut(|draft| {
            let count = self.counts.entry(draft.rule.clone()).or_default();
            *count += 1;
            let line = file.line_of(draft.at.start);
            draft.message = format!("{} in `{name}`, line {line}", draft.message);
            *count <= MOST_OF_ONE_RULE
        });
        let drafts = drafts.into_iter().map(|draft| (secrets::NAME, draft)).collect();
        let found = finish::finish(&file, drafts, self.context, &mut self.visit.notes.facts);
        let found =
            found.into_iter().map(|(check, finding)| (check, moved(finding, &name, self.archive)));
        self.visit.findings.extend(found.collect::<Vec<_>>());
    }
}

/// The finding at the archive, which is a file of the repository, with a word on the member.
pub(super) fn moved(mut finding: Finding, name: &Quoted, archive: &RepoPath) -> Finding {
    let related = finding.related.iter_mut().map(|step| &mut step.place);
    for place in related.chain([&mut finding.place]) {
        if let Place::File(at) | Place::Package { at, .. } = place {
            at.member = Some(Member { path: name.clone(), line: at.span.start_line });
            at.path = archive.clone();
            at.span = Span::FILE;
            at.line_hash = String::new();
        }
    }
    finding
}
