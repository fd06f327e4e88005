//! Whether the credentials that were found live: each one's own vendor is asked, if the user wants that.
//!
//! The only place that sends a found credential anywhere: one request for each value, as data of the rules that
//! come with the program say, to fixed hosts, bounded in number and pace. What comes back is judged by its
//! status and signs, and is neither kept nor shown; of errors nothing is told but that the answer is unknown.

mod client;
mod origin;
mod request;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use client::Way;
pub use origin::refusal;

use crate::{
    deadline::Deadline,
    finding::{CredentialFact, Evidence, Fact, Finding, Fingerprint, Outcome, Quoted, Secret},
    rule::{Confidence, Life, Matcher, Rule, RuleId, RuleSet, Severity, Tier, Verify},
};
use client::Inquiry;

/// Most credentials of one run that are asked about.
const MOST: usize = 100;
/// What there is to do about a credential that is dead.
const REMEDY: &str = "already revoked: remove it";

/// What is asked, and how.
pub struct Verification<'a> {
    /// The rules of the run.
    pub rules: &'a RuleSet,
    /// Whether it is to be known of a finding whether its credential lives.
    pub wanted: &'a dyn Fn(&Finding) -> bool,
    /// How vendors are reached.
    pub way: &'a Way,
    /// Told, before anything is sent, how many credentials go to which hosts.
    pub announce: &'a dyn Fn(usize, &str),
    /// When to stop.
    pub deadline: &'a Deadline<'a>,
}

/// A credential, and what is known of it. Rule and value say what is asked; the rest, of which findings.
struct Case {
    tier: Tier,
    fingerprints: BTreeSet<Fingerprint>,
    life: Life,
}

/// What makes two requests the same: the rule, the value, and the other half if it is sent too.
type Key = (RuleId, Secret, Option<Secret>);

impl Verification<'_> {
    /// Asks about the credentials among the outcomes' facts, and writes on the findings what the vendors say.
    /// Returns what the reader should know of it.
    pub fn run(&self, outcomes: &mut [Outcome]) -> Vec<String> {
        let mut cases = self.cases(outcomes);
        let mut tally = Tally::default();
        let (keys, inquiries) = self.inquiries(&cases, &mut tally);
        let hosts = hosts(&inquiries);
        if !inquiries.is_empty() {
            (self.announce)(inquiries.len(), &hosts);
        }
        let asked = inquiries.len();
        let answers = client::ask(inquiries, self.way, self.deadline);
        for (key, answer) in keys.iter().zip(answers) {
            let answer = answer.and_then(|answer| Some((answer, verify(self.rules.get(&key.0)?)?)));
            let life = answer.map_or(Life::Unknown, |(answer, verify)| {
                verify.judge(answer.status, &answer.body)
            });
            tally.count(life);
            if let Some(case) = cases.get_mut(key) {
                case.life = life;
            }
        }
        write(outcomes, &cases);
        tally.notices(asked, &hosts, self.deadline)
    }

    /// The credentials that are wanted, each once.
    fn cases(&self, outcomes: &[Outcome]) -> BTreeMap<Key, Case> {
        let findings = outcomes.iter().flat_map(|outcome| &outcome.findings);
        let mut wanted: BTreeMap<_, Tier> = BTreeMap::new();
        for finding in findings.filter(|finding| (self.wanted)(finding)) {
            let tier = wanted.entry((&finding.rule, &finding.fingerprint)).or_insert(finding.tier);
            *tier = finding.tier.min(*tier);
        }
        let facts = outcomes.iter().flat_map(|outcome| &outcome.facts);
        let mut cases = BTreeMap::new();
        for fact in facts {
            let Fact::Credential(fact) = fact else { continue };
            let Some(tier) = wanted.get(&(&fact.rule, &fact.fingerprint)) else { continue };
            let Some(key) = self.key(fact) else { continue };
            let case = cases.entry(key).or_insert_with(|| Case {
                tier: *tier,
                fingerprints: BTreeSet::new(),
                life: Life::Unknown,
            });
            case.tier = case.tier.min(*tier);
            case.fingerprints.insert(fact.fingerprint.clone());
        }
        cases
    }

    fn key(&self, fact: &CredentialFact) -> Option<Key> {
        let sends_partner = verify(self.rules.get(&fact.rule)?)?.sends_partner();
        let partner = fact.partner.clone().filter(|_| sends_partner);
        Some((fact.rule.clone(), fact.secret.clone(), partner))
    }

    /// What is sent, what blocks first; and what can not be sent, counted.
    fn inquiries(
        &self,
        cases: &BTreeMap<Key, Case>,
        tally: &mut Tally,
    ) -> (Vec<Key>, Vec<Inquiry>) {
        let mut order: Vec<_> = cases.iter().collect();
        order.sort_by_key(|(_, case)| case.tier);
        let (mut keys, mut inquiries) = (Vec::new(), Vec::new());
        for (key, _) in order {
            let (rule, secret, partner) = key;
            let Some(verify) = self.rules.get(rule).and_then(verify) else { continue };
            if verify.sends_partner() && partner.is_none() {
                tally.alone += 1;
            } else if inquiries.len() == MOST {
                tally.over += 1;
            } else if let Some(message) = request::write(verify, secret, partner.as_ref()) {
                keys.push(key.clone());
                inquiries.push(Inquiry { host: verify.host().to_owned(), message });
            } else {
                tally.unwritable += 1;
            }
        }
        (keys, inquiries)
    }
}

