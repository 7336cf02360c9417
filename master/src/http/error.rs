//! What a refused or failed request is answered with.
//!
//! One enumeration of causes, two shapes: the envelope for the agent's half, `{"error": …}` for the rest. A 5xx body
//! is a constant; its cause goes to the log once, here, with the whole chain of sources.

use std::error::Error;
use std::panic::AssertUnwindSafe;

use neon_shared::api::{Envelope, error as sentence};
use salvo::http::header::{HeaderValue, RETRY_AFTER};
use salvo::http::{Request, Response, StatusCode};
use salvo::oapi::{Components, EndpointOutRegister, Operation, ToSchema};
use salvo::writing::Json;
use salvo::{Depot, FlowCtrl, Writer, handler};
use serde::Serialize;

use crate::domain::admission::Denial;
use crate::store::StoreError;

/// Body of every 500.
pub const INTERNAL: &str = "Internal server error";
/// Body of every 503.
pub const UNAVAILABLE: &str = "Storage is unavailable, try again later";
/// After how many seconds a client should try again, in every 503.
pub(super) const RETRY_AFTER_S: &str = "5";

/// Why a request was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// 401.
    #[error("{0}")]
    Unauthorized(&'static str),
    /// 401: the password was right, and a code is needed, or another one.
    #[error("{0}")]
    SecondFactor(&'static str),
    /// 400, 401 or 409: a registration that is not let in.
    #[error("{0}")]
    Denied(Denial),
    /// 403: it is known who asks, and they may not.
    #[error("{0}")]
    Forbidden(&'static str),
    /// 429: try again after so many seconds.
    #[error("Too many attempts, try again later")]
    TooManyAttempts(u64),
    /// 429: this credential sends more requests than it may; try again after so many seconds.
    #[error("Too many requests, try again later")]
    TooFast(u64),
    /// 503: more passwords are waiting than can be looked at.
    #[error("Too many logins at once, try again later")]
    Overloaded,
    /// 503: as many listen to events as can.
    #[error("Too many event streams at once, try again later")]
    TooManyStreams,
    /// 400: what was asked or sent is not understood.
    #[error("{0}")]
    BadRequest(String),
    /// 404.
    #[error("{0}")]
    NotFound(&'static str),
    /// 409: it contradicts what there is.
    #[error("{0}")]
    Conflict(&'static str),
    /// 408: the body did not come.
    #[error("The request body did not arrive in time")]
    BodyTimeout,
    /// 413.
    #[error("Request body is larger than {} bytes", neon_shared::limits::REQUEST_BODY_MAX_BYTES)]
    BodyTooLarge,
    /// 503: a large body waited in vain for room.
    #[error("Too many large reports at once, try again later")]
    Crowded,
    /// 401, 500 or 503, see [`StoreError`].
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// 500: a token could not be made.
    #[error("a token could not be signed")]
    Token(#[source] jsonwebtoken::errors::Error),
    /// 500: something that must not happen did.
    #[error("{0}")]
    Internal(&'static str),
}

impl ApiError {
    fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorized(_) | Self::SecondFactor(_) | Self::Store(StoreError::ServerGone) => {
                StatusCode::UNAUTHORIZED
            }
            Self::Denied(Denial::Clash | Denial::NameTaken) => StatusCode::CONFLICT,
            Self::Denied(Denial::NoCredential) => StatusCode::BAD_REQUEST,
            Self::Denied(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::TooManyAttempts(_) | Self::TooFast(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Overloaded | Self::TooManyStreams => StatusCode::SERVICE_UNAVAILABLE,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Crowded => StatusCode::SERVICE_UNAVAILABLE,
            Self::Store(error) if error.is_unavailable() => StatusCode::SERVICE_UNAVAILABLE,
            Self::Store(_) | Self::Token(_) | Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn sentence(&self) -> String {
        match self {
            Self::Store(StoreError::ServerGone) => sentence::BAD_TOKEN.to_owned(),
            Self::Crowded | Self::Overloaded | Self::TooManyStreams => self.to_string(),
            other => match other.status() {
                StatusCode::INTERNAL_SERVER_ERROR => INTERNAL.to_owned(),
                StatusCode::SERVICE_UNAVAILABLE => UNAVAILABLE.to_owned(),
                _ => other.to_string(),
            },
        }
    }
}

#[salvo::async_trait]
impl Writer for ApiError {
    async fn write(self, request: &mut Request, _depot: &mut Depot, response: &mut Response) {
        let status = self.status();
        if let Self::TooManyAttempts(seconds) | Self::TooFast(seconds) = self {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if matches!(
            self,
            Self::Crowded
                | Self::Overloaded
                | Self::TooManyStreams
                | Self::Store(StoreError::Busy | StoreError::DiskLow | StoreError::Closed)
        ) {
            // As many as come; what is the matter with the store, it says once itself.
            tracing::debug!(path = request.uri().path(), "turned away");
        } else if status.is_server_error() {
            tracing::error!(
                method = %request.method(),
                path = request.uri().path(),
                status = status.as_u16(),
                cause = chain(&self),
                "request failed"
            );
        }
        if let Self::SecondFactor(sentence) = self {
            response.status_code(status);
            response.render(Json(LoginRefusal { error: sentence.to_owned(), code_needed: Some(true) }));
            return;
        }
        write_refusal(request, response, status, self.sentence());
    }
}

impl EndpointOutRegister for ApiError {
    fn register(_components: &mut Components, _operation: &mut Operation) {
        // Each endpoint lists the refusals it can really give.
    }
}

/// Error body of the reading half.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ErrorBody {
    /// Why, in a sentence.
    pub error: String,
}

/// Why a login was refused.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoginRefusal {
    /// Why, in a sentence.
    pub error: String,
    /// True where the password was right: send it again with a code, or with another one. Absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_needed: Option<bool>,
}

/// An error and what caused it, in one line.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some libraries repeat the cause in their own text.
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

/// Gives a body to a refusal that no handler wrote: an unknown path, a wrong method, a panic.
#[handler]
pub async fn refusal_without_body(request: &mut Request, response: &mut Response) {
    let status = response.status_code.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let sentence = match status {
        StatusCode::NOT_FOUND => "Not found",
        StatusCode::METHOD_NOT_ALLOWED => "Method not allowed",
        status if status.is_server_error() => INTERNAL,
        _ => "Bad request",
    };
    write_refusal(request, response, status, sentence.to_owned());
}

/// A panic costs its request a 500 and nothing else.
#[handler]
pub async fn catch_panic(request: &mut Request, depot: &mut Depot, response: &mut Response, ctrl: &mut FlowCtrl) {
    use futures_util::FutureExt;
    let outcome = AssertUnwindSafe(ctrl.call_next(request, depot, response)).catch_unwind().await;
    if let Err(panic) = outcome {
        let cause = panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
        tracing::error!(path = request.uri().path(), cause = cause.unwrap_or("unknown"), "a handler panicked");
        response.take_body();
        response.status_code(StatusCode::INTERNAL_SERVER_ERROR);
    }
}

fn write_refusal(request: &Request, response: &mut Response, status: StatusCode, sentence: String) {
    response.status_code(status);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S));
    }
    if request.uri().path().starts_with("/api/agent/") {
        response.render(Json(Envelope::<(), String> { success: false, data: None, error: Some(sentence) }));
    } else {
        response.render(Json(ErrorBody { error: sentence }));
    }
}

#[cfg(test)]
mod tests {
    use salvo::catcher::Catcher;
    use salvo::conn::tcp::TcpAcceptor;
    use salvo::{Router, Server, Service};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    #[handler]
    async fn panics() {
        panic!("the cause, which is for the log");
    }

    #[tokio::test]
    async fn a_panic_costs_its_request_a_constant_500_and_nothing_else() {
        let router = Router::with_path("/api/agent/boom").get(panics);
        let service = Service::new(router).catcher(Catcher::new(refusal_without_body)).hoop(catch_panic);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(Server::new(TcpAcceptor::try_from(listener).unwrap()).try_serve(service));
        for _ in 0..2 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"GET /api/agent/boom HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
            assert!(answer.ends_with(r#"{"success":false,"error":"Internal server error"}"#), "{answer}");
        }
        server.abort();
    }

    #[test]
    fn the_log_gets_every_cause_and_the_answer_none() {
        let cause = sqlx::Error::Io(std::io::Error::other("disk on fire"));
        let error = ApiError::Store(StoreError::Database(cause));
        assert!(chain(&error).ends_with("disk on fire"), "{}", chain(&error));
        assert_eq!((error.status(), error.sentence().as_str()), (StatusCode::INTERNAL_SERVER_ERROR, INTERNAL));
        let error = ApiError::Store(StoreError::Unavailable(sqlx::Error::PoolTimedOut));
        assert_eq!((error.status(), error.sentence().as_str()), (StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE));
    }
}
