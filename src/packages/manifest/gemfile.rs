//! `Gemfile` and `gems.rb`: plain calls of `gem`, and the groups around them.

use super::{Declared, Manifest, Scope, code};
use crate::packages::Ecosystem;

/// What begins a block that `end` closes, beside `do`.
const BLOCKS: &[&str] =
    &["begin", "case", "class", "def", "for", "if", "module", "unless", "until", "while"];

/// Reads a `Gemfile`.
pub(super) fn read(text: &str) -> Manifest {
    let mut dependencies = Vec::new();
    // For each open block, whether it is a group for development.
    let mut blocks: Vec<bool> = Vec::new();
    let mut after = 0;
    for (at, line) in code::lines(text) {
        // The rest of a call of several lines.
        if at < after {
            continue;
        }
        let word =
            line.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
        let is_open = line.ends_with(" do") || line.contains(" do |");
        match word {
            "gem" => {
                after = statement_end(text, at);
                let is_grouped = blocks.contains(&true);
                dependencies.extend(declared(text, at, after, is_grouped));
            }
            "end" => {
                blocks.pop();
            }
            "group" if is_open => {
                let groups = line.split(" do").next().unwrap_or_default();
                blocks.push(code::is_development(code::words(&groups["group".len()..])));
            }
            word if is_open || BLOCKS.contains(&word) => blocks.push(false),
            _ => {}
        }
    }
    Manifest { ecosystem: Ecosystem::RubyGems, dependencies }
}

/// The end of a call: it goes on in the next line after a comma.
fn statement_end(text: &str, at: usize) -> usize {
    let mut end = at;
    for line in text[at..].split_inclusive('\n') {
        let code = line.split(" #").next().unwrap_or_default().trim_end();
        if !code.ends_with(',') {
            return end + code.len();
        }
        end += line.len();
    }
    end
}

fn declared(text: &str, start: usize, end: usize, is_grouped: bool) -> Option<Declared> {
    let text = &text[..end];
    let after_gem = start + "gem".len();
    let open = code::after_blanks(text, after_gem);
    let open =
        if text[open..].starts_with('(') { code::after_blanks(text, open + 1) } else { open };
    let name = code::quoted(text, open).filter(|name| !name.is_empty())?;
    let mut requirements = Vec::new();
    let mut at = code::after_blanks(text, name.end + 1);
    while text[at..].starts_with(',') {
        let argument = code::after_blanks(text, at + 1);
        let Some(requirement) = code::quoted(text, argument) else { break };
        at = code::after_blanks(text, requirement.end + 1);
        // A key of a hash: `"group" => "test"`.
        if text[at..].starts_with(['=', ':']) {
            break;
        }
        requirements.push(&text[requirement]);
    }
    let is_development = is_grouped
        || groups(&text[at..]).is_some_and(|groups| code::is_development(code::words(groups)));
    Some(Declared {
        name: text[name.clone()].to_owned(),
        requirement: requirements.join(", "),
        scope: if is_development { Scope::Development } else { Scope::Runtime },
        at: start..end,
        name_at: name,
    })
}

/// The list after `group:`, `groups:` or `:group =>`.
fn groups(options: &str) -> Option<&str> {
    let (_, rest) = options.split_once("group")?;
    let rest = rest.trim_start_matches(['s', '"', '\'', ':', '=', '>', ' ']);
    match rest.strip_prefix('[') {
        Some(list) => list.split(']').next(),
        None => rest.split(',').next(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gems_are_read_with_their_requirements_and_groups() {
        let text = "source 'https://rubygems.org'\nruby '3.2'\n# gem 'no'\ngem \"rails\", \"~> 7.0\", '>= 7.0.4' # why\n\
            gem('pg')\nif true\n  gem 'puma', require: false\nend\n\
            group :development, :test do\n  platforms :ruby do\n    gem 'rspec',\n      '~> 3',\n      require: 'x'\n  end\nend\n\
            group :production do\n  gem 'unicorn'\nend\n\
            gem 'a', group: :test\ngem 'b', '1', :groups => [:test, :default]\ngem 'c', git: 'https://x', group: [:docs]\n";
        let read = read(text);
        let shown: Vec<_> =
            read.dependencies.iter().map(|d| (&*d.name, &*d.requirement, d.scope)).collect();
        assert_eq!(
            shown,
            [
                ("rails", "~> 7.0, >= 7.0.4", Scope::Runtime),
                ("pg", "", Scope::Runtime),
                ("puma", "", Scope::Runtime),
                ("rspec", "~> 3", Scope::Development),
                ("unicorn", "", Scope::Runtime),
                ("a", "", Scope::Development),
                ("b", "1", Scope::Runtime),
                ("c", "", Scope::Development),
            ]
        );
        let rspec = &read.dependencies[3];
        assert_eq!(&text[rspec.at.clone()], "gem 'rspec',\n      '~> 3',\n      require: 'x'");
        assert_eq!(&text[rspec.name_at.clone()], "rspec");
    }
}
