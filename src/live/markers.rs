//! Debug pages: what each product's page says that no other page does.

use std::sync::LazyLock;

use regex::Regex;

/// Product, and a regular expression of what only its debug page holds.
const MARKERS: &[(&str, &str)] = &[
    (
        "Werkzeug's debugger",
        r"EVALEX\s*=\s*(?:true|false)|<title>[^<]{0,300}// Werkzeug Debugger</title>",
    ),
    ("Django's debug page", r"<code>DEBUG = True</code>|Using the URLconf defined in\s*<code>"),
    ("Whoops", r#"<div class="Whoops container">|<title>Whoops! There was an error\.</title>"#),
    (
        "Laravel's Ignition",
        r"window\.ignite\(|facade/ignition|spatie/laravel-ignition|ignition\.config",
    ),
    (
        "Symfony's exception page",
        r#"<abbr title="Symfony\\|class="sf-toolbar|<title>Symfony Profiler</title>"#,
    ),
    ("Rails' error page", r"Action Controller: Exception caught|Rails\.root: /"),
    ("Express' error page", r"<pre>\w*Error: [^<\n]{0,500}<br>(?:\s|&nbsp;)*at "),
    (
        "Spring's error page with its trace",
        r"(?s)Whitelabel Error Page.{0,2000}\n\s*at [\w$.]+\([\w$]+\.java:\d+\)",
    ),
    ("Spring's environment", r#"(?s)\A\s*\{.{0,4000}"propertySources"\s*:\s*\["#),
    (
        "ASP.NET's error page",
        r"(?s)<title>[^<]{0,300}</title>.{0,8000}<b>\s*(?:Stack Trace|Source Error):\s*</b>",
    ),
    (
        "ASP.NET's developer page",
        r#"id="stackpage"|<h1>An unhandled exception occurred while processing the request"#,
    ),
    ("phpinfo", r"<title>(?:PHP [\w.+~-]+ - )?phpinfo\(\)</title>"),
    ("Go's profiler", r"<title>/debug/pprof/</title>"),
];

/// Where frameworks serve their debug tools.
pub(super) const DEBUG_ROUTES: &[&str] = &[
    "/console",
    "/debug",
    "/__debug__/",
    "/_profiler",
    "/phpinfo.php",
    "/info.php",
    "/actuator/env",
    "/debug/pprof/",
    "/rails/info/properties",
    "/_ignition/health-check",
];

static COMPILED: LazyLock<Vec<(&str, Regex)>> = LazyLock::new(|| {
    let compile = |(product, regex): &(&'static str, &str)| {
        (*product, Regex::new(regex).expect("the table is tested"))
    };
    MARKERS.iter().map(compile).collect()
});

/// The product whose debug page the text is, and where its marker stands.
pub(super) fn find(text: &str) -> Option<(&'static str, usize)> {
    COMPILED
        .iter()
        .find_map(|(product, regex)| regex.find(text).map(|found| (*product, found.start())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_pages_are_told_apart_by_what_only_they_hold() {
        for (expected, text) in [
            ("Werkzeug's debugger", "<script>\n  var CONSOLE_MODE = true,\n  EVALEX = true,\n"),
            (
                "Django's debug page",
                "because you have <code>DEBUG = True</code> in your Django settings",
            ),
            ("Rails' error page", "<title>Action Controller: Exception caught</title>"),
            (
                "Express' error page",
                "<pre>TypeError: x is not a function<br> &nbsp; &nbsp;at f (/a.js:1:2)",
            ),
            ("Spring's environment", r#"{"activeProfiles":[],"propertySources":[{"name":"x"}]}"#),
            ("phpinfo", "<title>PHP 8.2.7 - phpinfo()</title>"),
        ] {
            assert_eq!(find(text).map(|(product, _)| product), Some(expected), "{text}");
        }
    }

    #[test]
    fn pages_that_write_about_debugging_are_no_debug_pages() {
        for text in [
            "<p>Never run with DEBUG = True in production.</p>",
            "<h1>Whoops, nothing here</h1>",
            "<h1>Whitelabel Error Page</h1><p>This application has no explicit mapping for /error</p>",
            "<pre>Cannot GET /x</pre>",
            "{\"error\": \"propertySources\"}",
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }
}
