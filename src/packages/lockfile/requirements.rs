//! Requirements and constraints files of pip, as people, `pip freeze`, pip-compile and uv write them.
//!
//! Only what is pinned with `==` or `===`, or is a file that tells its version, has one. The rest is left out, and
//! said so. Who requires whom is in the `# via` comments, where a tool wrote such.

pub(in crate::packages) mod lines;

use std::ops::Range;

use self::lines::{Line, Statement};
use super::{
    Fault, LockedPackage, Lockfile, Origin, Provenance, Scope,
    python::{
        self, Names,
        requirement::{self, NOT_EXACT, Wanted},
    },
};
use crate::finding::RepoPath;

const NO_REQUIREMENT: &str = "not a requirement";
const QUOTES: [char; 2] = ['"', '\''];

/// Whether a path is that of such a file, by the names that are usual.
pub(super) fn is_one(path: &RepoPath) -> bool {
    let stem = path.file_name().strip_suffix(".txt");
    stem.is_some_and(|stem| {
        let is_constraints = stem.starts_with("constraints") || stem.ends_with("constraints");
        is_constraints || is_of_requirements(path, stem)
    })
}

/// Whether a file's name or that of a folder around it speaks of requirements.
pub(in crate::packages) fn is_of_requirements(path: &RepoPath, stem: &str) -> bool {
    stem.contains("requirements") || path.folder().split('/').any(|name| name == "requirements")
}

/// Words in a file's name that say that what it lists is not shipped; the first ones do so in a folder's, too.
const DEVELOPMENT: &[&str] = &[
    "benchmarks",
    "ci",
    "dev",
    "development",
    "doc",
    "docs",
    "examples",
    "test",
    "testing",
    "tests",
    "bench",
    "benchmark",
    "check",
    "checks",
    "coverage",
    "devel",
    "develop",
    "documentation",
    "format",
    "lint",
    "linters",
    "linting",
    "mypy",
    "pytest",
    "qa",
    "style",
    "tools",
    "tox",
    "type",
    "types",
    "typing",
];
const OF_FOLDERS: usize = 10;

/// Whether a file of this path lists what is needed for development: `requirements-dev.txt`, `test/requirements.txt`.
pub(super) fn is_development(path: &RepoPath) -> bool {
    let says = |known: &[&str], name: &str| {
        let mut words = name.split(['-', '_', '.']);
        words.any(|word| known.iter().any(|known| known.eq_ignore_ascii_case(word)))
    };
    let stem = path.file_name().strip_suffix(".txt").unwrap_or_default();
    let mut around = path.folder().rsplit('/').take(2);
    says(DEVELOPMENT, stem) || around.any(|folder| says(&DEVELOPMENT[..OF_FOLDERS], folder))
}

/// Reads a requirements file.
pub fn read(text: &str) -> Result<Lockfile, Fault> {
    let mut reader = Reader::default();
    lines::each(text, |line| {
        match line {
            Line::Blank => reader.subject = None,
            Line::Comment(comment) => reader.comment(comment),
            Line::Statement(statement) => {
                reader.subject = None;
                reader.statement(&statement);
                reader.comment(&statement.comment);
                if reader.has_too_much() {
                    return Err(Fault::new(statement.place(0), "too many requirements"));
                }
            }
        }
        Ok(())
    })?;
    Ok(reader.finish())
}

/// What was read so far.
#[derive(Default)]
struct Reader {
    packages: Vec<LockedPackage>,
    left_out: Vec<Fault>,
    includes: Vec<String>,
    /// The package that comments are about.
    subject: Option<usize>,
    /// Whether the last comment began a list of those who require it.
    in_list: bool,
    /// Names of those who require, and whom.
    parents: Vec<(String, usize)>,
    /// What the project itself requires.
    direct: Vec<usize>,
    /// Whether an index takes the place of the public one.
    has_own_index: bool,
    /// Whether the public index is named.
    has_public_index: bool,
}

impl Reader {
    fn statement(&mut self, statement: &Statement) {
        let text = &*statement.text;
        let start = text.len() - text.trim_start().len();
        if text[start..].starts_with('-') {
            self.options(statement, start);
        } else if start < text.len() {
            self.requirement(statement, start..start + before_options(&text[start..]).len());
        }
    }

    fn has_too_much(&self) -> bool {
        let lengths = [self.packages.len(), self.left_out.len(), self.includes.len()];
        lengths.into_iter().any(|length| length > python::MOST)
    }

