//! What is read of Rust sources, one way of naming a function at a time.

use proptest::prelude::*;

use super::*;

/// What a text names of the crate `leaky`, or by its name alone.
fn named(text: &str) -> Vec<String> {
    let read = read(text).unwrap();
    assert!(!read.has_error, "{text}");
    let is_told = |found: &&Use<'_>| found.path[0] == "leaky" || found.kind == UseKind::Method;
    let shown = |found: &Use<'_>| format!("{:?} {}", found.kind, found.path.join("::"));
    read.uses.iter().filter(is_told).map(shown).collect()
}

#[test]
fn a_call_by_its_whole_path_is_read() {
    assert_eq!(named("fn f() { leaky::a::b(1); }"), ["Call leaky::a::b"]);
    assert_eq!(named("fn f() { ::leaky::b::<u8>(1) }"), ["Call leaky::b"]);
    assert_eq!(named("fn f() { leaky::T::<u8>::b() }"), ["Call leaky::T::b"]);
    assert_eq!(named("fn f() { <leaky::T<u8>>::b() }"), ["Call leaky::T::b"]);
    assert_eq!(named("fn f() { <leaky::T as Read>::b() }"), ["Call leaky::T::b"]);
}

#[test]
fn imports_are_followed_through_groups_aliases_and_self() {
    let text =
        "use leaky::{self as l, a::{self, b as c, T}};\nfn f() { l::x(); a::y(); c(); T::new(); }";
    let calls: Vec<_> = named(text).into_iter().filter(|name| name.starts_with("Call")).collect();
    assert_eq!(
        calls,
        ["Call leaky::x", "Call leaky::a::y", "Call leaky::a::b", "Call leaky::a::T::new"]
    );
    let text = "extern crate leaky as l;\nuse l::a as m;\nfn f() { m::g() }";
    assert!(named(text).contains(&"Call leaky::a::g".to_owned()), "{:?}", named(text));
    let text = "type T = leaky::U<u8>;\nfn f() { T::g() }";
    assert_eq!(named(text), ["Alias leaky::U", "Call leaky::U::g"]);
}

#[test]
fn an_import_holds_in_its_block_alone() {
    let text = "fn f() { use leaky::g; g(); }\nfn h() { g(); }";
    assert_eq!(named(text), ["Import leaky::g", "Call leaky::g"]);
    let text = "use other::g;\nfn f() { use leaky::g; g(); }";
    assert_eq!(named(text), ["Import leaky::g", "Call leaky::g"]);
}

#[test]
fn a_function_that_is_passed_on_is_a_value() {
    assert_eq!(named("fn f() { x.map(leaky::T::g); }"), ["Method map", "Value leaky::T::g"]);
    let text = "use leaky::g;\nfn f() { i(g) }";
    assert_eq!(named(text), ["Import leaky::g", "Value leaky::g"]);
    let text = "#[serde(deserialize_with = \"leaky::g\")]\nstruct S;";
    assert_eq!(named(text), ["Value leaky::g"]);
}

#[test]
fn methods_are_told_by_their_last_name() {
    assert_eq!(named("fn f() { a.b().c::<u8>(1); a.d; }"), ["Method c", "Method b"]);
}

#[test]
fn the_tokens_of_macros_are_read() {
    let text = "use leaky::a;\nfn f() { assert!(x.g(leaky::b::<u8>(1)), a::c) }";
    let told = ["Import leaky::a", "Method g", "Value leaky::a::c", "Call leaky::b"];
    assert_eq!(named(text), told);
    assert_eq!(named("macro_rules! m { () => { leaky::b() } }"), ["MacroBody leaky::b"]);
}

#[test]
fn macros_of_the_crate_are_told() {
    assert_eq!(named("fn f() { leaky::m!(1) }"), ["Macro leaky::m"]);
    assert_eq!(named("#[macro_use]\nextern crate leaky;\n"), ["Macro leaky"]);
    let text = "use leaky::Load;\n#[derive(Debug, Load)]\nstruct S;";
    assert_eq!(named(text), ["Import leaky::Load", "Macro leaky::Load"]);
    assert_eq!(named("#[leaky::main]\nfn f() {}"), ["Macro leaky::main"]);
}

#[test]
fn glob_imports_are_told_and_what_they_bring_is_not_guessed() {
    let text = "use leaky::a::*;\nfn f() { g(); own(); }\nfn own() {}";
    let read = read(text).unwrap();
    let shown: Vec<_> = read.uses.iter().map(|found| (found.kind, found.path.join("::"))).collect();
    assert_eq!(shown, [(UseKind::Glob, "leaky::a".to_owned()), (UseKind::Call, "g".to_owned())]);
}

#[test]
fn comments_and_texts_name_nothing() {
    assert_eq!(named("// leaky::g()\nfn f() { let x = \"leaky::g()\"; }"), [""; 0]);
}

#[test]
fn places_are_those_of_the_names() {
    let text = "fn f() { print!(\"{}\", leaky::a::g (1)); }";
    let read = read(text).unwrap();
    assert_eq!(&text[read.uses.last().unwrap().at.clone()], "leaky::a::g");
}

#[test]
fn a_nest_of_groups_is_cut_off_and_said_so() {
    let text = format!("use {}x{};", "a::{".repeat(5_000), "}".repeat(5_000));
    assert!(read(&text).is_ok_and(|read| read.has_error) || read(&text).is_err());
    let text = "use leaky::g as x;\n".repeat(5_000);
    assert!(read(&text).unwrap().has_error);
}

proptest! {
    #[test]
    fn whatever_the_text_every_place_lies_within(
        parts in prop::collection::vec(prop::sample::select(vec![
            "use ", "a", "::", "{", "}", "*", ";", " as ", "self", "crate", "fn f() ", "(", ")", ".", "m!",
            "<", ">", "#[", "]", "\"", "é", "macro_rules! ", "=>", "type ", "=", "\n", ",", "mod ", "$x",
        ]), 0..60)
    ) {
        let text = parts.concat();
        if let Ok(read) = read(&text) {
            for found in read.uses {
                prop_assert!(text.get(found.at.clone()).is_some());
                prop_assert!(!found.path.is_empty());
            }
        }
    }
}
