//! What patterns match, and that no source makes them fail.

use proptest::prelude::*;

use super::{
    routes::{Route, routes},
    *,
};
use crate::{finding::RepoPath, rule::load::load};

fn pattern(shape: &str) -> CodePattern {
    CodePattern {
        languages: Language::ALL.to_vec(),
        imports: None,
        shape: shape.to_owned(),
        unless: Vec::new(),
        inside: Vec::new(),
        not_inside: Vec::new(),
        conditions: Vec::new(),
        files: Vec::new(),
        not_files: Vec::new(),
    }
}

fn found(grammar: Grammar, pattern: &CodePattern, source: &str) -> Vec<String> {
    let rule = RuleId::new("code/test");
    let pattern = Pattern::new(&rule, pattern, grammar).expect("the pattern is right");
    let syntax = Syntax::parse(source, grammar).expect("the source is small and shallow");
    let matches = find(&syntax, source, &[&pattern]);
    matches.found.into_iter().map(|found| source[found.at].to_owned()).collect()
}

fn python(shape: &str, source: &str) -> Vec<String> {
    found(Grammar::Python, &pattern(shape), source)
}

fn script(shape: &str, source: &str) -> Vec<String> {
    found(Grammar::Javascript, &pattern(shape), source)
}

fn importing(grammar: Grammar, module: &str, shape: &str, source: &str) -> usize {
    let pattern = CodePattern { imports: Some(module.to_owned()), ..pattern(shape) };
    found(grammar, &pattern, source).len()
}

#[test]
fn keyword_arguments_match_in_any_order_and_more_of_them_need_dots() {
    assert_eq!(python("call(a=1, b=2)", "call(b=2, a=1)").len(), 1);
    assert_eq!(python("call(a=1)", "call(a=1, b=2)").len(), 0);
    assert_eq!(python("call(a=1, ...)", "call(0, b=2, a=1)").len(), 1);
    assert_eq!(python("call(..., a=1, ...)", "call(0, b=2, a=1, **rest)").len(), 1);
    assert_eq!(python("call(a=1)", "call(a=1, **rest)").len(), 0);
}

#[test]
fn positional_arguments_match_in_their_order() {
    assert_eq!(python("call(first, ..., last)", "call(first, last)").len(), 1);
    assert_eq!(python("call(first, ..., last)", "call(first, 1, 2, last)").len(), 1);
    assert_eq!(python("call(first, ..., last)", "call(last, first)").len(), 0);
    assert_eq!(python("call(first)", "call(first, second)").len(), 0);
}

#[test]
fn quotes_commas_parentheses_comments_and_types_do_not_matter() {
    assert_eq!(python("call('text', [1, 2])", "call(  # why\n  (\"text\"),\n [1, 2,],)").len(), 1);
    assert_eq!(script("call({ key: 'text' })", "call(/* why */ ({ \"key\": `text`, }))").len(), 1);
    let typed = "const flag: boolean = (value as string)!;";
    assert_eq!(found(Grammar::Typescript, &pattern("flag = value"), typed).len(), 1);
    assert_eq!(python("flag = True", "flag: bool = True").len(), 1);
}

#[test]
fn a_subscript_with_a_name_is_a_member_in_javascript_only() {
    assert_eq!(script("process.env.NAME = '0'", "process['env'][\"NAME\"] = '0'").len(), 1);
    assert_eq!(python("config.NAME = '0'", "config['NAME'] = '0'").len(), 0);
}

#[test]
fn a_metavariable_used_twice_means_the_same_text() {
    assert_eq!(python("swap($X, $X)", "swap(a.b, a.b)").len(), 1);
    assert_eq!(python("swap($X, $X)", "swap(a.b, a.c)").len(), 0);
}

#[test]
fn a_name_assigned_once_stands_for_its_value() {
    assert_eq!(python("run(debug=True)", "DEBUG = True\nrun(debug=DEBUG)").len(), 1);
    assert_eq!(python("run(debug=True)", "DEBUG = True\nDEBUG = no()\nrun(debug=DEBUG)").len(), 0);
    assert_eq!(python("run(debug=True)", "D = True\ndef f(D):\n    run(debug=D)").len(), 0);
    assert_eq!(
        python("run(debug=True)", "D = True\ndef f():\n    D += 1\n    run(debug=D)").len(),
        0
    );
    assert_eq!(script("run(true)", "const on = true; function f() { run(on) }").len(), 1);
    assert_eq!(script("run(true)", "let on = true; on = false; run(on)").len(), 0);
}

#[test]
fn python_names_are_resolved_through_imports() {
    let count = |source| importing(Grammar::Python, "jwt", "jwt.decode(...)", source);
    for source in [
        "import jwt\njwt.decode(a)",
        "import jwt as j\nj.decode(a)",
        "from jwt import decode as d\nd(a)",
        "from jwt import *\ndecode(a)",
        "def f():\n    import jwt\n    jwt.decode(a)",
        "try:\n    import jwt\nexcept ImportError:\n    import pyjwt as jwt\njwt.decode(a)",
    ] {
        assert_eq!(count(source), 1, "{source}");
    }
    for source in [
        "jwt.decode(a)",
        "from shop import jwt\njwt.decode(a)",
        "import jwt\ndef f(jwt):\n    jwt.decode(a)",
        "from . import jwt\njwt.decode(a)",
        "import jwt\nother.decode(a)",
    ] {
        assert_eq!(count(source), 0, "{source}");
    }
}

