//! Turns drafts into findings: masks them, places them, gives each its fingerprint.

mod masked;

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
    ops::Range,
};

use super::Context;
use crate::{
    engines::secret::{masker::Masker, scanner::SecretMatch},
    finding::{
        CredentialFact, Draft, DraftCall, DraftEdit, DraftFact, DraftStep, Edit, Evidence, Excerpt,
        Fact, FilePlace, Finding, Fingerprint, Fix, Place, Quoted, RepoPath, RouteFact, Secret,
        Span, Step, secret::mask,
    },
    rule::{Matcher, RuleId},
    sources::SourceFile,
};
use masked::MaskedText;

/// Lines shown before and after a finding.
const AROUND: u32 = 1;
/// Most lines of one finding that are shown.
const MOST_LINES: u32 = 8;
/// So many last bytes before a weak secret tell it from others.
const LONGEST_STABLE: usize = 4_096;
/// A line longer than this many bytes is cut to a window around the finding.
const LONGEST_LINE: usize = 160;
/// Values with less entropy than this many bits could be found by search from their hash.
const SEARCHABLE_BITS: f64 = 60.0;
/// A shorter credential is hidden where it was found, not in every word that holds it.
const SHORTEST_HIDDEN: usize = 4;
/// Most characters of the file that a message repeats.
const LONGEST_QUOTE: usize = 80;
/// Of so many first bytes the message may repeat something.
const LONGEST_MASKED: usize = 4096;
/// Key of the fingerprints of secrets where the user gave none. It keeps them apart from plain hashes.
const DEFAULT_KEY: &str = "seaworthy";

