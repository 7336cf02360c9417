//! The HTTP half: every route once, and what all of them share.
//!
//! Reads requests, asks `domain` and `store`, writes answers. The agent's half answers with the envelope, the reading
//! half with the thing itself or `{"error": …}`; the path alone decides which, also for refusals that no handler
//! wrote. May depend on everything but `main`.

mod account;
mod activities;
pub mod agent;
mod attempts;
mod auth;
mod body;
mod containers;
mod dashboard;
mod elements;
mod enrolments;
mod error;
mod events;
mod exposition;
mod forwarded;
mod gate;
mod health;
mod login;
mod metrics;
mod node;
mod oidc;
mod openapi;
mod organise;
mod pace;
mod second_factor;
mod series;
mod servers;
mod state;
mod stats;
mod storage;
mod tagged;
mod tokens;
mod trends;
mod users;

use std::sync::Arc;

use salvo::catcher::Catcher;
use salvo::http::header::{CACHE_CONTROL, ETAG, HeaderValue};
use salvo::http::{Method, Request, Response, StatusCode};
use salvo::{Depot, FlowCtrl, Handler, Router, Service, handler};

pub use attempts::network;
pub use auth::Tokens;
pub use body::Room;
pub use error::chain as error_chain;
pub use events::Feed;
pub use forwarded::Proxies;
pub use gate::{Access, Gate};
pub use metrics::Counters;
pub use openapi::document as openapi_document;
pub use pace::Pace;
pub use state::{State, now};

use crate::model::Role;
use forwarded::Forwarded;
use gate::Guard;

/// Everything this master answers besides the dashboard's files. The one list: the router is built from it, and the
/// route test holds it against the OpenAPI document and against the paths the contract names.
pub fn routes() -> Vec<Route> {
    use Access::{Agents, Anybody, Operators, Users};
    vec![
        // Routes are tried one after the other: those that are asked most come first.
        Route::post("/api/agent/heartbeat", || agent::agent_heartbeat).open_to(Agents),
        Route::post("/api/agent/metrics", || agent::agent_metrics).open_to(Agents),
        Route::post("/api/agent/containers", || agent::agent_containers).open_to(Agents),
        Route::post("/api/agent/register", || agent::agent_register).open_to(Agents),
        Route::get("/api/servers", || servers::server_list),
        Route::get("/api/servers/{id}", || servers::server_detail),
        Route::patch("/api/servers/{id}", || organise::server_change),
        Route::delete("/api/servers/{id}", || organise::server_delete),
        Route::post("/api/servers/{id}/merge", || organise::server_merge),
        Route::get("/api/servers/{id}/metrics", || series::server_series),
        Route::get("/api/servers/{id}/metrics/latest", || servers::server_latest),
        Route::get("/api/servers/{id}/metrics/history", || servers::server_history),
        Route::get("/api/groups", || organise::group_list),
        Route::get("/api/tags", || organise::tag_list),
        Route::get("/api/containers", || containers::container_list),
        Route::get("/api/stats", || stats::fleet_stats),
        Route::get("/api/trends", || trends::fleet_trends),
        Route::get("/api/storage", || storage::storage),
        Route::get("/api/activities", || activities::activity_list),
        Route::get("/api/events", || events::event_stream),
        Route::post("/api/login", || login::login).open_to(Anybody),
        Route::get("/api/login/oidc", || oidc::oidc_begin).open_to(Anybody),
        Route::get("/api/login/oidc/callback", || oidc::oidc_callback).open_to(Anybody),
        Route::post("/api/logout", || login::logout).open_to(Users(Role::Viewer)),
        Route::get("/api/session", || login::session_info).open_to(Anybody),
        Route::post("/api/account/password", || account::password_change).open_to(Users(Role::Viewer)),
        Route::get("/api/account/sessions", || account::session_list).open_to(Users(Role::Viewer)),
        Route::delete("/api/account/sessions/{id}", || account::session_end).open_to(Users(Role::Viewer)),
        Route::get("/api/account/second-factor", || second_factor::second_factor_info).open_to(Users(Role::Viewer)),
        Route::post("/api/account/second-factor", || second_factor::second_factor_begin).open_to(Users(Role::Viewer)),
        Route::post("/api/account/second-factor/confirm", || second_factor::second_factor_confirm)
            .open_to(Users(Role::Viewer)),
        Route::post("/api/account/second-factor/off", || second_factor::second_factor_off).open_to(Users(Role::Viewer)),
        Route::post("/api/account/second-factor/recovery-codes", || second_factor::recovery_codes_make)
            .open_to(Users(Role::Viewer)),
        Route::get("/api/users", || users::user_list).open_to(Users(Role::Admin)),
        Route::post("/api/users", || users::user_create).open_to(Users(Role::Admin)),
        Route::patch("/api/users/{id}", || users::user_change).open_to(Users(Role::Admin)),
        Route::delete("/api/users/{id}", || users::user_remove).open_to(Users(Role::Admin)),
        Route::delete("/api/users/{id}/second-factor", || second_factor::second_factor_reset)
            .open_to(Users(Role::Admin)),
        Route::get("/api/tokens", || tokens::token_list).open_to(Users(Role::Operator)),
        Route::post("/api/tokens", || tokens::token_create).open_to(Users(Role::Operator)),
        Route::delete("/api/tokens/{id}", || tokens::token_revoke).open_to(Users(Role::Operator)),
        Route::get("/api/enrolments", || enrolments::enrolment_list).open_to(Operators),
        Route::post("/api/enrolments", || enrolments::enrolment_create),
        Route::delete("/api/enrolments/{id}", || enrolments::enrolment_revoke),
        Route::post("/api/servers/{id}/credential/rotate", || enrolments::credential_rotate),
        Route::delete("/api/servers/{id}/credential", || enrolments::credential_revoke),
        Route::get("/api/audit", || tokens::audit_list).open_to(Users(Role::Admin)),
        Route::get("/healthz", || health::healthz).open_to(Anybody),
        Route::get("/readyz", || health::readyz).open_to(Anybody),
        Route::get("/metrics", || metrics::metrics),
        Route::get("/openapi.json", || openapi::openapi_json).open_to(Anybody),
    ]
}

