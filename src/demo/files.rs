//! Files: uploads of customers, downloads of the shop, and files that nobody should see.
//!
//! No route touches a disk: the "disk" of the shop is [`DISK`], a table of paths and texts.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use axum::{
    body::Bytes,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use serde_json::json;

use super::{
    account::authenticate,
    answer::{self, Refusal},
    catalogue::Parameters,
    defect::Defect,
    random,
    state::{CAPACITY, ShopState, Upload},
};

/// The folder from which downloads are served.
const PUBLIC: &str = "/srv/shop/public";
/// All files that a download can reach, however far it climbs.
const DISK: [(&str, &str); 4] = [
    ("/srv/shop/public/manual.txt", "How to moor: come up slowly, against wind and tide.\n"),
    ("/srv/shop/public/prices.csv", "name,price\nFolding anchor,49.90\nBrass bell,75.00\n"),
    ("/srv/shop/settings.ini", "[shop]\nname = Tidewater\nmode = practice\n"),
    (
        "/etc/passwd",
        "root:x:0:0:root:/root:/bin/sh\nshop:x:10001:10001:practice shop:/srv/shop:/sbin/nologin\n",
    ),
];
/// Bytes of an upload at most.
const LARGEST_UPLOAD: usize = 256 * 1024;
/// The pictures that may be sent: media type, first bytes, and the end of the name.
const PICTURES: [(&str, &[u8], &str); 2] =
    [("image/png", b"\x89PNG\r\n\x1a\n", "png"), ("image/jpeg", b"\xff\xd8\xff", "jpg")];

/// The uploads with which a shop begins: one picture.
pub(super) fn seed() -> BTreeMap<String, Upload> {
    let (media_type, body) = (PICTURES[0].0.to_owned(), Bytes::from_static(PICTURES[0].1));
    BTreeMap::from([("harbour.png".to_owned(), Upload { media_type, body })])
}

/// `POST /upload`: keeps a picture of a customer.
pub(super) async fn upload(
    State(shop): State<Arc<ShopState>>,
    Query(parameters): Parameters,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    authenticate(&shop, &headers)?;
    if body.len() > LARGEST_UPLOAD {
        return Err(Refusal::BadInput("an upload has at most 256 KiB"));
    }
    let claimed = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = claimed.unwrap_or("application/octet-stream");
    let name = if shop.has(Defect::UploadUnrestricted) {
        parameters.get("name").cloned().ok_or(Refusal::BadInput("an upload needs a name"))?
    } else {
        name_picture(media_type, &body)?
    };
    let mut store = shop.store();
    if store.uploads.len() >= CAPACITY {
        return Err(Refusal::Full);
    }
    let mut response = answer::private(&json!({ "name": name, "bytes": body.len() }));
    *response.status_mut() = StatusCode::CREATED;
    store.uploads.insert(name, Upload { media_type: media_type.to_owned(), body });
    Ok(response)
}

/// `GET /files/{name}`: an upload, to be saved and not to be shown.
pub(super) async fn uploaded(
    State(shop): State<Arc<ShopState>>,
    Path(name): Path<String>,
) -> Result<Response, Refusal> {
    let upload = shop.store().uploads.get(&name).cloned().ok_or(Refusal::NotFound)?;
    let media_type = HeaderValue::from_str(&upload.media_type).map_err(|_| Refusal::NotFound)?;
    let mut response = answer::document("application/octet-stream", upload.body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, media_type);
    if !shop.has(Defect::UploadUnrestricted) {
        headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    }
    Ok(response)
}

/// `GET /download`: a file of the public folder.
pub(super) async fn download(
    State(shop): State<Arc<ShopState>>,
    Query(parameters): Parameters,
) -> Result<Response, Refusal> {
    let name = parameters.get("name").ok_or(Refusal::BadInput("a download needs a name"))?;
    let path = if shop.has(Defect::DownloadTraversal) {
        climb(name)
    } else if name.contains(['/', '\\', '\0']) {
        return Err(Refusal::BadInput("a name has no folder"));
    } else {
        format!("{PUBLIC}/{name}")
    };
    let found = DISK.into_iter().find(|(candidate, _)| *candidate == path);
    let (_, text) = found.ok_or(Refusal::NotFound)?;
    Ok(answer::document("text/plain; charset=utf-8", text))
}

/// `GET /.git/HEAD`: the branch that is checked out.
pub(super) async fn git_head() -> Response {
    answer::document("application/octet-stream", "ref: refs/heads/main\n")
}

/// `GET /.git/config`: the settings of the repository.
pub(super) async fn git_config() -> Response {
    let text = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\
                [remote \"origin\"]\n\turl = https://git.tidewater.example/shop.git\n\
                \tfetch = +refs/heads/*:refs/remotes/origin/*\n";
    answer::document("application/octet-stream", text)
}

/// `GET /.env`: settings with secrets, drawn anew for each answer.
pub(super) async fn env_file() -> Response {
    let mut text = String::from("APP_ENV=production\nAPP_DEBUG=true\n");
    for name in ["SESSION_SECRET", "DATABASE_PASSWORD", "PAYMENT_KEY"] {
        // Writing to a string can not fail.
        let _ = writeln!(text, "{name}={}", random::text());
    }
    answer::document("application/octet-stream", text)
}

/// A fresh name for a picture whose bytes are what its media type says.
fn name_picture(media_type: &str, body: &[u8]) -> Result<String, Refusal> {
    let picture = PICTURES.into_iter().find(|(known, ..)| *known == media_type);
    let (_, magic, end) = picture.ok_or(Refusal::UnsupportedMediaType)?;
    if !body.starts_with(magic) {
        return Err(Refusal::BadInput("the bytes are not of that media type"));
    }
    Ok(format!("{}.{end}", random::text()))
}

/// Joins and tidies a path as careless code does: `..` climbs, and a leading slash begins anew.
fn climb(name: &str) -> String {
    let joined = if name.starts_with('/') { name.to_owned() } else { format!("{PUBLIC}/{name}") };
    let mut segments: Vec<&str> = Vec::new();
    for segment in joined.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            _ => segments.push(segment),
        }
    }
    format!("/{}", segments.join("/"))
}
