//! `GET /healthz`: whether this master can do its work.

use salvo::Depot;
use salvo::oapi::{ToSchema, endpoint};
use salvo::writing::Json;
use serde::Serialize;

use super::error::{ApiError, ErrorBody};
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
