//! `Gemfile.lock` and `gems.locked`, as bundler writes them: sections, and in those the meaning is the indentation.
//!
//! A gem that is locked for several platforms is one package, at its first line.

use std::collections::HashMap;

use super::{
    Fault, LockedPackage, Lockfile, Origin,
    entry::{entry, lines, place, project},
};
use crate::packages::Ecosystem;

/// Headings of the sections whose gems follow `specs:`, and what their gems are.
const SOURCES: &[(&str, Source)] = &[
    ("GEM", Source::Registry),
    ("PATH", Source::Folder),
    ("GIT", Source::Other),
    ("SVN", Source::Other),
    ("PLUGIN SOURCE", Source::Other),
];
/// The other headings.
const OTHERS: &[&str] = &["PLATFORMS", "CHECKSUMS", "RUBY VERSION", "BUNDLED WITH"];
/// Hosts of the public registry.
const REGISTRY: &[&str] = &["rubygems.org", "www.rubygems.org", "index.rubygems.org"];
/// Gems of one name: for each platform there may be another version.
const MOST_OF_A_NAME: usize = 16;
/// What git writes around both sides of a conflict.
const CONFLICT: &[&str] = &["<<<<<<<", "|||||||", "=======", ">>>>>>>"];

#[derive(Clone, Copy, PartialEq)]
enum Source {
    Registry,
    Folder,
    Other,
}

#[derive(Clone, Copy)]
enum Section {
    Source(Source),
    Dependencies,
    Passed,
}

/// Reads a `Gemfile.lock`.
pub fn read(text: &str) -> Result<Lockfile, Fault> {
    let mut gems = Gems { text, ..Gems::default() };
    let mut section = Section::Passed;
    let mut has_section = false;
    for line in lines(text).map(str::trim_end).filter(|line| !line.is_empty()) {
        if CONFLICT.iter().any(|mark| line.starts_with(mark)) {
            return Err(Fault::new(place(text, line).start, "a conflict that is not resolved"));
        }
        if !line.starts_with([' ', '\t']) {
            let known = section_of(line);
            has_section |= known.is_some();
            section = known.unwrap_or(Section::Passed);
            gems.begin(line, section);
        } else if let Section::Source(_) = section {
            gems.take(line)?;
        } else if let (Section::Dependencies, Some(line)) = (section, inside(line, 2)) {
            gems.roots.push(name_of(line));
        }
    }
    if !has_section && !text.trim().is_empty() {
        return Err(Fault::new(0, "no section of a Gemfile.lock"));
    }
    Ok(gems.finish())
}

fn section_of(heading: &str) -> Option<Section> {
    let source = SOURCES.iter().find(|(name, _)| *name == heading);
    let source = source.map(|(_, source)| Section::Source(*source));
    match heading {
        "DEPENDENCIES" => Some(Section::Dependencies),
        _ if OTHERS.contains(&heading) => Some(Section::Passed),
        _ => source,
    }
}

/// The line without its indentation, if that is so many spaces.
fn inside(line: &str, indentation: usize) -> Option<&str> {
    let rest = line.trim_start_matches(' ');
    (line.len() - rest.len() == indentation).then_some(rest)
}

/// The name of `name`, `name!`, `name (>= 1.0)` and `name (>= 1.0)!`.
fn name_of(requirement: &str) -> &str {
    let name = requirement.split_once(" (").map_or(requirement, |(name, _)| name);
    name.trim_end_matches('!')
}

/// What a `Gemfile.lock` has said so far.
#[derive(Default)]
struct Gems<'a> {
    text: &'a str,
    source: Option<Source>,
    is_public: bool,
    /// The address of the source.
    remote: Option<&'a str>,
    has_specs: bool,
    /// The heading of the dependencies.
    heading: Option<&'a str>,
    packages: Vec<LockedPackage>,
    /// For each package, the names of what it requires.
    requirements: Vec<Vec<&'a str>>,
    by_name: HashMap<&'a str, Vec<usize>>,
    /// The gem that the next requirements belong to.
    current: Option<usize>,
    roots: Vec<&'a str>,
    left_out: Vec<Fault>,
}

impl<'a> Gems<'a> {
    fn begin(&mut self, heading: &'a str, section: Section) {
        self.source = if let Section::Source(source) = section { Some(source) } else { None };
        if let Section::Dependencies = section {
            self.heading = Some(heading);
        }
        self.is_public = false;
        self.remote = None;
        self.has_specs = false;
        self.current = None;
    }

    /// Takes a line of a source.
    fn take(&mut self, line: &'a str) -> Result<(), Fault> {
        if let Some(option) = inside(line, 2) {
            let remote = option.strip_prefix("remote:").map(str::trim);
            self.is_public |= remote.is_some_and(is_registry);
            // Of several, the one that is not the public registry.
            self.remote = remote.filter(|remote| !is_registry(remote)).or(self.remote).or(remote);
            self.has_specs |= option == "specs:";
            return Ok(());
        }
        let requirement = inside(line, 6);
        match (self.has_specs, inside(line, 4), requirement) {
            // Before `specs:`, what is indented more goes on with an option.
            (false, ..) => {}
            (true, Some(gem), _) => self.gem(line, gem),
            (true, _, Some(requirement)) => {
                if let Some(current) = self.current {
                    self.requirements[current].push(name_of(requirement));
                }
            }
            _ => {
                let at = place(self.text, line.trim_start()).start;
                return Err(Fault::new(
                    at,
                    "neither a gem nor what it requires: indented otherwise",
                ));
            }
        }
        Ok(())
    }