    fn leave_out(&mut self, statement: &Statement, at: usize, reason: &'static str) {
        self.left_out.push(Fault::new(statement.place(at), reason));
    }

    fn requirement(&mut self, statement: &Statement, at: Range<usize>) {
        let text = &statement.text[at.clone()];
        if is_location(text) {
            return self.location(statement, at);
        }
        let Some(read) = requirement::parse(text) else {
            return self.leave_out(statement, at.start, NO_REQUIREMENT);
        };
        let absolute = |part: Range<usize>| at.start + part.start..at.start + part.end;
        let name = absolute(read.name);
        match read.wanted {
            Wanted::Url(url) => self.reference(statement, name, absolute(url)),
            Wanted::Versions(versions) => {
                let versions = absolute(versions);
                let text = &statement.text[versions.clone()];
                let exact = requirement::exact_version(text);
                let Ok(Some(version)) = exact else {
                    let reason = match exact {
                        _ if text.contains("${") => "a version that the environment sets",
                        Ok(_) => NOT_EXACT,
                        Err(_) => NO_REQUIREMENT,
                    };
                    return self.leave_out(statement, name.start, reason);
                };
                let version = versions.start + version.start..versions.start + version.end;
                self.add(statement, name, version, Origin::Registry);
            }
        }
    }

    /// `name @ URL`.
    fn reference(&mut self, statement: &Statement, name: Range<usize>, url: Range<usize>) {
        let text = &*statement.text;
        let archive = Archive::of(text, url.clone());
        match archive.filter(|archive| archive.is_of(text, &text[name.clone()])) {
            Some(archive) => {
                let origin = python::origin_of_index(&text[url.clone()]);
                self.add(statement, name, archive.version, origin);
                self.came_from(statement, url);
            }
            None => self.leave_out(statement, name.start, "a URL that tells no version"),
        }
    }

    /// A path or a URL alone.
    fn location(&mut self, statement: &Statement, at: Range<usize>) {
        let text = &*statement.text;
        let length = text[at.clone()].find(char::is_whitespace).unwrap_or(at.len());
        let location = at.start..at.start + length;
        let is_url = text[location.clone()].contains(':');
        match Archive::of(text, location.clone()).filter(|archive| archive.is_wheel) {
            Some(archive) => {
                let origin = python::origin_of_index(&text[location.clone()]);
                self.add(statement, archive.name, archive.version, origin);
                self.came_from(statement, location);
            }
            None if is_url || python::is_archive(&text[location.clone()]) => {
                let name = egg(text, location.clone()).unwrap_or(location);
                self.leave_out(statement, name.start, "a file or a URL that tells no version");
            }
            // A folder of the project has a manifest of its own.
            None => {}
        }
    }

    fn add(
        &mut self,
        statement: &Statement,
        name: Range<usize>,
        version: Range<usize>,
        origin: Origin,
    ) {
        let text = &*statement.text;
        let start = text.len() - text.trim_start().len();
        self.subject = Some(self.packages.len());
        self.packages.push(LockedPackage {
            name: text[name.clone()].to_owned(),
            // A URL can not hold the `+` of a local version as it is.
            version: text[version.clone()].replace("%2B", "+"),
            origin,
            scope: Scope::Runtime,
            provenance: Provenance {
                has_checksum: text.contains("--hash="),
                ..Provenance::default()
            },
            at: statement.places(start..text.len()),
            name_at: statement.places(name),
            version_at: statement.places(version),
            requires: Vec::new(),
            required_by: None,
        });
    }

    /// Notes the address of the last package.
    fn came_from(&mut self, statement: &Statement, address: Range<usize>) {
        if let Some(package) = self.packages.last_mut() {
            package.provenance.address_at = Some(statement.places(address));
        }
    }

    fn options(&mut self, statement: &Statement, start: usize) {
        let text = &*statement.text;
        let mut at = start;
        while let Some((option, value, next)) = option(text, at) {
            let written = &text[value.clone()];
            match option {
                "-r" | "--requirement" | "-c" | "--constraint" if written.contains("://") => {
                    self.leave_out(statement, value.start, "a file that is not in the tree");
                }
                "-r" | "--requirement" | "-c" | "--constraint" if !written.is_empty() => {
                    self.includes.push(written.to_owned());
                }
                "-e" | "--editable" => {
                    let is_url = written.contains("://") || written.starts_with("git+");
                    let name = egg(text, value.clone());
                    if is_url || name.is_some() {
                        let at = name.map_or(value.start, |name| name.start);
                        self.leave_out(statement, at, "version control tells no version");
                    }
                }
                "-i" | "--index-url" | "--pypi-url" => {
                    self.has_own_index = true;
                    self.has_public_index |= python::is_public(written);
                }
                "--extra-index-url" => self.has_public_index |= python::is_public(written),
                _ => {}
            }
            at = next;
        }
    }

