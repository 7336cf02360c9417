//! `GET /api/servers`, one server, and its history.

use salvo::oapi::{Components, EndpointOutRegister, Operation, endpoint};
use salvo::writing::Json;
use salvo::{Depot, Request, Response, Writer};

use super::agent::schemas;
use super::error::{ApiError, ErrorBody};
use super::state::{State, now};
use crate::domain::{history, services};
use crate::model::{History, HistoryRange, Sample, ServerDetail, ServerSummary};

/// All servers, by name.
#[endpoint(
    tags("reading"),
    responses((status_code = 200, description = "All servers, by name", body = Vec<ServerSummary>))
)]
pub async fn server_list(depot: &mut Depot) -> Result<Json<Vec<ServerSummary>>, ApiError> {
    Ok(Json(State::of(depot)?.store.server_list().await?))
}

/// One server with its containers and services.
#[endpoint(
    tags("reading"),
    parameters(("id" = i64, Path, description = "Number of the server")),
    responses(
        (status_code = 200, description = "The server", body = ServerDetail),
        (status_code = 400, description = "`Invalid server ID`", body = ErrorBody),
        (status_code = 404, description = "`Server not found`", body = ErrorBody),
    )
)]
pub async fn server_detail(request: &mut Request, depot: &mut Depot) -> Result<Json<ServerDetail>, ApiError> {
    let id = path_id(request)?;
    let mut server = State::of(depot)?.store.server_find(id).await?.ok_or(NOT_FOUND)?;
    server.services = services::group(&server.containers);
    Ok(Json(server))
}

/// A server's newest sample, with everything its agent read.
///
/// What the host does not have, or could not be read, is absent. `readings` is absent from first-generation agents.
#[endpoint(
    tags("reading"),
    parameters(("id" = i64, Path, description = "Number of the server")),
    responses(
        (status_code = 200, description = "The newest sample", body = schemas::ServerMetrics),
        (status_code = 400, description = "`Invalid server ID`", body = ErrorBody),
        (status_code = 404, description = "`Server not found`, or `No metrics yet`", body = ErrorBody),
    )
)]
pub async fn server_latest(request: &mut Request, depot: &mut Depot) -> Result<NewestSample, ApiError> {
    let id = path_id(request)?;
    let store = &State::of(depot)?.store;
    if let Some(sample) = store.metrics_latest(id).await? {
        return Ok(NewestSample(sample));
    }
    store.server_name(id).await?.ok_or(NOT_FOUND)?;
    Err(ApiError::NotFound("No metrics yet"))
}

/// A server's CPU, memory and disk over time.
///
/// `1h`, `6h` and `24h` give the samples as they were stored, `7d` and `30d` the mean of each hour. Oldest first.
#[endpoint(
    tags("reading"),
    parameters(
        ("id" = i64, Path, description = "Number of the server"),
        ("range" = Option<HistoryRange>, Query, description = "How far back; `7d` where it is absent"),
    ),
    responses(
        (status_code = 200, description = "The history", body = History),
        (status_code = 400, description = "`Invalid server ID` or `Invalid time range`", body = ErrorBody),
        (status_code = 404, description = "`Server not found`", body = ErrorBody),
    )
)]
pub async fn server_history(request: &mut Request, depot: &mut Depot) -> Result<Json<History>, ApiError> {
    let id = path_id(request)?;
    let range = match request.queries().get("range") {
        None => HistoryRange::Days7,
        Some(text) => HistoryRange::parse(text).ok_or_else(|| ApiError::BadRequest("Invalid time range".to_owned()))?,
    };
    let store = &State::of(depot)?.store;
    let server_name = store.server_name(id).await?.ok_or(NOT_FOUND)?;
    let interval = history::interval(range);
    let data_points = store.metrics_history(id, interval, history::since(range, now())).await?;
    Ok(Json(History {
        server_id: id,
        server_name,
        time_range: range,
        interval,
        data_points: data_points.into_iter().map(history::rounded).collect(),
    }))
}

/// A sample as an answer; its type is `neon_shared`'s, which knows nothing of OpenAPI.
#[derive(Debug)]
pub struct NewestSample(Sample);

#[salvo::async_trait]
impl Writer for NewestSample {
    async fn write(self, _request: &mut Request, _depot: &mut Depot, response: &mut Response) {
        response.render(Json(self.0));
    }
}

impl EndpointOutRegister for NewestSample {
    fn register(_components: &mut Components, _operation: &mut Operation) {
        // The endpoint names its schema.
    }
}

const NOT_FOUND: ApiError = ApiError::NotFound("Server not found");

fn path_id(request: &Request) -> Result<i64, ApiError> {
    let text = request.params().get("id").map(String::as_str).unwrap_or_default();
    parse_id(text).ok_or_else(|| ApiError::BadRequest("Invalid server ID".to_owned()))
}

/// A server's number in a path or query: digits alone, within 64 bits.
pub(super) fn parse_id(text: &str) -> Option<i64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}
