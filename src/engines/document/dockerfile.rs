//! Dockerfiles and Containerfiles, with all that the frontend of `BuildKit` knows.
//!
//! Names of fields, for rules (`[]` marks a list; what is not there is left out):
//!
//! * `final-stage`: the last of `stages`.
//! * `stages[]`: `index`, `name`, `duplicate`, `shipped`, `base` (`image`, `stage`, `scratch`, `missing`),
//!   `reference` (what follows `FROM`, expanded), `image` (at the bottom of the chain), `user`,
//!   `user-set-by` (`USER`, `base`), `user-known`, `runs-as-root`, `healthcheck.state` (`set`, `none`,
//!   `missing`), `folder`, `shell[]`, `programs[]` (of its own `RUN`s). User, health check, shell and folder come down from the stage that it begins from.
//! * `images[]`, each image that is pulled: `by` (`FROM`, `COPY`, `ADD`), `reference`, `name`, `registry`,
//!   `repository`, `tag`, `digest`, `chosen-by` (`digest`, `tag`, `nothing`, `unknown`), `stage`, `shipped`.
//! * `instructions[]`: `name`, `text`, `stage`, `shipped` (in the final stage or one that it begins from),
//!   `onbuild`, `repeated` (a later one takes its place), `flags` (by name), `mounts[]` (`type`, `source`,
//!   `target`, ...), and by instruction:
//!   * `RUN`, `CMD`, `ENTRYPOINT`, `HEALTHCHECK`: `form` (`json`, `shell`; not of `RUN`), `dialect` (`posix`,
//!     `powershell`, `cmd`, `other`), `commands[]`, `variables[]` that they set, `none` of `HEALTHCHECK`;
//!   * `ENV`, `ARG`, `LABEL`: `variables[]`: `by`, `name`, `value` (expanded; not there for an `ARG` without
//!     default), `literal` (no variables in it), `complete` (all of them known);
//!   * `USER`: `user`, `root`, `numeric`; `WORKDIR`: `path`, `kind` (`absolute`, `relative`, `unknown`),
//!     `anchored` (an absolute one went before); `EXPOSE`: `ports[]` (`number`, `protocol`; both ends of a
//!     range); `VOLUME`: `paths[]`; `SHELL`: `words[]`;
//!   * `COPY`, `ADD`: `sources[]` (`path`, `kind`: `file`, `archive`, `http`, `git`, `heredoc`, `stage`,
//!     `unknown`), `source-count`, `destination`, `destination-is-folder`, `from`, `from-kind` (`stage`,
//!     `self`, `later-stage`, `image`, `unknown`).
//!   * `RUN` also: `pipefail` (set by SHELL or in the step), `updates[]`, `installs[]`, `keeps-cache-of[]`
//!     (package managers), `cache-mounted`, `stale-index-of[]` (package managers whose index an earlier step
//!     updated), `second-fetcher[]` (uses of `curl` after `wget` and the other way round);
//!   * `RUN`, `COPY`, `ADD`: `begins-series` (the next could be part of it).
//! * `commands[]`: `program` (behind `sudo`, `env`, ...; of `python -m pip` it is `pip`), `via[]` (those
//!   wrappers), `subcommand` (the first operand), `operands[]` (the others), `options[]` (`-xz` is `-x`, `-z`),
//!   `arguments[]` (all words as they are), `text` (program and arguments), `fed-by[]` and
//!   `read-by[]` (programs before and after it in its pipe), `run-by[]` (programs that run its output as code).
//! * Commands, variables and sources also have `by` (the name of the instruction) and `shipped`; variables have
//!   `text` (`NAME=value`).
//! * `ignores[]`, comments that silence a checker: `text`, `reasoned`.
//! * Of images `end-of-life` (the day by which repairs had ended), of stages `listens` (there is an `EXPOSE`), of `COPY`
//!   and `ADD` `destination-depends` (on the base image's folder) and `base-is-scratch`, of variables of `ENV` `beside[]`
//!   (those of the same instruction that it uses), of commands `as-root`, `keeps-cache`, `step` (from the beginning of
//!   the instruction to the end of the command).
//! * For repairs, where they are safe: of commands `word`, `verb`, `as-apt-get`, `sudo`, `switch`, `cache-off`; of
//!   stages `new-user`; of instructions `lines`, `as-copy`, `as-label`, `as-json`, `end`, `whole-path`,
//!   `bare-destination`, `pipefail-shell`. See `remedies`.
//! * `problems[]`: what could not be read. `syntax`, `escape`, `check`: directives.
//!
//! Values are what a build without `--build-arg` sees; a variable that nothing is known of stands as `${NAME}`.

mod bases;
mod commands;
mod fields;
mod ignores;
mod image;
mod instruction;
mod lifetimes;
mod lower;
mod packages;
mod parse;
mod remedies;
mod stages;
mod words;

#[cfg(test)]
mod tests;

use super::{Unreadable, node::Node};
use crate::finding::RepoPath;

/// Endings of files that are about Dockerfiles, or make some, and are none.
const OTHER_ENDINGS: &[&str] = &[
    "bak",
    "c",
    "cc",
    "cpp",
    "css",
    "dockerignore",
    "ejs",
    "erb",
    "go",
    "h",
    "hbs",
    "html",
    "in",
    "j2",
    "java",
    "jinja",
    "jinja2",
    "js",
    "json",
    "kt",
    "lock",
    "lua",
    "m4",
    "md",
    "mustache",
    "orig",
    "php",
    "png",
    "ps1",
    "py",
    "rb",
    "rej",
    "rs",
    "rst",
    "sh",
    "snap",
    "svg",
    "swp",
    "template",
    "tera",
    "tmpl",
    "toml",
    "tpl",
    "ts",
    "tsx",
    "txt",
    "vim",
    "xml",
    "yaml",
    "yml",
];

/// Whether a path is that of a Dockerfile: `Dockerfile`, `Dockerfile.dev`, `web.dockerfile`,
/// `web-Dockerfile`, `Containerfile`.
pub fn is_one(path: &RepoPath) -> bool {
    let name = path.file_name();
    let ending = name.rsplit_once('.').map(|(_, ending)| ending).unwrap_or_default();
    let is_other = OTHER_ENDINGS.iter().any(|other| other.eq_ignore_ascii_case(ending));
    let is_named = |known: &str| {
        let head = name.get(..known.len()).is_some_and(|head| head.eq_ignore_ascii_case(known));
        let follows = name.as_bytes().get(known.len());
        ending.eq_ignore_ascii_case(known)
            || (head && matches!(follows, None | Some(b'.' | b'-' | b'_')))
            || name.rsplit(['-', '_']).next().is_some_and(|last| last.eq_ignore_ascii_case(known))
    };
    !is_other && (is_named("dockerfile") || is_named("containerfile"))
}

/// Reads a Dockerfile. Single instructions that can not be read are `problems`; a text without any
/// instruction is refused.
pub fn read(text: &str) -> Result<Node, Unreadable> {
    let file = parse::parse(text);
    if file.instructions.is_empty() {
        let first = file.problems.into_iter().next();
        return Err(first.unwrap_or_else(|| Unreadable::new("there are no instructions", 0..0)));
    }
    Ok(lower::lower(&file, text))
}
