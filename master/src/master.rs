//! The running master: opens the store, listens, watches for silent servers, and ends in order.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use neon_shared::time::Timestamp;
use salvo::conn::Acceptor;
use salvo::conn::tcp::TcpAcceptor;
use salvo::server::ServerHandle;
use salvo::{Server, Service};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::config::Config;
use crate::connections::{self, Door};
use crate::domain::password;
use crate::domain::seal::Seal;
use crate::domain::status::offline_cutoff;
use crate::http::{self, Counters, Feed, Gate, Pace, Room, State, Tokens, error_chain, now};
use crate::model::{Actor, Role};
use crate::oidc::Provider;
use crate::store::{Location, Lock, Retention, Store, StoreError};
use crate::vital::Vital;

/// The user that the first start makes.
const ADMIN: &str = "admin";
/// How long a database that does not answer is waited for at the start: a database container next to this one needs
/// some seconds itself.
const DATABASE_WAIT: Duration = Duration::from_secs(30);
const DATABASE_RETRY: Duration = Duration::from_secs(1);
/// What is in flight at the end has this long to finish.
const STOP_DEADLINE: Duration = Duration::from_secs(10);
/// Most bytes of a request, or of an answer, that a connection holds.
const CONNECTION_BUFFER_BYTES: usize = 64 << 10;
/// Most bytes of a request's head; past it 431. Cookies, tokens and paths of ours take less than one KiB.
const HEAD_MAX_BYTES: usize = 16 << 10;
/// Requests at a time on a connection with HTTP/2, each with a head of its own.
const STREAMS_MAX: u32 = 16;
/// Time between two looks for storage to give back.
const MAINTAIN_INTERVAL: Duration = Duration::from_secs(3600);
/// Time between two looks for hours that are over, or have got late samples; and before the first.
const ROLL_UP_INTERVAL: Duration = Duration::from_secs(60);
/// Time between two times that what is old is let go of.
const RETAIN_INTERVAL: Duration = Duration::from_secs(3600);
/// Time between two looks for servers that were deleted.
const FORGET_INTERVAL: Duration = Duration::from_secs(2);
/// Longest time between two looks for silent servers.
const WATCH_INTERVAL_MAX: Duration = Duration::from_secs(5);

/// A master that listens.
#[derive(Debug)]
pub struct Master {
    address: SocketAddr,
    store: Store,
    handle: ServerHandle,
    server: JoinHandle<io::Result<()>>,
    watcher: JoinHandle<()>,
    maintainer: JoinHandle<()>,
    roller: JoinHandle<()>,
    forgetter: JoinHandle<()>,
    feed: Arc<Feed>,
    /// Last, so that it is given up last.
    _lock: Lock,
}

/// Why the master did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store could not be opened.
    #[error("cannot open {0}")]
    Store(Location, #[source] StoreError),
    /// The address cannot be listened on.
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] io::Error),
    /// Others could reach it, and nobody could log in.
    #[error(
        "{0} can be reached from other hosts, and there is no user: set ADMIN_PASSWORD or ADMIN_PASSWORD_FILE, make one \
         with neon-master user add, or listen on loopback"
    )]
    NoUser(SocketAddr),
    /// There is no memory to hash a password.
    #[error("a password could not be hashed")]
    Password,
    /// The certificate that the configuration accepted is not taken after all.
    #[error("cannot speak TLS on {0}")]
    Tls(SocketAddr, #[source] io::Error),
}

