//! `POST /api/agent/containers`.

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
    let body = body::read(request).await?;
    let report = intake::containers(&body).map_err(ApiError::BadRequest)?;
    let now = now();
    let changes = |previous: Option<&[_]>| activity::changes(reporter.server_id, previous, &report, now);
    state.store.containers_replace(&reporter, now, changes).await?;
    Ok(stored(&reporter, "containers", &report.list))
}
