//! `GET /api/activities`.

use salvo::oapi::endpoint;
use salvo::writing::Json;
use salvo::{Depot, Request};

use super::error::{ApiError, ErrorBody};
use super::state::State;
use crate::model::Activity;

/// Events returned where the request does not say how many.
const LIMIT_DEFAULT: i64 = 50;
/// Most events one request returns.
const LIMIT_MAX: i64 = 500;

/// What happened lately, newest first.
///
/// Servers that came and went, and containers that were started, stopped or changed their health.
#[endpoint(
    tags("reading"),
    parameters(("limit" = Option<i64>, Query, description = "How many, 1 to 500; 50 where it is absent")),
    responses(
        (status_code = 200, description = "Events, newest first", body = Vec<Activity>),
        (status_code = 400, description = "`limit` is out of range", body = ErrorBody),
    )
)]
pub async fn activity_list(request: &mut Request, depot: &mut Depot) -> Result<Json<Vec<Activity>>, ApiError> {
    let limit = match request.queries().get("limit") {
        None => LIMIT_DEFAULT,
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=LIMIT_MAX).contains(limit))
            .ok_or_else(|| ApiError::BadRequest(format!("limit: must be between 1 and {LIMIT_MAX}")))?,
    };
    Ok(Json(State::of(depot)?.store.activity_list(limit).await?))
}