    /// Reads `# via name, name`, a list of those below `# via`, and `# from URL`, which uv writes for an index.
    fn comment(&mut self, comment: &str) {
        let Some(subject) = self.subject else { return };
        let words = comment.trim();
        let is_indented = comment.starts_with("  ");
        match words.split_once(char::is_whitespace).unwrap_or((words, "")) {
            ("", _) => {}
            ("via", parents) => {
                self.in_list = true;
                self.add_parents(parents, subject);
            }
            ("from", index) if index.contains("://") => {
                self.packages[subject].origin = python::origin_of_index(index);
            }
            _ if self.in_list && is_indented => self.add_parents(words, subject),
            _ => self.in_list = false,
        }
    }

    /// Takes in `name, name`, `-r requirements.in` and `project (pyproject.toml)`.
    fn add_parents(&mut self, parents: &str, subject: usize) {
        let room = python::MOST.saturating_sub(self.parents.len() + self.direct.len());
        for parent in parents.split(',').take(room).map(str::trim) {
            if parent.starts_with("-r") || parent.ends_with(')') {
                self.direct.push(subject);
            } else {
                self.parents.push((requirement::leading_name(parent).to_owned(), subject));
            }
        }
    }

    /// Pages about constraints and lists of wishes have such names too: one word on all of it is enough.
    fn is_prose(&self) -> bool {
        let words = self.left_out.iter().filter(|fault| fault.reason == NO_REQUIREMENT).count();
        self.packages.is_empty() && words * 2 > self.left_out.len() + self.includes.len()
    }

    fn finish(mut self) -> Lockfile {
        if self.is_prose() {
            self.left_out.truncate(1);
            "no file of requirements".clone_into(&mut self.left_out[0].reason);
        }
        if self.has_own_index && !self.has_public_index {
            for package in &mut self.packages {
                package.origin = Origin::Elsewhere;
            }
        }
        let names = Names::of(self.packages.iter());
        let mut edges = vec![Vec::new(); self.packages.len()];
        for (parent, child) in &self.parents {
            for parent in names.all(parent).iter().filter(|parent| *parent != child) {
                edges[*parent].push((*child, Scope::Runtime));
            }
        }
        let lockfile = python::lockfile(self.packages.into_iter(), edges, &self.direct);
        Lockfile { left_out: self.left_out, includes: self.includes, ..lockfile }
    }
}

/// The part of a requirement before its options, as `--hash=…`.
pub(in crate::packages) fn before_options(text: &str) -> &str {
    let mut words = text.match_indices(char::is_whitespace);
    let end = words.find(|(at, blank)| text[at + blank.len()..].starts_with('-'));
    end.map_or(text, |(at, _)| &text[..at]).trim_end()
}

/// Whether a requirement is a path or a URL without a name before it.
fn is_location(text: &str) -> bool {
    let end = text.find([' ', '\t', '@', ';', '[', '=', '<', '>', '~', '!', '(']);
    let first = &text[..end.unwrap_or(text.len())];
    first.contains(['/', '\\', ':']) || first.starts_with('.') || python::is_archive(first)
}

/// The option at this byte, its value, and the byte after both.
fn option(text: &str, at: usize) -> Option<(&str, Range<usize>, usize)> {
    let rest = &text[at..];
    let start = at + rest.len() - rest.trim_start().len();
    let length = |at: usize| text[at..].find(char::is_whitespace).unwrap_or(text.len() - at);
    let word = &text[start..start + length(start)];
    if word.is_empty() {
        return None;
    }
    let is_long = word.starts_with("--");
    let (option, value_start) = match word.split_once('=') {
        Some((option, _)) if is_long => (option, start + option.len() + 1),
        _ if !is_long && word.starts_with('-') && word.len() > 2 && word.is_char_boundary(2) => {
            (&word[..2], start + 2)
        }
        _ => (word, text.len() - text[start + word.len()..].trim_start().len()),
    };
    let is_attached = value_start <= start + word.len();
    let takes_value = is_attached || !text[value_start..].starts_with('-');
    let end = if takes_value { value_start + length(value_start) } else { value_start };
    let value = text[value_start..end].trim_start_matches(QUOTES);
    let value_start = end - value.len();
    Some((option, value_start..value_start + value.trim_end_matches(QUOTES).len(), end))
}

