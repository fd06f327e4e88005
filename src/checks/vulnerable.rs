//! Packages of lockfiles against the advisory database: vulnerable, malicious, unsound, unmaintained.
//!
//! Each ecosystem is a subject of its own, so that a control does not pass for Python on the strength of a
//! `Cargo.lock`. Without a database, or where a part of it or of the lockfile can not be read, nothing passes:
//! the lockfile is a gap.

mod command;
mod demand;
mod gate;
mod manifests;
mod reach;
mod release;
mod repair;
mod way;
mod weakness;

use std::{collections::BTreeMap, slice};

use super::{Context, FileCheck, Subject};
use crate::{
    config::DependencyConfig,
    deadline::Deadline,
    finding::{Draft, DraftStep, FileNotes, Gap, Package, RepoPath},
    packages::{
        Ecosystem,
        advisories::{Advisory, Index, Kind, build::Source, index::IndexError},
        cargo_index::CargoIndex,
        lockfile::{self, LockedPackage, Lockfile, Malformed, Origin, Scope, sbom},
        version::Version,
    },
    rule::RuleId,
    sources::{SourceFile, Tree},
};
use demand::Demands;
use manifests::{Listed, Manifests};
use reach::{Affected, Reach};
use repair::{Repair, Repairs};
use way::Ways;

pub(super) const NO_DATABASE: &str = "no advisory database: give --advisory-db PATH or `advisories:` in seaworthy.yaml, \
                           or make one with `seaworthy db update`";
/// What a `go.mod` takes in that does not list all modules.
const GO_SUM: &str = "go.sum";
const INDIRECT_MODULES: &str = "a go.mod for Go before 1.17 does not list indirect modules, which were not looked at \
                                (go.sum names them, and others that are not used): `go mod tidy -go=1.17` lists them";
const NO_PACKAGES: &str = "holds no packages";
/// What a bill of materials is looked at as, until the ecosystems of its packages are known.
const BILLS: &str = "dependency/sbom";
/// Lines named of what is left out.
const MOST_LINES: usize = 5;
/// So many findings of one lockfile are listed: no honest one has a tenth of it.
const MOST_FINDINGS: usize = 10_000;
/// Other places of the same package that are named.
pub(super) const MOST_PLACES: usize = 10;

/// Builds the check.
pub fn build<'a>(context: &Context<'a>) -> Box<dyn FileCheck + 'a> {
    let Context { advisories, tree, cargo, dependencies: policy, .. } = *context;
    let (manifests, reach) = (Listed::new(tree), Reach::new(context));
    Box::new(Vulnerable { advisories, policy, tree, cargo, manifests, reach })
}

struct Vulnerable<'a> {
    advisories: Option<Result<&'a Index, &'a str>>,
    policy: &'a DependencyConfig,
    tree: Option<&'a Tree>,
    cargo: Option<&'a CargoIndex>,
    manifests: Listed<'a>,
    reach: Reach<'a>,
}

impl FileCheck for Vulnerable<'_> {
    fn name(&self) -> &'static str {
        "dependency"
    }

    fn subjects(&self) -> Vec<Subject> {
        let subject = |ecosystem| Subject { name: subject_of(ecosystem), rules: rules() };
        let bills = Subject { name: BILLS, rules: rules() };
        Ecosystem::all().map(subject).chain([bills]).collect()
    }

    fn wants(&self, path: &RepoPath) -> bool {
        lockfile::format_of(path).is_some() || sbom::is_one(path)
    }

    fn check(&self, file: &SourceFile, deadline: &Deadline<'_>, notes: &mut FileNotes) {
        if let Some(format) = lockfile::format_of(file.path()) {
            let read = file.parsed::<Result<Lockfile, Malformed>>(lockfile::read);
            let lockfiles = read.as_ref().as_ref().map(slice::from_ref);
            let named = (subject_of(format.ecosystem), format.name);
            self.compare(lockfiles, named, (file, deadline), notes);
        } else {
            let read = file.parsed::<Result<Vec<Lockfile>, Malformed>>(lockfile::read_bill);
            let lockfiles = read.as_ref().as_ref().map(Vec::as_slice);
            self.compare(lockfiles, (BILLS, "bill of materials"), (file, deadline), notes);
        }
    }
}

