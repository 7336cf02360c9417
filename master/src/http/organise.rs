//! What operators do with servers: `PATCH` and `DELETE /api/servers/{id}`, `POST /api/servers/{id}/merge`; and the groups
//! and tags that come of it, `GET /api/groups` and `GET /api/tags`.

use salvo::http::StatusCode;
use salvo::oapi::{ToSchema, endpoint};
use salvo::{Depot, Request, Response};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::body;
use super::error::{ApiError, ErrorBody};
use super::gate::Caller;
use super::servers::{self, NOT_FOUND, path_id};
use super::state::{State, now};
use super::tagged::Tagged;
use crate::domain::{listing, organise};
use crate::model::{ServerCount, ServerDetail};
use crate::store::Merge;

/// What is to change of what operators say about a server; what is absent stays, and null takes away.
///
/// Read by [`organise::change`], which names the field that it does not understand.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(dead_code)]
struct ServerPatch {
    /// What people call it: 1 to 128 characters, none of them a control character. Its agent's name stays what it is.
    #[salvo(schema(min_length = 1, max_length = 128))]
    display_name: Option<String>,
    /// The one group it is in: 1 to 64 characters, none of them a control character.
    #[salvo(schema(min_length = 1, max_length = 64))]
    group: Option<String>,
    /// All its tags, at most 20: each of 1 to 40 characters, none of them a space, a comma, a quote or a backslash.
    #[salvo(schema(max_items = 20))]
    tags: Option<Vec<String>>,
    /// Anything else, as plain text of at most 10,000 characters, which may have line breaks.
    #[salvo(schema(max_length = 10000))]
    notes: Option<String>,
    /// Begins maintenance, or changes it; null ends it.
    maintenance: Option<MaintenancePatch>,
}

/// Work on a server: it has the status `maintenance`, whether it reports or not.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(dead_code)]
struct MaintenancePatch {
    /// When it ends by itself, in the future; until somebody ends it where it is null, or absent from the beginning.
    #[salvo(schema(value_type = Option<String>, format = DateTime))]
    until: Option<String>,
    /// What is done: 1 to 200 characters, none of them a control character.
    #[salvo(schema(min_length = 1, max_length = 200))]
    reason: Option<String>,
}

/// Changes what operators say about a server.
///
/// Its display name, group, tags, notes and maintenance: what is absent from the body stays as it is, and null takes it
/// away (RFC 7396). What its agent says of it cannot be changed here.
#[endpoint(
    tags("organising"),
    parameters(("id" = i64, Path, description = "Number of the server")),
    request_body(content = ServerPatch, content_type = "application/json"),
    responses(
        (status_code = 200, description = "The server as it is now", body = ServerDetail),
        (status_code = 400, description = "`Invalid server ID`, or a field is not understood; its name comes first", body = ErrorBody),
        (status_code = 404, description = "`Server not found`", body = ErrorBody),
    )
)]
pub async fn server_change(request: &mut Request, depot: &mut Depot) -> Result<Tagged, ApiError> {
    let id = path_id(request)?;
    let state = State::of(depot)?;
    let body = body::read(request, &state.room).await?;
    let now = now();
    let change = organise::change(&body, now).map_err(ApiError::BadRequest)?;
    let actor = Caller::of(depot)?.actor(request);
    if !state.store.server_change(id, &change, &actor, now).await? {
        return Err(NOT_FOUND);
    }
    servers::detail(&state, id).await
}

/// Deletes a server with all its data.
///
/// It is gone from every list at once, and the API tokens for it alone are revoked; its samples and what was made of them are
/// deleted in the background. An agent that still reports for it is not known any more, and registers as a new server.
#[endpoint(
    tags("organising"),
    parameters(("id" = i64, Path, description = "Number of the server")),
    responses(
        (status_code = 204, description = "There is no such server any more"),
        (status_code = 400, description = "`Invalid server ID`", body = ErrorBody),
        (status_code = 404, description = "`Server not found`", body = ErrorBody),
    )
)]
pub async fn server_delete(request: &mut Request, depot: &mut Depot, response: &mut Response) -> Result<(), ApiError> {
    let id = path_id(request)?;
    let actor = Caller::of(depot)?.actor(request);
    if !State::of(depot)?.store.server_delete(id, &actor, now()).await? {
        return Err(NOT_FOUND);
    }
    response.status_code(StatusCode::NO_CONTENT);
    Ok(())
}

