//! `GET /healthz`: whether this master answers. `GET /readyz`: whether it takes samples.

use salvo::http::StatusCode;
use salvo::http::header::{HeaderValue, RETRY_AFTER};
use salvo::oapi::{ToSchema, endpoint};
use salvo::writing::Json;
use salvo::{Depot, Response};
use serde::Serialize;

use super::error::{ApiError, ErrorBody, RETRY_AFTER_S};
use super::state::State;

/// Body of a healthy answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// Always `ok`.
    pub status: &'static str,
    /// Version of the master.
    pub version: &'static str,
}

/// Whether the master can do its work.
///
/// 200 when the store answers, 503 when it does not.
#[endpoint(
    tags("operation"),
    responses(
        (status_code = 200, description = "The store answers", body = Health),
        (status_code = 503, description = "The store does not answer", body = ErrorBody),
    )
)]
pub async fn healthz(depot: &mut Depot) -> Result<Json<Health>, ApiError> {
    State::of(depot)?.store.ping().await?;
    Ok(Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") }))
}

/// Body of `GET /readyz`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Readiness {
    /// Whether samples are taken.
    pub ready: bool,
    /// Whether the database answers.
    pub database_answers: bool,
    /// Whether the last thing that was to be written could not be, as where the database is full or read-only. Tried again
    /// each second while anybody reports.
    pub last_write_failed: bool,
    /// Whether samples and containers are turned away because the disk is nearly full. Never true on PostgreSQL, whose
    /// disk cannot be seen from here.
    pub disk_is_low: bool,
    /// Whether this master does what one alone of those on its database does, as looking for silent servers.
    pub leads: bool,
    /// Samples that wait to be written.
    pub queued_samples: usize,
    /// Why samples are not taken, in a sentence; absent where they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[salvo(schema(value_type = String, required = false))]
    pub reason: Option<String>,
}

/// Whether samples are taken.
///
/// 503 with the same body when they are not, and why. Heartbeats and reads may go on nevertheless, so this is for an alert, and
/// `/healthz` for whatever restarts the master or sends nobody to it.
#[endpoint(
    tags("operation"),
    responses(
        (status_code = 200, description = "Samples are taken", body = Readiness),
        (status_code = 503, description = "Samples are turned away", body = Readiness),
    )
)]
pub async fn readyz(depot: &mut Depot, response: &mut Response) -> Result<Json<Readiness>, ApiError> {
    let state = State::of(depot)?;
    let store = &state.store;
    let database_answers = store.ping().await.is_ok();
    let (last_write_failed, disk_is_low) = (store.last_write_failed(), store.disk_is_low());
    let reason = match store.vital().first_ended() {
        Some(task) => Some(format!("A task of this master has ended: {task}")),
        None if !database_answers => Some("The database does not answer".to_owned()),
        None if disk_is_low => Some("The disk is nearly full".to_owned()),
        None if last_write_failed => Some("The database did not take the last write; the log says why".to_owned()),
        None => None,
    };
    if reason.is_some() {
        response.status_code(StatusCode::SERVICE_UNAVAILABLE);
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S));
    }
    Ok(Json(Readiness {
        ready: reason.is_none(),
        database_answers,
        last_write_failed,
        disk_is_low,
        leads: store.is_leading(),
        queued_samples: store.queued_samples(),
        reason,
    }))
}