impl Master {
    /// Opens the store and listens; returns once requests are answered.
    ///
    /// Errors: the address cannot be bound, the store is broken, or it did not answer for 30 seconds.
    pub async fn start(config: &Config) -> Result<Self, StartError> {
        // First of all, so that a second master on the same port does not touch the store.
        let listener = TcpListener::bind(config.listen).await.map_err(|e| StartError::Listen(config.listen, e))?;
        let address = listener.local_addr().map_err(|e| StartError::Listen(config.listen, e))?;
        let acceptor = TcpAcceptor::try_from(listener).map_err(|e| StartError::Listen(config.listen, e))?;
        let lock = Lock::take(&config.database).map_err(|e| StartError::Store(config.database.clone(), e))?;
        let store = open_store(&config.database).await.map_err(|e| StartError::Store(config.database.clone(), e))?;

        store.watch_storage(config.min_free_disk_bytes).await;
        store.stand_for_leader().await;

        let allows_development = first_user(&store, config).await?;
        let gate = Gate::new(&config.jwt_secrets, config.tls.is_some(), allows_development);
        let gate = gate.map_err(|_| StartError::Password)?;
        seal_anew(&store, &gate.seal).await.map_err(|e| StartError::Store(config.database.clone(), e))?;
        let feed = Arc::new(Feed::default());
        let state = State {
            store: store.clone(),
            agent_secrets: config.agent_secrets.clone(),
            tokens: Tokens::new(&config.jwt_secrets),
            offline_after_ms: i64::from(config.offline_after_s) * 1000,
            retention: config.retention,
            room: Room::new(),
            counters: Counters::default(),
            pace: Pace::new(config.requests_per_second_max),
            gate,
            oidc: config.oidc.clone().map(|settings| Arc::new(Provider::new(settings))),
            feed: Arc::clone(&feed),
        };
        let service = http::service(state, config.trusted_proxies.clone());
        let most = connections::most();
        let door = Door::new(most, config.connections_per_address_max, config.trusted_proxies.clone());
        let vital = store.vital();
        let (handle, server) = match &config.tls {
            None => serve(acceptor, service, most, door, vital),
            Some(files) => {
                let acceptor = files.wrap(acceptor).await.map_err(|e| StartError::Tls(config.listen, e))?;
                serve(acceptor, service, most, door, vital)
            }
        };
        let watcher = vital.spawn("looking for silent servers", watch(store.clone(), now(), config.offline_after_s));
        let maintainer = vital.spawn("keeping storage small", maintain(store.clone()));
        let roller = vital.spawn("rolling up samples", keep_tiers(store.clone(), config.retention));
        let forgetter = vital.spawn("forgetting deleted servers", forget(store.clone()));
        Ok(Self { address, store, handle, server, watcher, maintainer, roller, forgetter, feed, _lock: lock })
    }

    /// Where it listens; the port is the real one also where 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it keeps.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Returns once a task has ended that runs as long as the master should, and what it did. Whoever runs the master stops
    /// it then and starts another.
    pub async fn ended(&self) -> &'static str {
        self.store.vital().ended().await
    }

    /// Stops accepting, finishes what is in flight within ten seconds, and closes the store.
    pub async fn stop(self) {
        self.watcher.abort();
        self.maintainer.abort();
        self.roller.abort();
        self.forgetter.abort();
        // They would not end by themselves.
        self.feed.close().await;
        self.handle.stop_graceful(STOP_DEADLINE);
        if let Ok(Err(error)) = self.server.await {
            tracing::error!(cause = error_chain(&error), "the server ended badly");
        }
        self.store.close().await;
    }
}

/// Makes the user `admin` where there is none yet and the configuration has a password, and returns whether anybody on this
/// host may read as long as there are no users.
async fn first_user(store: &Store, config: &Config) -> Result<bool, StartError> {
    let failed = |error| StartError::Store(config.database.clone(), error);
    let has_users = store.user_count().await.map_err(failed)? > 0;
    match &config.admin_password {
        Some(_) if has_users => tracing::debug!("ADMIN_PASSWORD is not looked at: there are users"),
        Some(password) => {
            let hash = password::hash(password.reveal()).map_err(|_| StartError::Password)?;
            store.user_add(ADMIN, Role::Admin, &hash, &Actor::master(), now()).await.map_err(failed)?;
            tracing::info!(user = ADMIN, "the first user is made, with ADMIN_PASSWORD");
        }
        // Whoever the provider knows can log in.
        None if has_users || config.oidc.is_some() => {}
        None if config.listens_on_loopback() => {
            tracing::warn!("development mode: there are no users, and anybody on this host may read");
        }
        None => return Err(StartError::NoUser(config.listen)),
    }
    Ok(config.admin_password.is_none() && config.oidc.is_none() && config.listens_on_loopback())
}

/// Seals second factors with the newest `JWT_SECRET` that the one before has sealed, which may be taken away then.
async fn seal_anew(store: &Store, seal: &Seal) -> Result<(), StoreError> {
    for (user_id, before) in store.factor_list().await? {
        match seal.open(user_id, &before) {
            Some(opened) if opened.is_newest => {}
            Some(opened) => {
                if let Some(sealed) = seal.seal(user_id, &opened.bytes) {
                    store.factor_reseal(user_id, &before, &sealed).await?;
                }
            }
            None => tracing::warn!(
                user_id,
                "a second factor was sealed with another JWT_SECRET, which JWT_SECRET_PREVIOUS may name: a recovery code gets \
                 its owner in, and neon-master user reset-second-factor takes it away"
            ),
        }
    }
    Ok(())
}

