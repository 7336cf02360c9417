//! `GET /api/events`: what changes, as it changes.
//!
//! While anybody listens, one task looks at the store every second and compares; with nobody there is no task, and whoever
//! reports never knows of either. What it found is kept once for all that listen, in a ring: who has not taken it when it is
//! overwritten is closed, and comes back with the position that it has got to.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use salvo::http::Method;
use salvo::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use salvo::oapi::endpoint;
use salvo::{Depot, Request, Response};
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::error::{ApiError, ErrorBody, chain};
use super::gate::{Caller, still_good};
use super::servers::{NOT_FOUND, parse_id};
use super::state::{State, now};
use crate::domain::changes::{ACTIVITIES_MAX, Change, Look, MARGIN_MS, Position, Watcher};
use crate::store::{Store, StoreError};

/// Streams at a time, and those of one caller.
const STREAMS_MAX: usize = 256;
const STREAMS_OF_ONE_MAX: usize = 32;
/// Looks that are kept for those that are slow. Each has at most some 300 KB, in a fleet where everything changes.
const KEPT_LOOKS: usize = 16;
/// Time between two looks; more where a look takes long, so that no more than a tenth of the time is spent with them.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Time between two comments to keep proxies from closing; also tells the position where nothing else did.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(15);
/// Time between two looks whether who listens may still.
const CHECK_EVERY: Duration = Duration::from_secs(5);
/// What browsers wait before they come back, in milliseconds.
const RETRY_MS: u32 = 3000;
/// nginx hands on what comes at once.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
const LAST_EVENT_ID: &str = "last-event-id";

/// What changes, as server-sent events.
///
/// The first event is `ready`: from then on everything is told, so whoever fetches the lists now misses nothing. `server` has
/// a row of `GET /api/servers` that is new or changed (with nothing but new figures every 5 seconds at most), `server-removed`
/// `{"id":7}`, `containers` `{"serverId":7,"containerCount":3}` where the containers of a server were stored anew, and
/// `activity` an entry of `GET /api/activities`. `reset` means that more changed than is told one by one: fetch everything.
///
/// A client that comes back with `Last-Event-ID`, to any master on the same database, is told what it missed of the last hour,
/// servers as they are now, or gets one `reset`. It may be told some things twice; activities have their `id`. A stream is
/// closed when its session or token ends, when its reader is too slow, and when the master stops.
#[endpoint(
    tags("reading"),
    parameters(
        ("serverId" = Option<i64>, Query, description = "Only what is about this server"),
        ("Last-Event-ID" = Option<String>, Header, description = "Of the last event that was received"),
    ),
    responses(
        (status_code = 200, description = "Events, without end", content_type = "text/event-stream", body = String),
        (status_code = 400, description = "`serverId` is no number", body = ErrorBody),
        (status_code = 404, description = "`Server not found`", body = ErrorBody),
        (status_code = 503, description = "Too many streams", body = ErrorBody),
    )
)]
pub async fn event_stream(request: &mut Request, depot: &mut Depot, response: &mut Response) -> Result<(), ApiError> {
    let (state, caller) = (State::of(depot)?, Caller::of(depot)?);
    let only = match request.queries().get("serverId") {
        None => None,
        Some(text) => {
            Some(parse_id(text).ok_or_else(|| ApiError::BadRequest("serverId: must be a number".to_owned()))?)
        }
    };
    if let Some(id) = only {
        state.store.server_name(id).await?.ok_or(NOT_FOUND)?;
    }
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    headers.insert(ACCEL_BUFFERING, HeaderValue::from_static("no"));
    if *request.method() == Method::HEAD {
        return Ok(());
    }
    let place = state.feed.place(&caller)?;
    let (looks, position) = state.feed.subscribe(&state.store).await?;
    let reader = Reader::new(only, position, looks);
    let mut stream = Stream { state, caller, check: every(CHECK_EVERY), reader, _place: place };
    let first = stream.first(request.headers().get(LAST_EVENT_ID).map(|id| id.as_bytes())).await?;
    let first = futures_util::stream::once(async move { Ok::<_, std::io::Error>(first) });
    let rest = futures_util::stream::unfold(stream, |mut stream| async move {
        let text = stream.next().await?;
        Some((Ok(text), stream))
    });
    response.stream(futures_util::StreamExt::chain(first, rest));
    Ok(())
}