#[test]
fn javascript_names_are_resolved_through_imports() {
    let count = |source| importing(Grammar::Javascript, "jsonwebtoken", "verify(...)", source);
    for source in [
        "const { verify } = require('jsonwebtoken'); verify(a)",
        "const { verify: check } = require('jsonwebtoken'); check(a)",
        "const jwt = require('jsonwebtoken'); const v = jwt.verify; v(a)",
        "import jsonwebtoken, { verify as v } from 'jsonwebtoken'; v(a)",
        "import * as j from \"jsonwebtoken\"; j.verify(a)",
        "import j from 'jsonwebtoken'; j.verify(a)",
        "require('jsonwebtoken').verify(a)",
        "async function f() { const { verify } = await import('jsonwebtoken'); verify(a) }",
    ] {
        assert_eq!(count(source), 1, "{source}");
    }
    for source in [
        "const { verify } = require('./jsonwebtoken'); verify(a)",
        "const { sign } = require('jsonwebtoken'); verify(a)",
        "const jwt = require('jsonwebtoken'); function f(jwt) { jwt.verify(a) }",
    ] {
        assert_eq!(count(source), 0, "{source}");
    }
}

#[test]
fn a_default_export_may_have_any_name() {
    let count = |source| importing(Grammar::Javascript, "cors", "cors({ on: true })", source);
    assert_eq!(count("const allow = require('cors'); allow({ on: true })"), 1);
    assert_eq!(count("import allow from 'cors'; app.use(allow({ on: true }))"), 1);
    assert_eq!(count("const cors = require('./cors'); cors({ on: true })"), 0);
}

#[test]
fn shapes_around_a_match_require_or_excuse_it() {
    let source = "if debug():\n    call()\nelse:\n    other()\n    call()\ncall()\n";
    let inside = CodePattern { inside: vec!["if $X: ...".to_owned()], ..pattern("call()") };
    assert_eq!(found(Grammar::Python, &inside, source).len(), 2);
    let outside = CodePattern { not_inside: vec!["if $X: ...".to_owned()], ..pattern("call()") };
    assert_eq!(found(Grammar::Python, &outside, source).len(), 1);
    let unless =
        CodePattern { unless: vec!["call(..., safe=True)".to_owned()], ..pattern("call(...)") };
    assert_eq!(found(Grammar::Python, &unless, "call(1, safe=True)\ncall(1)"), ["call(1)"]);
}

#[test]
fn a_sequence_of_statements_is_found_with_others_between() {
    let shape = "first = 1\n...\nsecond = 2";
    assert_eq!(python(shape, "zero = 0\nfirst = 1\nmore()\nsecond = 2\n"), ["first = 1"]);
    assert_eq!(python(shape, "second = 2\nfirst = 1\n").len(), 0);
}

#[test]
fn an_object_is_shown_by_the_pair_that_is_wrong() {
    let source = "agent({ keepAlive: true, rejectUnauthorized: false, ca })";
    assert_eq!(
        script("({ ..., rejectUnauthorized: false, ... })", source),
        ["rejectUnauthorized: false"]
    );
}

#[test]
fn broken_source_is_still_searched() {
    assert_eq!(python("call(debug=True)", "x = = 1\nprint 'old'\ncall(debug=True)\n").len(), 1);
}

#[test]
fn a_pattern_that_can_not_be_used_is_refused_with_a_reason() {
    let refusal = |shape: &str| {
        verify(&RuleId::new("code/test"), &[pattern(shape)]).expect_err("the pattern is refused")
    };
    assert!(refusal("call(").contains("is not python"));
    assert!(refusal("$X").contains("matches everything"));
    assert!(refusal("f(1)").contains("no word"));
}

#[test]
fn a_condition_that_can_not_be_used_is_refused() {
    let condition = |name: &str, matches: &str| crate::rule::matcher::Condition {
        name: name.to_owned(),
        matches: Some(matches.to_owned()),
        not_matches: None,
        literal: None,
    };
    for (name, matches) in [("X", "("), ("Y", "a")] {
        let pattern =
            CodePattern { conditions: vec![condition(name, matches)], ..pattern("call($X)") };
        assert!(verify(&RuleId::new("code/test"), &[pattern]).is_err(), "{name} {matches}");
    }
}

#[test]
fn every_rule_of_the_program_can_be_used() {
    for slot in RuleSet::baked().of(Engine::Code) {
        let rule = slot.rule();
        let Matcher::Code(patterns) = &rule.matcher else { continue };
        assert_eq!(verify(&rule.id, patterns), Ok(()), "{}", rule.id);
    }
}

