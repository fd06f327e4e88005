//! The pages of the shop, as text.

use serde_json::Value;

use super::{answer::escape, catalogue::Product};

/// The home page, with all announced products.
pub(super) fn home(products: &[Value]) -> String {
    let items: Vec<String> = products
        .iter()
        .map(|product| {
            let name = escape(product["name"].as_str().unwrap_or_default());
            format!("<li><a href=\"/products/{}\">{name}</a></li>\n", product["id"])
        })
        .collect();
    layout("Tidewater", &format!("{}<ul>\n{}</ul>", form(""), items.concat()))
}

/// The search page; the search text is shown as it is given.
pub(super) fn search(text: &str, products: &[Product]) -> String {
    let items: Vec<String> = products
        .iter()
        .map(|product| format!("<li>{}, {} cents</li>\n", escape(&product.name), product.price))
        .collect();
    let (count, items) = (products.len(), items.concat());
    let body = format!("{}<p>{count} found for <q>{text}</q></p>\n<ul>\n{items}</ul>", form(text));
    layout("Search", &body)
}

/// The documented operations, one per line.
pub(super) fn documentation(description: &str) -> String {
    let parsed: Value = serde_json::from_str(description).unwrap_or_default();
    let paths = parsed["paths"].as_object();
    let items: String = paths
        .into_iter()
        .flatten()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().into_iter().flatten();
            methods.map(move |(method, operation)| operation_line(path, method, operation))
        })
        .collect();
    let link = "<p><a href=\"/openapi.json\">openapi.json</a></p>";
    layout("API documentation", &format!("{link}\n<ul>\n{items}</ul>"))
}

/// The debugger of a web framework, by its marks only: no route takes its commands.
pub(super) fn console() -> String {
    "<!doctype html>\n<html lang=\"en\">\n<head><title>Console // Werkzeug Debugger</title>\n\
     <script>var CONSOLE_MODE = true, EVALEX = true, EVALEX_TRUSTED = false;</script></head>\n\
     <body><h1>Interactive Console</h1>\n<p>The console is locked and needs a PIN.</p></body>\n\
     </html>\n"
        .to_owned()
}

/// What a web framework in debug mode says of an unknown path.
pub(super) fn debug(path: &str) -> String {
    let path = escape(path);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><title>Page not found at {path}</title></head>\n\
         <body><h1>Page not found (404)</h1>\n<p>Using the URLconf defined in \
         <code>shop.urls</code>, Django tried these patterns: admin/, orders/, products/.</p>\n\
         <p>You're seeing this error because you have <code>DEBUG = True</code> in your Django \
         settings file.</p></body>\n</html>\n"
    )
}

/// The traceback of a handler that failed on its input.
pub(super) fn traceback(path: &str) -> String {
    let input = path.rsplit('/').next().unwrap_or_default();
    format!(
        "Traceback (most recent call last):\n  \
         File \"/usr/lib/python3/dist-packages/flask/app.py\", line 1488, in full_dispatch_request\n    \
         answer = self.dispatch_request()\n  \
         File \"/srv/shop/app.py\", line 96, in dispatch\n    \
         return view(**arguments)\n  \
         File \"/srv/shop/orders.py\", line 41, in view\n    \
         number = int(arguments[\"number\"])\n\
         ValueError: invalid literal for int() with base 10: '{input}'\n"
    )
}

fn operation_line(path: &str, method: &str, operation: &Value) -> String {
    let summary = escape(operation["summary"].as_str().unwrap_or_default());
    format!("<li><code>{} {}</code> {summary}</li>\n", method.to_uppercase(), escape(path))
}

fn form(text: &str) -> String {
    format!(
        "<form action=\"/search\"><label>Search <input name=\"q\" value=\"{text}\"></label></form>\n"
    )
}

fn layout(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{title}</title>\
         </head>\n<body>\n<h1>{title}</h1>\n{body}\n</body>\n</html>\n"
    )
}
