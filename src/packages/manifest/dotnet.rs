//! Project files of .NET: `*.csproj` and its relatives, `Directory.Packages.props`.

use std::ops::Range;

use super::{Declared, Fault, Manifest, Scope};
use crate::{
    finding::RepoPath,
    packages::{
        Ecosystem,
        lockfile::xml::{self, Element},
    },
};

/// Whether a path is that of such a file.
pub(super) fn is_one(path: &RepoPath) -> bool {
    let name = path.file_name();
    matches!(path.extension(), "csproj" | "fsproj" | "vbproj")
        || matches!(
            name,
            "Directory.Packages.props" | "Directory.Build.props" | "Directory.Build.targets"
        )
}

/// Reads a project file. Properties in names and versions stay as they are written.
pub(super) fn read(text: &str) -> Result<Manifest, Fault> {
    let root = xml::read(text)?;
    let mut dependencies = Vec::new();
    collect(text, &root, &mut dependencies);
    Ok(Manifest { ecosystem: Ecosystem::NuGet, dependencies })
}

fn collect(text: &str, element: &Element<'_>, found: &mut Vec<Declared>) {
    match element.name {
        "PackageReference" | "PackageVersion" | "GlobalPackageReference" => {
            found.extend(declared(text, element));
        }
        _ => element.children.iter().for_each(|child| collect(text, child, found)),
    }
}

fn declared(text: &str, element: &Element<'_>) -> Option<Declared> {
    let mut name_at = None;
    let (mut version, mut private) = ("", "");
    for (key, value) in attributes(text, element.at.clone()) {
        match key {
            "Include" | "Update" => name_at = Some(value),
            "Version" | "VersionOverride" => version = &text[value],
            "PrivateAssets" => private = &text[value],
            _ => {}
        }
    }
    let name_at = name_at.filter(|name| !name.is_empty())?;
    let version = element.text_of("Version").unwrap_or(version);
    let private = element.text_of("PrivateAssets").unwrap_or(private);
    // What is kept from those who use the project serves its build.
    let is_development =
        private.eq_ignore_ascii_case("all") || element.name == "GlobalPackageReference";
    Some(Declared {
        name: text[name_at.clone()].to_owned(),
        requirement: version.to_owned(),
        scope: if is_development { Scope::Development } else { Scope::Runtime },
        at: element.at.clone(),
        name_at,
    })
}

/// The attributes of the first tag of an element: names, and bytes of the values.
fn attributes(text: &str, element: Range<usize>) -> Vec<(&str, Range<usize>)> {
    let mut found = Vec::new();
    let mut at = element.start;
    while let Some(length) = text[at..element.end].find(['=', '>']) {
        let equals = at + length;
        let value = text[equals + 1..element.end].trim_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (Some(quote), true) = (quote, text[equals..].starts_with('=')) else { break };
        let start = element.end - value.len() + 1;
        let Some(length) = text[start..element.end].find(quote) else { break };
        let name = text[at..equals].split_whitespace().next_back().unwrap_or_default();
        found.push((name, start..start + length));
        at = start + length + 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_with_their_place() {
        let text = "<Project Sdk=\"x\">\n<ItemGroup Condition=\"'$(a)' == 'b'\">\n\
            <PackageReference Include=\"A.B\" Version = '1.0' />\n\
            <PackageReference Version=\"2\" Update=\"C\" PrivateAssets=\"All\" />\n\
            <PackageReference Include=\"D\"><Version>3</Version></PackageReference>\n\
            <PackageReference Remove=\"E\" />\n<ProjectReference Include=\"../f.csproj\" />\n\
            <PackageVersion Include=\"G\" Version=\"$(v)\" /></ItemGroup></Project>";
        let read = read(text).unwrap();
        let shown: Vec<_> = read
            .dependencies
            .iter()
            .map(|d| (&text[d.name_at.clone()], &*d.requirement, d.scope))
            .collect();
        assert_eq!(
            shown,
            [
                ("A.B", "1.0", Scope::Runtime),
                ("C", "2", Scope::Development),
                ("D", "3", Scope::Runtime),
                ("G", "$(v)", Scope::Runtime),
            ]
        );
        assert!(text[read.dependencies[2].at.clone()].ends_with("</PackageReference>"));
    }
}
