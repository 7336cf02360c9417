//! `POST /api/agent/containers`.

use std::hash::{DefaultHasher, Hash, Hasher};

use salvo::oapi::endpoint;
use salvo::{Depot, Request};

use super::{Accepted, schemas, stored};
use crate::domain::activity;
use crate::domain::intake::{self, RefusedSummary};
use crate::http::body;
use crate::http::error::ApiError;
use crate::http::state::{State, now, reporter};

/// Replaces a server's container set.
///
/// A container that is absent has been removed, unless the report says that it leaves some out. `data` is absent unless some containers were refused; what is stored
/// of those stays as it is.
#[endpoint(
    tags("agent"),
    security(["agentToken" = []]),
    request_body(content = schemas::ContainersRequest, content_type = "application/json"),
    responses(
        (status_code = 200, description = "Stored", body = schemas::ListAnswer),
        (status_code = 400, description = "Not understood, nothing stored", body = schemas::Refusal),
        (status_code = 401, description = "Register again", body = schemas::Refusal),
        (status_code = 413, description = "Larger than 1 MiB", body = schemas::Refusal),
        (status_code = 503, description = "Try again later", body = schemas::Refusal),
    )
)]
pub async fn agent_containers(request: &mut Request, depot: &mut Depot) -> Result<Accepted<RefusedSummary>, ApiError> {
    let state = State::of(depot)?;
    let (reporter, _) = reporter(request, &state)?;
    let body = body::read(request, &state.room).await?;
    let now = now();
    // Most reports say what the one before said, to the letter, and that was understood.
    let hash = hash(&body);
    if state.store.containers_are(&reporter, hash, now).await? {
        return Ok(Accepted(None));
    }
    let report = intake::containers(&body).map_err(ApiError::BadRequest)?;
    let changes = |previous: Option<&[_]>| activity::changes(reporter.server_id, previous, &report, now);
    let hash = (report.list.refused.is_empty() && report.left_out == 0).then_some(hash);
    // In a box: few reports come here, and the future of each would be some kilobytes larger.
    Box::pin(state.store.containers_replace(&reporter, hash, now, changes)).await?;
    Ok(stored(&reporter, "containers", &report.list))
}

/// What stands for a body that was accepted. Another version of the master may understand more of the same body, so its
/// version is part of it.
fn hash(body: &[u8]) -> i64 {
    let mut hasher = DefaultHasher::new();
    (env!("CARGO_PKG_VERSION"), body).hash(&mut hasher);
    hasher.finish().cast_signed()
}
