//! `live/directory-listing`: a folder without an index page is answered with the list of its files.

use std::{collections::BTreeSet, sync::LazyLock};

use regex::Regex;

use super::{
    audit::{Audit, Sighting, head},
    notes::{LIMITED, Notes, is_disturbance},
};
use crate::{rule::Rule, target::Exchange};

/// Folders that applications mostly have.
const USUAL: &[&str] = &["/static/", "/uploads/"];
/// Most folders that are asked for.
const MOST: usize = 8;

/// What Apache httpd, nginx, lighttpd and Python's server write above a listing; and that there is a link.
static HEADING: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?i)<(?:title|h1)>\s*(?:Index of|Directory listing for) /[^<]*</"));
static LINK: LazyLock<Regex> = LazyLock::new(|| regex(r#"(?i)<a\s+href="?[^"\s>]+"#));
/// A file of the same origin that a page names.
static ASSET: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"(?i)\s(?:src|href)\s*=\s*["'](/[\w./-]*/)[\w.-]+\.\w{2,5}["'?]"#));

fn regex(text: &str) -> Regex {
    Regex::new(text).expect("the table is tested")
}

/// Asks for the usual folders, and for those of which the pages name a file.
pub(super) async fn look(audit: &Audit<'_>, rule: &Rule) -> Notes {
    let mut notes = Notes::default();
    let control = &audit.survey.soft_404[0];
    if is_listing(control) {
        notes.inconclusive("*", "a path that can not exist is answered with a listing");
        return notes;
    }
    for folder in folders(audit) {
        let answer = match audit.session.get(&folder).await {
            Ok(answer) if is_disturbance(answer.status) => {
                notes.disturbed(&folder, if answer.status == 429 { LIMITED } else { "a failure" });
                continue;
            }
            Ok(answer) => answer,
            Err(error) if notes.failed(&folder, &error) => break,
            Err(_) => continue,
        };
        notes.looked_at += 1;
        if !is_listing(&answer) || audit.survey.is_soft_404(&answer) {
            continue;
        }
        let at = HEADING.find(&answer.text()).map_or(0, |found| found.start());
        let seen =
            format!("{}\n\n{}", head(&answer, &["content-type"]), audit.excerpt(&answer, at));
        let message = format!("{}: GET {folder}", rule.title);
        let sighting = Sighting::new(rule, &answer, &folder, message)
            .proof("answer", seen)
            .proof("control", control.curl());
        notes.findings.push(audit.finding(sighting));
    }
    notes
}

/// Routes of folders, each once.
fn folders(audit: &Audit<'_>) -> BTreeSet<String> {
    let base = audit.session.path("");
    let pages = audit.survey.open().map(|baseline| &baseline.answer).filter(|page| page.is_html());
    let named = pages.flat_map(|page| folders_of(&page.text(), &base));
    USUAL.iter().map(|folder| (*folder).to_owned()).chain(named).take(MOST).collect()
}

/// The folders of the application that a page names.
fn folders_of(page: &str, base: &str) -> Vec<String> {
    let folders = ASSET.captures_iter(page).filter_map(|found| found.get(1));
    let routes = folders.filter_map(|folder| folder.as_str().strip_prefix(base));
    let is_folder = |route: &&str| route.len() > 1 && route.starts_with('/');
    let own: BTreeSet<String> = routes
        .filter(is_folder)
        .filter(|route| !route.starts_with("//"))
        .map(str::to_owned)
        .collect();
    own.into_iter().collect()
}

fn is_listing(answer: &Exchange) -> bool {
    let text = answer.text();
    answer.is_success() && HEADING.is_match(&text) && LINK.is_match(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_those_of_files_of_the_same_application() {
        let page = "<link href=\"/app/assets/css/a.css\"><script src='/app/js/b.js?v=1'></script>\
            <img src=\"//cdn.invalid/x/c.png\"><img src=\"/other/d.png\"><a href=\"/app/items/1\">";
        assert_eq!(folders_of(page, "/app"), ["/assets/css/", "/js/"]);
    }

    #[test]
    fn a_heading_is_one_of_a_listing() {
        for text in [
            "<html><head><title>Index of /static/</title>",
            "<h1>Index of /</h1>",
            "<title>Directory listing for /uploads/</title>",
        ] {
            assert!(HEADING.is_match(text), "{text}");
        }
        assert!(!HEADING.is_match("<h1>Index of names</h1><p>Index of /static/</p>"));
    }
}
