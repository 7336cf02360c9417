//! The dashboard's pages from the binary itself.

use crate::common::{Database, Engine, Master};

#[test]
fn pages_are_html_and_the_api_is_not() {
    let database = Database::fresh(Engine::Sqlite);
    let client = Master::start(&database);
    let client = client.client;
    for path in ["/", "/servers/7", "/some/where/else"] {
        let page = client.get(path);
        assert_eq!(page.status, 200, "{path}");
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        // Either the dashboard, or the page that says how to build it: whichever was compiled in.
        let text = page.text();
        assert!(text.contains("id=\"app\"") || text.contains("npm ci &amp;&amp; npm run build"), "{text}");
    }
    let missing = client.get("/assets/no-such-file.js");
    assert_eq!((missing.status, missing.text()), (404, r#"{"error":"Not found"}"#));
    assert_eq!(client.get("/api/stats").header("cache-control"), Some("no-store"));
}

#[test]
fn an_unchanged_page_is_not_sent_again() {
    let database = Database::fresh(Engine::Sqlite);
    let master = Master::start(&database);
    let page = master.client.get("/");
    // The page that says how to build the dashboard has none, and must not be kept.
    let Some(etag) = page.header("etag") else {
        assert_eq!(page.header("cache-control"), Some("no-store"));
        return;
    };
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    assert!(page.header("content-security-policy").is_some_and(|policy| policy.starts_with("default-src 'none'; ")));
    let again = master.client.request("GET", "/", &[("If-None-Match", etag)], b"");
    assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, Some(etag)));
}

#[test]
fn a_page_is_sent_compressed_to_who_takes_it() {
    let database = Database::fresh(Engine::Sqlite);
    let master = Master::start(&database);
    let asked = |headers: &[(&str, &str)]| master.client.request("GET", "/", headers, b"");
    let plain = asked(&[]);
    let Some(etag) = plain.header("etag") else { return };
    assert_eq!((plain.header("content-encoding"), plain.header("vary")), (None, Some("accept-encoding")));
    let compressed = asked(&[("Accept-Encoding", "br, gzip")]);
    assert_eq!(
        (compressed.header("content-encoding"), compressed.header("vary")),
        (Some("gzip"), Some("accept-encoding"))
    );
    assert_eq!(compressed.header("content-type"), plain.header("content-type"));
    assert!(compressed.body.starts_with(&[0x1f, 0x8b]) && compressed.body.len() < plain.body.len());
    let other = compressed.header("etag").unwrap();
    assert_ne!(other, etag, "other bytes have another tag");
    let known = [("Accept-Encoding", "gzip"), ("If-None-Match", other)];
    assert_eq!(asked(&known).status, 304);
    assert_eq!(asked(&known[1..]).status, 200);
}

/// The binary finds its pages wherever it is: they are inside of it.
#[test]
fn a_binary_that_was_moved_serves_the_same_page() {
    let database = Database::fresh(Engine::Sqlite);
    let here = Master::start(&database).client.get("/").body;
    let folder = tempfile::tempdir().unwrap();
    let moved = folder.path().join("moved");
    std::fs::copy(env!("CARGO_BIN_EXE_neon-master"), &moved).unwrap();
    let there = Master::start_binary(&moved, &Database::fresh(Engine::Sqlite).url()).client.get("/").body;
    assert_eq!(here, there);
}