/// Looks for changes as long as somebody listens.
#[derive(Debug, Default)]
pub struct Feed {
    watch: Mutex<Watch>,
    callers: Arc<StdMutex<HashMap<String, usize>>>,
}

#[derive(Debug, Default)]
struct Watch {
    /// Where the task puts what it found; `None` where there is no task.
    looks: Option<broadcast::Sender<Arc<Told>>>,
    /// After the last look.
    position: Option<Position>,
    is_closed: bool,
}

/// What a look has found.
#[derive(Debug)]
struct Told {
    /// Each with the server it is about.
    events: Vec<(Option<i64>, String)>,
    removed: Vec<i64>,
    position: Position,
}

impl Feed {
    /// A place among those that listen.
    fn place(&self, caller: &Caller) -> Result<Place, ApiError> {
        let key = caller.key();
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        let own = callers.get(&key).copied().unwrap_or_default();
        if own >= STREAMS_OF_ONE_MAX || callers.values().sum::<usize>() >= STREAMS_MAX {
            return Err(ApiError::TooManyStreams);
        }
        callers.insert(key.clone(), own + 1);
        Ok(Place { key, callers: Arc::clone(&self.callers) })
    }

    /// What is found from now on, and the position that it follows. Starts the task where there is none.
    async fn subscribe(
        self: &Arc<Self>,
        store: &Store,
    ) -> Result<(broadcast::Receiver<Arc<Told>>, Position), ApiError> {
        let mut watch = self.watch.lock().await;
        if watch.is_closed {
            return Err(StoreError::Closed.into());
        }
        if let (Some(looks), Some(position)) = (&watch.looks, watch.position) {
            return Ok((looks.subscribe(), position));
        }
        let look = look(store, now().unix_ms() - MARGIN_MS).await?;
        let position = Position::after(look.at_ms, &look.servers);
        let (looks, receiver) = broadcast::channel(KEPT_LOOKS);
        (watch.looks, watch.position) = (Some(looks), Some(position));
        tokio::spawn(Arc::clone(self).keep_looking(store.clone(), Watcher::new(&look)));
        Ok((receiver, position))
    }

    async fn keep_looking(self: Arc<Self>, store: Store, mut watcher: Watcher) {
        let mut failed_before = false;
        let mut pause = LOOK_EVERY;
        loop {
            tokio::time::sleep(pause).await;
            let began = Instant::now();
            let seen = look(&store, now().unix_ms() - MARGIN_MS).await;
            let mut watch = self.watch.lock().await;
            // Under the lock, so that nobody begins to listen to a task that ends.
            if watch.looks.as_ref().is_none_or(|looks| looks.receiver_count() == 0) {
                (watch.looks, watch.position) = (None, None);
                return;
            }
            match seen {
                Ok(look) => {
                    failed_before = false;
                    let position = Position::after(look.at_ms, &look.servers);
                    let changes = watcher.compare(look);
                    watch.position = Some(position);
                    if let Some(looks) = &watch.looks {
                        // Whoever has left meanwhile has left.
                        let _ = looks.send(Arc::new(Told::new(&changes, position)));
                    }
                }
                Err(error) => {
                    if !std::mem::replace(&mut failed_before, true) {
                        tracing::warn!(cause = chain(&error), "changes cannot be looked for; tried again each second");
                    }
                }
            }
            pause = LOOK_EVERY.max(began.elapsed() * 9);
        }
    }

    /// Ends all streams; there are none after that.
    pub async fn close(&self) {
        let mut watch = self.watch.lock().await;
        watch.is_closed = true;
        watch.looks = None;
    }
}

/// What the store shows now, with events and container sets from `since_ms` on.
async fn look(store: &Store, since_ms: i64) -> Result<Look, StoreError> {
    let at_ms = now().unix_ms();
    // Events first: what they tell of is in the servers that are read then.
    let activities = store.activities_since(since_ms).await?;
    let containers = store.container_sets_since(since_ms).await?;
    let servers = store.server_list_anew().await?;
    Ok(Look { at_ms, servers, containers, activities })
}

