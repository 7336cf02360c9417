//! `GET /metrics`: how this master fares, for Prometheus; with `?servers=1` also each server's newest readings.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::stream;
use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage};
use nix::sys::time::TimeValLike;
use salvo::http::StatusCode;
use salvo::http::header::{CONTENT_TYPE, HeaderValue};
use salvo::oapi::endpoint;
use salvo::{Depot, Request, Response};
use tokio::sync::Mutex;

use super::error::{ApiError, ErrorBody};
use super::exposition::{Exposition, Form, Kind, label};
use super::node::{NUMBERS_MAX, Node};
use super::routes;
use super::state::{State, now};
use crate::model::ServerStatus;
use crate::observe::{Counter, DURATIONS_US, Histogram};
use crate::store::StoreError;

/// Statuses that are told apart; another one is counted as `other`.
const STATUSES: [u16; 17] = [200, 201, 202, 204, 302, 304, 400, 401, 403, 404, 405, 408, 409, 413, 429, 500, 503];
const REASONS: [&str; 4] = ["invalid", "busy", "disk_low", "unavailable"];

/// What is counted with each request.
#[derive(Debug)]
pub struct Counters {
    /// In the order of [`routes`].
    routes: Vec<RouteCounters>,
    samples_stored: Counter,
    samples_refused: [Counter; REASONS.len()],
    started_unix_s: f64,
    /// Held by the one answer with all servers that is written at a time.
    servers: Arc<Mutex<()>>,
}

#[derive(Debug)]
struct RouteCounters {
    method: String,
    path: &'static str,
    statuses: [Counter; STATUSES.len() + 1],
    duration_us: Histogram,
}

impl Default for Counters {
    fn default() -> Self {
        let of_route = |route: super::Route| RouteCounters {
            method: route.method.to_string(),
            path: route.path,
            statuses: Default::default(),
            duration_us: Histogram::new(DURATIONS_US),
        };
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            routes: routes().into_iter().map(of_route).collect(),
            samples_stored: Counter::default(),
            samples_refused: Default::default(),
            started_unix_s: since_epoch.as_millis() as f64 / 1000.0,
            servers: Arc::default(),
        }
    }
}

impl Counters {
    /// Counts a request of the route with this number in [`routes`].
    pub fn request(&self, route: usize, status: StatusCode, duration: Duration) {
        let Some(route) = self.routes.get(route) else { return };
        let status = STATUSES.iter().position(|known| *known == status.as_u16()).unwrap_or(STATUSES.len());
        if let Some(count) = route.statuses.get(status) {
            count.increment();
        }
        route.duration_us.see_duration(duration);
    }

    /// Counts a report of samples: how many were good, how many were not, and whether the good ones are stored.
    pub fn samples(&self, accepted: usize, refused: usize, outcome: &Result<(), StoreError>) {
        let [invalid, busy, disk_low, unavailable] = &self.samples_refused;
        invalid.add(refused as u64);
        let counter = match outcome {
            Ok(()) => &self.samples_stored,
            Err(StoreError::Busy) => busy,
            Err(StoreError::DiskLow) => disk_low,
            Err(_) => unavailable,
        };
        counter.add(accepted as u64);
    }
}

/// How this master fares, for Prometheus.
///
/// Text in format 0.0.4, or OpenMetrics 1.0 where `Accept` names it. With `servers=1` each server's newest readings follow,
/// under the names of node_exporter where they mean the same, each with the server's name as `instance`; a server that is
/// silent has none. 500,000 of these numbers at most; how many servers had no room is among them.
#[endpoint(
    tags("operation"),
    parameters(("servers" = Option<String>, Query, description = "`1` for the servers' readings too, else `0`")),
    responses(
        (status_code = 200, description = "The numbers", body = String, content_type = ["text/plain", "application/openmetrics-text"]),
        (status_code = 400, description = "`servers` is neither 0 nor 1", body = ErrorBody),
    )
)]
pub async fn metrics(request: &mut Request, depot: &mut Depot, response: &mut Response) -> Result<(), ApiError> {
    let state = State::of(depot)?;
    let form = Form::of(request);
    let with_servers = match request.queries().get("servers").map(String::as_str) {
        None | Some("0") => false,
        Some("1") => true,
        Some(_) => return Err(ApiError::BadRequest("servers: must be 0 or 1".to_owned())),
    };
    let servers = state.store.server_list().await?;
    let count = |status| servers.iter().filter(|server| server.status == status).count();
    let mut text = Exposition::new(form);
    text.family("neon_servers", Kind::Gauge, "Servers, by whether they are heard.");
    for status in [ServerStatus::Online, ServerStatus::Offline, ServerStatus::Maintenance] {
        text.number("neon_servers", &label("status", status.as_str()), count(status) as f64);
    }
    master(&mut text, &state).await?;
    process(&mut text, &state.counters);
    let content_type = HeaderValue::from_static(form.content_type());
    if !with_servers {
        text.text.push_str(form.end());
        response.headers_mut().insert(CONTENT_TYPE, content_type);
        response.body(text.text);
        return Ok(());
    }
    let turn = Arc::clone(&state.counters.servers).lock_owned().await;
    let mut node = Node::new(NUMBERS_MAX);
    let silent_before = state.silent_before(now());
    for server in &servers {
        // Maintenance says nothing about whether it is heard.
        let is_heard = server.last_seen_at >= silent_before && server.last_metrics_at.is_some();
        let newest = if is_heard { state.store.metrics_latest(server.id).await? } else { None };
        node.add(server, newest.as_ref());
    }
    drop(servers);
    // The turn ends with the last of the text, or with the client.
    let chunks = std::iter::once(text.text).chain(node.chunks(form)).chain([form.end().to_owned()]).map(move |chunk| {
        let _held = &turn;
        Ok::<_, std::io::Error>(chunk)
    });
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response.stream(stream::iter(chunks));
    Ok(())
}

