//! `gradle.lockfile` and its relatives: a line `group:artifact:version=configurations` for each package. The
//! older files under `gradle/dependency-locks/`, one for each configuration, have lines without configurations.

use super::{
    Fault, LockedPackage, Lockfile, Scope,
    entry::{entry, lines, place},
};
use crate::{finding::RepoPath, packages::Ecosystem};

/// Beginnings of the names of configurations that nothing is shipped from: of Gradle's own plugins, of
/// Kotlin's and Android's, and of the usual checkers.
const DEVELOPMENT: &[&str] = &[
    "test",
    "_internal",
    "annotationProcessor",
    "checkstyle",
    "codenarc",
    "detekt",
    "developmentOnly",
    "dokka",
    "errorprone",
    "jacoco",
    "jmh",
    "kapt",
    "kotlinBuildTools",
    "kotlinCompiler",
    "kotlinKlib",
    "kotlinScriptDef",
    "ksp",
    "ktlint",
    "lintChecks",
    "pmd",
    "spotbugs",
    "spotless",
];
/// What the others of these have within their names: `debugUnitTestRuntimeClasspath`.
const DEVELOPMENT_WITHIN: &[&str] = &["Test", "AnnotationProcessor"];
/// Where the older files are.
const OLD_FOLDER: &str = "gradle/dependency-locks";
/// The only configuration of a build script: the plugins of the build.
const BUILD_SCRIPT: &str = "classpath";

/// Whether a file of this path is one: the project's, its settings' or its build script's, or an older one.
pub fn is_one(path: &RepoPath) -> bool {
    let folder = path.folder();
    let name = path.file_name();
    let is_old = folder == OLD_FOLDER || folder.ends_with("/gradle/dependency-locks");
    name.ends_with("gradle.lockfile") || (is_old && name.ends_with(".lockfile"))
}

/// Reads a `gradle.lockfile`.
pub fn read(text: &str) -> Result<Lockfile, Fault> {
    let mut packages = Vec::new();
    let mut left_out = Vec::new();
    for line in lines(text).map(str::trim) {
        // `empty=` lists the configurations without packages.
        if line.is_empty() || line.starts_with('#') || line.starts_with("empty=") {
            continue;
        }
        match package(text, line) {
            Some(package) => packages.push(package),
            None => left_out.push(Fault::new(
                place(text, line).start,
                "not `group:artifact:version=configurations`",
            )),
        }
    }
    if packages.is_empty() && !left_out.is_empty() {
        return Err(left_out.swap_remove(0));
    }
    let mut lockfile = Lockfile::new(Ecosystem::Maven, packages);
    lockfile.left_out = left_out;
    Ok(lockfile)
}

fn package(text: &str, line: &str) -> Option<LockedPackage> {
    let (coordinates, configurations) =
        line.split_once('=').map_or((line, None), |(left, right)| (left, Some(right)));
    let (name, version) = coordinates.rsplit_once(':')?;
    let (group, artifact) = name.split_once(':')?;
    let is_part = |part: &str| {
        !part.is_empty() && !part.contains(|letter: char| letter == ':' || letter.is_whitespace())
    };
    if ![group, artifact, version].into_iter().all(is_part) {
        return None;
    }
    let is_shipped = configurations.is_none_or(|list| list.split(',').any(is_shipped));
    let scope = if is_shipped { Scope::Runtime } else { Scope::Development };
    Some(LockedPackage { scope, ..entry(text, line, name, version) })
}

fn is_shipped(configuration: &str) -> bool {
    let name = configuration.trim();
    name != BUILD_SCRIPT
        && !DEVELOPMENT.iter().any(|start| name.starts_with(start))
        && !DEVELOPMENT_WITHIN.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_only_tests_and_the_build_use_is_development() {
        let text = "# Comment\norg.a:b:1.0=compileClasspath,testRuntimeClasspath\n\
            org.a:c:2.0=debugUnitTestCompileClasspath,kapt\norg.a:d:3.0=classpath\norg.a:e:4.0\nempty=\n";
        let lockfile = read(text).unwrap();
        let shown: Vec<_> =
            lockfile.packages.iter().map(|p| (p.name.as_str(), &*p.version, p.scope)).collect();
        assert_eq!(
            shown,
            [
                ("org.a:b", "1.0", Scope::Runtime),
                ("org.a:c", "2.0", Scope::Development),
                ("org.a:d", "3.0", Scope::Development),
                ("org.a:e", "4.0", Scope::Runtime),
            ]
        );
    }

    #[test]
    fn a_line_that_is_none_is_left_out_and_a_file_of_such_lines_refused() {
        let text = "a:b:1=c\n<<<<<<<\na:b:=c\n";
        let left = read(text).unwrap().left_out;
        assert_eq!(left.iter().map(|fault| fault.at).collect::<Vec<_>>(), [8, 16]);
        assert_eq!(read("# x\n<html>\n").unwrap_err().at, 4);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[a:=.,# é\r\n1-]{0,40}") {
            for package in read(&text).map(|lockfile| lockfile.packages).unwrap_or_default() {
                prop_assert_eq!(&text[package.name_at], &package.name);
                prop_assert_eq!(&text[package.version_at], &package.version);
            }
        }
    }
}
