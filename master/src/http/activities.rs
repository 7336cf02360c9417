//! `GET /api/activities`.

use salvo::oapi::endpoint;
use salvo::writing::Json;
use salvo::{Depot, Request};

use super::error::{ApiError, ErrorBody};
use super::servers::parse_id;
use super::state::State;
use crate::model::{Activity, ActivityFilter, ActivityKind};

/// Events returned where the request does not say how many.
const LIMIT_DEFAULT: i64 = 50;
/// Most events one request returns.
const LIMIT_MAX: i64 = 500;

/// What happened lately, newest first.
///
/// Servers that came and went, and containers that were started, stopped or changed their health. To read on, send the
/// `id` of the last one as `before`.
#[endpoint(
    tags("reading"),
    parameters(
        ("limit" = Option<i64>, Query, description = "How many, 1 to 500; 50 where it is absent"),
        ("serverId" = Option<i64>, Query, description = "Only those of this server"),
        ("type" = Option<ActivityKind>, Query, description = "Only those of this type"),
        ("before" = Option<String>, Query, description = "The `id` of an event: only those that follow it, to read on"),
    ),
    responses(
        (status_code = 200, description = "Events, newest first", body = Vec<Activity>),
        (
            status_code = 400,
            description = "`limit` is out of range, `serverId` no number, `type` none of the types, or `before` no event \
                that is there",
            body = ErrorBody
        ),
    )
)]
pub async fn activity_list(request: &mut Request, depot: &mut Depot) -> Result<Json<Vec<Activity>>, ApiError> {
    let value = |name: &str| request.queries().get(name).map(String::as_str);
    let limit = match value("limit") {
        None => LIMIT_DEFAULT,
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=LIMIT_MAX).contains(limit))
            .ok_or_else(|| bad("limit", format_args!("must be between 1 and {LIMIT_MAX}")))?,
    };
    let filter = ActivityFilter {
        server_id: value("serverId")
            .map(|text| parse_id(text).ok_or_else(|| bad("serverId", "must be the number of a server")))
            .transpose()?,
        kind: value("type")
            .map(|text| ActivityKind::parse(text).ok_or_else(|| bad("type", "is none of the types of events")))
            .transpose()?,
        before: value("before")
            .map(|text| parse_event(text).ok_or_else(|| bad("before", "must be the id of an event, as 7-12")))
            .transpose()?,
    };
    let events = State::of(depot)?.store.activity_list_some(&filter, limit).await?;
    events.map(Json).ok_or_else(|| bad("before", "there is no such event, or it is not kept any more"))
}

fn bad(parameter: &str, what: impl std::fmt::Display) -> ApiError {
    ApiError::BadRequest(format!("{parameter}: {what}"))
}

/// The server of an event and its number there.
fn parse_event(id: &str) -> Option<(i64, i64)> {
    let (server_id, sequence) = id.split_once('-')?;
    Some((parse_id(server_id)?, parse_id(sequence)?))
}