/// What the master did and has.
async fn master(text: &mut Exposition, state: &State) -> Result<(), ApiError> {
    let State { store, counters, .. } = state;
    let version = label("version", env!("CARGO_PKG_VERSION"));
    let storage = store.storage().await?;
    let engine = label("engine", storage.engine);
    text.family("neon_build_info", Kind::Gauge, "The version of this master and what it stores in; always 1.");
    text.number("neon_build_info", &format!("{version},{engine}"), 1.0);

    let requests = "neon_http_requests_total";
    text.family(requests, Kind::Counter, "Requests that were answered, by route and status.");
    for route in &counters.routes {
        let labels = format!("{},{}", label("method", &route.method), label("route", route.path));
        let names = STATUSES.iter().map(u16::to_string).chain(["other".to_owned()]);
        for (status, count) in names.zip(&route.statuses).filter(|(_, count)| count.value() > 0) {
            text.number(requests, &format!("{labels},{}", label("status", &status)), count.value() as f64);
        }
    }
    let durations = "neon_http_request_duration_seconds";
    text.family(durations, Kind::Histogram, "Time until the head of the answer.");
    for route in &counters.routes {
        let labels = format!("{},{}", label("method", &route.method), label("route", route.path));
        text.durations(durations, &labels, &route.duration_us);
    }

    text.single(
        "neon_samples_stored_total",
        Kind::Counter,
        "Samples that are on disk, those sent again included.",
        counters.samples_stored.value() as f64,
    );
    let refused = "neon_samples_refused_total";
    text.family(
        refused,
        Kind::Counter,
        "Samples that were not stored: for what they hold (invalid), or to be sent again.",
    );
    for (reason, count) in REASONS.iter().zip(&counters.samples_refused) {
        text.number(refused, &label("reason", reason), count.value() as f64);
    }
    let queued = store.queued_samples() as f64;
    text.single("neon_ingest_queued_samples", Kind::Gauge, "Samples that wait to be written.", queued);
    let writes = store.writes();
    text.family("neon_ingest_batch_samples", Kind::Histogram, "Samples of one write.");
    text.histogram("neon_ingest_batch_samples", "", &writes.batch_samples, 1.0);
    text.family("neon_store_write_duration_seconds", Kind::Histogram, "Time that one write took.");
    text.durations("neon_store_write_duration_seconds", "", &writes.duration_us);
    let failed = writes.failed.value() as f64;
    text.single(
        "neon_store_write_failures_total",
        Kind::Counter,
        "Writes that failed; a retry is another one.",
        failed,
    );

    let bytes = storage.database_bytes as f64;
    text.single("neon_database_size_bytes", Kind::Gauge, "Size of the database, as far as it is known.", bytes);
    if let Some(disk) = storage.disk {
        text.single("neon_disk_free_bytes", Kind::Gauge, "Free on the disk of the database.", disk.free_bytes as f64);
        text.single("neon_disk_size_bytes", Kind::Gauge, "Size of that disk.", disk.total_bytes as f64);
        text.single("neon_disk_reserve_bytes", Kind::Gauge, "Kept free on that disk.", disk.reserve_bytes as f64);
    }
    let low = f64::from(u8::from(store.disk_is_low()));
    text.single("neon_disk_low", Kind::Gauge, "Whether samples are turned away because the disk is nearly full.", low);
    let leads = f64::from(u8::from(store.is_leading()));
    text.single(
        "neon_leader",
        Kind::Gauge,
        "Whether this master does what one alone of those on its database does.",
        leads,
    );
    Ok(())
}

/// The process, under the names that every client library gives these; what cannot be read is left out.
fn process(text: &mut Exposition, counters: &Counters) {
    if let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) {
        let microseconds = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
        let help = "Total user and system CPU time spent in seconds.";
        text.single("process_cpu_seconds_total", Kind::Counter, help, microseconds as f64 / 1_000_000.0);
    }
    // proc_pid_status(5): kB, which are KiB.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let bytes = |field: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(field))?;
        line.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kib| (kib * 1024) as f64)
    };
    for (name, field, help) in [
        ("process_resident_memory_bytes", "VmRSS:", "Resident memory size in bytes."),
        ("process_virtual_memory_bytes", "VmSize:", "Virtual memory size in bytes."),
    ] {
        if let Some(value) = bytes(field) {
            text.single(name, Kind::Gauge, help, value);
        }
    }
    if let Ok(files) = std::fs::read_dir("/proc/self/fd") {
        // One of them reads the list.
        let open = files.count().saturating_sub(1) as f64;
        text.single("process_open_fds", Kind::Gauge, "Number of open file descriptors.", open);
    }
    if let Ok((soft, _)) = getrlimit(Resource::RLIMIT_NOFILE) {
        text.single("process_max_fds", Kind::Gauge, "Maximum number of open file descriptors.", soft as f64);
    }
    let help = "Start time of the process since unix epoch in seconds.";
    text.single("process_start_time_seconds", Kind::Gauge, help, counters.started_unix_s);
}
