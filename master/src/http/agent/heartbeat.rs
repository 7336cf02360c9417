//! `POST /api/agent/heartbeat`.

use neon_shared::api::HeartbeatData;
use salvo::oapi::endpoint;
use salvo::{Depot, Request};

use super::{Accepted, schemas};
use crate::domain::intake;
use crate::http::body;
use crate::http::error::ApiError;
use crate::http::state::{State, now, reporter};

/// Says that the agent is there.
///
/// The answer has the master's clock, and in how many seconds the token ends; before it does, the agent registers again.
#[endpoint(
    tags("agent"),
    security(["agentToken" = []]),
    request_body(content = schemas::HeartbeatRequest, content_type = "application/json"),
    responses(
        (status_code = 200, description = "Heard", body = schemas::HeartbeatAnswer),
        (status_code = 400, description = "Not understood", body = schemas::Refusal),
        (status_code = 401, description = "Register again", body = schemas::Refusal),
        (status_code = 413, description = "Larger than 1 MiB", body = schemas::Refusal),
        (status_code = 503, description = "Try again later", body = schemas::Refusal),
    )
)]
pub async fn agent_heartbeat(request: &mut Request, depot: &mut Depot) -> Result<Accepted<HeartbeatData>, ApiError> {
    let state = State::of(depot)?;
    let (reporter, token_ends_unix_s) = reporter(request, &state)?;
    let body = body::read(request, &state.room).await?;
    let agent_version = intake::heartbeat(&body).map_err(ApiError::BadRequest)?;
    let server_time = now();
    state.store.server_heartbeat(&reporter, agent_version.as_deref(), server_time).await?;
    let token_expires_in = (token_ends_unix_s - server_time.unix_ms() / 1000).max(0);
    Ok(Accepted(Some(HeartbeatData { server_time, token_expires_in })))
}