    /// `name (version)` or `name (version-platform)`.
    fn gem(&mut self, line: &'a str, gem: &'a str) {
        let parts =
            gem.trim_end_matches('!').strip_suffix(')').and_then(|gem| gem.split_once(" ("));
        let version = parts.map(|(_, version)| version.split('-').next().unwrap_or(version));
        let (Some((name, _)), Some(version)) = (parts, version.filter(|text| !text.is_empty()))
        else {
            self.current = None;
            let at = place(self.text, gem).start;
            self.left_out.push(Fault::new(at, "a gem without a version"));
            return;
        };
        let same = self.by_name.entry(name).or_default();
        let known = same.iter().copied().find(|at| self.packages[*at].version == version);
        self.current = known.or(Some(self.packages.len()));
        if known.is_some() {
            return;
        }
        if same.len() < MOST_OF_A_NAME {
            same.push(self.packages.len());
        }
        let origin = match self.source {
            Some(Source::Registry) if self.is_public => Origin::Registry,
            Some(Source::Folder) => Origin::Local,
            _ => Origin::Elsewhere,
        };
        let mut package = entry(self.text, line.trim_start(), name, version);
        package.provenance.address_at = self.remote.map(|remote| place(self.text, remote));
        self.packages.push(LockedPackage { origin, ..package });
        self.requirements.push(Vec::new());
    }

    fn finish(mut self) -> Lockfile {
        let resolve = |names: &[&str]| -> Vec<usize> {
            let mut found: Vec<usize> =
                names.iter().filter_map(|name| self.by_name.get(name)).flatten().copied().collect();
            found.sort_unstable();
            found.dedup();
            found
        };
        for (package, names) in self.packages.iter_mut().zip(&self.requirements) {
            package.requires = resolve(names);
        }
        if let Some(heading) = self.heading {
            let roots = resolve(&self.roots);
            self.packages.push(project("Gemfile", place(self.text, heading), roots));
        }
        let mut lockfile = Lockfile::new(Ecosystem::RubyGems, self.packages);
        lockfile.left_out = self.left_out;
        lockfile
    }
}

fn is_registry(remote: &str) -> bool {
    let after = remote.split_once("://").map_or("", |(_, after)| after);
    let host = after.split('/').next().unwrap_or_default();
    REGISTRY.contains(&host)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LOCK: &str = "GIT\r\n  remote: https://example.org/own.git\r\n  revision: 0123abc\r\n  specs:\r\n\
        \x20   own (0.1.0)\r\n      rack (>= 1.0)\r\n\r\n\
        PATH\r\n  remote: .\r\n  specs:\r\n    app (1.0.0)\r\n      own!\r\n\r\n\
        GEM\r\n  remote: https://rubygems.org/\r\n  specs:\r\n    nokogiri (1.13.3)\r\n      racc (~> 1.4)\r\n\
        \x20   nokogiri (1.13.3-x86_64-linux)\r\n      extra\r\n    racc (1.6.0)\r\n    extra (1.0.rc.1)\r\n\
        \x20   rack (2.2.3)\r\n    lost\r\n      rack\r\n\r\n\
        GEM\r\n  remote: https://gems.example.org/\r\n  specs:\r\n    private (1.0)\r\n\r\n\
        PLATFORMS\r\n  ruby\r\n\r\nDEPENDENCIES\r\n  app!\r\n  nokogiri (~> 1.13)\r\n\r\n\
        CHECKSUMS\r\n  racc (1.6.0) sha256=00\r\n\r\nBUNDLED WITH\r\n   2.2.28\r\n";

    #[test]
    fn each_source_has_its_origin_and_platforms_are_one_gem() {
        let lockfile = read(LOCK).unwrap();
        let shown: Vec<_> = lockfile
            .packages
            .iter()
            .map(|package| format!("{} {} {:?}", package.name, package.version, package.origin))
            .collect();
        assert_eq!(
            shown,
            [
                "own 0.1.0 Elsewhere",
                "app 1.0.0 Local",
                "nokogiri 1.13.3 Registry",
                "racc 1.6.0 Registry",
                "extra 1.0.rc.1 Registry",
                "rack 2.2.3 Registry",
                "private 1.0 Elsewhere",
                "Gemfile  Local",
            ]
        );
        assert_eq!(&LOCK[lockfile.left_out[0].at..][..4], "lost");
    }

    #[test]
    fn the_way_begins_at_the_gemfile_or_at_a_gem_of_the_project() {
        let lockfile = read(LOCK).unwrap();
        let way = |at| lockfile.way_to(at).iter().map(|p| p.name.as_str()).collect::<Vec<_>>();
        assert_eq!(way(4), ["Gemfile", "nokogiri", "extra"]);
        assert_eq!(way(5), ["app", "own", "rack"]);
    }

    #[test]
    fn faults_are_named_with_their_byte() {
        let at = |text: &str| read(text).unwrap_err().at;
        assert_eq!(at("GEM\n  specs:\n<<<<<<< HEAD\n    a (1)\n"), 13);
        assert_eq!(at("GEM\n  specs:\n     a (1)\n"), 18);
        assert_eq!(at("<html>\n"), 0);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(GEM\n|GIT\n|DEPENDENCIES\n|  specs:\n|    a \\(1\\)\n|      b\n|[ab ()!é\r\n-]){0,20}") {
            if let Ok(lockfile) = read(&text) {
                for package in &lockfile.packages {
                    prop_assert_eq!(&text[package.version_at.clone()], &package.version);
                }
            }
        }
    }
}