impl Vulnerable<'_> {
    /// Compares the lockfiles that a file holds, each as of its own ecosystem.
    fn compare(
        &self,
        lockfiles: Result<&[Lockfile], &Malformed>,
        (subject, format): (&'static str, &'static str),
        (file, deadline): (&SourceFile, &Deadline<'_>),
        notes: &mut FileNotes,
    ) {
        match (lockfiles, self.advisories) {
            (Err(malformed), _) => notes.miss(subject, file.path(), malformed.to_string()),
            (Ok(_), None) => notes.miss(subject, file.path(), NO_DATABASE.to_owned()),
            (Ok(_), Some(Err(reason))) => notes.miss(subject, file.path(), reason.to_owned()),
            (Ok([]), Some(Ok(_))) => {
                let (subject_of_gap, reason) = (file.path().to_string(), NO_PACKAGES.to_owned());
                let gap = Gap { subject: subject_of_gap, reason, incomplete: false };
                notes.leave_out(subject, gap);
            }
            (Ok(lockfiles), Some(Ok(index))) => {
                let (tree, policy) = (self.tree, self.policy);
                for lockfile in lockfiles {
                    let ecosystem = lockfile.ecosystem;
                    let subject = subject_of(ecosystem);
                    let manifests = Manifests::new(&self.manifests, file, ecosystem, format);
                    let demands = Demands::new(lockfile, format, file, tree, self.cargo);
                    let ways = Ways::new(lockfile, manifests);
                    Comparison {
                        lockfile,
                        index,
                        policy,
                        format,
                        subject,
                        file,
                        tree,
                        ways,
                        demands,
                        reach: Some((&self.reach, deadline)),
                    }
                    .run(notes);
                }
            }
        }
    }
}

/// What packages of the ecosystem that advisories call so are looked at as.
pub(super) fn subject_named(ecosystem: &str) -> Option<&'static str> {
    Ecosystem::of_name(ecosystem).map(subject_of)
}

/// What a lockfile of this ecosystem is looked at as.
fn subject_of(ecosystem: Ecosystem) -> &'static str {
    match ecosystem {
        Ecosystem::CratesIo => "dependency/cargo",
        Ecosystem::Npm => "dependency/npm",
        Ecosystem::PyPi => "dependency/pypi",
        Ecosystem::Go => "dependency/go",
        Ecosystem::Maven => "dependency/maven",
        Ecosystem::RubyGems => "dependency/rubygems",
        Ecosystem::Packagist => "dependency/packagist",
        Ecosystem::NuGet => "dependency/nuget",
        Ecosystem::Hex => "dependency/hex",
        Ecosystem::Pub => "dependency/pub",
        Ecosystem::Conan => "dependency/conan",
        Ecosystem::Cran => "dependency/cran",
        Ecosystem::Hackage => "dependency/hackage",
        Ecosystem::Debian => "dependency/debian",
        Ecosystem::Alpine => "dependency/alpine",
    }
}

/// The rules that advisories are told under.
pub(super) fn rules() -> Vec<RuleId> {
    let kinds =
        [Kind::Vulnerability, Kind::Malicious, Kind::Unsound, Kind::Unmaintained, Kind::Notice];
    kinds.into_iter().map(rule).collect()
}

fn rule(kind: Kind) -> RuleId {
    RuleId::new(match kind {
        Kind::Vulnerability => "dependency/vulnerable",
        Kind::Malicious => "dependency/malicious",
        Kind::Unsound => "dependency/unsound",
        Kind::Unmaintained => "dependency/unmaintained",
        Kind::Notice => "dependency/notice",
    })
}

/// Notes what is known against what a manifest pins, and what can not be told.
pub(super) fn compare_pinned(
    (lockfile, subject): (&Lockfile, &'static str),
    (index, policy): (&Index, &DependencyConfig),
    file: &SourceFile,
    notes: &mut FileNotes,
) {
    let (listed, tree) = (Listed::new(None), None);
    // No tool has a command that names the version in a manifest of any format.
    let format = "manifest";
    let manifests = Manifests::new(&listed, file, lockfile.ecosystem, format);
    let ways = Ways::new(lockfile, manifests);
    let demands = Demands::new(lockfile, format, file, None, None);
    let reach = None;
    Comparison { lockfile, index, policy, format, subject, file, tree, ways, demands, reach }
        .run(notes);
}

/// One lockfile against the database.
struct Comparison<'a> {
    lockfile: &'a Lockfile,
    index: &'a Index,
    policy: &'a DependencyConfig,
    /// The name of the lockfile's format.
    format: &'static str,
    subject: &'static str,
    file: &'a SourceFile,
    tree: Option<&'a Tree>,
    ways: Ways<'a>,
    demands: Demands<'a>,
    /// What tells whether the source calls what an advisory is about, and how long it may take.
    reach: Option<(&'a Reach<'a>, &'a Deadline<'a>)>,
}

