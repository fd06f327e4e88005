//! Hard cases of the Dockerfile model.

use super::{
    super::node::{Node, Value},
    is_one, parse, read,
};
use crate::finding::RepoPath;

fn document(text: &str) -> Node {
    read(text).expect("the text has an instruction")
}

/// The texts at a path of names and indexes, joined with `|`.
fn show(node: &Node, path: &str) -> String {
    let node = path.split('.').filter(|part| !part.is_empty()).try_fold(node, |node, part| {
        match part.parse::<usize>() {
            Ok(index) => node.elements().get(index),
            Err(_) => node.get(part),
        }
    });
    node.map_or_else(|| "-".to_owned(), shown)
}

fn shown(node: &Node) -> String {
    match &node.value {
        Value::List(elements) => elements.iter().map(shown).collect::<Vec<_>>().join("|"),
        Value::Map(_) => "map".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Null => "null".to_owned(),
    }
}

fn names(text: &str) -> Vec<&'static str> {
    parse::parse(text).instructions.iter().map(|instruction| instruction.name).collect()
}

#[test]
fn comments_and_blank_lines_do_not_end_a_continued_line() {
    let text = "FROM a\nRUN b \\\n  # c \\\n\n  d\\\ne \\  \nf\n# g \\\nCMD h";
    let file = parse::parse(text);
    assert_eq!(names(text), ["FROM", "RUN", "CMD"]);
    assert_eq!(file.instructions[1].text(), "b   de f");
    assert_eq!(&text[file.instructions[1].at.clone()], &text[7..text.len() - 12]);
}

#[test]
fn a_doubled_escape_does_not_continue_a_line() {
    assert_eq!(names("FROM a\nRUN b \\\\\nCMD c\n"), ["FROM", "RUN", "CMD"]);
}

#[test]
fn the_escape_directive_changes_what_continues_a_line() {
    let text = "# escape=`\nFROM a\nCOPY b c:\\\nRUN d `\n  e\n";
    assert_eq!(names(text), ["FROM", "COPY", "RUN"]);
    assert_eq!(show(&document(text), "escape"), "`");
}

#[test]
fn a_directive_after_a_comment_is_a_comment() {
    assert_eq!(names("# first\n# escape=`\nFROM a\nRUN b \\\n c\n"), ["FROM", "RUN"]);
}

#[test]
fn two_heredocs_on_one_line_have_their_own_bodies() {
    let text = "FROM a\nRUN <<A cat > x && <<-'B' cat > y\nFROM no\nA\n\tRUN no\n\tB\nCMD c\n";
    let file = parse::parse(text);
    assert_eq!(names(text), ["FROM", "RUN", "CMD"]);
    let bodies: Vec<_> = file.instructions[1].heredocs.iter().map(|h| h.body.text()).collect();
    assert_eq!(bodies, ["FROM no\n", "RUN no\n"]);
    assert!(file.instructions[1].heredocs[0].expands && !file.instructions[1].heredocs[1].expands);
}

#[test]
fn what_looks_like_a_heredoc_in_quotes_or_json_is_none() {
    assert_eq!(names("FROM a\nRUN echo \"<<EOF\" <<<EOF\nCMD c\n"), ["FROM", "RUN", "CMD"]);
    assert_eq!(names("FROM a\nRUN [\"a\", \"<<EOF\"]\nCMD c\n"), ["FROM", "RUN", "CMD"]);
}

#[test]
fn the_body_of_a_heredoc_for_a_shell_is_commands_and_for_others_is_not() {
    let commands = |line: &str| {
        let text = format!("FROM a\nRUN {line}\nsudo x\nEOF\n");
        let root = document(&text);
        let instruction = &root.get("instructions").unwrap().elements()[1];
        let count = instruction.get("commands").map_or(0, |commands| commands.elements().len());
        (count, shown(instruction).len())
    };
    assert_eq!(commands("<<EOF").0, 1);
    assert_eq!(commands("bash -ex <<EOF").0, 2);
    assert_eq!(commands("cat <<EOF > /x").0, 1);
    assert_eq!(commands("python3 <<EOF").0, 1);
}

#[test]
fn a_stage_inherits_user_folder_shell_and_health_check() {
    let text = "FROM a:1 AS one\nUSER 5\nWORKDIR /w\nSHELL [\"/bin/bash\", \"-c\"]\n\
                HEALTHCHECK CMD x\nENV P=q\nFROM ONE\nWORKDIR $P\n";
    let root = document(text);
    assert_eq!(show(&root, "final-stage.user"), "5");
    assert_eq!(show(&root, "final-stage.folder"), "/w/q");
    assert_eq!(show(&root, "final-stage.shell"), "/bin/bash|-c");
    assert_eq!(show(&root, "final-stage.healthcheck.state"), "set");
    assert_eq!(show(&root, "final-stage.image"), "a:1");
    assert_eq!(show(&root, "stages.0.shipped"), "true");
}

