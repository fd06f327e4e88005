use super::*;
use crate::{engines::document::yaml, rule::DocumentMatcher};

/// The text after the repair of everything that the rule finds, one after another.
fn repaired(each: &str, condition: &str, fix: &str, text: &str) -> Option<String> {
    let rule = format!(
        r#"{{"model":"yaml","each":"{each}","all":[{condition}],"fix":{{"title":"t","edits":{fix}}}}}"#
    );
    let matcher: DocumentMatcher = serde_json::from_str(&rule).unwrap();
    let root = yaml::read(text).unwrap();
    let found = crate::engines::document::matcher::Questions::new(&matcher).ask(&root);
    let document = Document::new(Model::Yaml, text);
    let edits = super::edits(matcher.fix.as_ref()?, &document, found.first()?)?;
    let mut text = text.to_owned();
    for edit in edits.iter().rev() {
        text.replace_range(edit.at.clone(), &edit.text);
    }
    yaml::read(&text).unwrap();
    Some(text)
}

fn set(entries: &str, text: &str) -> Option<String> {
    let edits = format!(r#"[{{"at":"","set":{entries}}}]"#);
    repaired("*.items.*", r#"{"field":"name","exists":true}"#, &edits, text)
}

#[test]
fn a_missing_key_is_added_at_the_end_of_its_map() {
    let entries = r#"{"context":{"user":5,"drop":["ALL"]}}"#;
    assert_eq!(
        set(entries, "items:\n  - name: a # first\n    image: b\n\n# after\nlast: 1\n").unwrap(),
        "items:\n  - name: a # first\n    image: b\n    context:\n      user: 5\n      drop:\n        - ALL\n\n# after\nlast: 1\n"
    );
    assert_eq!(
        set(entries, "items:\n- name: a\n  run: |\n    x\n    y").unwrap(),
        "items:\n- name: a\n  run: |\n    x\n    y\n  context:\n    user: 5\n    drop:\n      - ALL"
    );
    assert_eq!(
        set(entries, "items: [{name: a}, {name: c}]\n").unwrap(),
        "items: [{name: a, context: {user: 5, drop: [ALL]}}, {name: c}]\n"
    );
    assert_eq!(
        set(r#"{"on":"y:"}"#, "items:\r\n  - name: a\r\n").unwrap(),
        "items:\r\n  - name: a\r\n    \"on\": \"y:\"\r\n"
    );
}

#[test]
fn a_key_that_is_there_is_changed_and_a_map_is_merged() {
    let entries = r#"{"context":{"user":5,"drop":["ALL"]}}"#;
    assert_eq!(
        set(r#"{"name":["a","b"]}"#, "items:\n  - name:\n      - - c\n        - d\n    last: 1\n")
            .unwrap(),
        "items:\n  - name:\n      - a\n      - b\n    last: 1\n"
    );
    assert_eq!(
        set(entries, "items:\n  - name: a\n    context:\n      drop:\n      - A\n      - B\n      user: root\n")
            .unwrap(),
        "items:\n  - name: a\n    context:\n      drop:\n      - ALL\n      user: 5\n"
    );
    assert_eq!(
        set(entries, "items:\n  - context: # empty\n    name: a\n").unwrap(),
        "items:\n  - context: # empty\n      user: 5\n      drop:\n        - ALL\n    name: a\n"
    );
    assert_eq!(
        set(entries, "items:\n  - context: {}\n    name: a\n").unwrap(),
        "items:\n  - context: {user: 5, drop: [ALL]}\n    name: a\n"
    );
    assert_eq!(set(entries, "items:\n  - context: text\n    name: a\n"), None);
}

#[test]
fn what_an_anchor_shares_is_not_changed() {
    let shared =
        "base: &base\n  context: {user: 0}\nitems:\n  - name: a\n    <<: *base\nlast: *base\n";
    assert_eq!(
        set(r#"{"context":{"user":5}}"#, shared).unwrap(),
        "base: &base\n  context: {user: 0}\nitems:\n  - name: a\n    <<: *base\n    context:\n      user: 5\nlast: *base\n"
    );
    let alias = "base: &base {user: 0}\nitems:\n  - name: a\n    context: *base\n";
    assert_eq!(set(r#"{"context":{"user":5}}"#, alias), None);
    let edits = r#"[{"at":"context.user","replace":"5"}]"#;
    assert_eq!(repaired("*.items.*", r#"{"field":"name","exists":true}"#, edits, alias), None);
}

#[test]
fn a_removed_entry_goes_with_its_lines_and_an_empty_map_with_it() {
    let remove = |text: &str| {
        let edits = r#"[{"at":"bad","remove":true}]"#;
        repaired("*.items.*", r#"{"field":"bad","exists":true}"#, edits, text)
    };
    assert_eq!(
        remove("items:\n  - name: a\n    bad: # why\n      - 1\n      - 2\n    last: 1\n").unwrap(),
        "items:\n  - name: a\n    last: 1\n"
    );
    assert_eq!(remove("items:\n  - bad: 1\n    name: a\n").unwrap(), "items:\n  - name: a\n");
    assert_eq!(remove("items:\n  - {bad: 1, name: a}\n").unwrap(), "items:\n  - {name: a}\n");
    assert_eq!(remove("items:\n  - {name: a, bad: 1}\n").unwrap(), "items:\n  - {name: a}\n");
    assert_eq!(remove("a: 1\nitems:\n  - bad: 1\nb: 2\n").unwrap(), "a: 1\nb: 2\n");
    assert_eq!(remove("items:\n  - bad: 1\n"), None);
}

#[test]
fn texts_are_put_around_a_field_and_take_fields_of_the_subject() {
    let edit = |edits: &str, text: &str| {
        repaired("*.items.*", r#"{"field":"run","exists":true}"#, edits, text)
    };
    let text = "items:\n  - run: ls x\n    name: n\n";
    let edits = r#"[{"at":"run","before":"a "},{"at":"run","after":" {name}{{}}"}]"#;
    assert_eq!(edit(edits, text).unwrap(), "items:\n  - run: a ls x n{}\n    name: n\n");
    let edits =
        r##"[{"at":"name","line-before":"# before"},{"at":"name","line-after":"# after"}]"##;
    assert_eq!(
        edit(edits, text).unwrap(),
        "items:\n  - run: ls x\n    # before\n    name: n\n    # after\n"
    );
    assert_eq!(edit(r#"[{"at":"missing","replace":"a"}]"#, text), None);
    assert_eq!(edit(r#"[{"at":"run","replace":"{missing}"}]"#, text), None);
}

#[test]
fn the_repairs_of_a_long_file_take_no_quadratic_time() {
    let item = "  - name: a\n    b: 1\n";
    let text = format!("items:\n{}", item.repeat(40_000));
    let document = Document::new(Model::Yaml, &text);
    let last = text.len() - item.len() + 4..text.len() - 1;
    let looked = (0..1_000).filter(|_| !document.find(&last).is_empty()).count();
    assert!((1..100).contains(&looked), "{looked}");
}