/// The name in the `#egg=name` of a URL.
fn egg(text: &str, location: Range<usize>) -> Option<Range<usize>> {
    let fragment = text[location.clone()].split_once('#')?.1;
    let start = location.end - fragment.len();
    let at = fragment.find("egg=")? + "egg=".len();
    let name = requirement::leading_name(&fragment[at..]);
    (!name.is_empty()).then(|| start + at..start + at + name.len())
}

/// The name and the version that the name of a distribution's file tells, in bytes of the statement.
struct Archive {
    name: Range<usize>,
    version: Range<usize>,
    is_wheel: bool,
}

impl Archive {
    /// Reads the end of a path or a URL: `name-version-….whl`, or `name-version.tar.gz`.
    fn of(text: &str, location: Range<usize>) -> Option<Self> {
        let path = text[location.clone()].split(['#', '?']).next()?;
        let file = path.rsplit(['/', '\\']).next()?;
        let start = location.start + path.len() - file.len();
        let wheel = file.strip_suffix(".whl");
        let (name, version) = if let Some(wheel) = wheel {
            let mut parts = wheel.split('-');
            let (name, version) = (parts.next()?, parts.next()?);
            // A build number may stand before the three tags.
            if !matches!(parts.count(), 3 | 4) {
                return None;
            }
            (name, version)
        } else {
            let endings = [".tar.gz", ".zip", ".tar.bz2", ".tgz"];
            let stem = endings.iter().find_map(|ending| file.strip_suffix(ending))?;
            stem.rsplit_once('-')?
        };
        let is_version = version.starts_with(|c: char| c.is_ascii_digit());
        let end = start + name.len();
        (is_version && !name.is_empty()).then(|| Self {
            name: start..end,
            version: end + 1..end + 1 + version.len(),
            is_wheel: wheel.is_some(),
        })
    }