/// Turns the drafts of one file into findings. Each keeps the name of its check. What a vendor can be asked
/// about becomes a fact.
pub(super) fn finish(
    file: &SourceFile,
    mut drafts: Vec<(&'static str, Draft)>,
    context: &Context<'_>,
    facts: &mut Vec<Fact>,
) -> Vec<(&'static str, Finding)> {
    sort(&mut drafts);
    let noted: Vec<Noted<'_>> = drafts
        .iter()
        .filter_map(|(_, draft)| Some((draft.at.clone(), draft.secret.as_ref()?)))
        .collect();
    let desk = Desk::new(file, &noted, context);
    let mut seen = HashMap::new();
    let finished = drafts.into_iter().filter_map(|(check, mut draft)| {
        let halves = (draft.secret.clone(), draft.partner.take());
        let calls = std::mem::take(&mut draft.calls);
        let mut finding = desk.finish(draft, &mut seen)?;
        let calls = calls.iter().map(|call| desk.call(call));
        for step in calls {
            finding.related.push(step.clone());
            finding.flow.push(step);
        }
        facts.extend(credential(&finding, halves, context).map(Fact::Credential));
        Some((check, finding))
    });
    finished.collect()
}

/// What is needed to ask the vendor about a finding, if its rule knows how to.
fn credential(
    finding: &Finding,
    (secret, partner): (Option<Secret>, Option<Secret>),
    context: &Context<'_>,
) -> Option<CredentialFact> {
    let Matcher::Secret(matcher) = &context.rules.get(&finding.rule)?.matcher else { return None };
    matcher.verify.as_ref()?;
    let (rule, fingerprint) = (finding.rule.clone(), finding.fingerprint.clone());
    Some(CredentialFact { rule, secret: secret?, partner, fingerprint })
}

/// The fingerprints that drafts of one file will have, in the order in which [`finish`] gives them out.
pub(super) fn fingerprints(
    file: &SourceFile,
    drafts: &mut [(&'static str, Draft)],
    context: &Context<'_>,
) -> Vec<Fingerprint> {
    sort(drafts);
    let mut seen = HashMap::new();
    drafts.iter().map(|(_, draft)| fingerprint(file, draft, context, &mut seen)).collect()
}

fn sort(drafts: &mut [(&'static str, Draft)]) {
    drafts.sort_by(|(_, a), (_, b)| (a.at.start, &a.rule).cmp(&(b.at.start, &b.rule)));
}

/// Turns the drafts of a repository check about one file into findings.
pub(super) fn file_findings(
    file: &SourceFile,
    drafts: Vec<Draft>,
    context: &Context<'_>,
) -> Vec<Finding> {
    let drafts = drafts.into_iter().map(|draft| ("", draft)).collect();
    finish(file, drafts, context, &mut Vec::new()).into_iter().map(|(_, finding)| finding).collect()
}

/// A finding about the repository as a whole; `None` if the rule is not part of the run.
pub(super) fn repository_finding(
    rule: &RuleId,
    message: &str,
    context: &Context<'_>,
) -> Option<Finding> {
    let rule = context.rules.get(rule)?;
    Some(Finding {
        rule: rule.id.clone(),
        severity: rule.severity,
        confidence: rule.confidence,
        tier: rule.tier,
        place: Place::Repository { at: None },
        related: Vec::new(),
        flow: Vec::new(),
        message: Masker::plain(context.scanner).quote(message),
        evidence: Vec::new(),
        verification: None,
        fix: None,
        fingerprint: Fingerprint::of(&[rule.id.as_str(), "repository"]),
    })
}

/// Gives the facts of one file their places.
pub(super) fn finish_facts(
    file: &SourceFile,
    drafts: Vec<DraftFact>,
    context: &Context<'_>,
) -> Vec<Fact> {
    let desk = Desk::new(file, &[], context);
    let fact = |draft| match draft {
        DraftFact::Route { method, route, at } => {
            Fact::Route(RouteFact { method, route, at: desk.place(&at) })
        }
        DraftFact::DebugFlag(at) => Fact::DebugFlag(desk.place(&at)),
    };
    drafts.into_iter().map(fact).collect()
}

/// Where a check found a credential, and its value, which may be written in another way there.
type Noted<'a> = (Range<usize>, &'a Secret);

/// What the scanner takes for a secret, and what any other check says is one, wherever it stands; in
/// order, apart.
fn secrets_of(file: &SourceFile, noted: &[Noted<'_>], context: &Context<'_>) -> Vec<Range<usize>> {
    let found = context.scanner.matches(file);
    let mut secrets: Vec<_> = found.0.iter().flat_map(SecretMatch::hidden).collect();
    secrets.extend(noted.iter().flat_map(|(at, secret)| as_written(file, at, secret)));
    for secret in long_values(noted) {
        let starts = memchr::memmem::find_iter(file.bytes(), secret.expose());
        secrets.extend(starts.map(|start| start..start + secret.len()));
    }
    secrets.sort_by_key(|at| (at.start, at.end));
    secrets.dedup_by(|later, earlier| {
        let overlap = later.start < earlier.end;
        if overlap {
            earlier.end = earlier.end.max(later.end);
        }
        overlap
    });
    secrets
}

/// The values that are hidden wherever they stand.
fn long_values<'a>(noted: &[Noted<'a>]) -> BTreeSet<&'a Secret> {
    let values = noted.iter().map(|(_, secret)| *secret);
    values.filter(|secret| secret.len() >= SHORTEST_HIDDEN).collect()
}

/// The credential where it was found: the value itself or, if it is written with escapes, all that is there.
fn as_written(file: &SourceFile, at: &Range<usize>, secret: &Secret) -> Vec<Range<usize>> {
    let written = file.bytes().get(at.clone()).unwrap_or_default();
    if secret.is_empty() {
        return Vec::new();
    }
    let starts = memchr::memmem::find_iter(written, secret.expose());
    let places: Vec<_> =
        starts.map(|start| at.start + start..at.start + start + secret.len()).collect();
    if places.is_empty() { vec![at.clone()] } else { places }
}

/// The file's text with each secret hidden. It has other offsets, but the same lines and columns.
fn masked_text<'a>(file: &'a SourceFile, secrets: &[Range<usize>]) -> MaskedText<'a> {
    let text = file.text();
    if secrets.is_empty() {
        return MaskedText::new(Cow::Borrowed(text));
    }
    let mut masked = String::with_capacity(text.len());
    let mut done = 0;
    for at in secrets {
        let (Some(before), Some(secret)) = (text.get(done..at.start), text.get(at.clone())) else {
            continue;
        };
        masked.push_str(before);
        masked.push_str(&mask(secret));
        done = at.end;
    }
    masked.push_str(text.get(done..).unwrap_or_default());
    MaskedText::new(Cow::Owned(masked))
}