/// One route: its method, its path with `{parameters}`, whom it is for, and what answers it.
#[derive(Debug)]
pub struct Route {
    /// The one method it answers; GET answers HEAD too.
    pub method: Method,
    /// Its path.
    pub path: &'static str,
    /// Whom it is for.
    pub access: Access,
    router: Router,
    /// The same for HEAD, which the OpenAPI document leaves out.
    head: Option<Router>,
}

impl Route {
    /// Reads, and is for those who may, unless it says something else.
    fn get<H: Handler>(path: &'static str, handler: fn() -> H) -> Self {
        let head = Some(Router::with_path(path).head(handler()));
        let router = Router::with_path(path).get(handler());
        Self { method: Method::GET, path, access: Access::Readers, router, head }
    }

    /// Changes something, and is for operators, unless it says something else.
    fn post<H: Handler>(path: &'static str, handler: fn() -> H) -> Self {
        let router = Router::with_path(path).post(handler());
        Self { method: Method::POST, path, access: Access::Operators, router, head: None }
    }

    /// As [`Self::post`].
    fn patch<H: Handler>(path: &'static str, handler: fn() -> H) -> Self {
        let router = Router::with_path(path).patch(handler());
        Self { method: Method::PATCH, path, access: Access::Operators, router, head: None }
    }

    /// As [`Self::post`].
    fn delete<H: Handler>(path: &'static str, handler: fn() -> H) -> Self {
        let router = Router::with_path(path).delete(handler());
        Self { method: Method::DELETE, path, access: Access::Operators, router, head: None }
    }

    fn open_to(self, access: Access) -> Self {
        Self { access, ..self }
    }

    /// `number` is its place in [`routes`].
    fn guard(&self, number: usize) -> Guard {
        Guard { access: self.access, path: self.path, number }
    }
}

/// The whole HTTP service over `state`, for clients that come directly or by way of `proxies`.
pub fn service(state: State, proxies: Proxies) -> Service {
    let pages = Router::with_path("{**path}").filter_fn(|request, _| !is_api_path(request.uri().path()));
    let pages =
        pages.push(Router::new().get(dashboard::dashboard_file)).push(Router::new().head(dashboard::dashboard_file));
    let heads = routes()
        .into_iter()
        .enumerate()
        .filter_map(|(number, route)| Some((route.guard(number), route.head?)))
        .map(|(guard, head)| head.hoop(guard));
    let heads = heads.fold(Router::new(), Router::push).hoop(never_cached);
    let router = Router::new().push(api_router()).push(heads).push(pages);
    // Outermost first. The catcher stays outside of them and gives a panic's 500 its constant sentence.
    Service::new(router)
        .catcher(Catcher::new(error::refusal_without_body))
        .hoop(Forwarded(proxies))
        .hoop(log_request)
        .hoop(error::catch_panic)
        .hoop(Provide(Arc::new(state)))
}

/// The listed routes, without the dashboard.
fn api_router() -> Router {
    let guarded = routes()
        .into_iter()
        .enumerate()
        .map(|(number, route)| (route.guard(number), route.router))
        .map(|(guard, router)| router.hoop(guard));
    guarded.fold(Router::new(), Router::push).hoop(never_cached)
}

/// Whether `path` belongs to the API: such a path is never a page of the dashboard, known or not.
fn is_api_path(path: &str) -> bool {
    path == "/api"
        || path.starts_with("/api/")
        || matches!(path, "/healthz" | "/readyz" | "/metrics")
        || path == "/openapi.json"
}

struct Provide(Arc<State>);

#[salvo::async_trait]
impl Handler for Provide {
    async fn handle(&self, request: &mut Request, depot: &mut Depot, response: &mut Response, ctrl: &mut FlowCtrl) {
        depot.insert_typed(Arc::clone(&self.0));
        ctrl.call_next(request, depot, response).await;
    }
}

/// Answers of the API describe this very moment: who keeps one asks whether it is still the same, and without an `ETag`
/// there is nothing to ask by. An answer that has a rule of its own keeps it.
#[handler]
async fn never_cached(request: &mut Request, depot: &mut Depot, response: &mut Response, ctrl: &mut FlowCtrl) {
    ctrl.call_next(request, depot, response).await;
    let headers = response.headers_mut();
    let rule = if headers.contains_key(ETAG) { "private, no-cache" } else { "no-store" };
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static(rule));
}

/// One line per request at debug level. The query stays out: a later version may carry something private in it.
#[handler]
async fn log_request(request: &mut Request, depot: &mut Depot, response: &mut Response, ctrl: &mut FlowCtrl) {
    let started = std::time::Instant::now();
    ctrl.call_next(request, depot, response).await;
    tracing::debug!(
        method = %request.method(),
        path = request.uri().path(),
        status = response.status_code.unwrap_or(StatusCode::OK).as_u16(),
        duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        "request"
    );
}
