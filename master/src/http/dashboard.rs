//! The dashboard's files, embedded in the binary.
//!
//! A path that names no file is a page of the dashboard's own router and gets `index.html`. Files under `assets/`
//! carry a hash of their content in their names and may be kept for ever; the rest is revalidated by its ETag. What the
//! build has compressed is sent so to whoever takes it. Where the dashboard was not built, every page says how to build it.

use rust_embed::{EmbeddedFile, RustEmbed};
use salvo::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap,
    HeaderValue, IF_NONE_MATCH, VARY, X_CONTENT_TYPE_OPTIONS,
};
use salvo::http::{Response, StatusCode};
use salvo::{Request, handler};

use super::elements::elements;
use crate::domain::password::hexadecimal;

#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Files;

const INDEX: &str = "index.html";
/// The API's description, shown at `/docs` by a library that is too large for the dashboard.
const DOCS: &str = "docs.html";
/// Where the build puts files with a hash of their content in the name.
const HASHED: &str = "assets/";
/// What the compressed form of a file has at the end of its name.
const COMPRESSED: &str = ".gz";
/// A page loads nothing but itself and its pictures from `$images`, and runs no inline script or style; the browser holds it to
/// that.
macro_rules! policy {
    ($images:literal) => {
        concat!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src ",
            $images,
            "; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
    };
}
const POLICY: &str = policy!("'self'");
/// That library's style sheet has its pictures within it.
const DOCS_POLICY: &str = policy!("'self' data:");
const NOT_BUILT: &str = include_str!("dashboard_missing.html");

/// `GET` of everything that is not the API.
#[handler]
pub async fn dashboard_file(request: &mut Request, response: &mut Response) {
    let path = request.uri().path().trim_start_matches('/');
    match find::<Files>(path) {
        Page::File(path, file) => write(request, response, path, file, Files::get(&format!("{path}{COMPRESSED}"))),
        Page::Missing => {
            response.status_code(StatusCode::NOT_FOUND);
        }
        Page::NotBuilt => {
            response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response.render(salvo::writing::Text::Html(NOT_BUILT));
        }
    }
}

enum Page<'a> {
    File(&'a str, EmbeddedFile),
    /// A missing asset is missing: answering a script with a page would only move the error into the browser.
    Missing,
    NotBuilt,
}

fn find<Embedded: RustEmbed>(path: &str) -> Page<'_> {
    let path = if path == "docs" { DOCS } else { path };
    match (Embedded::get(path), Embedded::get(INDEX)) {
        (Some(file), _) => Page::File(path, file),
        (None, _) if path.starts_with(HASHED) => Page::Missing,
        (None, Some(index)) => Page::File(INDEX, index),
        (None, None) => Page::NotBuilt,
    }
}

fn write(
    request: &Request,
    response: &mut Response,
    path: &str,
    plain: EmbeddedFile,
    compressed: Option<EmbeddedFile>,
) {
    let headers = response.headers_mut();
    if compressed.is_some() {
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    }
    let file = match compressed {
        Some(compressed) if takes_gzip(request.headers()) => {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            compressed
        }
        _ => plain,
    };
    let etag = etag(&file.metadata.sha256_hash());
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache_control(path)));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy(path)));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
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

/// RFC 9110 section 12.5.3. A client that says nothing of it would have to take anything; it gets what anybody can read.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let weight = |wanted: &str| {
        elements(headers, ACCEPT_ENCODING).find_map(|coding| {
            let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
            let weight = || parameters.trim().strip_prefix("q=").map_or(Some(1.0), |q| q.parse::<f32>().ok());
            name.trim().eq_ignore_ascii_case(wanted).then(weight).flatten()
        })
    };
    weight("gzip").or_else(|| weight("*")).is_some_and(|weight| weight > 0.0)
}

fn policy(path: &str) -> &'static str {
    if path == DOCS { DOCS_POLICY } else { POLICY }
}

fn cache_control(path: &str) -> &'static str {
    if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" }
}

fn etag(sha256: &[u8]) -> String {
    format!("\"{}\"", hexadecimal(sha256.get(..16).unwrap_or(sha256)))
}

fn content_type(path: &str) -> String {
    let mime = mime_guess::from_path(path).first_or_octet_stream();
    let text = mime.type_() == "text" || matches!(mime.subtype().as_str(), "javascript" | "json" | "xml");
    if text && mime.get_param("charset").is_none() { format!("{mime}; charset=utf-8") } else { mime.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(RustEmbed)]
    #[folder = "tests/fixtures/dist"]
    struct Built;

    #[derive(RustEmbed)]
    #[folder = "tests/fixtures/no-such-folder"]
    #[allow_missing = true]
    struct NotBuiltAtAll;

    fn found(page: Page<'_>) -> String {
        match page {
            Page::File(path, _) => path.to_owned(),
            Page::Missing => "missing".to_owned(),
            Page::NotBuilt => "not built".to_owned(),
        }
    }

    #[test]
    fn files_are_found_and_pages_get_the_index() {
        assert_eq!(found(find::<Built>("assets/app-4f2a.js")), "assets/app-4f2a.js");
        assert_eq!(found(find::<Built>("index.html")), "index.html");
        assert_eq!(found(find::<Built>("")), "index.html");
        assert_eq!(found(find::<Built>("servers/7")), "index.html");
        assert_eq!(found(find::<Built>("docs")), "docs.html");
        assert_eq!(found(find::<Built>("assets/app-old.js")), "missing");
        assert_eq!(found(find::<Built>("../Cargo.toml")), "index.html");
    }

    #[test]
    fn what_is_compressed_goes_to_who_takes_it() {
        let takes = |lists: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for list in lists {
                headers.append(ACCEPT_ENCODING, HeaderValue::from_static(list));
            }
            takes_gzip(&headers)
        };
        for lists in [&["gzip"][..], &["br, GZIP;q=0.5"], &["*"], &["deflate", "gzip"], &["identity;q=0, *;q=0.1"]] {
            assert!(takes(lists), "{lists:?}");
        }
        for lists in
            [&[][..], &[""], &["br"], &["gzip;q=0"], &["*, gzip;q=0.0"], &["gzip;q=much"], &["*;q=0"], &["gzipped"]]
        {
            assert!(!takes(lists), "{lists:?}");
        }
    }

    #[test]
    fn without_files_every_page_says_how_to_build_them() {
        assert_eq!(found(find::<NotBuiltAtAll>("")), "not built");
        assert_eq!(found(find::<NotBuiltAtAll>("servers/7")), "not built");
        assert!(NOT_BUILT.contains("npm ci &amp;&amp; npm run build") && NOT_BUILT.contains("scripts/demo"));
    }

    #[test]
    fn only_names_with_a_hash_are_kept_for_ever() {
        assert_eq!(cache_control("assets/app-4f2a.js"), "public, max-age=31536000, immutable");
        assert_eq!(cache_control("index.html"), "no-cache");
        assert_eq!(cache_control("favicon.svg"), "no-cache");
    }

    #[test]
    fn types_are_told_by_the_name() {
        assert_eq!(content_type("index.html"), "text/html; charset=utf-8");
        assert_eq!(content_type("assets/a.js"), "text/javascript; charset=utf-8");
        assert_eq!(content_type("assets/a.css"), "text/css; charset=utf-8");
        assert_eq!(content_type("favicon.svg"), "image/svg+xml");
        assert_eq!(content_type("a.woff2"), "font/woff2");
        assert_eq!(content_type("LICENSE"), "application/octet-stream");
    }
}
