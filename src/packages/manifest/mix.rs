//! `mix.exs`: the tuples of its function `deps`.

use super::{Declared, Manifest, Scope, code};
use crate::packages::Ecosystem;

/// Bytes of one tuple after its name. More are not honest.
const LONGEST: usize = 500;

/// Reads a `mix.exs`.
pub(super) fn read(text: &str) -> Manifest {
    let mut dependencies = Vec::new();
    let mut is_inside = false;
    for (at, line) in code::lines(text) {
        match line.split(['(', ' ', ',']).nth(1) {
            Some("deps") if line.starts_with("def") => is_inside = true,
            _ if line == "end" => is_inside = false,
            _ => {}
        }
        if !is_inside || line.starts_with('#') {
            continue;
        }
        for (start, _) in line.match_indices("{:") {
            dependencies.extend(declared(text, at + start));
        }
    }
    Manifest { ecosystem: Ecosystem::Hex, dependencies }
}

/// Reads `{:name, "~> 1.0", only: :test}`, which begins at this byte.
fn declared(text: &str, at: usize) -> Option<Declared> {
    let start = at + "{:".len();
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let length = text[start..].find(|c| !is_part(c)).filter(|length| *length > 0)?;
    let mut name_at = start..start + length;
    if !text[name_at.end..].starts_with(',') {
        return None;
    }
    let mut rest = text.as_bytes()[name_at.end..].iter().take(LONGEST);
    let text = &text[..=name_at.end + rest.position(|byte| *byte == b'}')?];
    let mut name = &text[name_at.clone()];
    let argument = code::after_blanks(text, name_at.end + 1);
    let requirement = code::quoted(text, argument);
    let options = requirement.as_ref().map_or(argument, |requirement| requirement.end);
    let option = |key: &str| {
        let (_, value) = text[options..].split_once(key)?;
        let value = value.trim_start();
        Some(match value.strip_prefix('[') {
            Some(list) => list.split(']').next().unwrap_or_default(),
            None => value.split([',', '}']).next().unwrap_or_default(),
        })
    };
    // The name in the registry, where it is another one.
    if let Some(real) = option("hex: :").and_then(|real| code::words(real).next()) {
        let offset = text[options..].find("hex: :")? + "hex: :".len();
        let begin = options + offset + text[options + offset..].find(real)?;
        (name, name_at) = (real, begin..begin + real.len());
    }
    let scope = if option("only:").is_some_and(|only| code::is_development(code::words(only))) {
        Scope::Development
    } else if option("optional:").is_some_and(|value| value.trim() == "true") {
        Scope::Optional
    } else {
        Scope::Runtime
    };
    Some(Declared {
        name: name.to_owned(),
        requirement: requirement.map_or_else(String::new, |at| text[at].to_owned()),
        scope,
        at: at..text.len(),
        name_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tuples_of_deps_are_read() {
        let text = "defmodule App do\n  def project do\n    [deps: deps(), x: {:no, \"1\"}]\n  end\n\
            \x20 defp deps do\n    [\n      {:phoenix, \"~> 1.7\"}, # why\n      # {:no, \"1\"},\n\
            \x20     {:credo, \">= 0.0.0\", only: [:dev, :test], runtime: false},\n\
            \x20     {:local, path: \"../local\"},\n      {:short, \"1.0\", hex: :long_name, optional: true}\n    ]\n  end\n\
            \x20 defp other do\n    {:ok, \"no\"}\n  end\nend\n";
        let read = read(text);
        let shown: Vec<_> = read
            .dependencies
            .iter()
            .map(|d| (&*d.name, &*d.requirement, d.scope, &text[d.name_at.clone()]))
            .collect();
        assert_eq!(
            shown,
            [
                ("phoenix", "~> 1.7", Scope::Runtime, "phoenix"),
                ("credo", ">= 0.0.0", Scope::Development, "credo"),
                ("local", "", Scope::Runtime, "local"),
                ("long_name", "1.0", Scope::Optional, "long_name"),
            ]
        );
        assert_eq!(&text[read.dependencies[0].at.clone()], "{:phoenix, \"~> 1.7\"}");
    }
}
