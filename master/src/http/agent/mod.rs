//! The agent's half: four calls, each answered with the envelope.

mod containers;
mod heartbeat;
mod metrics;
mod register;
pub(super) mod schemas;

pub use containers::agent_containers;
pub use heartbeat::agent_heartbeat;
pub use metrics::agent_metrics;
pub use register::agent_register;

use neon_shared::api::Envelope;
use salvo::http::header::{CONTENT_TYPE, HeaderValue};
use salvo::oapi::{Components, EndpointOutRegister, Operation};
use salvo::{Depot, Request, Response, Writer};
use serde::Serialize;

use crate::domain::intake::{RefusedSummary, Sorted};
use crate::http::error::ApiError;
use crate::model::Reporter;

/// A request that was carried out; written as the envelope.
#[derive(Debug)]
pub struct Accepted<T>(Option<T>);

#[salvo::async_trait]
impl<T: Serialize + Send> Writer for Accepted<T> {
    async fn write(self, request: &mut Request, depot: &mut Depot, response: &mut Response) {
        // salvo's own writer of JSON grows its buffer with every few bytes.
        let Ok(body) = serde_json::to_vec(&Envelope::<T, String> { success: true, data: self.0, error: None }) else {
            return ApiError::Internal("an answer that is no JSON").write(request, depot, response).await;
        };
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        response.body(body);
    }
}

/// The answer to a list that is stored, as far as it was good; what was refused of it is logged, with the first reason.
fn stored<T>(reporter: &Reporter, what: &'static str, list: &Sorted<T>) -> Accepted<RefusedSummary> {
    let summary = list.summary();
    if let Some(RefusedSummary { accepted, refused, without_readings, reasons }) = &summary {
        let reason = reasons.first().map(|first| first.reason.as_str());
        tracing::warn!(
            server_name = reporter.server_name,
            what,
            accepted,
            refused,
            without_readings,
            reason,
            "refused in part"
        );
    }
    Accepted(summary)
}

impl<T> EndpointOutRegister for Accepted<T> {
    fn register(_components: &mut Components, _operation: &mut Operation) {
        // Each endpoint names its schema, since the wire types of `shared` know nothing of OpenAPI.
    }
}
