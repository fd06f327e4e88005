//! `live/exposed-env-file`: the file with the application's settings and passwords is served.

use super::{
    audit::{Audit, Sighting, head},
    notes::{LIMITED, Notes},
};
use crate::{
    rule::Rule,
    target::{Exchange, random},
};

/// Names under which the file is served by mistake.
const NAMES: &[&str] = &["/.env", "/.env.local", "/.env.production", "/.env.backup", "/.env.dev"];
const LEAST_SETTINGS: usize = 2;

/// Asks for each name, and for a name like it that can not exist.
pub(super) async fn look(audit: &Audit<'_>, rule: &Rule) -> Notes {
    let mut notes = Notes::default();
    let control = match audit.session.get(&format!("/.env.{}", random::word())).await {
        Ok(answer) if answer.status == 429 => {
            notes.disturbed("/.env", LIMITED);
            return notes;
        }
        Ok(answer) => answer,
        Err(error) => {
            notes.failed("/.env", &error);
            return notes;
        }
    };
    if settings(&control).len() >= LEAST_SETTINGS {
        notes.inconclusive("/.env", "a file that can not exist is answered with settings");
        return notes;
    }
    for name in NAMES {
        match audit.session.get(name).await {
            Ok(answer) if answer.status == 429 => {
                notes.disturbed(name, LIMITED);
            }
            Ok(answer) => {
                notes.looked_at += 1;
                let keys = settings(&answer);
                if keys.len() >= LEAST_SETTINGS && !audit.survey.is_soft_404(&answer) {
                    let sighting = sighting(rule, name, &answer, &keys, &control);
                    notes.findings.push(audit.finding(sighting));
                }
            }
            Err(error) if notes.failed(name, &error) => break,
            Err(_) => {}
        }
    }
    notes
}

fn sighting<'r>(
    rule: &'r Rule,
    name: &str,
    answer: &Exchange,
    keys: &[String],
    control: &Exchange,
) -> Sighting<'r> {
    const MOST_SHOWN: usize = 12;
    let message = format!("{}: GET {name} answers with {} settings", rule.title, keys.len());
    // Names are proof enough: whatever the values are, nobody needs to read them here.
    let shown: Vec<String> = keys.iter().take(MOST_SHOWN).map(|key| format!("{key}=…")).collect();
    Sighting::new(rule, answer, name, message)
        .proof("answer", format!("{}\n\n{}", head(answer, &["content-type"]), shown.join("\n")))
        .proof("control", control.curl())
}

/// The names of the settings, if the answer is a file of settings.
fn settings(answer: &Exchange) -> Vec<String> {
    let text = answer.text();
    if !answer.is_success() || answer.is_html() || text.trim_start().starts_with(['<', '{', '[']) {
        return Vec::new();
    }
    let lines =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let (mut keys, mut others) = (Vec::new(), 0_usize);
    for line in lines {
        match line.trim_start_matches("export ").split_once('=') {
            Some((key, _)) if is_name(key.trim()) => keys.push(key.trim().to_owned()),
            _ => others += 1,
        }
    }
    // Values may span lines; prose that holds an equals sign is no file of settings.
    if keys.len() >= others { keys } else { Vec::new() }
}

fn is_name(key: &str) -> bool {
    let mut bytes = key.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
}
