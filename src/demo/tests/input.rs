//! What hostile input can do: statements, markup, paths, redirects and uploads.

use super::{Answer, assert_switched, repaired, with};
use crate::demo::{Defect, RunningShop};

const PICTURE: &str = "image/png";

fn category(shop: &RunningShop, condition: &str) -> Answer {
    let encoded = condition.replace(' ', "%20").replace('\'', "%27");
    shop.get(&format!("/products?category={encoded}"))
}

fn upload(shop: &RunningShop, media_type: &str, body: &[u8]) -> Answer {
    let bearer = format!("Bearer {}", shop.token(&shop.customer));
    let headers = [("authorization", bearer.as_str()), ("content-type", media_type)];
    shop.send("POST", "/upload?name=note.html", &headers, body)
}

#[test]
fn injection_into_the_category_is_switched() {
    assert_switched(Defect::SearchInjection, |shop| {
        let plain = category(shop, "ropes").body;
        let truth = category(shop, "ropes' AND '1'='1").body;
        let falsehood = category(shop, "ropes' AND '1'='2").body;
        plain == truth && truth != falsehood
    });
}

#[test]
fn nonsense_in_the_place_of_an_operator_is_an_error_of_the_database() {
    let answer = category(&with(Defect::SearchInjection), "ropes' XND '1'='1");
    assert_eq!(answer.status, 500);
    assert!(answer.body.contains("near \\\"XND\\\": syntax error"));
}

#[test]
fn a_balanced_quote_is_no_error() {
    assert_eq!(category(&with(Defect::SearchInjection), "ropes''").status, 200);
}

#[test]
fn injection_into_the_search_reveals_what_is_hidden() {
    assert_switched(Defect::SearchInjection, |shop| {
        shop.get("/search?q=%25%27%20OR%201=1%20--").body.contains("sextant")
    });
}

#[test]
fn a_category_lists_only_its_products() {
    let products = category(&repaired(), "ropes").json()["products"].clone();
    let names: Vec<&str> = products
        .as_array()
        .unwrap()
        .iter()
        .map(|product| product["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Mooring rope", "Heaving line"]);
}

#[test]
fn an_unannounced_product_does_not_exist() {
    assert_eq!(repaired().get("/products/8").status, 404);
}

#[test]
fn an_overlong_search_is_bad_input() {
    assert_eq!(repaired().get(&format!("/search?q={}", "a".repeat(201))).status, 400);
}

#[test]
fn scripting_is_switched() {
    assert_switched(Defect::SearchScripting, |shop| {
        shop.get("/search?q=%3Csw1%3E").body.contains("<sw1>")
    });
}

#[test]
fn a_search_text_can_not_leave_its_attribute() {
    let page = repaired().get("/search?q=%22%20autofocus%20x=%22").body;
    assert!(page.contains("value=\"&quot; autofocus x=&quot;\""));
}

#[test]
fn traversal_is_switched() {
    assert_switched(Defect::DownloadTraversal, |shop| {
        shop.get("/download?name=../../../../etc/passwd").body.starts_with("root:x:0:0:")
    });
}

#[test]
fn traversal_to_nothing_finds_nothing() {
    let answer = with(Defect::DownloadTraversal).get("/download?name=../../../etc/sw1");
    assert_eq!(answer.status, 404);
}

#[test]
fn a_download_is_served() {
    assert!(repaired().get("/download?name=manual.txt").body.starts_with("How to moor"));
}

#[test]
fn redirection_to_another_site_is_switched() {
    assert_switched(Defect::OpenRedirect, |shop| {
        let answer = shop.get("/go?to=https://sea.invalid/");
        answer.header("location") == Some("https://sea.invalid/")
    });
}

#[test]
fn redirection_within_the_shop_works() {
    let answer = repaired().get("/go?to=/products");
    assert_eq!((answer.status, answer.header("location")), (303, Some("/products")));
}

#[test]
fn an_unrestricted_upload_is_switched() {
    assert_switched(Defect::UploadUnrestricted, |shop| {
        upload(shop, "text/html", b"<p>Ahoy</p>");
        shop.get("/files/note.html").header("content-type") == Some("text/html")
    });
}

#[test]
fn an_upload_must_be_what_it_claims() {
    assert_eq!(upload(&repaired(), PICTURE, b"<p>Ahoy</p>").status, 400);
}

#[test]
fn a_picture_is_kept_under_a_fresh_name() {
    let shop = repaired();
    let picture = b"\x89PNG\r\n\x1a\n and the rest";
    let name = upload(&shop, PICTURE, picture).json()["name"].as_str().unwrap().to_owned();
    assert_ne!(name, "note.html");
    assert_eq!(shop.get(&format!("/files/{name}")).header("content-type"), Some(PICTURE));
}

#[test]
fn a_picture_is_served_to_be_saved() {
    let served = repaired().get("/files/harbour.png");
    assert_eq!(served.header("content-disposition"), Some("attachment"));
}
