//! Hard cases of the formats of one name and value per line, and where their parts stand.

use proptest::prelude::*;

use super::*;
use crate::engines::document::make::dig;

fn value<'n>(root: &'n Node, name: &str) -> &'n str {
    dig(root, &["values", name]).and_then(Node::as_text).unwrap_or("(none)")
}

fn shown<'t>(text: &'t str, root: &Node, name: &str) -> &'t str {
    &text[dig(root, &["values", name]).expect("the text names it").at.clone()]
}

fn is_inside(node: &Node, text: &str) -> bool {
    text.get(node.at.clone()).is_some()
        && node.elements().iter().all(|child| is_inside(child, text))
        && node.entries().iter().all(|(key, value)| is_inside(key, text) && is_inside(value, text))
}

#[test]
fn env_files_know_exports_quotes_and_comments() {
    let text = "\u{feff}# é\r\nexport A=one # two\r\nB='x # y'\nC=\"l1\nA=no\\\"\"\nD=a#b\nE=${F:-true}\n G = 1\nA=last\nH=\"open\nI=2\n=x\n";
    let root = env(text);
    assert_eq!(value(&root, "A"), "last");
    assert_eq!(value(&root, "B"), "x # y");
    assert_eq!(value(&root, "C"), "l1\nA=no\"");
    assert_eq!(value(&root, "D"), "a#b");
    assert_eq!(value(&root, "E"), "true");
    assert_eq!(shown(text, &root, "E"), "${F:-true}");
    assert_eq!(value(&root, "G"), "1");
    assert_eq!(value(&root, "I"), "2");
    let first = &root.get("entries").unwrap().elements()[0];
    assert_eq!(first.get("value").and_then(Node::as_text), Some("one"));
    assert_eq!(
        first.get("is-effective").map(|node| &node.value),
        Some(&crate::engines::document::node::Value::Bool(false))
    );
}

#[test]
fn ini_names_stand_alone_and_with_their_section() {
    let text =
        "; c\n[PHP]\ndisplay_errors = On ; bad\nerror_log=\"a;b\"\n[x y]\ndisplay_errors=Off\n";
    let root = ini(text);
    assert_eq!(value(&root, "PHP.display_errors"), "On");
    assert_eq!(value(&root, "display_errors"), "Off");
    assert_eq!(value(&root, "error_log"), "a;b");
    assert_eq!(shown(text, &root, "PHP.display_errors"), "On");
}

#[test]
fn properties_know_separators_escapes_and_continuation() {
    let text = "a=1\nb : 2\nc 3\nd\\ e=f\\u0041\\\n    g\n! x=1\nempty=\nk==v\n#---\na=4\n";
    let root = properties(text);
    assert_eq!(value(&root, "a"), "4");
    assert_eq!(value(&root, "b"), "2");
    assert_eq!(value(&root, "c"), "3");
    assert_eq!(value(&root, "d e"), "fAg");
    assert_eq!(value(&root, "empty"), "");
    assert_eq!(value(&root, "k"), "=v");
    let documents = root.get("documents").unwrap().elements();
    assert_eq!(value(&documents[0], "a"), "1");
    assert_eq!(value(&documents[1], "a"), "4");
}

#[test]
fn assignments_are_not_comparisons_and_keep_conditions() {
    let text = "config.a = true # x\nconfig.b = true if dev?\nif c == 1\n# config.d = true\nconfig.e = \"x//y\";\nphp_flag display_errors on\nphp_admin_flag[log] = 'on'\n'f' => (bool) env('F', true),\n";
    let root = assignments(text);
    assert_eq!(value(&root, "config.a"), "true");
    assert_eq!(value(&root, "config.b"), "true if dev?");
    assert_eq!(value(&root, "config.d"), "(none)");
    assert_eq!(value(&root, "config.e"), "x//y");
    assert_eq!(value(&root, "f"), "(bool) env('F', true)");
    assert_eq!(value(&root, "php_flag display_errors"), "on");
    assert_eq!(value(&root, "php_admin_flag[log]"), "on");
    assert_eq!(shown(text, &root, "php_admin_flag[log]"), "on");
}

proptest! {
    #[test]
    fn no_text_panics_and_every_place_is_inside(text in "[a-b=:\"'#;\\\\\n\r \\[\\]${}é!\u{feff}-]{0,80}") {
        for root in [env(&text), ini(&text), properties(&text), assignments(&text)] {
            prop_assert!(is_inside(&root, &text));
        }
    }
}
