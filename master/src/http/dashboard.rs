//! The dashboard's files, embedded in the binary.
//!
//! A path that names no file is a page of the dashboard's own router and gets `index.html`. Files under `assets/`
//! carry a hash of their content in their names and may be kept for ever; the rest is revalidated by its ETag. Where
//! the dashboard was not built, every page says how to build it.

use rust_embed::{EmbeddedFile, RustEmbed};
use salvo::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH};
use salvo::http::{Response, StatusCode};
use salvo::{Request, handler};

#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Files;

const INDEX: &str = "index.html";
const NOT_BUILT: &str = include_str!("dashboard_missing.html");

/// `GET` of everything that is not the API.
#[handler]
pub async fn dashboard_file(request: &mut Request, response: &mut Response) {
    let path = request.uri().path().trim_start_matches('/');
    if let Some(file) = Files::get(path) {
        return write(request, response, path, file);
    }
    // A missing asset is missing: answering a script with a page would only move the error into the browser.
    if path.starts_with("assets/") {
        response.status_code(StatusCode::NOT_FOUND);
        return;
    }
    match Files::get(INDEX) {
        Some(index) => write(request, response, INDEX, index),
        None => {
            response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response.render(salvo::writing::Text::Html(NOT_BUILT));
        }
    }
}

fn write(request: &Request, response: &mut Response, path: &str, file: EmbeddedFile) {
    let etag = etag(&file.metadata.sha256_hash());
    let headers = response.headers_mut();
    let cache = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    if let Ok(value) = HeaderValue::from_str(&etag) {
        headers.insert(ETAG, value);
    }
    if let Ok(value) = HeaderValue::from_str(&content_type(path)) {
        headers.insert(CONTENT_TYPE, value);
    }
    if request.headers().get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        response.status_code(StatusCode::NOT_MODIFIED);
    } else {
        response.status_code(StatusCode::OK);
        response.body(file.data.into_owned());
    }
}

fn etag(sha256: &[u8]) -> String {
    use std::fmt::Write;
    let mut text = String::from("\"");
    for byte in sha256.iter().take(16) {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text.push('"');
    text
}

fn content_type(path: &str) -> String {
    let mime = mime_guess::from_path(path).first_or_octet_stream();
    let text = mime.type_() == "text" || matches!(mime.subtype().as_str(), "javascript" | "json" | "xml");
    if text && mime.get_param("charset").is_none() { format!("{mime}; charset=utf-8") } else { mime.to_string() }
}