/// Which server's history is handed on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct MergeRequest {
    /// Number of the server that is gone after this.
    #[salvo(schema(minimum = 0))]
    from: i64,
}

/// Merges another server into this one, as after a host was installed anew under another name.
///
/// The history of the other goes to this one: samples, hours and days, and what happened; of two of one time this one's stays. So
/// do its display name, group, tags and notes where this one has none. The other server has to be offline, and is gone from every
/// list at once; its history arrives in the background, oldest first. The API tokens for it alone are revoked.
#[endpoint(
    tags("organising"),
    parameters(("id" = i64, Path, description = "Number of the server that goes on")),
    request_body(content = MergeRequest, content_type = "application/json"),
    responses(
        (status_code = 202, description = "The other server is gone, and its history on its way"),
        (status_code = 400, description = "`Invalid server ID`, or `from` is not the number of another server", body = ErrorBody),
        (status_code = 404, description = "`Server not found`, or `There is no server of the number in from`", body = ErrorBody),
        (status_code = 409, description = "The other server is not offline", body = ErrorBody),
    )
)]
pub async fn server_merge(request: &mut Request, depot: &mut Depot, response: &mut Response) -> Result<(), ApiError> {
    let id = path_id(request)?;
    let (state, caller) = (State::of(depot)?, Caller::of(depot)?);
    let body = body::read(request, &state.room).await?;
    let from = serde_json::from_slice::<Map<String, Value>>(&body)
        .ok()
        .filter(|fields| fields.len() == 1)
        .and_then(|fields| fields.get("from")?.as_i64())
        .ok_or_else(|| ApiError::BadRequest("from: must be the number of another server".to_owned()))?;
    if from == id {
        return Err(ApiError::BadRequest("from: is the same server".to_owned()));
    }
    caller.must_be_for(from)?;
    match state.store.server_merge(id, from, &caller.actor(request), now()).await? {
        Merge::Begun => {
            response.status_code(StatusCode::ACCEPTED);
            Ok(())
        }
        Merge::NoServer => Err(NOT_FOUND),
        Merge::NoOther => Err(ApiError::NotFound("There is no server of the number in from")),
        Merge::Alive => Err(ApiError::Conflict("from: is not offline; only a server that is can be merged")),
    }
}

/// The groups that servers are in, by name.
///
/// Each with how many servers it has, by their status. A group is there as long as a server is in it.
#[endpoint(
    tags("organising"),
    responses(
        (
            status_code = 200,
            description = "The groups",
            body = Vec<ServerCount>,
            headers(("ETag" = String, description = "Of this answer, for `If-None-Match`"))
        ),
        (status_code = 304, description = "As `If-None-Match` says"),
    )
)]
pub async fn group_list(depot: &mut Depot) -> Result<Tagged, ApiError> {
    Tagged::new(&listing::groups(&State::of(depot)?.store.server_list().await?))
}

/// The tags that servers have, by name.
///
/// Each with how many servers have it, by their status. A tag is there as long as a server has it.
#[endpoint(
    tags("organising"),
    responses(
        (
            status_code = 200,
            description = "The tags",
            body = Vec<ServerCount>,
            headers(("ETag" = String, description = "Of this answer, for `If-None-Match`"))
        ),
        (status_code = 304, description = "As `If-None-Match` says"),
    )
)]
pub async fn tag_list(depot: &mut Depot) -> Result<Tagged, ApiError> {
    Tagged::new(&listing::tags(&State::of(depot)?.store.server_list().await?))
}