fn verify(rule: &Rule) -> Option<&Verify> {
    let Matcher::Secret(matcher) = &rule.matcher else { return None };
    matcher.verify.as_deref()
}

/// The hosts that are asked, in alphabetical order.
fn hosts(inquiries: &[Inquiry]) -> String {
    let hosts: BTreeSet<_> = inquiries.iter().map(|inquiry| inquiry.host.as_str()).collect();
    hosts.into_iter().collect::<Vec<_>>().join(", ")
}

/// Writes on each finding what is known of its credential. One with several other halves lives if one pair
/// does, and is dead if all are.
fn write(outcomes: &mut [Outcome], cases: &BTreeMap<Key, Case>) {
    let mut lives: BTreeMap<(&RuleId, &Fingerprint), Life> = BTreeMap::new();
    for ((rule, ..), case) in cases {
        for fingerprint in &case.fingerprints {
            let life = lives.entry((rule, fingerprint)).or_insert(case.life);
            *life = match (*life, case.life) {
                (Life::Live, _) | (_, Life::Live) => Life::Live,
                (Life::Dead, Life::Dead) => Life::Dead,
                _ => Life::Unknown,
            };
        }
    }
    for finding in outcomes.iter_mut().flat_map(|outcome| &mut outcome.findings) {
        if let Some(life) = lives.get(&(&finding.rule, &finding.fingerprint)) {
            mark(finding, *life);
        }
    }
}

fn mark(finding: &mut Finding, life: Life) {
    finding.verification = Some(life);
    let words = match life {
        Life::Live => {
            finding.confidence = Confidence::High;
            finding.tier = Tier::Default;
            "; verified live"
        }
        Life::Dead => {
            finding.severity = finding.severity.min(Severity::Low);
            finding.tier = finding.tier.max(Tier::Warning);
            let text = Quoted::own(REMEDY);
            finding.evidence.push(Evidence { label: "verification".to_owned(), text });
            "; the vendor says it is dead"
        }
        Life::Unknown => return,
    };
    finding.message = Quoted::concat(&[finding.message.clone(), Quoted::own(words)]);
}

/// How many credentials came to what.
#[derive(Default)]
struct Tally {
    live: usize,
    dead: usize,
    unknown: usize,
    /// The other half of the pair was not found.
    alone: usize,
    /// More than may be asked about.
    over: usize,
    /// They hold what no request can.
    unwritable: usize,
}

impl Tally {
    const fn count(&mut self, life: Life) {
        match life {
            Life::Live => self.live += 1,
            Life::Dead => self.dead += 1,
            Life::Unknown => self.unknown += 1,
        }
    }

    fn notices(&self, asked: usize, hosts: &str, deadline: &Deadline<'_>) -> Vec<String> {
        let mut notices = Vec::new();
        if asked > 0 {
            let Self { live, dead, unknown, .. } = self;
            let ended = if deadline.passed() && self.unknown > 0 {
                format!(" ({} before all had answered)", deadline.reason())
            } else {
                String::new()
            };
            let sent = credentials(asked, "sent");
            let live_words = if asked == 1 { "it lives" } else { "they live" };
            notices.push(format!(
                "{sent} to {hosts} to ask whether {live_words}: \
                 live {live}, dead {dead}, unknown {unknown}{ended}"
            ));
        }
        if self.over > 0 {
            let over = credentials(self.over, "not verified");
            notices.push(format!("{over}: at most {MOST} are asked about in one run"));
        }
        if self.alone > 0 {
            let alone = credentials(self.alone, "not verified");
            notices.push(format!("{alone}: the other half of the pair was not found nearby"));
        }
        if self.unwritable > 0 {
            let unwritable = credentials(self.unwritable, "not verified");
            notices.push(format!("{unwritable}: no request can hold what they consist of"));
        }
        notices
    }
}

fn credentials(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 credential was {what}"),
        _ => format!("{count} credentials were {what}"),
    }
}
