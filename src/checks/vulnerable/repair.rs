//! The smallest version that repairs a package, and the command that moves the lockfile there.

use crate::packages::{
    Ecosystem,
    advisories::{Advisory, Event, Kind},
    lockfile::{LockedPackage, Lockfile},
    version::{self, Version},
};

/// A version that repairs a package.
pub(super) struct Repair<'a> {
    version: Version<'a>,
}

/// The versions in which something that is known about a package is repaired.
pub(super) struct Repairs<'a> {
    /// The weaknesses that a candidate repairs: one that none repairs must not keep the others unrepaired.
    known: Vec<&'a Advisory>,
    /// Newer ones than the one in use, the best first: a pre-release only where no release is.
    candidates: Vec<Version<'a>>,
    /// Place of the best of them that leaves every affected range.
    clean: Option<usize>,
}

impl<'a> Repairs<'a> {
    /// What is known about a package of this version. All its weaknesses share the work.
    pub(super) fn new(version: &Version<'_>, known: &'a [Advisory]) -> Self {
        let ecosystem = version.ecosystem();
        let fixed = known.iter().flat_map(events).filter_map(|event| match event {
            Event::Fixed(_) => read(ecosystem, event),
            _ => None,
        });
        let mut candidates: Vec<Version<'a>> =
            fixed.filter(|candidate| candidate > version).collect();
        candidates.sort_by(|one, other| {
            let is_last = |of: &Version<'_>| of.is_prerelease() && !version.is_prerelease();
            is_last(one).cmp(&is_last(other)).then_with(|| one.cmp(other))
        });
        candidates.dedup();
        let is_repaired =
            |known: &&Advisory| candidates.iter().rev().any(|version| !known.affects(version));
        let weaknesses = known.iter().filter(|known| is_weakness(known.kind));
        let known = weaknesses.filter(is_repaired).collect();
        let mut repairs = Self { known, candidates, clean: None };
        repairs.clean = repairs.candidates.iter().position(|version| repairs.is_clean(version));
        repairs
    }

    /// The smallest newer version that leaves every affected range of all weaknesses that are repaired anywhere;
    /// if there is none, the smallest that this advisory is not about.
    pub(super) fn of(&self, advisory: &Advisory) -> Option<Repair<'a>> {
        // What is before the clean one is not clean.
        let from = self.clean.map_or(&[][..], |clean| &self.candidates[clean..]);
        let helps = |candidate: &&Version<'a>| !advisory.affects(candidate);
        let mut clean = from.iter().filter(helps).filter(|version| self.is_clean(version));
        let best = clean.next().or_else(|| self.candidates.iter().find(helps));
        best.cloned().map(|version| Repair { version })
    }

    fn is_clean(&self, version: &Version<'_>) -> bool {
        !self.known.iter().any(|weakness| weakness.affects(version))
    }
}

fn is_weakness(kind: Kind) -> bool {
    matches!(kind, Kind::Vulnerability | Kind::Malicious | Kind::Unsound)
}

fn events(advisory: &Advisory) -> impl Iterator<Item = &Event> {
    advisory.ranges.iter().flat_map(|range| &range.events)
}

/// The release that an event means: `1.2.4-0` is how databases write all of 1.2.4, its pre-releases included.
fn read(ecosystem: Ecosystem, event: &Event) -> Option<Version<'_>> {
    let text = event.version();
    let has_mark = matches!(ecosystem, Ecosystem::CratesIo | Ecosystem::Npm | Ecosystem::Go);
    let release = text.strip_suffix("-0").filter(|_| has_mark).unwrap_or(text);
    Version::parse(ecosystem, release)
}

