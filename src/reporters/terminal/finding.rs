//! One finding after the other, each with its lines underlined; many of one rule are summed up.

use std::{fmt::Write, ops::Range};

use annotate_snippets::{AnnotationKind, Group as Drawing, Level, Message, Origin, Snippet};

use super::{packages, paint::Paint};
use crate::{
    finding::{Evidence, FilePlace, Place, Step},
    report::{JudgedFinding, RuleHead},
    reporters::{
        arrange::{self, Group, REQUIRED_BY},
        excerpt::{self, Line},
        visible, words,
    },
};

/// How many findings of one rule are drawn with their lines.
const DRAWN: usize = 5;
/// Up to how many findings of one rule are named at all.
const NAMED: usize = 20;
/// How many lines of one piece of evidence are shown.
const EVIDENCE_LINES: usize = 4;
/// How many other places of one finding are named.
const STEPS: usize = 6;
/// Room that notes leave for the gutter beside them.
const GUTTER: usize = 6;

/// Draws findings.
pub(super) struct Findings {
    pub(super) paint: Paint,
}

impl Findings {
    /// Draws the first findings of a group, names some more, and counts the rest.
    pub(super) fn group(&self, group: &Group<'_>, text: &mut String) {
        if let Some(lockfiles) = group.by_lockfile() {
            return packages::list(self.paint, group, &lockfiles, text);
        }
        for (index, judged) in group.findings.iter().take(DRAWN).enumerate() {
            let head = group.head.filter(|_| index == 0);
            text.push_str(&self.draw(judged, head));
            text.push_str("\n\n");
        }
        let Some(rest) = group.findings.get(DRAWN..).filter(|rest| !rest.is_empty()) else {
            return;
        };
        let title = format!("{}[{}]", group.severity.name(), visible::line(group.rule.as_str()));
        let title = self.paint.severity(group.severity, &title);
        let all = words::things(rest.len(), "more finding", "more findings");
        let _ = writeln!(text, "{title}: {all} of this rule");
        for judged in rest.iter().take(NAMED - DRAWN) {
            let _ = writeln!(text, "  {}", words::place(&judged.finding.place));
        }
        if rest.len() > NAMED - DRAWN {
            let _ = writeln!(text, "  and {} more", rest.len() - (NAMED - DRAWN));
        }
        text.push('\n');
    }

    fn draw(&self, judged: &JudgedFinding, head: Option<&RuleHead>) -> String {
        let finding = &judged.finding;
        let lines = finding.place.file().map(|at| excerpt::lines(&at.excerpt)).unwrap_or_default();
        let id = visible::line(finding.rule.as_str());
        let indent = finding.severity.name().len() + id.len() + 4;
        let message = self.paint.wrap(&visible::line(finding.message.as_str()), indent).join("\n");
        let title = Level::ERROR.with_name(finding.severity.name()).primary_title(message).id(id);
        let mut place = Drawing::with_title(title);
        if let Some(at) = finding.place.file() {
            place = place.element(origin(at));
        }
        // The excerpt may be a window of its line, so that its place is given apart, in another group.
        let mut body = Drawing::with_level(Level::ERROR);
        if let Some((source, span)) = source(&lines) {
            let primary = AnnotationKind::Primary.span(span);
            let snippet = Snippet::source(source).line_start(lines[0].number).fold(false);
            body = body.element(snippet.annotation(primary));
        }
        let body = body.elements(self.notes(judged, head));
        one_gutter(&self.paint.renderer(finding.severity).render(&[place, body]))
    }