impl Comparison<'_> {
    fn run(&self, notes: &mut FileNotes) {
        let release = match self.release() {
            Ok(release) => release,
            Err(gap) => return notes.leave_out(self.subject, gap),
        };
        let gaps = notes.gaps.len();
        for reason in [self.unversioned(), self.not_included()].into_iter().flatten() {
            self.leave_out(notes, reason);
        }
        for reason in self.index.sources().iter().filter_map(|source| self.unreadable(source)) {
            notes.miss(self.subject, self.file.path(), reason);
        }
        self.compare(release.as_deref(), notes);
        let is_whole = notes.gaps.len() == gaps;
        if let Some(reason) = self.foreign() {
            self.leave_out(notes, reason);
        }
        let packages = &self.lockfile.packages;
        let has = |origin| packages.iter().any(|package| package.origin == origin);
        let is_project_alone = !packages.is_empty() && !has(Origin::Elsewhere);
        if is_whole && (has(Origin::Registry) || is_project_alone) {
            notes.looked_at.push(self.subject);
        }
    }

    fn compare(&self, release: Option<&str>, notes: &mut FileNotes) {
        let mut unordered = Vec::new();
        for places in self.registry_packages().values() {
            if notes.drafts.len() > MOST_FINDINGS {
                let reason = format!("more than {MOST_FINDINGS} findings: the rest is not listed");
                notes.miss(self.subject, self.file.path(), reason);
                break;
            }
            match self.look(places, release) {
                Ok(Some(drafts)) => notes.drafts.extend(drafts),
                Ok(None) => unordered.push(places[0]),
                Err(error) => notes.miss(self.subject, self.file.path(), error.to_string()),
            }
        }
        if !unordered.is_empty() {
            self.leave_out(notes, self.unordered(&unordered));
        }
    }

    /// Notes what nobody can look at, or nobody asked to be looked at.
    fn leave_out(&self, notes: &mut FileNotes, reason: String) {
        let subject = self.file.path().to_string();
        notes.leave_out(self.subject, Gap { subject, reason, incomplete: false });
    }

    /// The release that advisories must be about, if the ecosystem has releases; or why none of the packages can be
    /// compared.
    fn release(&self) -> Result<Option<String>, Gap> {
        let ecosystem = self.lockfile.ecosystem;
        let subject = || self.file.path().to_string();
        let gap = |reason| Gap { subject: subject(), reason, incomplete: false };
        let unknown = |of: &str| {
            gap(format!(
                "the advisory database knows nothing of {of}: build it with advisories of {ecosystem} too"
            ))
        };
        if self.index.sources_of(ecosystem).next().is_none() {
            return Err(unknown(ecosystem.name()));
        }
        if !matches!(ecosystem, Ecosystem::Debian | Ecosystem::Alpine) {
            return Ok(None);
        }
        let release = release::of(self.tree, self.file.path(), ecosystem).map_err(gap)?;
        match self.index.knows_release(ecosystem, &release) {
            Ok(true) => Ok(Some(release)),
            Ok(false) => Err(unknown(&format!("{ecosystem} {release}"))),
            Err(error) => {
                Err(Gap { subject: subject(), reason: error.to_string(), incomplete: true })
            }
        }
    }

    /// What is said of what names a package and no version that is known.
    fn unversioned(&self) -> Option<String> {
        let left_out = &self.lockfile.left_out;
        let places = left_out.iter().map(|fault| (fault.at, fault.reason.as_str()));
        let count = match left_out.len() {
            0 => return None,
            1 => "1 package has no version that is known".to_owned(),
            count => format!("{count} packages have no version that is known"),
        };
        Some(format!("{count}: {}", self.shown(places)))
    }

    /// What is said of packages whose version is none in their ecosystem, though something is known of them.
    fn unordered(&self, packages: &[usize]) -> String {
        let places = packages.iter().map(|at| {
            (self.lockfile.packages[*at].version_at.start, "no version that could be compared")
        });
        format!("not compared: {}", self.shown(places))
    }

    fn shown<'r>(&self, places: impl ExactSizeIterator<Item = (usize, &'r str)>) -> String {
        let more = places.len().saturating_sub(MOST_LINES);
        let places = places.take(MOST_LINES);
        let lines = places.map(|(at, why)| format!("line {}: {why}", self.file.line_of(at)));
        let lines: Vec<String> = lines.collect();
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        format!("{}{more}", lines.join("; "))
    }

    /// What is said of files that the lockfile takes in and that are not looked at for themselves.
    fn not_included(&self) -> Option<String> {
        let folder = self.file.path().folder();
        let is_other = |name: &&String| {
            let path = RepoPath::new(&format!("{folder}/{name}"));
            lockfile::format_of(&path).is_none_or(|other| other.name != self.format)
        };
        let mut others = self.lockfile.includes.iter().filter(is_other);
        let first = others.next()?;
        if first == GO_SUM {
            return Some(INDIRECT_MODULES.to_owned());
        }
        let more = others.count();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        Some(format!("it takes in `{first}`{more}, which is not looked at"))
    }

    /// What is said of a database that holds advisories which could not be read: any could be about this.
    fn unreadable(&self, source: &Source) -> Option<String> {
        let known = &source.ecosystems;
        let concerns = known.is_empty() || known.contains(&self.lockfile.ecosystem);
        let (file, reason) = source.named.first().filter(|_| concerns)?;
        if source.is_missing() {
            return Some(format!("the advisories of `{}` are missing: {reason}", source.name));
        }
        let Source { name, unreadable: count, .. } = source;
        let advisories = if *count == 1 { "advisory" } else { "advisories" };
        Some(format!("{count} {advisories} of `{name}` could not be read: `{file}`: {reason}"))
    }

    fn foreign(&self) -> Option<String> {
        let packages = &self.lockfile.packages;
        let elsewhere = packages.iter().filter(|p| p.origin == Origin::Elsewhere).count();
        match (packages.len(), elsewhere) {
            (0, _) => Some(NO_PACKAGES.to_owned()),
            (_, 0) => None,
            (_, 1) => {
                Some("1 package is not from the public registry: no advisory covers it".to_owned())
            }
            _ => Some(format!(
                "{elsewhere} packages are not from the public registry: no advisory covers them"
            )),
        }
    }

    /// The packages that advisories may be about, each with its places: what a lockfile repeats is told once.
    fn registry_packages(&self) -> BTreeMap<(&str, &str), Vec<usize>> {
        let mut places: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
        for (at, package) in self.lockfile.packages.iter().enumerate() {
            if package.origin == Origin::Registry {
                places.entry((&package.name, &package.version)).or_default().push(at);
            }
        }
        places
    }

    /// What is known against a package; none if something may be, and its version can not be compared.
    fn look(
        &self,
        places: &[usize],
        release: Option<&str>,
    ) -> Result<Option<Vec<Draft>>, IndexError> {
        let package = &self.lockfile.packages[places[0]];
        let advisories = self.index.of(self.lockfile.ecosystem, release, &package.name)?;
        if advisories.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let Some(version) = Version::parse(self.lockfile.ecosystem, &package.version) else {
            return Ok(None);
        };
        let affecting: Vec<&Advisory> =
            advisories.iter().filter(|advisory| advisory.affects(&version)).collect();
        if affecting.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let demands = self.demands.upon(places, &version);
        let releases = self.demands.releases(&package.name);
        let repairs = Repairs::new(&version, &advisories, &demands, releases.iter());
        let drafts = weakness::merge(&affecting).into_iter().map(|weakness| {
            let repair = repairs.of(weakness[0]);
            let repair = (&repairs, repair.as_ref());
            let mut draft = self.draft(places, &version, &weakness, repair);
            self.tell_reach(places[0], &weakness, &mut draft);
            draft
        });
        Ok(Some(drafts.collect()))
    }

    fn tell_reach(&self, at: usize, weakness: &[&Advisory], draft: &mut Draft) {
        let Self { lockfile, format, file, .. } = *self;
        let Some((reach, deadline)) = self.reach else { return };
        reach.tell(&Affected { lockfile, format, file, at, weakness }, draft, deadline);
    }

    fn draft(
        &self,
        places: &[usize],
        version: &Version<'_>,
        weakness: &[&Advisory],
        (repairs, repair): (&Repairs<'_>, Option<&Repair<'_>>),
    ) -> Draft {
        let package = &self.lockfile.packages[places[0]];
        let first = weakness[0];
        let other = weakness::other_name(weakness);
        let other = other.map_or(String::new(), |other| format!(" ({other})"));
        let title = match weakness::title(first) {
            "" => String::new(),
            title => format!(" — {title}"),
        };
        let LockedPackage { name, version: text, .. } = package;
        let move_to = command::Move {
            lockfile: self.lockfile,
            format: self.format,
            is_berry: || self.file.text().contains("\n__metadata:"),
            at: places[0],
        };
        let fix = repair.map(|repair| move_to.fix(repairs, repair, &self.demands));
        let (title_of_fix, command) =
            fix.map_or((None, None), |(title, command)| (Some((title, Vec::new())), command));
        let others = places[1..].iter().take(MOST_PLACES);
        let way = self.ways.to(places[0]);
        let scope = self.scope(places);
        let excuse = gate::excuse(self.policy, scope, version, weakness, repair.is_some());
        let severity = weakness::severity(weakness);
        let mut evidence = self.evidence(&way.shown, scope, version, weakness);
        let required = repair.map(|repair| repairs.evidence(repair, name, &self.demands));
        evidence.extend(required.into_iter().flatten());
        let draft = Draft {
            severity,
            subject: Some(format!("{} {name} {text}", first.id)),
            package: Some(Package {
                ecosystem: self.lockfile.ecosystem.to_string(),
                name: name.clone(),
                version: text.clone(),
            }),
            evidence,
            related: others.map(|at| self.step(*at)).collect(),
            origin: way.origin,
            flow: way.flow,
            fix: title_of_fix,
            command,
            ..Draft::new(
                &rule(first.kind),
                package.version_at.clone(),
                format!("{}{other}: {name} {text}{title}", first.id),
            )
        };
        gate::apply(draft, excuse)
    }

    /// The strongest of what the places are needed for.
    fn scope(&self, places: &[usize]) -> Scope {
        let scopes = places.iter().map(|at| self.lockfile.packages[*at].scope);
        scopes.min().unwrap_or_default()
    }

    fn step(&self, at: usize) -> DraftStep {
        let at = self.lockfile.packages[at].version_at.clone();
        DraftStep { at, note: "the same package again".to_owned() }
    }

    fn evidence(
        &self,
        way: &str,
        scope: Scope,
        version: &Version<'_>,
        weakness: &[&Advisory],
    ) -> Vec<(String, String)> {
        let mut evidence: Vec<(String, String)> = Vec::new();
        let mut note = |label: &str, text: String| evidence.push((label.to_owned(), text));
        for advisory in weakness {
            let ids: Vec<&str> = advisory.names().collect();
            let day = advisory.published.or(advisory.modified);
            let day = day.map_or(String::new(), |day| format!(" of {day}"));
            note("advisory", format!("{}{day}", ids.join(", ")));
        }
        let first = weakness[0];
        if let Some(repaired) = repair::repaired_in(first, version.ecosystem()) {
            note("repaired in", repaired);
        }
        if !first.platforms.is_all() {
            let platforms = [first.platforms.systems.as_slice(), &first.platforms.processors];
            note("only on", platforms.concat().join(", "));
        }
        for text in weakness::exploitation(weakness) {
            note("exploited", text);
        }
        note("required by", way.to_owned());
        note("scope", scope.name().to_owned());
        let sources = self.index.sources_of(self.lockfile.ecosystem);
        if let Some(day) = sources.filter_map(|source| source.newest).max() {
            note("database", format!("advisories of {day}"));
        }
        evidence
    }
}

/// The way from the project to a package, in one line.
pub(super) fn shown_way(way: &[&LockedPackage]) -> String {
    match way {
        [_] => "nothing in this lockfile".to_owned(),
        _ => way::shown(way),
    }
}
