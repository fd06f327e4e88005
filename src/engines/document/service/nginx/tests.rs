//! nginx's grammar, what blocks inherit, and what a client can choose.

use proptest::prelude::*;

use super::*;
use crate::engines::document::{matcher::plain, node::Value, service::is_inside};

/// The values of a field of all directives or blocks that have it.
fn values(text: &str, list: &str, field: &str) -> Vec<String> {
    let root = read(text).unwrap();
    let nodes = root.get(list).map(Node::elements).unwrap_or_default();
    nodes.iter().filter_map(|node| plain(node.get(field)?).map(String::from)).collect()
}

fn message(text: &str) -> String {
    read(text).unwrap_err().message
}

#[test]
fn words_know_quotes_escapes_and_variables() {
    let text =
        "\u{feff}log_format main '$a \"b\" \\'c\\'' \"d\"; # e; }\r\nroot /x\\ y/${host}z;\n";
    assert_eq!(values(text, "directives", "value"), ["main $a \"b\" 'c' d", "/x\\ y/${host}z"]);
}

#[test]
fn what_nginx_refuses_is_told_where() {
    assert_eq!(message("server { listen 80 }"), "`listen` is not ended by `;`");
    assert_eq!(message("server { listen 80;"), "the block of `server` is not closed");
    assert_eq!(message("a b;\n}\n"), "unexpected `}`");
    assert_eq!(message("a 'b"), "a quote is not closed");
    assert_eq!(message("a 'b'c;"), "unexpected `c` after a quote");
    let error = read("server { {{ range }} }").unwrap_err();
    assert!(error.is_foreign, "{error:?}");
}

#[test]
fn blocks_of_lua_are_left_out() {
    let text = "location / { content_by_lua_block { local t = { a = '}' } -- }\n --[==[ } ]] ]==] x = [[ } ]] } return 200; }";
    assert_eq!(values(text, "directives", "name"), ["location", "content_by_lua_block", "return"]);
    assert!(message("a_by_lua_block { '").contains("is not closed"));
}

#[test]
fn a_block_with_headers_of_its_own_drops_those_around_it() {
    let outer = "server { add_header X-Frame-Options DENY; add_header A b; location / {";
    let drops = |inner: &str| values(&format!("{outer} {inner} }} }}"), "blocks", "drops");
    assert_eq!(drops("add_header Cache-Control x;"), ["X-Frame-Options, A"]);
    assert_eq!(drops("add_header x-frame-options DENY; add_header a c;"), [""; 0]);
    assert_eq!(drops("expires 1d;"), [""; 0]);
    assert_eq!(drops("add_header C d; include security.conf;"), [""; 0]);
    assert_eq!(drops("add_header C d; include fastcgi_params;"), ["X-Frame-Options, A"]);
    assert_eq!(drops("add_header_inherit merge; add_header C d;"), [""; 0]);
    assert_eq!(drops("location /b { add_header C d; }"), ["X-Frame-Options, A"]);
    let lines = values(&format!("{outer} add_header C d; }} }}"), "blocks", "dropped-lines");
    assert_eq!(lines, ["add_header X-Frame-Options DENY; add_header A b;"]);
}

#[test]
fn the_folder_beside_is_reached_without_the_slash() {
    let is_found = |text: &str| !values(text, "blocks", "traversal").is_empty();
    assert!(is_found("location /i { alias /data/i/; }"));
    assert!(is_found("location ^~ /i { alias /data/i/; }"));
    assert!(is_found("location ~ ^/i(.*)$ { alias /data/$1; }"));
    for text in [
        "location /i/ { alias /data/i/; }",
        "location /i { alias /data/i; }",
        "location = /i { alias /data/i/; }",
        "location ~ ^/i/(.*)$ { alias /data/$1; }",
        "location /i { root /data/i/; }",
    ] {
        assert!(!is_found(text), "{text}");
    }
}

#[test]
fn a_decoded_path_in_a_redirect_is_found() {
    let found = |text: &str| values(text, "directives", "undecoded");
    assert_eq!(found("return 301 https://$host$uri;"), ["https://$host$request_uri"]);
    assert_eq!(found("return 301 https://$host$uri$is_args$args;"), ["https://$host$request_uri"]);
    assert_eq!(found("return 301 https://$host$uri_path;"), [""; 0]);
    assert_eq!(found("return 200 $uri;"), [""; 0]);
    assert_eq!(found("location = /a { return 301 https://b$uri; }"), [""; 0]);
    assert_eq!(found("location ~ ^/[a-z]+$ { return 301 https://b$uri; }"), [""; 0]);
    assert_eq!(found("try_files $uri $uri/ =404;"), [""; 0]);
}