    fn is_of(&self, text: &str, name: &str) -> bool {
        python::normalised(&text[self.name.clone()]) == python::normalised(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packages(text: &str) -> Vec<(String, String, Origin)> {
        let packages = read(text).unwrap().packages.into_iter();
        packages.map(|p| (p.name, p.version, p.origin)).collect()
    }

    fn left_out(text: &str) -> Vec<(String, String)> {
        let left_out = read(text).unwrap().left_out;
        let word = |at: usize| text[at..].split([' ', '\n']).next().unwrap().to_owned();
        left_out.into_iter().map(|fault| (word(fault.at), fault.reason)).collect()
    }

    fn found(name: &str, version: &str, origin: Origin) -> (String, String, Origin) {
        (name.to_owned(), version.to_owned(), origin)
    }

    #[test]
    fn pins_are_read_with_their_places() {
        let text = "\u{feff}# é\r\nZope_Interface [test] == 5.0 ; os_name == 'nt' \\\r\n  --hash=sha256:0 # x\r\n";
        let read = read(text).unwrap();
        let package = &read.packages[0];
        assert_eq!(&text[package.name_at.clone()], "Zope_Interface");
        assert_eq!(&text[package.version_at.clone()], "5.0");
        assert!(text[package.at.clone()].ends_with("sha256:0"));
    }

    #[test]
    fn what_is_not_pinned_is_left_out() {
        assert_eq!(
            left_out("a\nb>=1,<2\nc==1.*\nd==${D}\ne @ git+https://x/e.git@v1\n==1\nf=1\n"),
            [
                ("a", NOT_EXACT),
                ("b>=1,<2", NOT_EXACT),
                ("c==1.*", NOT_EXACT),
                ("d==${D}", "a version that the environment sets"),
                ("e", "a URL that tells no version"),
                ("==1", "not a requirement"),
                ("f=1", "not a requirement"),
            ]
            .map(|(text, reason)| (text.to_owned(), reason.to_owned()))
        );
    }

    #[test]
    fn of_prose_only_one_word_is_said() {
        let text = "Constraints\n===========\n\nWhat we want to have:\n\n* speed\n";
        assert_eq!(
            left_out(text),
            [("Constraints".to_owned(), "no file of requirements".to_owned())]
        );
    }

    #[test]
    fn files_tell_their_version_by_their_name() {
        let public = "https://pythonhosted.org/packages/00/";
        let text = format!(
            "torch @ https://example.org/torch-2.0%2Bcpu-cp310-cp310-linux_x86_64.whl#sha256=0 ; a\n\
             {public}My_Name-1.0-1-py3-none-any.whl\nPy-Yaml @ {public}py_yaml-6.0.tar.gz\n\
             ./wheels/own-0.1-py3-none-any.whl\nnumpy-1.9.2-cp34-none-win32.whl\n",
        );
        assert_eq!(
            packages(&text),
            [
                found("torch", "2.0+cpu", Origin::Elsewhere),
                found("My_Name", "1.0", Origin::Registry),
                found("Py-Yaml", "6.0", Origin::Registry),
                found("own", "0.1", Origin::Elsewhere),
                found("numpy", "1.9.2", Origin::Elsewhere),
            ]
        );
    }

    #[test]
    fn other_files_and_folders_tell_none() {
        let text = "other @ https://example.org/name-1.0.tar.gz\nhttps://example.org/1.26.8.zip#egg=urllib3\n\
            ./archive.tar.gz\ngit+ssh://git@example.org/x.git\n-e git+https://example.org/y.git@1#egg=Y_y&subdirectory=z\n";
        let names: Vec<_> = left_out(text).into_iter().map(|(name, _)| name).collect();
        assert_eq!(
            names,
            [
                "other",
                "urllib3",
                "./archive.tar.gz",
                "git+ssh://git@example.org/x.git",
                "Y_y&subdirectory=z"
            ]
        );
        assert_eq!(
            left_out("-e .\n.\n./libraries/own[extra]\n-e file:src/own\n--editable=../x\n"),
            []
        );
    }

    #[test]
    fn other_files_are_named() {
        let text = "-r base.txt\n-cconstraints.txt\n--requirement=\"a.txt\" # b\n  --constraint  ../b.txt\n\
            -r https://example.org/x.txt\n";
        let read = read(text).unwrap();
        assert_eq!(read.includes, ["base.txt", "constraints.txt", "a.txt", "../b.txt"]);
        assert_eq!(read.left_out.len(), 1);
    }

    #[test]
    fn an_index_instead_of_the_public_one_is_elsewhere() {
        let origin = |options: &str| packages(&format!("{options}\na==1\n"))[0].2;
        assert_eq!(origin("-i https://pypi.example.org/simple"), Origin::Elsewhere);
        assert_eq!(origin("--index-url=https://pypi.org/simple --pre"), Origin::Registry);
        assert_eq!(origin("--extra-index-url https://pypi.example.org/simple"), Origin::Registry);
        assert_eq!(
            origin("-i https://x.example.org --extra-index-url https://pypi.org/simple"),
            Origin::Registry
        );
    }

    const COMPILED: &str = "\
#
# This file is autogenerated by pip-compile with Python 3.11
#
    --index-url https://pypi.org/simple

amqp==5.1.1 \\
    --hash=sha256:00 \\
    --hash=sha256:11
    # via kombu
celery[redis]==5.2.7
    # via
    #   -r requirements.in
    #   django-celery-beat
django-celery-beat==2.0  # via -r requirements.in, app (pyproject.toml)
kombu==5.2.4
    # via
    #   -c constraints.txt
    #   Celery
    # from https://pypi.example.org/simple

# The following packages are considered to be unsafe in a requirements file:
# setuptools
";

    #[test]
    fn comments_of_compilers_tell_who_requires_whom() {
        let read = read(COMPILED).unwrap();
        let ways: Vec<String> = (0..read.packages.len())
            .map(|at| read.way_to(at).iter().map(|p| &*p.name).collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(ways, ["celery kombu amqp", "celery", "django-celery-beat", "celery kombu"]);
        assert_eq!(read.packages[2].requires, [1]);
        assert_eq!(read.packages[3].origin, Origin::Elsewhere);
    }

    #[test]
    fn files_are_told_by_their_name() {
        let is_one = |path: &str| is_one(&RepoPath::new(path));
        for path in [
            "requirements.txt",
            "a/requirements-dev.txt",
            "test-requirements.txt",
            "requirements/base.txt",
            "constraints-3.11.txt",
            "requirements/extras/redis.txt",
        ] {
            assert!(is_one(path), "{path}");
        }
        assert!(
            !is_one("requirements.in") && !is_one("requirements/a.md") && !is_one("robots.txt")
        );
    }
}
