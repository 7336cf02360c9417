//! `GET /api/servers`, one server, and its history.

use salvo::oapi::{Components, EndpointOutRegister, Operation, endpoint};
use salvo::writing::Json;
use salvo::{Depot, Request, Response, Writer};

use super::agent::schemas;
use super::error::{ApiError, ErrorBody};
use super::state::{State, now};
use super::tagged::Tagged;
use crate::domain::{history, listing, organise, services};
use crate::model::{
    History, HistoryRange, Sample, ServerDetail, ServerFilter, ServerQuery, ServerSort, ServerStatus, ServerSummary,
};

/// Most servers that `limit` asks for.
const LIMIT_MAX: usize = 1000;
/// Longest text to search for: what a name may have.
const SEARCH_MAX_BYTES: usize = neon_shared::limits::SERVER_NAME_MAX_BYTES;

/// All servers, by name; or those that are asked for.
///
/// With their newest fixed numbers: shares are in percent, 0 to 100, sizes in GiB. Who asks again and again sends the `ETag`
/// of the answer before and gets 304 where nothing has changed.
#[endpoint(
    tags("reading"),
    parameters(
        ("limit" = Option<i64>, Query, description = "How many at most, 1 to 1000; all where it is absent"),
        (
            "after" = Option<i64>,
            Query,
            description = "Number of the last server of the page before; only what comes after it, where it is now"
        ),
        ("status" = Option<ServerStatus>, Query, description = "Only servers with this status"),
        ("group" = Option<String>, Query, description = "Only servers of this group; empty for those of none"),
        ("tag" = Option<String>, Query, description = "Only servers with this tag"),
        (
            "search" = Option<String>,
            Query,
            description = "Only servers with this in their name, display name or host name, whatever the case; at most 128 bytes"
        ),
        (
            "sort" = Option<String>,
            Query,
            description = "`name`, `cpu`, `memory`, `disk`, `lastSeenAt` or `containerCount`, with `-` before it \
                largest first; equals by number, and what is absent last. By name where it is absent"
        ),
    ),
    responses(
        (
            status_code = 200,
            description = "The servers",
            body = Vec<ServerSummary>,
            headers(
                ("X-Total-Count" = i64, description = "Servers on all pages"),
                ("ETag" = String, description = "Of this answer, for `If-None-Match`"),
            )
        ),
        (status_code = 304, description = "As `If-None-Match` says"),
        (status_code = 400, description = "A parameter is not understood; its name comes first", body = ErrorBody),
    )
)]
pub async fn server_list(request: &mut Request, depot: &mut Depot) -> Result<Tagged, ApiError> {
    let query = list_query(request).map_err(ApiError::BadRequest)?;
    let servers = State::of(depot)?.store.server_list_some(&query.filter, query.after).await?;
    let (servers, total) = listing::page(servers, &query)
        .ok_or_else(|| ApiError::BadRequest("after: there is no server of this number".to_owned()))?;
    Ok(Tagged::new(&servers)?.of_total(total))
}

/// One server with its containers and services.
///
/// Shares are in percent, 0 to 100, sizes in GiB. Services are containers with the label `neon.service`.
#[endpoint(
    tags("reading"),
    parameters(("id" = i64, Path, description = "Number of the server")),
    responses(
        (
            status_code = 200,
            description = "The server",
            body = ServerDetail,
            headers(("ETag" = String, description = "Of this answer, for `If-None-Match`"))
        ),
        (status_code = 304, description = "As `If-None-Match` says"),
        (status_code = 400, description = "`Invalid server ID`", body = ErrorBody),
        (status_code = 404, description = "`Server not found`", body = ErrorBody),
    )
)]
pub async fn server_detail(request: &mut Request, depot: &mut Depot) -> Result<Tagged, ApiError> {
    let id = path_id(request)?;
    let state = State::of(depot)?;
    detail(&state, id).await
}

/// A server as every route answers it that is about one.
pub(super) async fn detail(state: &State, id: i64) -> Result<Tagged, ApiError> {
    let mut server = state.store.server_find(id).await?.ok_or(NOT_FOUND)?;
    server.services = services::group(&server.containers);
    Tagged::new(&server)
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
    // A server that was deleted may still have some.
    store.server_name(id).await?.ok_or(NOT_FOUND)?;
    store.metrics_latest(id).await?.map(NewestSample).ok_or(ApiError::NotFound("No metrics yet"))
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

pub(super) const NOT_FOUND: ApiError = ApiError::NotFound("Server not found");

/// What the parameters ask for. Unknown ones are not for us.
///
/// Errors: a sentence that begins with the name of the parameter.
fn list_query(request: &Request) -> Result<ServerQuery, String> {
    let value = |name: &str| match request.queries().get_vec(name).map(Vec::as_slice) {
        None | Some([]) => Ok(None),
        Some([text]) => Ok(Some(text.clone())),
        Some(_) => Err(format!("{name}: is given more than once")),
    };
    let search = value("search")?.unwrap_or_default();
    if search.len() > SEARCH_MAX_BYTES {
        return Err(format!("search: must be at most {SEARCH_MAX_BYTES} bytes"));
    }
    let (sort, is_descending) = value("sort")?
        .map_or(Some((ServerSort::Name, false)), |text| parse_sort(&text))
        .ok_or("sort: must be name, cpu, memory, disk, lastSeenAt or containerCount, with or without a - before it")?;
    let status =
        value("status")?.map(|text| ServerStatus::parse(&text).ok_or("status: must be online, offline or maintenance"));
    let group = value("group")?;
    group.as_deref().map_or(Ok(()), organise::group_name)?;
    let tag = value("tag")?;
    tag.as_deref().map_or(Ok(()), organise::tag).map_err(|why| format!("tag: {why}"))?;
    let after = value("after")?.map(|text| parse_id(&text).ok_or("after: must be the number of a server"));
    let limit =
        value("limit")?.map(|text| parse_limit(&text).ok_or(format!("limit: must be between 1 and {LIMIT_MAX}")));
    Ok(ServerQuery {
        status: status.transpose()?,
        filter: ServerFilter { group, tag },
        search,
        sort,
        is_descending,
        after: after.transpose()?,
        limit: limit.transpose()?,
    })
}

fn parse_sort(text: &str) -> Option<(ServerSort, bool)> {
    let (name, is_descending) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
    let sort = match name {
        "name" => ServerSort::Name,
        "cpu" => ServerSort::Cpu,
        "memory" => ServerSort::Memory,
        "disk" => ServerSort::Disk,
        "lastSeenAt" => ServerSort::LastSeenAt,
        "containerCount" => ServerSort::ContainerCount,
        _ => return None,
    };
    Some((sort, is_descending))
}

fn parse_limit(text: &str) -> Option<usize> {
    parse_id(text).and_then(|number| usize::try_from(number).ok()).filter(|limit| (1..=LIMIT_MAX).contains(limit))
}

pub(super) fn path_id(request: &Request) -> Result<i64, ApiError> {
    let text = request.params().get("id").map(String::as_str).unwrap_or_default();
    parse_id(text).ok_or_else(|| ApiError::BadRequest("Invalid server ID".to_owned()))
}

/// A server's number in a path or query: digits alone, within 64 bits.
pub(super) fn parse_id(text: &str) -> Option<i64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}