/// Everything that is needed to finish the drafts of one file.
struct Desk<'a> {
    file: &'a SourceFile,
    masker: Masker<'a>,
    masked: MaskedText<'a>,
    context: &'a Context<'a>,
}

impl<'a> Desk<'a> {
    fn new(file: &'a SourceFile, noted: &[Noted<'_>], context: &'a Context<'a>) -> Self {
        let secrets = secrets_of(file, noted, context);
        let is_long = |at: &&Range<usize>| at.len() >= SHORTEST_HIDDEN;
        let long: Vec<_> = secrets.iter().filter(is_long).cloned().collect();
        let values = long_values(noted);
        let masker = Masker::new(context.scanner, file.bytes(), &long)
            .knowing(values.into_iter().map(Secret::expose));
        Self { file, masker, masked: masked_text(file, &secrets), context }
    }

    fn finish(&self, draft: Draft, seen: &mut HashMap<String, u32>) -> Option<Finding> {
        let rule = self.context.rules.get(&draft.rule)?;
        let at = self.place(&draft.at);
        let fingerprint = fingerprint(self.file, &draft, self.context, seen);
        let step = |step: &DraftStep| Step {
            place: Place::File(self.place(&step.at)),
            note: self.masker.quote(&step.note),
        };
        let elsewhere = |path: &RepoPath, span: Span, note: &str| Step {
            place: Place::File(FilePlace { span, ..FilePlace::whole(path.clone()) }),
            note: self.masker.quote(note),
        };
        let origin =
            draft.origin.as_ref().map(|origin| elsewhere(&origin.path, origin.span, &origin.note));
        let passed =
            |step: &DraftStep| elsewhere(self.file.path(), self.file.span(&step.at), &step.note);
        let evidence = |(label, text): &(String, String)| Evidence {
            label: label.clone(),
            text: self.masker.quote(text),
        };
        Some(Finding {
            rule: draft.rule.clone(),
            severity: draft.severity.unwrap_or(rule.severity),
            confidence: draft.confidence.unwrap_or(rule.confidence),
            tier: draft.tier.unwrap_or(rule.tier),
            related: origin.iter().cloned().chain(draft.related.iter().map(step)).collect(),
            flow: origin.into_iter().chain(draft.flow.iter().map(passed)).collect(),
            message: self.message(&draft),
            evidence: draft.evidence.iter().map(evidence).collect(),
            verification: None,
            fix: draft.fix.as_ref().and_then(|(title, edits)| {
                Some(Fix { command: draft.command.clone(), ..self.fix(title, edits)? })
            }),
            fingerprint,
            place: match draft.package {
                Some(package) => Place::Package { at, package },
                None => Place::File(at),
            },
        })
    }

    /// A call in a file that is not at hand: its lines are not shown, since nobody has masked them.
    fn call(&self, call: &DraftCall) -> Step {
        let verb = if call.is_passed { "passed on" } else { "called" };
        Step {
            place: Place::File(FilePlace {
                span: call.span,
                ..FilePlace::whole(call.path.clone())
            }),
            note: self.masker.quote(&format!("`{}` is {verb} here", call.function)),
        }
    }

    /// The message, and what it repeats of the file on one short line.
    fn message(&self, draft: &Draft) -> Quoted {
        let Some(quoted) = &draft.quoted else { return self.masker.quote(&draft.message) };
        let end = quoted.floor_char_boundary(LONGEST_MASKED);
        let masked = self.masker.quote(&quoted[..end]);
        let mut words = masked.as_str().split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some((cut, _)) = words.char_indices().nth(LONGEST_QUOTE) {
            words.truncate(words[..cut].trim_end().len());
            words.push('…');
        }
        if words.is_empty() {
            return self.masker.quote(&draft.message);
        }
        // A sentence of a model marks its own words.
        let mark = if words.contains('`') { "" } else { "`" };
        self.masker.quote(&format!("{}: {mark}{words}{mark}", draft.message))
    }

    /// No repair is shown that would write down a credential, or instead of it the mask.
    fn fix(&self, title: &str, edits: &[DraftEdit]) -> Option<Fix> {
        let edit = |edit: &DraftEdit| {
            let (path, span) = (self.file.path().clone(), self.file.span(&edit.at));
            let text = self.masker.quote(&edit.text);
            (text.as_str() == edit.text).then_some(Edit { path, span, text })
        };
        let edits = edits.iter().map(edit).collect::<Option<_>>()?;
        Some(Fix { title: self.masker.quote(title), edits, command: None })
    }

    fn place(&self, at: &Range<usize>) -> FilePlace {
        let span = self.file.span(at);
        FilePlace {
            path: self.file.path().clone(),
            span,
            excerpt: self.excerpt(at),
            line_hash: self.file.line_hash(span.start_line),
            member: None,
            commit: None,
        }
    }

    fn excerpt(&self, at: &Range<usize>) -> Excerpt {
        let span = self.file.span(at);
        let last = span.end_line.min(span.start_line + MOST_LINES - 1);
        let first_line = span.start_line.saturating_sub(AROUND).max(1);
        let last_line = last + AROUND;
        let start = self.masked.byte_of_column(span.start_line, span.start_column);
        let end = if last == span.end_line {
            self.masked.byte_of_column(last, span.end_column)
        } else {
            self.masked.line(last).len()
        };
        let cut = window_start(self.masked.line(span.start_line), start);
        let shift = |line: u32, byte: usize| {
            let shown = cut_line(self.masked.line(line), cut);
            byte.saturating_sub(cut).min(shown.len())
        };
        let exists = |line: &u32| (*line as usize) <= self.masked.count();
        Excerpt {
            first_line,
            lines: (first_line..=last_line)
                .filter(exists)
                .map(|line| self.masker.quote(cut_line(self.masked.line(line), cut)))
                .collect(),
            start: ((span.start_line - first_line) as usize, shift(span.start_line, start)),
            end: ((last - first_line) as usize, shift(last, end)),
        }
    }
}