    fn notes(&self, judged: &JudgedFinding, head: Option<&RuleHead>) -> Vec<Message<'static>> {
        let finding = &judged.finding;
        let mut notes = Vec::new();
        match &finding.place {
            Place::Request { request, .. } => {
                let answer = words::answer(request);
                notes.push(self.note("request", &format!("{} {answer}", words::request(request))));
            }
            Place::Package { package, .. } => {
                notes.push(self.note("package", &words::package(package)));
            }
            Place::Database { object, .. } => notes.push(self.note("database", object)),
            Place::File(_) | Place::Repository { .. } => {}
        }
        let commit = finding.place.file().and_then(|at| at.commit.as_ref());
        notes.extend(commit.map(|commit| self.note("commit", &words::commit(commit))));
        notes.extend(arrange::evidence(finding).map(|evidence| self.evidence(evidence)));
        match arrange::way(finding) {
            Some(way) => notes.push(self.tree(way)),
            None => notes.extend(self.steps("by way of", &finding.flow)),
        }
        notes.extend(self.steps("see", arrange::related(finding)));
        if let Some(because) = &judged.because {
            notes.push(self.note("note", because.as_str()));
        }
        if let Some(fix) = &finding.fix {
            notes.push(self.note("repair", fix.title.as_str()));
            // In one line, however long, so that it can be copied.
            let command = fix.command.as_deref().map(|line| visible::line(line).into_owned());
            notes.extend(command.map(|line| Level::NOTE.with_name("run").message(line)));
        }
        if let Some(head) = head {
            notes.push(self.note("why", &head.reason));
            notes.push(self.note("fix", &head.remedy));
        }
        notes
    }

    fn note(&self, name: &'static str, text: &str) -> Message<'static> {
        let lines = self.paint.wrap(&visible::line(text), GUTTER + name.len());
        Level::NOTE.with_name(name).message(lines.join("\n"))
    }

    fn evidence(&self, evidence: &Evidence) -> Message<'static> {
        let label = visible::line(&evidence.label).into_owned();
        let room = self.paint.width().saturating_sub(GUTTER + label.chars().count() + 2).max(20);
        let all = evidence.text.as_str();
        let mut lines: Vec<String> =
            visible::lines(all).take(EVIDENCE_LINES).map(|line| cut(&line, room)).collect();
        let more = visible::lines(all).count() - lines.len();
        if more > 0 {
            lines.push(format!("({} more)", words::things(more, "line", "lines")));
        }
        Level::NOTE.with_name(label).message(lines.join("\n"))
    }

    /// How a package comes into the project.
    fn tree(&self, way: &[Step]) -> Message<'static> {
        let room = self.paint.width().saturating_sub(GUTTER + REQUIRED_BY.len() + 2).max(20);
        Level::NOTE.with_name(REQUIRED_BY).message(packages::tree(way, room).join("\n"))
    }

    fn steps(&self, name: &'static str, steps: &[Step]) -> Vec<Message<'static>> {
        let named = steps.iter().take(STEPS).map(|step| {
            self.note(name, &format!("{}: {}", words::place(&step.place), step.note.as_str()))
        });
        let mut notes: Vec<_> = named.collect();
        if steps.len() > STEPS {
            notes.push(self.note(name, &format!("and {} more", steps.len() - STEPS)));
        }
        notes
    }
}

/// Each of the two groups draws an empty gutter between place and excerpt; one is enough.
fn one_gutter(drawn: &str) -> String {
    const RESET: &str = "\u{1b}[0m";
    let mut lines: Vec<&str> = drawn.lines().collect();
    let is_gutter = |line: &str| line.strip_suffix(RESET).unwrap_or(line).ends_with('|');
    let doubled = lines.windows(2).position(|pair| pair[0] == pair[1] && is_gutter(pair[0]));
    if let Some(at) = doubled {
        lines.remove(at);
    }
    lines.join("\n")
}

fn origin(at: &FilePlace) -> Origin<'static> {
    Origin::path(visible::line(at.path.as_str()).into_owned())
        .line(at.span.start_line as usize)
        .char_column(at.span.start_column as usize)
}

/// The lines as one text, and the finding's stretch in it.
fn source(lines: &[Line]) -> Option<(String, Range<usize>)> {
    let mut text = String::new();
    let mut span: Option<Range<usize>> = None;
    for line in lines {
        if let Some(marked) = &line.marked {
            let start = span.map_or(text.len() + marked.start, |span| span.start);
            span = Some(start..text.len() + marked.end);
        }
        text.push_str(&line.text);
        text.push('\n');
    }
    text.pop();
    Some((text, span?))
}

/// The line, or as much of it as there is room for.
pub(super) fn cut(line: &str, room: usize) -> String {
    match line.char_indices().nth(room) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}
