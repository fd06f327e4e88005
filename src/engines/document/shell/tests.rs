//! Hard cases of the shell reader.

use super::{Inside, parse, program::Program};

/// Programs of a script in order, each with its arguments.
fn commands(script: &str) -> Vec<String> {
    let joined = |words: &[super::Word]| {
        words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
    };
    let commands = parse(script);
    commands.iter().map(|c| joined(&c.words)).filter(|text| !text.is_empty()).collect()
}

#[test]
fn lists_pipes_groups_and_compound_commands_are_taken_apart() {
    let script = "a && b || c; d & { e; f; } | g\n(h; i) 2>&1 | j; ! k";
    assert_eq!(commands(script), ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"]);
    let script = "if a; then b; elif c; then d; else e; fi; for x in 1 $(f); do g; done; while h; do i; done";
    assert_eq!(commands(script), ["a", "b", "c", "d", "e", "f", "g", "h", "i"]);
    let script = "case $x in a|b) c ;; (d) e;; *) f; esac; g() { h; }; function i { j; }";
    assert_eq!(commands(script), ["c", "e", "f", "h", "j"]);
}

#[test]
fn quotes_escapes_and_expansions_make_words() {
    assert_eq!(
        commands(r#"a 'b c' "d $e" f\ g "h\"i" ${j:-k l} $'m' #n"#),
        [r#"a b c d $e f g h"i ${j:-k l} m"#]
    );
    assert_eq!(commands("a b#c; echo \\\n  d"), ["a b#c", "echo d"]);
    assert_eq!(commands("[[ a && b || c < d ]] && e"), ["[[ a b c d ]]", "e"]);
    assert_eq!(commands("a=$((1 + (2)))b c; (( x = 1 )); d"), ["c", "d"]);
}

#[test]
fn redirections_are_no_arguments() {
    let found = parse("a >b 2>&1 <c &>>d 3<e f");
    let words: Vec<_> = found[0].words.iter().map(|word| word.text.as_str()).collect();
    assert_eq!(words, ["a", "f"]);
    assert_eq!(found[0].redirects.len(), 5);
}

#[test]
fn the_body_of_a_heredoc_is_no_command() {
    assert_eq!(commands("cat <<A <<-'B' | d\nx\nA\n\ty\n\tB\ne"), ["cat", "d", "e"]);
}

#[test]
fn substitutions_know_the_command_that_they_are_written_into() {
    let found = parse("sh -c \"$(curl `a` | b)\" <(c)");
    let inside: Vec<_> = found.iter().map(|c| (c.words[0].text.as_str(), c.inside)).collect();
    assert_eq!(
        inside,
        [
            ("sh", None),
            ("curl", Some((0, Inside::Substitution))),
            ("a", Some((1, Inside::Substitution))),
            ("b", Some((0, Inside::Substitution))),
            ("c", Some((0, Inside::Process))),
        ]
    );
}

#[test]
fn readers_are_those_after_a_pipe_also_across_groups() {
    let found = parse("(a; b | c) | d; e");
    let readers: Vec<_> = found.iter().map(|c| c.readers.clone()).collect();
    assert_eq!(readers, [3..4, 2..4, 3..4, 0..0, 0..0]);
}

#[test]
fn the_program_behind_wrappers_is_found() {
    let name = |script: &str| {
        let found = parse(script);
        let program = Program::of(&found[0].words).unwrap();
        format!("{} via {}", program.name, program.via.join(" "))
    };
    assert_eq!(
        name("sudo -u app -E A=b /usr/bin/env -i C=d nice -n 5 apt-get -y"),
        "apt-get via sudo env nice"
    );
    assert_eq!(name("command -v sudo"), "command via ");
    assert_eq!(name("sudo -i"), "sudo via sudo");
    assert_eq!(name("timeout -k 5 10 curl x"), "curl via timeout");
    assert_eq!(name("python3.12 -m pip install x"), "pip via python3.12");
}

#[test]
fn options_with_values_hide_no_operand() {
    let found = parse("apt-get -o A=b -qqy install -t stable curl -- -x");
    let program = Program::of(&found[0].words).unwrap();
    let operands: Vec<_> = program.operands.iter().map(|word| word.text.as_str()).collect();
    assert_eq!(operands, ["install", "curl", "-x"]);
    assert_eq!(program.options, ["-o", "-q", "-q", "-y", "-t"]);
}

#[test]
fn deep_nesting_and_open_ends_come_to_an_end() {
    for piece in
        ["$(", "(", "`", "{ ", "if ", "case x in ", "\"$(", "<(", "${", "$((", "! ", "<<", "\\"]
    {
        parse(&piece.repeat(3000));
    }
}