#[test]
fn a_host_that_the_client_chooses_is_found() {
    let found = |text: &str| values(text, "directives", "chosen-by");
    for (text, by) in [
        ("location / { proxy_pass http://$arg_url; }", "$arg_url"),
        ("location / { proxy_pass $http_x_scheme://a; }", "$http_x_scheme"),
        ("location ~ ^/p/(?<h>[^/]+)/ { proxy_pass http://$h/x; }", "$h"),
        ("location ~ ^/p/(.*)$ { proxy_pass http://$1; }", "$1"),
        ("set $x $arg_a; location / { proxy_pass http://$x:80/; }", "$x"),
        ("server { listen 80; location / { proxy_pass http://$host; } }", "$host"),
        (
            "stream { server { proxy_pass $ssl_preread_server_name:443; } }",
            "$ssl_preread_server_name",
        ),
    ] {
        assert_eq!(found(text), [by], "{text}");
    }
    for text in [
        "location / { proxy_pass http://backend$request_uri; }",
        "location / { internal; proxy_pass http://$arg_url; }",
        "set $up http://app:80; location / { proxy_pass $up; }",
        "location ~ ^/p/(a|b)/ { proxy_pass http://$1; }",
        "location ~ ^/p/([a-z]+)/ { proxy_pass http://$1.internal; }",
        "location ~ ^/p/([a-z.]+)/ { proxy_pass http://$1.internal; }",
        "server { server_name a.org; location / { proxy_pass http://$host; } }",
        "location / { proxy_pass $scheme://app; }",
        "location / { proxy_pass http://127.0.0.1:$port; }",
    ] {
        assert_eq!(found(text), [""; 0], "{text}");
    }
}

#[test]
fn ciphers_that_are_refused_are_not_weak() {
    let weak = |list: &str| {
        let root = read(&format!("ssl_ciphers {list};")).unwrap();
        root.get("directives").unwrap().elements()[0]
            .get("weak")
            .map_or(0, |weak| weak.elements().len())
    };
    assert_eq!(weak("HIGH:!aNULL:!MD5:!RC4"), 0);
    assert_eq!(weak("ALL:!ADH:!EXPORT56:RC4+RSA:+HIGH:+LOW:+EXP"), 1);
    assert_eq!(weak("'ECDHE-RSA-AES128-GCM-SHA256:DES-CBC3-SHA:!DES'"), 1);
    assert_eq!(weak("AES128-SHA:DES-CBC3-SHA:!3DES"), 0);
    assert_eq!(weak("RC4-SHA:RC4-MD5:!MD5"), 2);
}

#[test]
fn a_file_that_is_included_says_where_it_belongs() {
    let kind = |text: &str| read(text).unwrap().get("kind").cloned().unwrap().value;
    assert_eq!(kind("location / { root /a; }"), Value::Text("server".into()));
    assert_eq!(kind("server { listen 80; }"), Value::Text("http".into()));
    assert_eq!(kind("events {} http {}"), Value::Text("main".into()));
    assert_eq!(kind("proxy_set_header A b;"), Value::Text("included".into()));
}

#[test]
fn files_of_other_programs_are_none() {
    assert!(!looks_like_one("<VirtualHost *:80>\n  ServerName a\n</VirtualHost>\n"));
    assert!(!looks_like_one("[program:nginx]\ncommand=nginx;\n"));
    assert!(!looks_like_one("# nothing\n"));
    assert!(looks_like_one("server {\n  listen 80; # b\n}\n"));
}

proptest! {
    #[test]
    fn no_text_panics_and_every_place_is_inside(
        text in "(server |location |proxy_pass |add_header |_by_lua_block )?[a-b{}; \"'\\\\$#\n\r=\\[\\]é\u{feff}-]{0,60}"
    ) {
        match read(&text) {
            Ok(root) => prop_assert!(is_inside(&root, &text)),
            Err(error) => prop_assert!(text.get(error.at).is_some()),
        }
    }
}
