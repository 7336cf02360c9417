//! `POST /api/agent/register`.

use neon_shared::api::{RegisterData, error as sentence};
use salvo::oapi::endpoint;
use salvo::{Depot, Request};

use super::{Accepted, schemas};
use crate::domain::admission::Denial;
use crate::domain::intake;
use crate::domain::password::sha256;
use crate::http::auth::{Shown, shown};
use crate::http::body;
use crate::http::error::ApiError;
use crate::http::state::{State, now, peer_address};
use crate::model::{Claim, Proof, Registration};

/// Registers a server, or registers it again.
///
/// The same `serverName` always gets the same `serverId`; its facts are updated. With an enrolment code the server has the
/// `credential` from then on, and registers with that. Without `serverInfo` nothing is registered, and the answer is the
/// refusal that there would be: 400 where it is for that alone.
#[endpoint(
    tags("agent"),
    security(["agentSecret" = []]),
    request_body(content = schemas::RegisterRequest, content_type = "application/json"),
    responses(
        (status_code = 200, description = "Registered", body = schemas::RegisterAnswer),
        (status_code = 400, description = "Not understood", body = schemas::Refusal),
        (
            status_code = 401,
            description = "The secret, credential or code is not good for this server",
            body = schemas::Refusal
        ),
        (status_code = 409, description = "Another host has the name", body = schemas::Refusal),
        (status_code = 413, description = "Larger than 1 MiB", body = schemas::Refusal),
        (status_code = 503, description = "Try again later", body = schemas::Refusal),
    )
)]
pub async fn agent_register(
    request: &mut Request,
    depot: &mut Depot,
) -> Result<Accepted<RegisterData<String>>, ApiError> {
    let state = State::of(depot)?;
    let mut proof = match shown(request, state.agent_secrets.as_ref()).ok_or(UNKNOWN)? {
        Shown::Fleet => Proof::Fleet,
        Shown::Credential(credential) => Proof::Credential(sha256(credential)),
        Shown::Code(code) => Proof::Code { hash: sha256(code), credential: None },
    };
    if !state.store.proof_is_known(&proof).await? {
        return Err(ApiError::Denied(match proof {
            Proof::Code { .. } => Denial::UnknownCode,
            _ => Denial::BadCredential,
        }));
    }
    let body = body::read(request, &state.room).await?;
    let mut claim = |who: &intake::Registrant| {
        if let Proof::Code { credential, .. } = &mut proof {
            *credential = who.credential.as_ref().map(|credential| sha256(credential.reveal()));
        }
        let silent_before = state.silent_before(now());
        Claim { proof: proof.clone(), host: who.host_fingerprint.clone(), silent_before }
    };
    let registered = match intake::registration(&body) {
        Ok(registered) => registered,
        Err(reason) => {
            // Whoever only asks what would become of it leaves out the facts.
            if let Some(who) = intake::registrant(&body).filter(|_| reason == sentence::MISSING_REGISTER_FIELDS) {
                let claim = claim(&who);
                state.store.claim_judge(&who.server_name, &claim, now()).await?.map_err(ApiError::Denied)?;
            }
            return Err(ApiError::BadRequest(reason));
        }
    };
    let registration = Registration {
        claim: claim(&registered.who),
        server_name: registered.who.server_name,
        info: registered.info,
        agent_version: registered.agent_version,
        ip_address: peer_address(request),
    };
    let server_name = registration.server_name.as_str();
    let registered = state.store.server_register(&registration, now()).await?.map_err(|denial| {
        tracing::warn!(server_name, ip_address = registration.ip_address, reason = %denial, "registration refused");
        ApiError::Denied(denial)
    })?;
    let token = state.tokens.issue(&registered, server_name, now())?;
    let server_id = registered.server_id;
    tracing::info!(server_id, server_name, "server registered");
    Ok(Accepted(Some(RegisterData { server_id, token })))
}

const UNKNOWN: ApiError = ApiError::Unauthorized(sentence::BAD_SECRET);
