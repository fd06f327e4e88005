//! `go.mod`: the modules that the project itself imports.

use super::{Declared, Fault, Manifest, Scope, code};
use crate::packages::Ecosystem;

/// Reads a `go.mod`. What is marked `// indirect` is there for the sake of others, and left out.
pub(super) fn read(text: &str) -> Result<Manifest, Fault> {
    let mut dependencies = Vec::new();
    let mut open: Option<(usize, &str)> = None;
    for (at, line) in code::lines(text) {
        let (statement, comment) = line.split_once("//").unwrap_or((line, ""));
        let statement = statement.trim_end();
        let module = match open {
            Some(_) if statement == ")" => {
                open = None;
                continue;
            }
            Some((_, block)) => (block == "require").then_some(statement),
            None => {
                if let Some(block) = statement.strip_suffix('(') {
                    open = Some((at, block.trim_end()));
                    continue;
                }
                statement.strip_prefix("require").filter(|rest| rest.starts_with([' ', '\t']))
            }
        };
        let is_indirect = code::words(comment).next() == Some("indirect");
        if let Some(module) = module.filter(|_| !is_indirect) {
            dependencies.extend(declared(at + statement.len() - module.len(), module, at));
        }
    }
    match open {
        Some((at, _)) => Err(Fault::new(at, "a block without its end")),
        None => Ok(Manifest { ecosystem: Ecosystem::Go, dependencies }),
    }
}

/// Reads `path version`, which stands at this byte, of a line that begins at another.
fn declared(at: usize, module: &str, line: usize) -> Option<Declared> {
    let mut words = module.split_whitespace();
    let (path, version) = (words.next()?, words.next()?);
    let quotes = ['"', '`'];
    let start = at + module.len() - module.trim_start().len();
    let start = start + path.len() - path.trim_start_matches(quotes).len();
    let name = path.trim_matches(quotes);
    (!name.is_empty()).then(|| Declared {
        name: name.to_owned(),
        requirement: version.to_owned(),
        scope: Scope::Runtime,
        at: line..at + module.len(),
        name_at: start..start + name.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_imported_is_read_with_its_place() {
        let text = "module example.org/app\n\ngo 1.22\n\nrequire example.org/a v1.2.3 // why\n\nrequire (\n\
            \t\"example.org/b/v2\" v2.0.0\n\texample.org/c v0.0.0 // indirect; x\n)\n\nreplace (\n\
            \texample.org/d => ../d\n)\n";
        let read = read(text).unwrap();
        let shown: Vec<_> = read
            .dependencies
            .iter()
            .map(|d| (&text[d.at.clone()], &text[d.name_at.clone()], &*d.requirement))
            .collect();
        assert_eq!(
            shown,
            [
                ("require example.org/a v1.2.3", "example.org/a", "v1.2.3"),
                ("\"example.org/b/v2\" v2.0.0", "example.org/b/v2", "v2.0.0"),
            ]
        );
    }

    #[test]
    fn a_block_that_is_not_closed_is_a_fault() {
        assert_eq!(read("module a\nrequire (\n\tb v1\n").unwrap_err().at, 9);
    }
}