impl Told {
    fn new(changes: &[Change], position: Position) -> Self {
        let removed = changes.iter().filter_map(|change| match change {
            Change::Removed(id) => Some(*id),
            _ => None,
        });
        Self {
            removed: removed.collect(),
            events: changes.iter().map(|change| (change.server_id(), event(change))).collect(),
            position,
        }
    }
}

#[derive(Serialize)]
struct Removed {
    id: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Containers {
    server_id: i64,
    container_count: i64,
}

/// JSON has no line breaks of its own, which would end a line of the stream.
fn event(change: &Change) -> String {
    let (name, data) = match change {
        Change::Server(server) => ("server", serde_json::to_string(server)),
        Change::Removed(id) => ("server-removed", serde_json::to_string(&Removed { id: *id })),
        Change::Containers(set) => {
            ("containers", serde_json::to_string(&Containers { server_id: set.server_id, container_count: set.count }))
        }
        Change::Activity(activity) => ("activity", serde_json::to_string(activity)),
        Change::Reset => ("reset", Ok("{}".to_owned())),
    };
    format!("event: {name}\ndata: {}\n\n", data.unwrap_or_default())
}

/// One of those that listen, as long as this value lives.
#[derive(Debug)]
struct Place {
    key: String,
    callers: Arc<StdMutex<HashMap<String, usize>>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = callers.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                callers.remove(&self.key);
            }
        }
    }
}

/// What one client is sent. Asked for more only when the client has taken what it was sent.
struct Stream {
    state: Arc<State>,
    caller: Caller,
    check: Interval,
    reader: Reader,
    _place: Place,
}

impl Stream {
    /// What was missed, and where the client is then.
    async fn first(&mut self, last_event_id: Option<&[u8]>) -> Result<String, ApiError> {
        let mut text = format!("retry: {RETRY_MS}\n\n");
        if let Some(id) = last_event_id {
            let before = std::str::from_utf8(id).ok().and_then(Position::parse);
            let changes = match before.and_then(|before| Some((before, before.since_ms(now().unix_ms())?))) {
                None => vec![Change::Reset],
                Some((before, since_ms)) => self.missed(before, since_ms).await?,
            };
            changes.iter().for_each(|change| text.push_str(&event(change)));
        }
        let _ = write!(text, "event: ready\nid: {}\ndata: {{}}\n\n", self.reader.position());
        Ok(text)
    }

    async fn missed(&self, before: Position, since_ms: i64) -> Result<Vec<Change>, ApiError> {
        let mut look = look(&self.state.store, since_ms).await?;
        if look.activities.len() >= ACTIVITIES_MAX {
            return Ok(vec![Change::Reset]);
        }
        if let Some(id) = self.reader.only {
            look.servers.retain(|server| server.id == id);
            look.containers.retain(|set| set.server_id == id);
            look.activities.retain(|activity| activity.server_id == id);
        }
        Ok(before.missed(since_ms, look))
    }

    /// The next thing to send. `None` at the end.
    async fn next(&mut self) -> Option<String> {
        loop {
            tokio::select! {
                biased;
                _ = self.check.tick() => {
                    if !still_good(&self.caller, &self.state).await {
                        return None;
                    }
                }
                text = self.reader.next() => return text,
            }
        }
    }
}

/// What of all that was found is for one client.
struct Reader {
    /// The only server that is told of.
    only: Option<i64>,
    /// Whether that is there.
    is_there: bool,
    /// After what was sent last.
    position: Position,
    looks: broadcast::Receiver<Arc<Told>>,
    heartbeat: Interval,
}

impl Reader {
    fn new(only: Option<i64>, position: Position, looks: broadcast::Receiver<Arc<Told>>) -> Self {
        Self { only, is_there: true, position, looks, heartbeat: every(HEARTBEAT_EVERY) }
    }

    /// The next thing to send. `None` at the end. Nothing is lost where this is given up half way.
    async fn next(&mut self) -> Option<String> {
        loop {
            tokio::select! {
                biased;
                told = self.looks.recv() => match told {
                    Ok(told) => {
                        if let Some(text) = self.take(&told) {
                            self.heartbeat.reset();
                            return Some(text);
                        }
                    }
                    Err(RecvError::Lagged(_)) => {
                        tracing::debug!("a stream of events is closed: its reader does not read");
                        return None;
                    }
                    Err(RecvError::Closed) => return None,
                },
                _ = self.heartbeat.tick() => return Some(format!(":\nid: {}\n\n", self.position())),
            }
        }
    }

