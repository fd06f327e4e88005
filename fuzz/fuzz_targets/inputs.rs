//! What a user, a base or a target hands in: the first byte chooses its kind, the rest is its text.
#![no_main]

use std::{io, sync::LazyLock, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use seaworthy::{
    config::Config,
    engines::{code, secret::scanner::Scanner},
    finding::RepoPath,
    judgement::Baseline,
    live::likeness,
    reporters::{Format, Style, json, reporter},
    rule::{Matcher, RuleSet, load::load},
    target::{Exchange, Exclusions, Origin, Scheme, openapi::Description},
};
use seaworthy_fuzz::Stock;

/// A kind of text: how it is read, and samples of it.
struct Input {
    read: fn(&str),
    samples: &'static [&'static str],
}

const INPUTS: &[Input] = &[
    Input {
        read: read_rules,
        samples: &[
            include_str!("../../rules/secret/github.yaml"),
            include_str!("../../rules/code/debug.yaml"),
            include_str!("../../rules/container/services.yaml"),
            include_str!("../../rules/live/headers.yaml"),
        ],
    },
    Input {
        read: read_configuration,
        samples: &[
            include_str!("../../src/commands/init/seaworthy.yaml"),
            "fail-on: high\nexclude: ['docs/**']\nwaivers:\n  - rule: secret/jwt\n    path: 'tests/**'\n    \
             reason: practice\n    until: 2027-01-01\n",
            "target: { url: 'https://a.example', hosts: ['*.example'] }\nlive:\n  exclude: [/logout]\n  \
             login: { request: { path: /login, json: { user: '{username}' } }, username-env: U, \
             password-env: P }\n",
        ],
    },
    Input {
        read: read_baseline,
        samples: &[
            r#"{"findings": [{"path": "a/b.py", "rule": "code/flask-debug", "fingerprint": "0123456789abcdef", "until": "2027-03-31"}]}"#,
        ],
    },
    Input {
        read: read_report,
        samples: &[
            include_str!("../../fixtures/reports/clean.json"),
            include_str!("../../fixtures/reports/rich.json"),
        ],
    },
    Input {
        read: read_description,
        samples: &[
            include_str!("../../src/demo/openapi.json"),
            include_str!("../../fixtures/shop/vulnerable/openapi.json"),
            "openapi: 3.1.0\nservers: [{ url: 'https://a.example/v1' }]\npaths:\n  /orders/{id}:\n    \
             parameters: [{ $ref: '#/components/parameters/Id' }]\n    get: { security: [] }\n\
             components:\n  parameters:\n    Id: { name: id, in: path, schema: { type: integer } }\n",
        ],
    },
    Input {
        read: read_answer,
        samples: &[
            "content-type: application/json\n\n[{\"id\": 7, \"email\": \"a@b.example\"}]",
            "content-type: text/html\nlocation: ../login?next=/\n\n<!doctype html><input type=\"password\">",
        ],
    },
];

static STOCK: LazyLock<Stock> = LazyLock::new(|| {
    let samples = INPUTS.iter().enumerate().flat_map(|(choice, input)| {
        input.samples.iter().map(move |sample| Stock::chosen(choice, sample))
    });
    Stock::new(samples)
});

fuzz_mutator!(|data: &mut [u8], size: usize, most: usize, seed: u32| {
    STOCK.mutate(data, size, most, seed)
});

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, text)) = bytes.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    (INPUTS[usize::from(*choice) % INPUTS.len()].read)(text);
});

/// Rules that can be used are used.
fn read_rules(text: &str) {
    let Ok(loaded) = load("rules/own.yaml", text) else { return };
    for one in &loaded {
        if let Matcher::Code(patterns) = &one.rule.matcher {
            drop(code::verify(&one.rule.id, patterns));
        }
    }
    let mut rules = RuleSet::baked();
    if rules.add("rules/own.yaml", loaded).is_ok() {
        drop(Scanner::new(&rules).find("app.env", text.as_bytes()));
    }
}

fn read_configuration(text: &str) {
    if let Ok(config) = Config::parse("seaworthy.yaml", text) {
        let exclusions = Exclusions::new(&config.live.exclude, &[]);
        drop(exclusions.map(|exclusions| exclusions.reason("", "/orders/7")));
    }
}

fn read_baseline(text: &str) {
    drop(Baseline::parse(text));
}

/// A report that somebody else wrote is told in every format all the same.
fn read_report(text: &str) {
    let Ok(report) = json::read(text) else { return };
    for format in Format::ALL {
        let told = reporter(format, Style::default()).write(&report, &mut io::sink());
        told.expect("a sink takes everything");
    }
}

fn read_description(text: &str) {
    let path = RepoPath::new("openapi.yaml");
    let Ok(description) = Description::read(text, Some(&path)) else { return };
    for operation in &description.operations {
        assert!(operation.path(None).starts_with('/'));
        assert!(description.methods(&operation.route).contains(&operation.method.as_str()));
    }
}

/// Headers, an empty line and a body, as a target may send them.
fn read_answer(text: &str) {
    let (head, body) = text.split_once("\n\n").unwrap_or(("", text));
    let header = |line: &str| {
        let (name, value) = line.split_once(": ")?;
        Some((name.parse::<HeaderName>().ok()?, value.parse::<HeaderValue>().ok()?))
    };
    let headers: HeaderMap = head.lines().filter_map(header).collect();
    let origin = Origin { scheme: Scheme::Https, host: "a.example".to_owned(), port: 443 };
    let answer = Exchange {
        method: "GET".to_owned(),
        path: "/orders/7".to_owned(),
        url: format!("{origin}/orders/7"),
        request_headers: Vec::new(),
        status: 200 + u16::try_from(text.len() % 300).unwrap_or_default(),
        headers,
        body: body.as_bytes().to_vec(),
        is_cut: false,
        took: Duration::ZERO,
    };
    assert!(likeness::are_alike(&answer, &answer));
    let _ = (likeness::has_substance(&answer), likeness::is_login_page(&answer));
    drop(likeness::json(&answer).map(|value| likeness::sketch(&value, 3)));
    let location = answer.header("location").unwrap_or_default();
    let next = origin.follow(&answer.path, location);
    assert!(next.is_none_or(|path| path.starts_with('/')));
}
