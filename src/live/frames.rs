//! Stack traces: what a frame looks like in each runtime's own notation, also inside JSON and HTML.

use std::sync::LazyLock;

use regex::Regex;

/// Least frames of one runtime that make a trace; one alone may be a sentence.
const LEAST_FRAMES: usize = 2;

/// A quotation mark, as JSON and HTML write it.
const QUOTE: &str = r#"(?:\\?["']|&quot;|&#34;|&#x27;|&#39;)"#;

/// Runtime, and the regular expression of one frame. `Q` stands for a quotation mark.
const GRAMMARS: &[(&str, &str)] = &[
    ("Python", r"File Q[^\n]{1,300}?Q, line \d+, in [\w<]"),
    (
        "Java",
        r"\bat (?:[\w$.]+/)?[\w$.<>]+\((?:[\w$-]+\.(?:java|kt|scala|groovy|clj):\d+|Native Method|Unknown Source)\)",
    ),
    (
        "Node.js",
        r"\bat (?:async )?(?:[^\s()]+ (?:\[as [^\]\n]+\] )?)?\(?(?:file://|node:|/|[A-Za-z]:\\)[^\s()]*:\d+:\d+\)?",
    ),
    (
        ".NET",
        r"\bat [A-Za-z_][\w.`+<>\[\],]*\.[\w<>`\[\],|$]+\([^)\n]{0,300}\)(?: in [^\n]{1,300}:line \d+|(?:\r?\n|\\r?\\n|\\n)\s*at (?:System|Microsoft)\.)",
    ),
    ("PHP", r"#\d+ (?:\{main\}|(?:/|[A-Za-z]:\\)[^\n()]{1,300}\.php\(\d+\): )"),
    ("Ruby", r"[\w./-]+\.rb:\d+:in (?:[`'‘]|Q)[^\n]{1,200}?"),
    ("Go", r"[\w./@-]+\.go:\d+ \+0x[0-9a-f]+"),
    ("Rust", r"\bat [\w./@-]+\.rs:\d+(?::\d+)?"),
];

static FRAMES: LazyLock<Vec<(&str, Regex)>> = LazyLock::new(|| {
    let compile = |(runtime, regex): &(&'static str, &str)| {
        let regex = Regex::new(&regex.replace('Q', QUOTE)).expect("the table is tested");
        (*runtime, regex)
    };
    GRAMMARS.iter().map(compile).collect()
});

/// A stack trace in a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Trace {
    /// Whose trace it is.
    pub(super) runtime: &'static str,
    /// How many frames there are.
    pub(super) frames: usize,
    /// The byte at which the first one starts.
    pub(super) at: usize,
}

/// The trace with most frames in the text, if there is one.
pub(super) fn find(text: &str) -> Option<Trace> {
    let traces = FRAMES.iter().filter_map(|(runtime, regex)| {
        let first = regex.find(text)?;
        let frames = regex.find_iter(text).count();
        Some(Trace { runtime, frames, at: first.start() })
    });
    traces.filter(|trace| trace.frames >= LEAST_FRAMES).max_by_key(|trace| trace.frames)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runtime(text: &str) -> Option<&'static str> {
        find(text).map(|trace| trace.runtime)
    }

    #[test]
    fn the_traces_of_eight_runtimes_are_recognised() {
        for (expected, text) in [
            (
                "Python",
                "Traceback (most recent call last):\n  File \"/srv/app.py\", line 8, in show\n    x\n  \
                 File \"/usr/lib/python3/json/decoder.py\", line 355, in <module>\nValueError: x",
            ),
            (
                "Python",
                r#"{"trace": "File \"/srv/a.py\", line 1, in f\n File \"/srv/b.py\", line 2, in g\n"}"#,
            ),
            (
                "Java",
                "java.lang.NumberFormatException: x\n\tat java.base/java.lang.Integer.parseInt(Integer.java:652)\n\
                 \tat com.shop.Orders$1.show(Orders.java:41)\n",
            ),
            (
                "Node.js",
                "Error: bad<br> &nbsp; &nbsp;at /srv/app.js:8:9<br> at Layer.handle [as handle_request] \
                 (/srv/node_modules/express/lib/router/layer.js:95:5)",
            ),
            (
                ".NET",
                "System.FormatException: x\n   at System.Number.Parse(String s)\n   at \
                 System.Int32.Parse(String s)\n   at Shop.Orders.Show(String id) in /src/Orders.cs:line 41\n",
            ),
            ("PHP", "#0 /srv/index.php(12): show('x')\n#1 {main}\n  thrown in"),
            (
                "Ruby",
                "/srv/app.rb:3:in `show'\n/usr/lib/ruby/gems/rack-3.0/lib/rack.rb:12:in `call'",
            ),
            (
                "Go",
                "goroutine 7 [running]:\nmain.show(0x1)\n\t/srv/main.go:41 +0x1d\nnet/http.serve()\n\t\
                 /usr/local/go/src/net/http/server.go:3137 +0x5a",
            ),
            (
                "Rust",
                "   0: shop::show\n             at ./src/main.rs:41:9\n   1: core::ops\n             at \
                 /rustc/1/library/core/src/ops/function.rs:250:5",
            ),
        ] {
            assert_eq!(runtime(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn prose_and_single_frames_are_no_trace() {
        for text in [
            "Look at /docs/page:1:2 for more.",
            "File \"report.pdf\", line 3, in the appendix",
            "We met at 10:30 and at 11:45.",
            "{\"error\": \"not found\", \"at\": \"2024-01-01T10:11:12\"}",
            "see app.rb:3 and main.go:41",
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }
}
