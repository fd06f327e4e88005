//! Encryption in transit: the way from HTTP to HTTPS, and the certificate.

use super::{
    audit::{Audit, Sighting, head},
    notes::Notes,
};
use crate::{
    rule::Rule,
    target::{Exchange, Scheme, SendError},
};

const UPSTREAM: &str = "TLS is ended before the target (`live.tls: terminated-upstream`)";

/// `live/https-redirect-missing`: whether plain HTTP leads to HTTPS.
pub(super) async fn redirect(audit: &Audit<'_>, rule: &Rule) -> Notes {
    let target = audit.session.client.target();
    if audit.session.request.is_tls_upstream {
        return Notes::nothing(UPSTREAM);
    }
    match target.origin().scheme {
        Scheme::Http if target.is_loopback() => {
            Notes::nothing("the target is plain HTTP on this machine; TLS is not assessed")
        }
        Scheme::Http => {
            let root = audit.survey.open().find(|baseline| baseline.operation.route == "/");
            let first = root.or_else(|| audit.survey.open().next());
            match first {
                Some(baseline) => plain(audit, rule, &baseline.answer),
                None => Notes::nothing("no route answers with 2xx over plain HTTP"),
            }
        }
        Scheme::Https => ask_plain(audit, rule).await,
    }
}

async fn ask_plain(audit: &Audit<'_>, rule: &Rule) -> Notes {
    let target = audit.session.client.target();
    let is_usual = target.origin().port == 443 || target.limits().plain_port != 80;
    if !is_usual {
        return Notes::nothing(
            "at a port of its own, HTTPS has no HTTP beside it that could redirect",
        );
    }
    let mut notes = Notes::default();
    match audit.session.client.send_plain(&audit.session.path("/")).await {
        Ok(answer) if answer.is_success() => return plain(audit, rule, &answer),
        // A redirect to HTTPS, or a refusal: nothing is served in the clear.
        Ok(answer) if is_secure_redirect(&answer) || answer.status >= 400 => notes.looked_at = 1,
        Ok(answer) => {
            let reason = format!("plain HTTP answers {} without leading to HTTPS", answer.status);
            notes.inconclusive("http", &reason);
        }
        // Nobody listens: there is nothing to redirect.
        Err(SendError::Unreachable(_)) => notes.looked_at = 1,
        Err(error) if error.is_final() => drop(notes.failed("http", &error)),
        // A filter before a port that is not in use often answers nothing at all.
        Err(error) => notes.inconclusive("http", &error.to_string()),
    }
    notes
}

fn is_secure_redirect(answer: &Exchange) -> bool {
    let location = answer.header("location").unwrap_or_default().to_ascii_lowercase();
    (300..400).contains(&answer.status) && location.starts_with("https://")
}

fn plain(audit: &Audit<'_>, rule: &Rule, answer: &Exchange) -> Notes {
    let message = format!("{}: {} answers {}", rule.title, answer.url, answer.status);
    let sighting =
        Sighting::new(rule, answer, "/", message).proof("answer", head(answer, &["location"]));
    let mut notes = Notes::one();
    notes.findings.push(audit.finding(sighting));
    notes
}

/// `live/untrusted-certificate`: whether every certificate that was shown verifies.
pub(super) fn certificate(audit: &Audit<'_>, rule: &Rule) -> Notes {
    let target = audit.session.client.target();
    if target.origin().scheme == Scheme::Http {
        return Notes::nothing("the target is asked by plain HTTP; TLS is not assessed");
    }
    let mut notes = Notes::one();
    if let Some(reason) = target.certificate_failure() {
        let answer = &audit.survey.soft_404[0];
        let message = format!("{}: {reason}", rule.title);
        let sighting = Sighting::new(rule, answer, "/", message)
            .proof("certificate", format!("{}: {reason}", target.origin()));
        notes.findings.push(audit.finding(sighting));
    }
    notes
}
