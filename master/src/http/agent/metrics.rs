//! `POST /api/agent/metrics`.

use salvo::oapi::endpoint;
use salvo::{Depot, Request};

use super::{Accepted, schemas, stored};
use crate::domain::intake::{self, RefusedSummary, Times};
use crate::http::body;
use crate::http::error::ApiError;
use crate::http::state::{State, now, reporter};

/// Stores samples.
///
/// The 200 is sent when they are on disk. A sample that is stored already is not stored again. `data` is absent
/// unless some samples were refused.
#[endpoint(
    tags("agent"),
    security(["agentToken" = []]),
    request_body(content = schemas::MetricsRequest, content_type = "application/json"),
    responses(
        (status_code = 200, description = "Stored", body = schemas::ListAnswer),
        (status_code = 400, description = "Not understood, nothing stored", body = schemas::Refusal),
        (status_code = 401, description = "Register again", body = schemas::Refusal),
        (status_code = 413, description = "Larger than 1 MiB", body = schemas::Refusal),
        (status_code = 503, description = "Try again later", body = schemas::Refusal),
    )
)]
pub async fn agent_metrics(request: &mut Request, depot: &mut Depot) -> Result<Accepted<RefusedSummary>, ApiError> {
    let state = State::of(depot)?;
    let (reporter, _) = reporter(request, &state)?;
    let body = body::read(request, &state.room).await?;
    // From here on nothing waits until the samples are as small as they are stored.
    let ready = state.store.metrics_ready(&reporter, now()).await?;
    let times = Times { now: now(), oldest: state.retention.oldest_sample(now()) };
    let samples = intake::metrics(&body, times).map_err(ApiError::BadRequest)?;
    drop(body);
    let answer = stored(&reporter, "samples", &samples);
    let (accepted, refused) = (samples.accepted.len(), samples.refused.len());
    let outcome = state.store.metrics_store(ready, samples.accepted, now()).await;
    state.counters.samples(accepted, refused, &outcome);
    outcome?;
    Ok(answer)
}
