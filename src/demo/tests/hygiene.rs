//! Headers, cookies, origins, methods, and what should not be served at all.

use super::{Answer, assert_switched, repaired, with};
use crate::demo::{API_DESCRIPTION, Defect, RunningShop};

fn lacks(name: &'static str) -> impl Fn(&RunningShop) -> bool {
    move |shop| shop.get("/").header(name).is_none()
}

fn cookie_lacks(attribute: &'static str) -> impl Fn(&RunningShop) -> bool {
    move |shop| !shop.get("/").header("set-cookie").expect("a session").contains(attribute)
}

fn is_shared(answer: &Answer, origin: &str) -> bool {
    answer.header("access-control-allow-origin") == Some(origin)
        && answer.header("access-control-allow-credentials") == Some("true")
}

fn shares_with(path: &'static str, origin: &'static str) -> impl Fn(&RunningShop) -> bool {
    move |shop| is_shared(&shop.send("GET", path, &[("origin", origin)], ""), origin)
}

#[test]
fn no_sniffing_is_switched() {
    assert_switched(Defect::ContentTypeOptionsMissing, lacks("x-content-type-options"));
}

#[test]
fn the_content_policy_is_switched() {
    assert_switched(Defect::ContentSecurityPolicyMissing, lacks("content-security-policy"));
}

#[test]
fn the_frame_options_are_switched() {
    assert_switched(Defect::FrameOptionsMissing, lacks("x-frame-options"));
}

#[test]
fn a_shop_without_frame_options_does_not_forbid_frames_by_policy() {
    let answer = with(Defect::FrameOptionsMissing).get("/");
    assert!(!answer.header("content-security-policy").unwrap().contains("frame-ancestors"));
}

#[test]
fn the_referrer_policy_is_switched() {
    assert_switched(Defect::ReferrerPolicyMissing, lacks("referrer-policy"));
}

#[test]
fn errors_carry_the_headers_as_well() {
    assert_eq!(repaired().get("/nowhere").header("x-content-type-options"), Some("nosniff"));
}

#[test]
fn the_cookie_attributes_are_switched() {
    assert_switched(Defect::CookieWithoutHttpOnly, cookie_lacks("HttpOnly"));
    assert_switched(Defect::CookieWithoutSameSite, cookie_lacks("SameSite"));
    assert_switched(Defect::CookieWithoutSecure, cookie_lacks("Secure"));
}

#[test]
fn a_returning_visitor_keeps_the_session() {
    let shop = repaired();
    let first = shop.get("/");
    let cookie = first.header("set-cookie").unwrap().split(';').next().unwrap();
    let second = shop.send("GET", "/", &[("cookie", cookie)], "");
    assert_eq!(second.header("set-cookie"), None);
}

#[test]
fn a_session_that_the_shop_did_not_open_is_replaced() {
    let answer = repaired().send("GET", "/", &[("cookie", "session=mine")], "");
    assert!(answer.header("set-cookie").is_some());
}

#[test]
fn a_reflected_origin_is_switched() {
    assert_switched(Defect::CorsReflectsOrigin, shares_with("/me", "https://sea.invalid"));
}

#[test]
fn the_null_origin_is_switched() {
    assert_switched(Defect::CorsAllowsNull, shares_with("/me", "null"));
}

#[test]
fn the_wildcard_with_credentials_is_switched() {
    assert_switched(Defect::CorsWildcardCredentials, |shop| is_shared(&shop.get("/search"), "*"));
}

#[test]
fn the_storefront_may_read_answers() {
    assert!(shares_with("/me", "https://www.tidewater.example")(&repaired()));
}

#[test]
fn a_preflight_of_the_storefront_is_answered() {
    let origin = ("origin", "https://www.tidewater.example");
    let headers = [origin, ("access-control-request-method", "POST")];
    let answer = repaired().send("OPTIONS", "/orders", &headers, "");
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-methods"), Some("GET, POST"));
}

#[test]
fn trace_is_switched() {
    assert_switched(Defect::TraceEnabled, |shop| {
        let answer = shop.send("TRACE", "/", &[("x-canary", "swell")], "");
        answer.status == 200 && answer.body.contains("x-canary: swell")
    });
}

#[test]
fn an_unknown_method_is_switched() {
    assert_switched(Defect::UnknownMethodAnswered, |shop| {
        shop.send("TIDE", "/products", &[], "").status == 200
    });
}

#[test]
fn a_repaired_shop_names_the_methods_it_allows() {
    let answer = repaired().send("DELETE", "/products/1", &[], "");
    assert_eq!((answer.status, answer.header("allow")), (405, Some("GET,HEAD")));
}

#[test]
fn undocumented_deletion_is_switched() {
    assert_switched(Defect::UndocumentedWrites, |shop| {
        shop.send("DELETE", "/products/1", &[], "");
        shop.get("/products/1").status == 404
    });
}