fn fingerprint(
    file: &SourceFile,
    draft: &Draft,
    context: &Context<'_>,
    seen: &mut HashMap<String, u32>,
) -> Fingerprint {
    let rule = draft.rule.as_str();
    let key = context.fingerprint_key;
    if let Some(secret) = &draft.secret
        && (key.is_some() || secret.entropy() >= SEARCHABLE_BITS)
    {
        return Fingerprint::of(&[rule, &secret.keyed_hash(key.unwrap_or(DEFAULT_KEY))]);
    }
    let subject = draft.subject.clone().unwrap_or_else(|| stable_text(file, draft));
    let occurrence = seen.entry(format!("{rule}\0{subject}")).or_default();
    *occurrence += 1;
    Fingerprint::of(&[rule, file.path().as_str(), &subject, &occurrence.to_string()])
}

/// The text of the finding without white space; for a weak secret, its line without the secret.
fn stable_text(file: &SourceFile, draft: &Draft) -> String {
    let text = file.text();
    let stable = match &draft.secret {
        Some(_) => {
            let line = file.line(file.line_of(draft.at.start)).unwrap_or(0..0);
            let end = draft.at.start.max(line.start);
            let first = text.floor_char_boundary(end.saturating_sub(LONGEST_STABLE));
            text.get(first.max(line.start)..end).unwrap_or_default()
        }
        None => text.get(draft.at.clone()).unwrap_or_default(),
    };
    stable.split_whitespace().collect()
}

/// Where the window of a long line begins, on a character boundary.
fn window_start(line: &str, finding: usize) -> usize {
    if line.len() <= LONGEST_LINE {
        return 0;
    }
    let wanted = finding.saturating_sub(LONGEST_LINE / 4);
    (wanted..=finding).find(|byte| line.is_char_boundary(*byte)).unwrap_or(0)
}

fn cut_line(line: &str, from: usize) -> &str {
    let from = (from..line.len()).find(|byte| line.is_char_boundary(*byte)).unwrap_or(line.len());
    let until = (from + LONGEST_LINE).min(line.len());
    let until = (from..=until).rev().find(|byte| line.is_char_boundary(*byte)).unwrap_or(from);
    &line[from..until]
}