/// The versions in which it is repaired, as requirements: `>=1.18.4, <1.19.0 or >=1.20.1`. None where nobody
/// is expected to repair it, or where the affected versions are listed one by one.
pub(super) fn repaired_in(advisory: &Advisory, ecosystem: Ecosystem) -> Option<String> {
    let parse = |event| read(ecosystem, event);
    // By order the first pre-release counts: what is repaired in a release candidate is so in the release.
    let starts: Vec<(Version<'_>, Version<'_>)> = events(advisory)
        .filter(|event| matches!(event, Event::Introduced(text) if text != "0"))
        .filter_map(|event| Some((Version::parse(ecosystem, event.version())?, parse(event)?)))
        .collect();
    let mut ends: Vec<(Version<'_>, &str)> = events(advisory)
        .filter_map(|event| match event {
            Event::Fixed(_) => Some((parse(event)?, ">=")),
            Event::LastAffected(_) => Some((parse(event)?, ">")),
            _ => None,
        })
        .filter(|(end, operator)| *operator == ">" || !advisory.affects(end))
        .collect();
    ends.sort();
    ends.dedup();
    let shown = ends.iter().map(|(end, operator)| {
        let next = starts.iter().filter(|(start, _)| start > end).min();
        let next = next.map_or(String::new(), |(_, next)| format!(", <{}", next.text()));
        format!("{operator}{}{next}", end.text())
    });
    let shown: Vec<String> = shown.collect();
    match (shown.is_empty(), is_weakness(advisory.kind)) {
        (false, _) => Some(shown.join(" or ")),
        (true, true) if advisory.listed.is_empty() => Some("no version yet".to_owned()),
        (true, _) => None,
    }
}

/// A package of a lockfile that is to be moved.
pub(super) struct Move<'a, F> {
    pub(super) lockfile: &'a Lockfile,
    /// The name of its format.
    pub(super) format: &'static str,
    /// Whether a `yarn.lock` is of yarn 2 or later.
    pub(super) is_berry: F,
    /// Index of the package.
    pub(super) at: usize,
}

impl<F: Fn() -> bool> Move<'_, F> {
    /// What the repair is, in words, and the command that makes it where there is one.
    pub(super) fn fix(&self, repair: &Repair<'_>) -> (String, Option<String>) {
        let LockedPackage { name, version, .. } = &self.lockfile.packages[self.at];
        let to = repair.version.text();
        if version::is_compatible(self.lockfile.ecosystem, version, to) == Some(false) {
            let title = format!(
                "Update what requires {name}: its smallest repaired version, {to}, is not \
                 semver-compatible with {version}"
            );
            return (title, None);
        }
        let is_safe = [name.as_str(), version, to].into_iter().all(is_plain);
        let command = is_safe.then(|| self.command(name, version, to)).flatten();
        (format!("Update {name} from {version} to {to}"), command)
    }

    /// The command of the tool that writes the lockfile, where it has one that names the version.
    fn command(&self, name: &str, from: &str, to: &str) -> Option<String> {
        // What the project does not require itself, these would write into its manifest.
        let is_own = || self.lockfile.required_by_project(self.at);
        Some(match self.format {
            "Cargo.lock" => {
                let others = self.lockfile.packages.iter().filter(|other| other.name == name);
                let is_there_twice = others.count() > 1;
                let package =
                    if is_there_twice { format!("{name}@{from}") } else { name.to_owned() };
                format!("cargo update -p {package} --precise {to}")
            }
            "package-lock.json" if is_own() => format!("npm install {name}@{to}"),
            "pnpm-lock.yaml" if is_own() => format!("pnpm update {name}@{to}"),
            "yarn.lock" if is_own() && (self.is_berry)() => format!("yarn up {name}@{to}"),
            "yarn.lock" if is_own() => format!("yarn upgrade {name}@{to}"),
            "bun.lock" if is_own() => format!("bun add {name}@{to}"),
            "uv.lock" => format!("uv lock --upgrade-package {name}=={to}"),
            "Pipfile.lock" => format!("pipenv upgrade {name}=={to}"),
            "go.mod" if name == "stdlib" => format!("go get toolchain@go{to}"),
            "go.mod" => format!("go get {name}@v{to}"),
            "composer.lock" if is_own() => format!("composer require {name}:{to}"),
            "composer.lock" => format!("composer update {name} --with {name}:{to}"),
            "packages.lock.json" if is_own() => format!("dotnet add package {name} --version {to}"),
            _ => return None,
        })
    }
}