fn serve(
    acceptor: impl Acceptor + 'static,
    service: Service,
    connections_max: usize,
    door: Door,
    vital: &Vital,
) -> (ServerHandle, JoinHandle<io::Result<()>>) {
    let mut server = Server::new(acceptor).max_connections(connections_max).fuse_policy(door);
    // Each connection keeps what it once read into: without a bound 400 KiB, after one large body.
    server.http1_mut().max_buf_size(CONNECTION_BUFFER_BYTES).max_header_size(HEAD_MAX_BYTES);
    // And with HTTP/2, a MiB of bodies that nobody has read yet.
    server
        .http2_mut()
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEAD_MAX_BYTES as u32)
        .initial_connection_window_size(CONNECTION_BUFFER_BYTES as u32)
        .initial_stream_window_size(CONNECTION_BUFFER_BYTES as u32)
        .max_send_buf_size(CONNECTION_BUFFER_BYTES);
    (server.handle(), vital.spawn("answering requests", server.try_serve(service)))
}

async fn open_store(location: &Location) -> Result<Store, StoreError> {
    let give_up = Instant::now() + DATABASE_WAIT;
    loop {
        match Store::open(location).await {
            Err(error @ StoreError::Unavailable(_)) if Instant::now() < give_up => {
                tracing::warn!(store = %location, cause = error_chain(&error), "waiting for the database");
                tokio::time::sleep(DATABASE_RETRY).await;
            }
            outcome => return outcome,
        }
    }
}

/// Keeps the store small, for ever. One master at a time does.
async fn maintain(store: Store) {
    let mut ticks = tokio::time::interval(MAINTAIN_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // Also the first thing that a new leader does.
        store.leading().await;
        if let Err(error) = store.maintain(now()).await {
            tracing::warn!(cause = error_chain(&error), "storage could not be given back; the next try is in an hour");
        }
    }
}

/// Makes hours and days of samples, and lets go of what is old, for ever. One master at a time does.
async fn keep_tiers(store: Store, retention: Retention) {
    let mut failed_before = false;
    let mut retain_next = Instant::now();
    loop {
        tokio::time::sleep(ROLL_UP_INTERVAL).await;
        store.leading().await;
        let outcome = async {
            let rolled_up = store.roll_up(now()).await;
            // Also where that failed: what is not rolled up is kept.
            if Instant::now() >= retain_next {
                retain_next = Instant::now() + RETAIN_INTERVAL;
                let done = store.retain(&retention, now()).await?;
                tracing::debug!(?done, "let go of what is old");
            }
            rolled_up.map(drop)
        };
        let outcome = outcome.await;
        let is_failure = outcome.is_err();
        if let Err(error) = outcome
            && !failed_before
        {
            tracing::error!(
                cause = error_chain(&error),
                "cannot roll up samples or let go of old ones; tried each minute"
            );
        }
        failed_before = is_failure;
    }
}

/// Deletes what is left of servers that were deleted, for ever. One master at a time does.
async fn forget(store: Store) {
    let mut ticks = tokio::time::interval(FORGET_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut failed_before = false;
    loop {
        ticks.tick().await;
        store.leading().await;
        let outcome = store.forget_deleted(now()).await;
        let is_failure = outcome.is_err();
        match outcome {
            Ok(done) if done.rows > 0 => tracing::info!(rows = done.rows, "the rest of deleted servers is gone"),
            Err(error) if !failed_before => {
                tracing::error!(cause = error_chain(&error), "cannot delete what is left of servers; tried again");
            }
            _ => {}
        }
        failed_before = is_failure;
    }
}

/// Ends maintenance whose time is over and marks silent servers as offline, for ever. One master at a time does.
async fn watch(store: Store, started: Timestamp, offline_after_s: u32) {
    let offline_after = Duration::from_secs(offline_after_s.into());
    let mut ticks = tokio::time::interval((offline_after / 4).min(WATCH_INTERVAL_MAX));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        store.leading().await;
        // First, so that who was silent meanwhile is judged at once.
        match store.servers_end_maintenance(http::now()).await {
            Ok(names) => names.iter().for_each(|name| tracing::info!(server_name = name, "maintenance is over")),
            Err(error) => tracing::error!(cause = error_chain(&error), "cannot end maintenance whose time is over"),
        }
        let Some(lag) = store.heard_by_others_after() else { continue };
        let (now, silence) = (now(), offline_after + lag);
        let Some(cutoff) = offline_cutoff(now, started, silence.as_millis() as i64) else { continue };
        match store.servers_mark_offline(cutoff, now).await {
            Ok(names) => names.iter().for_each(|name| tracing::warn!(server_name = name, "server is offline")),
            Err(error) => tracing::error!(cause = error_chain(&error), "cannot look for silent servers"),
        }
    }
}
