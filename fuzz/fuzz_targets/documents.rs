//! Every model of documents on one text: the first byte chooses the model, the rest is the text.
#![no_main]

use std::{ops::Range, sync::LazyLock};

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use seaworthy::{
    engines::document::{
        Unreadable, compose, dockerfile, interpolation, json, kubernetes, lines, may_be,
        node::{Node, Value},
        service::{cron, nginx, postgresql, redis, systemd},
        shell, spring, toml, workflow, yaml,
    },
    finding::RepoPath,
    rule::{Model, RuleSet},
};
use seaworthy_fuzz::{Stock, examples};

static STOCK: LazyLock<Stock> = LazyLock::new(|| {
    let files = examples(&RuleSet::baked()).into_iter();
    Stock::new(files.map(|(path, text)| Stock::chosen(choice(&RepoPath::new(&path)), &text)))
});

fuzz_mutator!(|data: &mut [u8], size: usize, most: usize, seed: u32| {
    STOCK.mutate(data, size, most, seed)
});

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, text)) = bytes.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    match Model::ALL.get(usize::from(*choice) % (Model::ALL.len() + 1)) {
        Some(model) => check(&read(*model, text), text),
        None => {
            drop(shell::parse(text));
            drop(interpolation::interpolate(text));
            let paths = ["compose.yaml", "compose.override.yaml"].map(str::to_owned);
            drop(compose::project::read(&paths, &|_| Some(text.to_owned())));
        }
    }
});

/// The number of a model whose files have such a path.
fn choice(path: &RepoPath) -> usize {
    let extension = match path.extension() {
        "yaml" | "yml" => Model::Yaml,
        "json" => Model::Json,
        "toml" | "lock" => Model::Toml,
        _ => Model::Assignments,
    };
    let model = Model::ALL.into_iter().find(|model| may_be(*model, path)).unwrap_or(extension);
    Model::ALL.iter().position(|known| *known == model).unwrap_or_default()
}

fn read(model: Model, text: &str) -> Result<Node, Unreadable> {
    match model {
        Model::Dockerfile => dockerfile::read(text),
        Model::Compose => compose::read(text),
        Model::Kubernetes => kubernetes::read(text),
        Model::Workflow => workflow::read(text),
        Model::Env => Ok(lines::env(text)),
        Model::Ini => Ok(lines::ini(text)),
        Model::Properties => Ok(lines::properties(text)),
        Model::Spring => spring::read(text),
        Model::Yaml => yaml::read(text),
        Model::Json => json::read(text),
        Model::Toml => toml::read(text),
        Model::Assignments => Ok(lines::assignments(text)),
        Model::Nginx => nginx::read(text),
        Model::Redis => Ok(redis::read(text)),
        Model::Postgresql => Ok(postgresql::read(text)),
        Model::PgHba => Ok(postgresql::hba::read(text)),
        Model::Systemd => systemd::read(text),
        Model::Cron => cron::read(text),
    }
}

fn check(read: &Result<Node, Unreadable>, text: &str) {
    match read {
        Ok(node) => check_node(node, text),
        Err(error) => check_place(&error.at, text),
    }
}

fn check_node(node: &Node, text: &str) {
    check_place(&node.at, text);
    match &node.value {
        Value::List(elements) => elements.iter().for_each(|element| check_node(element, text)),
        Value::Map(entries) => {
            for (key, value) in entries {
                check_node(key, text);
                check_node(value, text);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {}
    }
}

fn check_place(at: &Range<usize>, text: &str) {
    assert!(text.get(at.clone()).is_some(), "{at:?} is no part of {} bytes of text", text.len());
}
