//! `POST /api/agent/register`.

use neon_shared::api::RegisterData;
use salvo::oapi::endpoint;
use salvo::{Depot, Request};

use super::{Accepted, schemas};
use crate::domain::intake;
use crate::http::auth::check_agent_secret;
use crate::http::body;
use crate::http::error::ApiError;
use crate::http::state::{State, now, peer_address};
use crate::model::Registration;

/// Registers a server, or registers it again.
///
/// The same `serverName` always gets the same `serverId`; its facts are updated.
#[endpoint(
    tags("agent"),
    security(["agentSecret" = []]),
    request_body(content = schemas::RegisterRequest, content_type = "application/json"),
    responses(
        (status_code = 200, description = "Registered", body = schemas::RegisterAnswer),
        (status_code = 400, description = "Not understood", body = schemas::Refusal),
        (status_code = 401, description = "`Invalid or missing agent secret`", body = schemas::Refusal),
        (status_code = 413, description = "Larger than 1 MiB", body = schemas::Refusal),
        (status_code = 503, description = "Try again later", body = schemas::Refusal),
    )
)]
pub async fn agent_register(
    request: &mut Request,
    depot: &mut Depot,
) -> Result<Accepted<RegisterData<String>>, ApiError> {
    let state = State::of(depot)?;
    check_agent_secret(request, state.agent_secrets.as_ref())?;
    let body = body::read(request, &state.room).await?;
    let registered = intake::registration(&body).map_err(ApiError::BadRequest)?;
    let registration = Registration {
        server_name: registered.server_name,
        info: registered.info,
        agent_version: registered.agent_version,
        ip_address: peer_address(request),
    };
    let server_id = state.store.server_register(&registration, now()).await?;
    let token = state.tokens.issue(server_id, &registration.server_name, now())?;
    tracing::info!(server_id, server_name = registration.server_name, "server registered");
    Ok(Accepted(Some(RegisterData { server_id, token })))
}