#[test]
fn undocumented_renaming_changes_the_product() {
    let shop = with(Defect::UndocumentedWrites);
    let headers = [("content-type", "application/json")];
    shop.send("PUT", "/products/1", &headers, r#"{"name":"Driftwood"}"#);
    assert_eq!(shop.get("/products/1").json()["name"], "Driftwood");
}

#[test]
fn options_reveals_undocumented_methods() {
    assert_switched(Defect::UndocumentedWrites, |shop| {
        let answer = shop.send("OPTIONS", "/products/1", &[], "");
        answer.header("allow").expect("a list of methods").contains("DELETE")
    });
}

#[test]
fn the_description_is_switched() {
    assert_switched(Defect::ApiDescriptionExposed, |shop| {
        shop.get("/openapi.json").status == 200 && shop.get("/docs").status == 200
    });
}

#[test]
fn the_administration_reads_the_description_of_a_repaired_shop() {
    let shop = repaired();
    let token = shop.token(&shop.administrator);
    assert_eq!(shop.get_as(&token, "/openapi.json").body, API_DESCRIPTION);
}

#[test]
fn the_documentation_lists_every_path() {
    let page = with(Defect::ApiDescriptionExposed).get("/docs").body;
    assert!(page.contains("GET /orders/{id}") && page.contains("POST /login"));
}

#[test]
fn every_documented_operation_exists() {
    let shop = repaired();
    let description: serde_json::Value = serde_json::from_str(API_DESCRIPTION).unwrap();
    for (path, operations) in description["paths"].as_object().unwrap() {
        let path = path.replace("{id}", "1").replace("{name}", "harbour.png");
        for method in operations.as_object().unwrap().keys() {
            let status = shop.send(&method.to_uppercase(), &path, &[], "").status;
            assert!(![404, 405, 500].contains(&status), "{method} {path}: {status}");
        }
    }
}

#[test]
fn every_operation_with_security_refuses_a_stranger() {
    let shop = repaired();
    let description: serde_json::Value = serde_json::from_str(API_DESCRIPTION).unwrap();
    for (path, operations) in description["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let path = path.replace("{id}", "1").replace("{name}", "harbour.png");
            let status = shop.send(&method.to_uppercase(), &path, &[], "").status;
            assert_eq!(status == 401, operation["security"].is_array(), "{method} {path}");
        }
    }
}

#[test]
fn a_stack_trace_is_switched() {
    assert_switched(Defect::StackTrace, |shop| {
        let answer = shop.get("/products/abc");
        answer.status == 500 && answer.body.matches("\n  File \"").count() >= 2
    });
}

#[test]
fn a_debug_page_is_switched() {
    assert_switched(Defect::DebugPage, |shop| {
        let answer = shop.get("/nowhere");
        answer.status == 404 && answer.body.contains("DEBUG = True")
    });
}

#[test]
fn a_debug_console_is_switched() {
    assert_switched(Defect::DebugConsole, |shop| shop.get("/console").body.contains("EVALEX"));
}

#[test]
fn the_repository_is_switched() {
    assert_switched(Defect::GitExposed, |shop| shop.get("/.git/HEAD").body.starts_with("ref: "));
}

#[test]
fn the_environment_file_is_switched() {
    assert_switched(Defect::EnvFileExposed, |shop| {
        shop.get("/.env").body.contains("SESSION_SECRET=")
    });
}

#[test]
fn the_banner_is_switched() {
    assert_switched(Defect::VersionBanner, |shop| {
        let answer = shop.get("/");
        answer.header("server") == Some("nginx/1.18.0") && answer.header("x-powered-by").is_some()
    });
}

#[test]
fn ill_health_is_switched() {
    assert_switched(Defect::Unhealthy, |shop| shop.get("/health").status == 503);
}

#[test]
fn slow_reviews_are_switched() {
    assert_switched(Defect::SlowReviews, |shop| {
        let begun = std::time::Instant::now();
        assert_eq!(shop.get("/products/1/reviews").status, 200);
        begun.elapsed() >= std::time::Duration::from_millis(600)
    });
}

#[test]
fn the_metrics_count_answers_by_status() {
    let shop = repaired();
    shop.get("/nowhere");
    assert!(shop.get("/metrics").body.contains("shop_answers_total{status=\"404\"} 1"));
}

#[test]
fn the_source_of_the_shop_describes_the_same_operations() {
    for tree in ["vulnerable", "repaired"] {
        let root = env!("CARGO_MANIFEST_DIR");
        let path = format!("{root}/fixtures/shop/{tree}/openapi.json");
        assert_eq!(std::fs::read_to_string(path).unwrap(), API_DESCRIPTION, "{tree}");
    }
}
