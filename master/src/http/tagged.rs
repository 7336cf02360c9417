//! An answer with an `ETag`, for those who ask again and again.
//!
//! The tag is made of what is sent, so it needs no knowledge of what that depends on, and costs no question to the
//! store that the answer does not ask. What it saves is the way of the answer and its reading.

use std::hash::{DefaultHasher, Hasher};

use salvo::http::StatusCode;
use salvo::http::header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH};
use salvo::oapi::{Components, EndpointOutRegister, Operation};
use salvo::{Depot, Request, Response, Writer};
use serde::Serialize;

use super::elements::elements;
use super::error::ApiError;

/// How many there are on all pages.
pub const TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");

/// JSON that is answered whole, or with 304 where the client has it already.
#[derive(Debug)]
pub struct Tagged {
    body: Vec<u8>,
    total: Option<usize>,
}

impl Tagged {
    /// An answer of `value`.
    pub fn new(value: &impl Serialize) -> Result<Self, ApiError> {
        let body = serde_json::to_vec(value).map_err(|_| ApiError::Internal("an answer has no JSON form"))?;
        Ok(Self { body, total: None })
    }

    /// With `total` in [`TOTAL_COUNT`].
    pub fn of_total(self, total: usize) -> Self {
        Self { total: Some(total), ..self }
    }

    /// Of 64 bits: two states of one address have the same in one of 10^19 cases. Another version of this master may
    /// make another one of the same bytes, which costs one answer.
    fn etag(&self) -> String {
        let mut hasher = DefaultHasher::new();
        hasher.write(&self.body);
        hasher.write_usize(self.total.unwrap_or(usize::MAX));
        format!("\"{:016x}\"", hasher.finish())
    }
}

#[salvo::async_trait]
impl Writer for Tagged {
    async fn write(self, request: &mut Request, _depot: &mut Depot, response: &mut Response) {
        let etag = self.etag();
        let is_known = knows(request.headers(), &etag);
        let headers = response.headers_mut();
        if let Ok(value) = HeaderValue::from_str(&etag) {
            headers.insert(ETAG, value);
        }
        if let Some(total) = self.total {
            headers.insert(TOTAL_COUNT, HeaderValue::from(total));
        }
        if is_known {
            response.status_code(StatusCode::NOT_MODIFIED);
            return;
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        response.body(self.body);
    }
}

impl EndpointOutRegister for Tagged {
    fn register(_components: &mut Components, _operation: &mut Operation) {
        // The endpoint names its schema.
    }
}

/// RFC 9110 section 13.1.2: any of a list, compared weakly, or `*`. Our own tags have no comma in them.
fn knows(headers: &HeaderMap, etag: &str) -> bool {
    elements(headers, IF_NONE_MATCH).any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_known_in_a_list_weak_or_as_any() {
        let knows = |lists: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for list in lists {
                headers.append(IF_NONE_MATCH, HeaderValue::from_static(list));
            }
            knows(&headers, "\"ab\"")
        };
        for lists in
            [&["\"ab\""][..], &["W/\"ab\""], &["\"cd\", \"ab\""], &["\"cd\"", "\"ab\""], &["*"], &[" \"ab\" ,"]]
        {
            assert!(knows(lists), "{lists:?}");
        }
        for lists in [&[][..], &[""], &["ab"], &["\"a\""], &["\"abc\""], &["w/\"ab\""], &["W/ab"], &[",,,"]] {
            assert!(!knows(lists), "{lists:?}");
        }
    }

    #[test]
    fn a_tag_tells_apart_what_is_sent() {
        let tag = |text: &str, total: usize| Tagged::new(&text).unwrap().of_total(total).etag();
        assert_eq!(tag("a", 1), tag("a", 1));
        assert_ne!(tag("a", 1), tag("b", 1));
        assert_ne!(tag("a", 1), tag("a", 2));
        assert_ne!(tag("a", 1), Tagged::new(&"a").unwrap().etag());
    }
}