    /// The text of what was found and is for this client, if anything is. The position comes with the last event alone:
    /// whose connection breaks before it is told everything again.
    fn take(&mut self, told: &Told) -> Option<String> {
        self.position = told.position;
        self.is_there &= self.only.is_none_or(|id| !told.removed.contains(&id));
        let is_ours = |server_id: Option<i64>| self.only.is_none() || server_id.is_none() || server_id == self.only;
        let ours = told.events.iter().filter(|(server_id, _)| is_ours(*server_id));
        let ours: Vec<&str> = ours.map(|(_, text)| text.as_str()).collect();
        let (last, others) = ours.split_last()?;
        Some(format!("{}id: {}\n{last}", others.concat(), self.position()))
    }

    fn position(&self) -> Position {
        self.only.map_or(self.position, |id| self.position.of_one(id, self.is_there))
    }
}

fn every(period: Duration) -> Interval {
    let mut timer = interval_at(Instant::now() + period, period);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    timer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::changes::ContainerSet;

    fn told(at_ms: i64, changes: &[Change]) -> Arc<Told> {
        Arc::new(Told::new(changes, Position::after(at_ms, &[])))
    }

    fn set(server_id: i64) -> Change {
        Change::Containers(ContainerSet { server_id, stored_at_ms: 0, count: 2 })
    }

    fn reader(only: Option<i64>) -> (broadcast::Sender<Arc<Told>>, Reader) {
        let (looks, receiver) = broadcast::channel(KEPT_LOOKS);
        (looks, Reader::new(only, Position::after(0, &[]), receiver))
    }

    #[tokio::test]
    async fn the_position_comes_with_the_last_event_of_a_look() {
        let (looks, mut reader) = reader(None);
        looks.send(told(1, &[])).unwrap();
        looks.send(told(2, &[set(7), Change::Removed(8)])).unwrap();
        let expected = "event: containers\ndata: {\"serverId\":7,\"containerCount\":2}\n\n\
             id: 2.0.0\nevent: server-removed\ndata: {\"id\":8}\n\n";
        assert_eq!(reader.next().await.unwrap(), expected);
        drop(looks);
        assert_eq!(reader.next().await, None, "the master stops");
    }

    #[tokio::test]
    async fn who_asked_for_one_server_is_told_of_no_other() {
        let (looks, mut reader) = reader(Some(7));
        looks.send(told(1, &[set(8), Change::Removed(9)])).unwrap();
        looks.send(told(2, &[set(8), set(7)])).unwrap();
        looks.send(told(3, &[Change::Reset])).unwrap();
        looks.send(told(4, &[Change::Removed(7)])).unwrap();
        let mut next = async || reader.next().await.unwrap();
        assert_eq!(next().await, "id: 2.7.1\nevent: containers\ndata: {\"serverId\":7,\"containerCount\":2}\n\n");
        assert_eq!(next().await, "id: 3.7.1\nevent: reset\ndata: {}\n\n");
        assert_eq!(next().await, "id: 4.7.0\nevent: server-removed\ndata: {\"id\":7}\n\n");
    }

    #[tokio::test]
    async fn who_does_not_read_is_closed_and_what_is_kept_for_them_is_bounded() {
        let (looks, mut reader) = reader(None);
        (0..KEPT_LOOKS as i64).for_each(|at_ms| drop(looks.send(told(at_ms, &[set(1)]))));
        assert!(reader.next().await.is_some(), "just in time");
        (0..2).for_each(|_| drop(looks.send(told(99, &[set(1)]))));
        assert_eq!(reader.next().await, None);
    }

    #[test]
    fn places_are_counted_by_caller_and_come_back() {
        let feed = Feed::default();
        let mut taken: Vec<Place> =
            (0..STREAMS_OF_ONE_MAX).map(|_| feed.place(&Caller::Development).unwrap()).collect();
        assert!(matches!(feed.place(&Caller::Development), Err(ApiError::TooManyStreams)));
        taken.pop();
        assert!(feed.place(&Caller::Development).is_ok());
        drop(taken);
        assert!(feed.callers.lock().unwrap().is_empty());
    }
}