#[test]
fn an_argument_before_from_is_known_to_from_and_to_stages_that_declare_it() {
    let text = "ARG V=1\nARG I=a:${V}\nFROM $I\nUSER u$V\nARG V\nUSER w$V\n";
    let root = document(text);
    assert_eq!(show(&root, "images.0.reference"), "a:1");
    assert_eq!(show(&root, "instructions.3.user"), "u${V}");
    assert_eq!(show(&root, "instructions.5.user"), "w1");
}

#[test]
fn the_environment_goes_before_arguments() {
    let text = "FROM a AS b\nENV U=app\nFROM b\nARG U=root\nUSER $U\n";
    assert_eq!(show(&document(text), "final-stage.user"), "app");
}

#[test]
fn defaults_and_alternatives_of_variables_are_expanded() {
    let user = |word: &str| {
        show(
            &document(&format!("FROM a\nARG E=\nARG X=x\nARG N\nUSER {word}\n")),
            "final-stage.user",
        )
    };
    assert_eq!(user("${N:-d}"), "d");
    assert_eq!(user("${E:-d}${E-e}"), "d");
    assert_eq!(user("${X:+y}${N:+z}"), "y");
    assert_eq!(user("${N:-${X:-q}}r"), "xr");
    assert_eq!(user("'$X'\"$X\"\\$X"), "$Xx$X");
    assert_eq!(user("${X#x}"), "${X}");
}

#[test]
fn doubling_variables_do_not_explode() {
    let mut text = "FROM a\nENV A=aaaaaaaaaa\n".to_owned();
    for _ in 0..200 {
        text.push_str("ENV A=$A$A$A$A\n");
    }
    assert!(read(&text).is_ok());
}

#[test]
fn pairs_of_env_may_be_quoted_continued_and_old() {
    let text = "FROM a\nENV A=\"b c\" D='e' \\\n  F=g\\ h\nENV I j k\nLABEL \"l.m\"=n\n";
    let root = document(text);
    assert_eq!(show(&root, "instructions.1.variables.0.value"), "b c");
    assert_eq!(show(&root, "instructions.1.variables.2.text"), "F=g h");
    assert_eq!(show(&root, "instructions.2.variables.0.text"), "I=j k");
    assert_eq!(show(&root, "instructions.3.variables.0.name"), "l.m");
    let value = root.get("instructions").unwrap().elements()[1].get("variables").unwrap();
    let value = value.elements()[0].get("value").unwrap();
    assert_eq!(&text[value.at.clone()], "b c");
}

#[test]
fn a_command_across_lines_keeps_its_place() {
    let text = "FROM a\nRUN b && \\\n    cu\\\nrl -k x | sh\n";
    let root = document(text);
    let command = &root.get("instructions").unwrap().elements()[1].get("commands").unwrap();
    let command = &command.elements()[1];
    assert_eq!(show(command, "text"), "curl -k x");
    assert_eq!(&text[command.at.clone()], "cu\\\nrl -k x");
    assert_eq!(show(command, "run-by"), "sh");
}

#[test]
fn onbuild_is_for_another_build() {
    let root = document("FROM a:1\nUSER app\nONBUILD USER root\nONBUILD COPY --chown=1 . /b\n");
    assert_eq!(show(&root, "final-stage.user"), "app");
    assert_eq!(show(&root, "instructions.2.onbuild"), "true");
    assert_eq!(show(&root, "instructions.3.flags.chown"), "1");
}

#[test]
fn flags_are_read_before_the_arguments_only() {
    let text = "FROM --platform=$BUILDPLATFORM a:1 AS b\n\
                RUN --mount=type=secret,id=s --network=none --security=sandbox c --mount=d\n\
                COPY --from=0 --chmod=755 --link e f /g/\n";
    let root = document(text);
    assert_eq!(show(&root, "instructions.1.mounts.0.type"), "secret");
    assert_eq!(show(&root, "instructions.1.flags.network"), "none");
    assert_eq!(show(&root, "instructions.1.text"), "c --mount=d");
    assert_eq!(show(&root, "instructions.2.from-kind"), "self");
    assert_eq!(show(&root, "instructions.2.source-count"), "2");
}

#[test]
fn what_can_not_be_read_is_noted_and_the_rest_is_read() {
    let root = document("FROM a:1\nINCLUDE b\nUSER app\nRUN <<EOF\nx\n");
    assert_eq!(
        show(&root, "problems"),
        "unknown instruction `INCLUDE`|the heredoc `EOF` does not end"
    );
    assert_eq!(show(&root, "final-stage.user"), "app");
    assert_eq!(read("# nothing\n\n").unwrap_err().message, "there are no instructions");
    assert_eq!(read("hello world\n").unwrap_err().message, "unknown instruction `hello`");
}

