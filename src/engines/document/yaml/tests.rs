//! Hard cases of the YAML reader: places, merged keys, bombs, and texts that must not make it panic.

use proptest::prelude::*;

use super::*;

fn one(text: &str) -> Node {
    documents(text, Booleans::Core).expect("the text is YAML").roots.remove(0)
}

fn shown<'t>(text: &'t str, node: &Node) -> &'t str {
    &text[node.at.clone()]
}

fn is_inside(node: &Node, end: usize) -> bool {
    let fits = node.at.start <= node.at.end && node.at.end <= end;
    let children = node.elements().iter().all(|child| is_inside(child, end));
    let entries =
        node.entries().iter().all(|(key, value)| is_inside(key, end) && is_inside(value, end));
    fits && children && entries
}

#[test]
fn places_are_bytes_also_after_wide_characters_and_a_mark() {
    let text = "\u{feff}# größe ✓\r\nname: \"größe\"\r\nuser: root # ✓\r\nnone:\r\nlast: x\r\n";
    let root = one(text);
    assert_eq!(shown(text, root.get("user").unwrap()), "root");
    assert_eq!(shown(text, root.get("name").unwrap()), "\"größe\"");
    assert_eq!(shown(text, root.get("none").unwrap()), "none");
    assert_eq!(root.get("none").unwrap().value, Value::Null);
    assert_eq!(shown(text, root.key("last").unwrap()), "last");
}

#[test]
fn a_block_ends_with_its_last_child() {
    let text = "a:\n  b: 1\n  c: [x,\n    y]\n\n# end\nd: |\n  one\n  two\n\ne: 2\n";
    let root = one(text);
    assert_eq!(shown(text, root.get("a").unwrap()), "b: 1\n  c: [x,\n    y]");
    let nested = "x:\n  y:\n    z: 1\n\n  w: &w\n    - 2\n  v: *w\nu: 3\n";
    let x = one(nested);
    assert_eq!(shown(nested, x.get("x").unwrap()), "y:\n    z: 1\n\n  w: &w\n    - 2\n  v: *w");
    assert_eq!(shown(nested, &x), nested.trim_end());
    assert!(shown(text, root.get("d").unwrap()).ends_with("two"));
    assert_eq!(root.get("d").unwrap().as_text(), Some("one\ntwo\n"));
}

#[test]
fn merged_entries_yield_to_own_ones_and_to_earlier_maps() {
    let text = "a: &a { x: 1, y: 1 }\nb: &b { y: 2, z: 2 }\nc:\n  <<: [*a, *b]\n  x: 3\n";
    let root = one(text);
    let merged = root.get("c").unwrap();
    let keys: Vec<_> = merged.entries().iter().filter_map(|(key, _)| key.as_text()).collect();
    assert_eq!(keys, ["y", "z", "x"]);
    assert_eq!(merged.get("y").unwrap().value, Value::Number(1.0));
    assert_eq!(merged.get("x").unwrap().value, Value::Number(3.0));
    assert_eq!(shown(text, root.get("c").unwrap().get("z").unwrap()), "2");
}

#[test]
fn a_quoted_merge_key_is_a_key() {
    assert!(one("a: &a { x: 1 }\nb:\n  \"<<\": *a\n").get("b").unwrap().get("<<").is_some());
}

#[test]
fn words_are_read_as_their_program_reads_them() {
    assert_eq!(one("on: push").get("on").unwrap().as_text(), Some("push"));
    assert_eq!(one("a: yes").get("a").unwrap().as_text(), Some("yes"));
    let old = documents("a: yes\nb: 'yes'\noff: 1", Booleans::Old).unwrap().roots.remove(0);
    assert_eq!(old.get("a").unwrap().value, Value::Bool(true));
    assert_eq!(old.get("b").unwrap().as_text(), Some("yes"));
    assert!(old.get("off").is_some(), "keys stay as they are written");
    assert_eq!(one("v: 1.10").get("v").unwrap().as_text(), Some("1.10"));
    assert_eq!(one("v: !!str 12").get("v").unwrap().as_text(), Some("12"));
}

#[test]
fn private_tags_are_kept_beside_the_tree() {
    let text = "ports: !reset []\nx: !Ref y\n";
    let tags = documents(text, Booleans::Core).unwrap().tags;
    let names: Vec<_> = tags.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(names, ["!reset", "!Ref"]);
    assert_eq!(&text[tags[0].0..tags[0].0 + 2], "[]");
}

#[test]
fn several_documents_are_several_roots() {
    let Value::List(roots) = read("---\na: 1\n---\n---\nb: 2\n...\n").unwrap().value else {
        panic!("a list")
    };
    assert_eq!(roots.len(), 3);
}

#[test]
fn a_key_that_stands_twice_is_kept_twice_and_the_last_counts() {
    let root = one("a: 1\na: 2\n");
    assert_eq!(root.entries().len(), 2);
    assert_eq!(root.get("a").unwrap().value, Value::Number(2.0));
}

#[test]
fn a_bomb_of_aliases_is_refused() {
    let mut text = "l0: &l0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..20 {
        let below = level - 1;
        let line = format!("l{level}: &l{level} [{}]\n", vec![format!("*l{below}"); 9].join(", "));
        text.push_str(&line);
    }
    let error = documents(&text, Booleans::Core).unwrap_err();
    assert!(error.message.contains("aliases copy"), "{error}");
}

#[test]
fn deep_and_circular_documents_are_refused() {
    let deep = "[".repeat(100_000);
    assert!(read(&deep).is_err());
    let blocks: String =
        (0..5_000).flat_map(|depth| [" ".repeat(depth), "a:\n".to_owned()]).collect();
    assert!(read(&blocks).is_err());
    let chain: String = (1..400).fold("a0: &a0 [x]\n".to_owned(), |text, level| {
        format!("{text}a{level}: &a{level} [*a{}]\n", level - 1)
    });
    assert!(read(&chain).unwrap_err().message.contains("inside each other"));
    assert!(read("a: &a\n  b: *a\n").unwrap_err().message.contains("own anchor"));
}

#[test]
fn a_tab_as_indentation_is_an_error_with_its_place() {
    let text = "a:\n\tb: 1\n";
    let error = read(text).unwrap_err();
    assert!(error.at.start >= 2 && error.at.start <= 5, "{error:?}");
}

proptest! {
    #[test]
    fn no_text_panics_and_every_place_is_inside(text in "[-a-c:\\[\\]{}&*<!\"'|>\n\r\t #,?%é✓]{0,80}") {
        if let Ok(root) = read(&text) {
            prop_assert!(is_inside(&root, text.len()));
        }
    }

    #[test]
    fn no_lines_panic_and_every_place_is_inside(text in "([ ]{0,4}(a|b|<<|- c|- ):( ?(1|&x|\\*x|\\[d, e\\]|\\||é|'f'))?\r?\n){0,8}") {
        if let Ok(root) = read(&text) {
            prop_assert!(is_inside(&root, text.len()), "{:?}", root);
        }
    }

    #[test]
    fn no_bytes_panic(text in "\\PC{0,200}") {
        let _ = read(&text).map(|root| assert!(is_inside(&root, text.len())));
    }
}