/// Whether a shell takes the text as one word that is no option.
fn is_plain(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.+@/".contains(&byte);
    text.starts_with(|first: char| first.is_ascii_alphanumeric() || matches!(first, '@' | '_'))
        && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packages::{
        advisories::{AffectedRange, Scheme},
        lockfile,
    };

    fn advisory(ranges: &[&[Event]]) -> Advisory {
        let range = |events: &&[Event]| AffectedRange {
            scheme: Scheme::Ecosystem,
            events: events.to_vec(),
        };
        Advisory { ranges: ranges.iter().map(range).collect(), ..Advisory::default() }
    }

    fn introduced(version: &str) -> Event {
        Event::Introduced(version.to_owned())
    }

    fn fixed(version: &str) -> Event {
        Event::Fixed(version.to_owned())
    }

    fn smallest(version: &str, known: &[Advisory]) -> Option<String> {
        let version = Version::parse(Ecosystem::Npm, version).unwrap();
        Repairs::new(&version, known).of(&known[0]).map(|found| found.version.text().to_owned())
    }

    #[test]
    fn no_smaller_version_leaves_every_range() {
        let known = [
            advisory(&[&[introduced("0"), fixed("1.4.2")], &[introduced("2.0.0"), fixed("2.1.0")]]),
            advisory(&[&[introduced("1.0.0"), fixed("1.5.0-rc.1")]]),
            advisory(&[&[introduced("1.5.0"), fixed("1.5.3")]]),
        ];
        assert_eq!(smallest("1.4.1", &known).as_deref(), Some("1.5.3"));
        // A pre-release is the smallest only for who uses one.
        assert_eq!(smallest("1.4.1-beta", &known).as_deref(), Some("1.5.0-rc.1"));
        assert_eq!(smallest("2.0.5", &known).as_deref(), Some("2.1.0"));
        assert_eq!(smallest("1.0.0", &[advisory(&[&[introduced("0")]])]), None);
    }

    #[test]
    fn a_weakness_that_nobody_repaired_keeps_no_other_unrepaired() {
        let known = [
            advisory(&[&[introduced("0"), fixed("1.4.2")]]),
            advisory(&[&[introduced("0")]]),
            advisory(&[&[introduced("0"), fixed("1.5.0")]]),
        ];
        assert_eq!(smallest("1.4.1", &known).as_deref(), Some("1.5.0"));
    }

    #[test]
    fn repaired_versions_end_where_the_next_range_begins() {
        let last = Event::LastAffected("3.1.0".to_owned());
        let known = advisory(&[
            &[introduced("2.0.0-0"), fixed("2.1.4-0")],
            &[introduced("0"), fixed("1.4.2")],
            &[introduced("3.0.0"), last],
        ]);
        let shown = repaired_in(&known, Ecosystem::Npm);
        assert_eq!(shown.as_deref(), Some(">=1.4.2, <2.0.0 or >=2.1.4, <3.0.0 or >3.1.0"));
        let candidates = advisory(&[
            &[introduced("0"), fixed("1.26.5")],
            &[introduced("1.27.0-0"), fixed("1.27.0-rc.2")],
        ]);
        let shown = repaired_in(&candidates, Ecosystem::Go);
        assert_eq!(shown.as_deref(), Some(">=1.26.5, <1.27.0 or >=1.27.0-rc.2"));
        let listed = Advisory { listed: ["1.0".to_owned()].into_iter().collect(), ..advisory(&[]) };
        assert_eq!(repaired_in(&listed, Ecosystem::PyPi), None);
    }

    #[test]
    fn a_command_is_one_of_the_tool_that_writes_the_lockfile() {
        let command = |format: &str, text: &str, name: &str, to: &str| {
            let format = lockfile::format_named(format).unwrap();
            let lockfile = (format.read)(text).unwrap();
            let at = lockfile.packages.iter().position(|package| package.name == name).unwrap();
            let version = Version::parse(lockfile.ecosystem, to).unwrap();
            let moved = Move { lockfile: &lockfile, format: format.name, is_berry: || false, at };
            moved.fix(&Repair { version }).1.unwrap_or_default()
        };
        let module = "module a\ngo 1.22.1\nrequire example.org/b v1.0.0\n";
        assert_eq!(
            command("go.mod", module, "example.org/b", "1.0.1"),
            "go get example.org/b@v1.0.1"
        );
        assert_eq!(command("go.mod", module, "stdlib", "1.22.5"), "go get toolchain@go1.22.5");
        let npm = r#"{"lockfileVersion": 3, "packages": {"": {"dependencies": {"@a/b": "1"}},
            "node_modules/@a/b": {"version": "1.0.0", "dependencies": {"c": "1"}},
            "node_modules/c": {"version": "1.0.0"}}}"#;
        assert_eq!(command("package-lock.json", npm, "@a/b", "1.0.1"), "npm install @a/b@1.0.1");
        assert_eq!(command("package-lock.json", npm, "c", "1.0.1"), "");
        assert_eq!(command("package-lock.json", npm, "@a/b", "2.0.0"), "");
        let composer =
            r#"{"packages": [{"name": "a/b", "version": "v1.0.0"}], "packages-dev": []}"#;
        assert!(command("composer.lock", composer, "a/b", "1.0.1").starts_with("composer "));
    }

    #[test]
    fn what_a_shell_would_read_otherwise_is_in_no_command() {
        for text in ["", "-x", "a b", "a;b", "$(a)", "a\n", "1!2.0", "~a"] {
            assert!(!is_plain(text), "{text}");
        }
        assert!(is_plain("@scope/name") && is_plain("github.com/a/b.v2") && is_plain("1.0.0+b-1"));
    }
}