#[test]
fn a_file_is_parsed_only_if_it_holds_all_words_of_a_pattern() {
    let rules = RuleSet::baked();
    let plan = Plan::new(&rules, Grammar::Python);
    let count = |text: &str| {
        plan.candidates(&SourceFile::new(RepoPath::new("a.py"), text.as_bytes().to_vec())).len()
    };
    assert_eq!(count("# the jwt is decoded with options, verify_signature_later\n"), 0);
    assert!(count("from jwt import decode as d\nd(t, options={'verify_signature': False})\n") > 0);
}

#[test]
fn routes_of_flask_and_fastapi_are_read() {
    let source = "router = APIRouter(prefix='/orders')\n\
                  @router.get('/{id:int}')\nasync def one(id): pass\n\
                  @app.route('/goods/<int:number>', methods=['GET', 'POST'])\ndef goods(): pass\n\
                  @cache.get('not a path')\ndef other(): pass\n";
    assert_eq!(
        read_routes("app.py", source),
        ["GET /orders/{id}", "GET /goods/{number}", "POST /goods/{number}"]
    );
}

#[test]
fn routes_of_express_are_read() {
    let source = "const router = express.Router();\napp.use('/orders', router);\n\
                  router.get('/:id(\\\\d+)', (req, res) => res.json({}));\n\
                  app.post(\"/login\", limit, login);\napp.get('view engine');\n\
                  axios.get('/remote', done);\n";
    assert_eq!(read_routes("app.js", source), ["GET /orders/{id}", "POST /login"]);
}

fn read_routes(path: &str, source: &str) -> Vec<String> {
    let path = RepoPath::new(path);
    let grammar = Grammar::of_extension(path.extension()).expect("the extension has a grammar");
    let file = SourceFile::new(path, source.as_bytes().to_vec());
    let name = |route: Route| format!("{} {}", route.method.unwrap_or_default(), route.path);
    routes(&file, grammar).into_iter().map(name).collect()
}

/// Everything that the engine does with a file, with all rules.
fn search_all(grammar: Grammar, source: &str) {
    let rules = RuleSet::baked();
    let plan = Plan::new(&rules, grammar);
    if let Ok(syntax) = Syntax::parse(source, grammar) {
        let patterns: Vec<&Pattern> = plan.patterns.iter().collect();
        for found in find(&syntax, source, &patterns).found {
            assert!(source.get(found.at.clone()).is_some(), "{:?} in {source:?}", found.at);
        }
    }
    let file = SourceFile::new(RepoPath::new("a"), source.as_bytes().to_vec());
    routes(&file, grammar);
}

#[test]
fn deep_nesting_neither_overflows_the_stack_nor_takes_long() {
    let nested = |left: &str, right: &str, depth: usize| {
        format!("x = {}1{}", left.repeat(depth), right.repeat(depth))
    };
    let search = move || {
        for grammar in [Grammar::Python, Grammar::Javascript] {
            search_all(grammar, &nested("(", ")", 100_000));
            search_all(grammar, &nested("[", "]", 100_000));
            search_all(grammar, &nested("eval(", ")", 10_000));
            search_all(grammar, &nested("lambda: (", ")", 10_000));
            search_all(grammar, &nested("(a = ", ") => 1", 10_000));
            search_all(grammar, &"(".repeat(100_000));
            search_all(grammar, &"{a:".repeat(20_000));
            search_all(grammar, &"a.".repeat(20_000));
            search_all(grammar, &"not -".repeat(20_000));
            search_all(grammar, &nested("", " + 'a'", 20_000));
        }
    };
    let small = std::thread::Builder::new().stack_size(1 << 20);
    small.spawn(search).unwrap().join().unwrap();
}

#[test]
fn users_rules_are_checked_as_those_of_the_program() {
    let text = "- id: code/own\n  title: Own\n  severity: low\n  confidence: low\n  control: SECURITY-004\n  \
                reason: r\n  remedy: r\n  code: [{ in: [python], match: 'danger(' }]\n  bad: [a]\n  good: [b]\n";
    let loaded = load("own.yaml", text).unwrap();
    let Matcher::Code(patterns) = &loaded[0].rule.matcher else { panic!("a code rule") };
    assert!(verify(&loaded[0].rule.id, patterns).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_text_makes_the_engine_fail(text in "(?s).{0,200}", at in 0..4_usize) {
        search_all(Grammar::ALL[at], &text);
    }

    #[test]
    fn no_heap_of_tokens_makes_the_engine_fail(
        tokens in prop::collection::vec(prop::sample::select(vec![
            "(", ")", "[", "]", "{", "}", ",", ":", "=", ".", "...", "\n", "    ", "'", "\"", "`", "${", "f'",
            "import ", "from ", "as ", "jwt", "decode", "require('jwt')", "const ", "True", "verify=False",
            "=>", "@", "def f", "class ", "if ", "request.args", "eval", "é", "\0", "\r", "#", "//", "/*",
        ]), 0..60),
        at in 0..4_usize,
    ) {
        search_all(Grammar::ALL[at], &tokens.concat());
    }
}
