//! `GET /api/storage`.

use salvo::Depot;
use salvo::oapi::endpoint;
use salvo::writing::Json;

use super::error::{ApiError, ErrorBody};
use super::state::{State, now};
use crate::model::Storage;

/// What the database takes, how fast it grows, what it comes to, and what room there is.
///
/// Sizes are in bytes. Measured every ten seconds at most; growth from the start of this master on, a day back at most.
#[endpoint(
    tags("operation"),
    responses(
        (status_code = 200, description = "What the database takes and has", body = Storage),
        (status_code = 503, description = "The store does not answer", body = ErrorBody),
    )
)]
pub async fn storage(depot: &mut Depot) -> Result<Json<Storage>, ApiError> {
    let state = State::of(depot)?;
    Ok(Json(state.store.storage_foretold(&state.retention, now()).await?))
}
