//! `GET /api/containers`.

use salvo::oapi::endpoint;
use salvo::writing::Json;
use salvo::{Depot, Request};

use super::error::{ApiError, ErrorBody};
use super::servers::parse_id;
use super::state::State;
use crate::model::Container;

/// The stored containers of one server, by name.
///
/// A server that is not known has none.
#[endpoint(
    tags("reading"),
    parameters(("serverId" = i64, Query, description = "Number of the server")),
    responses(
        (status_code = 200, description = "Its containers, by name", body = Vec<Container>),
        (status_code = 400, description = "`serverId` is missing or no number", body = ErrorBody),
    )
)]
pub async fn container_list(request: &mut Request, depot: &mut Depot) -> Result<Json<Vec<Container>>, ApiError> {
    let server_id = request
        .queries()
        .get("serverId")
        .and_then(|text| parse_id(text))
        .ok_or_else(|| ApiError::BadRequest("Missing or invalid serverId".to_owned()))?;
    Ok(Json(State::of(depot)?.store.container_list(server_id).await?))
}