#[test]
fn line_ends_byte_order_marks_and_cases_do_not_matter() {
    let text = "\u{feff}from a:1 as B\r\nrun c \\\r\n  d\r\nUser e";
    let root = document(text);
    assert_eq!(show(&root, "final-stage.name"), "b");
    assert_eq!(show(&root, "final-stage.user"), "e");
    assert_eq!(show(&root, "instructions.1.commands.0.text"), "c d");
}

#[test]
fn names_of_dockerfiles_are_known_and_those_of_their_neighbours_are_not() {
    for name in [
        "Dockerfile",
        "a/Containerfile",
        "Dockerfile.dev",
        "dockerfile-web",
        "web.Dockerfile",
        "Dockerfile_1",
        "Dockerfile.3.12",
    ] {
        assert!(is_one(&RepoPath::new(name)), "{name}");
    }
    for name in [
        "Dockerfile.md",
        "dockerfile.rs",
        "Dockerfile.dockerignore",
        "Dockerfile.j2",
        "Dockerfiles",
        "dockerfile/readme.md",
        "MyDockerfile",
    ] {
        assert!(!is_one(&RepoPath::new(name)), "{name}");
    }
}

#[test]
fn a_heredoc_that_the_end_of_the_file_cuts_off_stays_within_it() {
    let text = "FROM a\nRUN <<E\necho \"b";
    let file = parse::parse(text);
    let body = &file.instructions[1].heredocs[0].body;
    assert!(body.source(&(0..body.text().len())).end <= text.len());
}

mod properties {
    use proptest::prelude::*;

    use super::{super::super::node::Node, *};

    /// Pieces that mean something, so that random texts reach deep.
    fn text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            prop::sample::select(vec![
                "FROM ",
                "a:1",
                " AS b",
                "\n",
                "\r\n",
                "\\\n",
                "`\n",
                "RUN ",
                "ONBUILD ",
                "COPY ",
                "--from=b ",
                "--mount=type=cache ",
                "<<EOF",
                "<<-'X'",
                "EOF\n",
                "X\n",
                "# escape=`\n",
                "#c\n",
                "ENV ",
                "A=",
                "$A",
                "${A:-",
                "}",
                "'",
                "\"",
                "\\",
                "[\"",
                "\"]",
                ",",
                "ARG ",
                "USER ",
                "0",
                "HEALTHCHECK ",
                "CMD ",
                "EXPOSE ",
                "22",
                "|",
                "&&",
                ";",
                "$(",
                ")",
                "`",
                "(",
                "if ",
                "fi",
                "case ",
                "esac",
                "curl ",
                "sh",
                "sudo ",
                "-c ",
                "bash <(",
                "é",
                "😀",
                "\u{feff}",
                "\t",
                " ",
                "SHELL ",
                "WORKDIR ",
                "{",
                "for x in ",
                "do ",
                "done",
                "[[ ",
            ])
            .prop_map(str::to_owned),
            "\\PC{0,6}",
        ];
        prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
    }

    fn every(node: &Node, see: &mut dyn FnMut(&Node)) {
        see(node);
        for (key, value) in node.entries() {
            see(key);
            every(value, see);
        }
        for element in node.elements() {
            every(element, see);
        }
    }

    proptest! {
        #[test]
        fn every_place_lies_in_the_text_on_character_boundaries(text in text()) {
            if let Ok(root) = read(&text) {
                every(&root, &mut |node| {
                    assert!(text.get(node.at.clone()).is_some(), "{:?} of {text:?}", node.at);
                });
            }
        }

        #[test]
        fn nothing_but_blanks_comments_and_problems_is_left_out(text in text()) {
            let file = parse::parse(&text);
            let mut rest = text.clone().into_bytes();
            let read = file.instructions.iter().map(|instruction| &instruction.at);
            for at in read.clone() {
                rest[at.clone()].fill(b' ');
            }
            let rest = String::from_utf8(rest).unwrap();
            for line in rest.trim_start_matches('\u{feff}').split('\n') {
                let left = line.trim();
                let is_problem = !file.problems.is_empty();
                let is_escape = left.chars().all(|c| matches!(c, '\\' | '`') || c.is_whitespace());
                prop_assert!(left.starts_with('#') || is_problem || is_escape, "{left:?} of {text:?}");
            }
            for pair in file.instructions.windows(2) {
                prop_assert!(pair[0].at.end <= pair[1].at.start);
            }
        }

        #[test]
        fn an_instruction_repeats_the_text_it_was_read_from(text in text()) {
            for instruction in parse::parse(&text).instructions {
                let line = instruction.line.text();
                let from = instruction.source(&(0..line.len()));
                let raw: String = text[from].chars().filter(|c| line.contains(*c)).collect();
                prop_assert!(raw.starts_with(&line[..line.find(char::is_whitespace).unwrap_or(0)]));
                for (at, character) in line.char_indices() {
                    let place = instruction.source(&(at..at + character.len_utf8()));
                    prop_assert!(text[place].ends_with(character));
                }
            }
        }
    }
}
