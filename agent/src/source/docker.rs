//! The Docker Engine (or Podman) over its Unix socket: four `GET` requests and nothing else.
//!
//! Source: Docker Engine API. Paths carry no version, so the engine answers with its own newest; [`Endpoint`] is the
//! whole list of what can be asked, and an id enters a path only after [`is_id`]. Lists are read in pieces and cut
//! into elements in a fixed buffer. The details of several containers are asked for in one go (pipelining, RFC 9112,
//! section 9.3.2): being woken for each answer costs more than reading it. The caller bounds the time of a sweep.

use std::fmt::{self, Write};
use std::io::{self, Read, Write as _};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use neon_agent_core::parse::docker::{Image, Inspect, TAGS_MAX, image, info, inspect, list_entry, list_id};
use neon_agent_core::parse::http::{self, BodyDecoder, HttpFault};
use neon_agent_core::parse::json::{ArraySplitter, ElementFault, JsonFault, JsonText, Step};
use neon_agent_core::sample::container::{self, Scratch, is_id};
use neon_agent_core::wire::{self, ContainersWriter};
use neon_shared::limits::REQUEST_BODY_MAX_BYTES;
use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};

use super::host::HostFacts;
use crate::reactor::{self, Readiness};

/// Bytes read from a socket at once. An answer's head must fit; past it the answer is refused.
pub const READ_BYTES: usize = 16 * 1024;
/// One element of a list. A larger one is left out and counted.
pub const ELEMENT_BYTES: usize = 64 * 1024;
/// Elements of the container list that wait for their details. Past it they are asked for.
pub const BATCH_BYTES: usize = ELEMENT_BYTES + 64 * 1024;
/// Containers whose details are asked for in one go.
const BATCH_MAX: usize = 32;
/// One request; the longest is under 200 bytes.
const REQUEST_BYTES: usize = 256;
/// What an engine takes to inspect one container, about: so long it is left to work before its answers are looked for.
const INSPECT_TIME: Duration = Duration::from_micros(300);
/// The same for the lists of images and containers of a small host, both together.
const LISTS_TIME: Duration = Duration::from_millis(10);
/// One whole `/info` or inspect answer. Of a larger inspect answer the list's own words stand in.
pub const DETAIL_BYTES: usize = 256 * 1024;
/// All tags of all images. The tags of images past it are left out and counted.
const TAGS_BYTES: usize = 64 * 1024;
/// Images with tags. Past it the same.
const IMAGES_MAX: usize = 1024;
/// What is kept of all images.
pub const IMAGE_TAGS_BYTES: usize = size_of::<ImageTags>();
/// Time between two attempts to connect to an engine whose queue is full.
const QUEUE_FULL_PAUSE: Duration = Duration::from_millis(50);
/// Bytes of an image id without `sha256:`, and the prefix.
const DIGEST_HEX_BYTES: usize = 64;
const DIGEST_PREFIX: &str = "sha256:";
/// Docker: "No such container: …"; Podman: "…: no such container".
const NO_SUCH_CONTAINER: &[u8] = b"no such container";

/// Everything that can be asked of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Endpoint<'a> {
    Info,
    Images,
    Containers,
    Inspect(&'a str),
}

impl Endpoint<'_> {
    /// The request, whole; `None` for an id that is none.
    fn request(self) -> Option<heapless::String<REQUEST_BYTES>> {
        let mut request = heapless::String::new();
        request.push_str("GET ").ok()?;
        match self {
            Self::Info => request.push_str("/info").ok()?,
            Self::Images => request.push_str("/images/json").ok()?,
            Self::Containers => request.push_str("/containers/json?all=1").ok()?,
            Self::Inspect(id) if is_id(id) => write!(request, "/containers/{id}/json").ok()?,
            Self::Inspect(_) => return None,
        }
        request
            .push_str(" HTTP/1.1\r\nHost: docker\r\nUser-Agent: neon-agent\r\nAccept: application/json\r\n\r\n")
            .ok()?;
        Some(request)
    }
}

/// Why the engine could not be asked.
#[derive(Debug)]
pub enum DockerFault {
    /// The socket cannot be reached or broke off.
    Io(io::ErrorKind),
    /// The answer is not HTTP.
    Http(HttpFault),
    /// The head of the answer is larger than [`READ_BYTES`].
    HeadTooLong,
    /// The engine, or a proxy before it, refused.
    Status(u16),
    /// The answer is not a JSON list.
    Json(JsonFault),
    /// The answer is larger than its buffer.
    TooLarge,
    /// The answer is not what the API describes.
    Element(ElementFault),
    /// What was listed as an id is none, and so may not stand in a path.
    BadId,
    /// What was found does not fit a request to the master.
    ReportFull,
}

impl DockerFault {
    /// Whether nobody is at the socket any more, or nobody will be for us.
    fn is_engine_gone(&self) -> bool {
        use io::ErrorKind::{ConnectionRefused, NotFound, PermissionDenied};
        matches!(self, Self::Io(ConnectionRefused | NotFound | PermissionDenied))
    }
}

impl fmt::Display for DockerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(io::ErrorKind::NotFound) => f.write_str("there is no socket"),
            Self::Io(io::ErrorKind::PermissionDenied) => {
                f.write_str("permission denied: the agent must be in the group of the socket")
            }
            Self::Io(io::ErrorKind::ConnectionRefused) => f.write_str("no engine listens on the socket"),
            Self::Io(io::ErrorKind::UnexpectedEof) => f.write_str("the engine broke off its answer"),
            Self::Io(kind) => write!(f, "{kind}"),
            Self::Http(fault) => write!(f, "{fault}"),
            Self::HeadTooLong => f.write_str("the head of the answer is too long"),
            Self::Status(status) => write!(f, "the engine answered {status}"),
            Self::Json(fault) => write!(f, "{fault}"),
            Self::TooLarge => f.write_str("the answer is too large"),
            Self::Element(fault) => write!(f, "the answer is {fault}"),
            Self::BadId => f.write_str("a container's id is not hexadecimal"),
            Self::ReportFull => f.write_str("no room for the report"),
        }
    }
}

impl From<io::Error> for DockerFault {
    fn from(error: io::Error) -> Self {
        Self::Io(error.kind())
    }
}

impl From<HttpFault> for DockerFault {
    fn from(fault: HttpFault) -> Self {
        Self::Http(fault)
    }
}

impl From<JsonFault> for DockerFault {
    fn from(fault: JsonFault) -> Self {
        Self::Json(fault)
    }
}

/// The buffers of the Docker source, all fixed; one static holds them.
pub struct DockerBuffers {
    list: [u8; READ_BYTES],
    inspect: [u8; READ_BYTES],
    batch: Batch,
    detail: [u8; DETAIL_BYTES],
    images: ImageTags,
    report: [u8; REQUEST_BODY_MAX_BYTES],
}

impl DockerBuffers {
    /// All zeroes.
    pub const fn new() -> Self {
        Self {
            list: [0; READ_BYTES],
            inspect: [0; READ_BYTES],
            batch: Batch::new(),
            detail: [0; DETAIL_BYTES],
            images: ImageTags::new(),
            report: [0; REQUEST_BODY_MAX_BYTES],
        }
    }
}

/// What a sweep over all containers found.
#[derive(Debug)]
pub struct Sweep<'b> {
    /// The finished request body.
    pub body: &'b [u8],
    /// Containers in it.
    pub containers: usize,
    /// Containers that could not be reported: too large, malformed, or past the report's room.
    pub omitted: u64,
    /// Containers whose details could not be had, so that the list's words stand in.
    pub without_details: usize,
    /// Images whose tags found no room; or why the image list could not be had, so that no container has tags.
    pub images: Result<usize, DockerFault>,
}

/// The engine behind one socket.
pub struct Engine {
    asked: Asked,
    report: &'static mut [u8; REQUEST_BODY_MAX_BYTES],
    /// Whether a sweep has begun and not ended; still so after a deadline cut it off.
    is_under_way: bool,
}

/// Who is asked, and what for. Both connections are kept alive between sweeps.
struct Asked {
    /// For lists, which are read while details are asked for on the other one.
    list: Connection,
    detail: Connection,
    batch: &'static mut Batch,
    detail_buffer: &'static mut [u8; DETAIL_BYTES],
    images: &'static mut ImageTags,
    /// Whether several things are asked for in one go.
    asks_ahead: bool,
}

impl Engine {
    /// An engine at `socket`; nothing is asked yet.
    pub fn new(socket: &Path, buffers: &'static mut DockerBuffers) -> Self {
        let DockerBuffers { list, inspect, batch, detail, images, report } = buffers;
        let asked = Asked {
            list: Connection::new(socket, list),
            detail: Connection::new(socket, inspect),
            batch,
            detail_buffer: detail,
            images,
            asks_ahead: true,
        };
        Self { asked, report, is_under_way: false }
    }

    /// Adds to `facts` what `GET /info` says.
    pub async fn describe(&mut self, facts: &mut HostFacts, in_container: bool) -> Result<(), DockerFault> {
        let Asked { detail, detail_buffer, .. } = &mut self.asked;
        let (status, length) = detail.read_whole(Endpoint::Info, *detail_buffer).await?;
        if status != 200 {
            return Err(DockerFault::Status(status));
        }
        let info = info(&detail_buffer[..length]).map_err(DockerFault::Element)?;
        facts.add_engine(&info, in_container);
        Ok(())
    }

    /// Who answers at the socket, for a person to read. The first thing that is asked of an engine.
    pub async fn identify(&mut self) -> Result<String, DockerFault> {
        let answer = self.asked.detail.ask(Endpoint::Info).await?.granted().await?;
        // The first answer's head is at the beginning of the buffer.
        let api = header(&answer.connection.buffer[..answer.connection.start], "api-version").unwrap_or("not said");
        let api = format!("API {api}");
        let (_, length) = answer.read_whole(self.asked.detail_buffer).await?;
        let info = info(&self.asked.detail_buffer[..length]).map_err(DockerFault::Element)?;
        Ok(format!("engine {}, {api}", info.server_version))
    }

    /// Lists every container with its details and writes the report.
    ///
    /// Errors: the list itself cannot be had to its end, or the engine is gone before all details are: part of a list
    /// would read as containers removed. An image list or a detail that cannot be had costs only itself.
    pub async fn containers(&mut self) -> Result<Sweep<'_>, DockerFault> {
        if std::mem::replace(&mut self.is_under_way, true) {
            self.asked.was_cut_off();
        }
        let sweep = self.asked.sweep(self.report).await;
        self.is_under_way = false;
        sweep
    }
}

impl Asked {
    /// A deadline cut the sweep off. Where a part of what was asked in one go was answered and the rest was not, a proxy
    /// may be at the socket that drops all requests but the first: it is asked one by one from now on.
    fn was_cut_off(&mut self) {
        if self.list.is_half_answered() || self.detail.is_half_answered() {
            self.asks_ahead = false;
        }
    }

    /// What [`Engine::containers`] does, with the report written into `report`.
    async fn sweep<'b>(&mut self, report: &'b mut [u8; REQUEST_BODY_MAX_BYTES]) -> Result<Sweep<'b>, DockerFault> {
        let Self { list, detail, batch, detail_buffer, images, asks_ahead } = self;
        batch.clear();
        // Both at the same time, each on its own connection: one wake-up for two answers.
        let mut images_are_asked = detail.ask_ahead([Endpoint::Images].into_iter()).await.is_ok();
        let mut list_is_asked = list.ask_ahead([Endpoint::Containers].into_iter()).await.is_ok();
        reactor::after(LISTS_TIME).await;
        let tags_left_out = images.read(detail, &mut images_are_asked, batch.room()).await.map(|()| images.left_out);
        let mut answer = list.following(Endpoint::Containers, &mut list_is_asked).await?.granted().await?;
        let writer = wire::containers(report).map_err(|_| DockerFault::ReportFull)?;
        let mut reporting = Reporting {
            detail,
            detail_buffer: *detail_buffer,
            asks_ahead: *asks_ahead,
            images,
            writer,
            scratch: Scratch::default(),
            containers: 0,
            without_details: 0,
        };
        let mut splitter = ArraySplitter::default();
        while let Some(mut piece) = answer.next().await? {
            loop {
                match splitter.step(&mut piece, batch.room())? {
                    Step::More | Step::End => break,
                    Step::Oversized => reporting.writer.leave_out(),
                    Step::Element(element) => {
                        let length = element.len();
                        batch.add(length);
                    }
                }
                if batch.is_full() {
                    reporting.report(batch).await?;
                    batch.clear();
                }
            }
        }
        if !splitter.is_ended() {
            return Err(DockerFault::Io(io::ErrorKind::UnexpectedEof));
        }
        reporting.report(batch).await?;
        let Reporting { writer, containers, without_details, .. } = reporting;
        let omitted = writer.left_out();
        let length = writer.finish();
        Ok(Sweep { body: &report[..length], containers, omitted, without_details, images: tags_left_out })
    }
}

/// Elements of the list whose details are asked for in one go, one behind the other.
struct Batch {
    bytes: [u8; BATCH_BYTES],
    /// Where each element ends.
    ends: heapless::Vec<usize, BATCH_MAX>,
}

impl Batch {
    const fn new() -> Self {
        Self { bytes: [0; BATCH_BYTES], ends: heapless::Vec::new() }
    }

    fn clear(&mut self) {
        self.ends.clear();
    }

    /// Where the next element goes.
    fn room(&mut self) -> &mut [u8] {
        let start = self.end();
        &mut self.bytes[start..start + ELEMENT_BYTES]
    }

    /// An element of `length` bytes was written there.
    fn add(&mut self, length: usize) {
        let end = self.end() + length;
        // The caller asks for the details as soon as the batch is full.
        let _ = self.ends.push(end);
    }

    fn is_full(&self) -> bool {
        self.ends.is_full() || self.end() + ELEMENT_BYTES > BATCH_BYTES
    }

    fn elements(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.bytes[start..*end])
    }

    fn end(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }
}

/// A sweep's report while it is written.
struct Reporting<'e, 'b> {
    detail: &'e mut Connection,
    detail_buffer: &'e mut [u8],
    asks_ahead: bool,
    images: &'e ImageTags,
    writer: ContainersWriter<'b>,
    scratch: Scratch,
    containers: usize,
    without_details: usize,
}

impl Reporting<'_, '_> {
    /// Asks for the details of a batch and writes its containers.
    async fn report(&mut self, batch: &Batch) -> Result<(), DockerFault> {
        let details = batch.elements().filter_map(id_of).map(Endpoint::Inspect);
        let patience = INSPECT_TIME * u32::try_from(batch.ends.len()).unwrap_or(1);
        // Where the answers fall out of step with the requests, what is left is asked for one by one.
        let mut in_step = self.asks_ahead && self.detail.ask_ahead(details).await.is_ok();
        if in_step {
            reactor::after(patience).await;
        }
        for element in batch.elements() {
            let Some(id) = id_of(element) else {
                self.writer.leave_out();
                continue;
            };
            let details = self.details(id, &mut in_step).await?;
            self.write(element, id, details);
        }
        Ok(())
    }

    /// Status and length of the answer that says more of the container; `None` when it cannot be had.
    ///
    /// Errors: only that the engine is gone.
    async fn details(&mut self, id: &str, in_step: &mut bool) -> Result<Option<(u16, usize)>, DockerFault> {
        if *in_step {
            match self.detail.next_whole(self.detail_buffer).await {
                Ok(answer) => return Ok(Some(answer)),
                Err(_) => *in_step = false,
            }
        }
        match self.detail.read_whole(Endpoint::Inspect(id), self.detail_buffer).await {
            Err(fault) if fault.is_engine_gone() => Err(fault),
            answer => Ok(answer.ok()),
        }
    }

    /// Writes a container; without an answer to inspect that is of use, as the list has it.
    fn write(&mut self, element: &[u8], id: &str, answer: Option<(u16, usize)>) {
        let Some(entry) = list_entry(element).ok().filter(|entry| entry.id.0 == id) else {
            self.writer.leave_out();
            return;
        };
        let details = answer.map(|(status, length)| Details::of(id, status, &self.detail_buffer[..length]));
        let details = match details {
            Some(Details::Removed) => return,
            Some(Details::Known(details)) => Some(details),
            Some(Details::Refused) | None => None,
        };
        self.without_details += usize::from(details.is_none());
        let tags = self.images.of(entry.image_id);
        let is_in = self.writer.push(&container::container(&entry, details.as_ref(), &tags, &mut self.scratch));
        self.containers += usize::from(is_in);
    }
}

/// The value of a field in the head of an answer.
fn header<'h>(head: &'h [u8], name: &str) -> Option<&'h str> {
    let lines = str::from_utf8(head).ok()?.lines();
    let mut fields = lines.filter_map(|line| line.split_once(':'));
    fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// The id of an element of the list, if it may stand in a path.
fn id_of(element: &[u8]) -> Option<&str> {
    list_id(element).map(|id| id.0).filter(|id| is_id(id))
}

/// What inspect said of one container.
enum Details<'a> {
    Known(Inspect<'a>),
    /// It was removed since it was listed.
    Removed,
    /// A proxy forbids it, or it is another container's: the list's own words stand in.
    Refused,
}

impl<'a> Details<'a> {
    fn of(id: &str, status: u16, answer: &'a [u8]) -> Self {
        match status {
            200 => match inspect(answer) {
                Ok(details) if details.id.is_empty() || details.id.0 == id => Self::Known(details),
                _ => Self::Refused,
            },
            404 if says_no_such_container(answer) => Self::Removed,
            _ => Self::Refused,
        }
    }
}

/// One kept-alive connection and its buffer.
struct Connection {
    socket: PathBuf,
    stream: Option<Rc<UnixStream>>,
    /// Requests sent in the last go.
    asked: usize,
    /// Answers to them that were not read to their end; also above 0 after a deadline cut a sweep off. Only at 0 can
    /// the connection carry another request.
    answers_due: usize,
    buffer: &'static mut [u8; READ_BYTES],
    /// The bytes read and not yet used: `buffer[start..end]`.
    start: usize,
    end: usize,
}

impl Connection {
    fn new(socket: &Path, buffer: &'static mut [u8; READ_BYTES]) -> Self {
        Self { socket: socket.to_owned(), stream: None, asked: 0, answers_due: 0, buffer, start: 0, end: 0 }
    }

    /// Asks, and reads the head of the answer, whatever its status.
    async fn ask(&mut self, endpoint: Endpoint<'_>) -> Result<Answer<'_>, DockerFault> {
        let request = endpoint.request().ok_or(DockerFault::BadId)?;
        let was_kept = self.stream.is_some() && self.answers_due == 0;
        let head = match self.exchange(&request).await {
            // The engine restarted, or tired of the connection, since the last answer.
            Err(DockerFault::Io(_)) if was_kept => self.exchange(&request).await?,
            head => head?,
        };
        Ok(self.answer(head))
    }

    fn answer(&mut self, head: http::Head) -> Answer<'_> {
        let decoder = BodyDecoder::new(head.framing);
        Answer { status: head.status, decoder, keep_alive: head.keep_alive, connection: self }
    }

    /// Asks for one or several things in one go, without waiting for the answers. They are then read in the same order,
    /// by [`Self::following`] or [`Self::next_whole`]. Errors: nothing was asked.
    async fn ask_ahead<'i>(&mut self, endpoints: impl Iterator<Item = Endpoint<'i>>) -> Result<(), DockerFault> {
        let (mut requests, mut count) = (heapless::String::<{ BATCH_MAX * REQUEST_BYTES }>::new(), 0);
        for endpoint in endpoints {
            let request = endpoint.request().ok_or(DockerFault::BadId)?;
            requests.push_str(&request).map_err(|_| DockerFault::TooLarge)?;
            count += 1;
        }
        if count > 0 {
            self.send(&requests, count).await?;
        }
        Ok(())
    }

    /// Whether some of what was asked in one go was answered and some was not.
    fn is_half_answered(&self) -> bool {
        (1..self.asked).contains(&self.answers_due)
    }

    /// The answer to what was asked ahead; where the answers fell out of step with the requests, it is asked again.
    async fn following(&mut self, endpoint: Endpoint<'_>, in_step: &mut bool) -> Result<Answer<'_>, DockerFault> {
        if *in_step {
            match self.head().await {
                Ok(head) => return Ok(self.answer(head)),
                Err(_) => *in_step = false,
            }
        }
        self.ask(endpoint).await
    }

    /// Reads the next whole answer of a batch, as [`Self::read_whole`] does.
    async fn next_whole(&mut self, into: &mut [u8]) -> Result<(u16, usize), DockerFault> {
        let head = self.head().await?;
        self.answer(head).read_whole(into).await
    }

    /// Asks, and reads the whole answer into `into`; its status and length. Errors: `TooLarge` when it does not fit.
    async fn read_whole(&mut self, endpoint: Endpoint<'_>, into: &mut [u8]) -> Result<(u16, usize), DockerFault> {
        self.ask(endpoint).await?.read_whole(into).await
    }

    /// Sends a request and reads the head of its answer.
    async fn exchange(&mut self, request: &str) -> Result<http::Head, DockerFault> {
        let stream = self.send(request, 1).await?;
        // The engine has to think; a read before it did would be in vain.
        reactor::ready(stream, Readiness::Read).await?;
        self.head().await
    }

    /// Sends `count` requests, on a new connection if need be; what they went over.
    async fn send(&mut self, requests: &str, count: usize) -> Result<Rc<UnixStream>, DockerFault> {
        // Bytes that nobody asked for would pass for the next answer.
        if self.answers_due > 0 || self.start != self.end {
            self.stream = None;
        }
        (self.asked, self.answers_due) = (count, count);
        let stream = match &self.stream {
            Some(stream) => stream.clone(),
            None => {
                (self.start, self.end) = (0, 0);
                self.stream.insert(Rc::new(connected(&self.socket).await?)).clone()
            }
        };
        let mut unsent = requests.as_bytes();
        while !unsent.is_empty() {
            let sent = reactor::retry(&stream, Readiness::Write, |mut stream| stream.write(unsent)).await?;
            unsent = unsent.get(sent..).unwrap_or_default();
        }
        Ok(stream)
    }

    /// Reads the head of the next answer.
    async fn head(&mut self) -> Result<http::Head, DockerFault> {
        loop {
            if let Some(head) = http::head(&self.buffer[self.start..self.end])? {
                self.start += head.length;
                return Ok(head);
            }
            self.read_more().await?;
        }
    }

    /// Reads what the engine has to say next. Errors: `UnexpectedEof` when it closed the connection.
    async fn read_more(&mut self) -> Result<(), DockerFault> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.end == READ_BYTES {
            if self.start == 0 {
                return Err(DockerFault::HeadTooLong);
            }
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        let ended = DockerFault::Io(io::ErrorKind::UnexpectedEof);
        let Some(stream) = &mut self.stream else { return Err(ended) };
        let room = &mut self.buffer[self.end..];
        match reactor::retry(stream, Readiness::Read, |mut stream| stream.read(room)).await? {
            0 => Err(ended),
            count => {
                self.end += count;
                Ok(())
            }
        }
    }
}

/// Connects without ever blocking: an engine that hangs stops taking connections, and connect(2) would wait for it.
async fn connected(path: &Path) -> io::Result<UnixStream> {
    let address = UnixAddr::new(path)?;
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let stream = UnixStream::from(socket(AddressFamily::Unix, SockType::Stream, flags, None)?);
    loop {
        match connect(stream.as_raw_fd(), &address) {
            Ok(()) => return Ok(stream),
            // Its queue is full (unix(7)), for which there is nothing to poll.
            Err(Errno::EAGAIN) => reactor::after(QUEUE_FULL_PAUSE).await,
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// The body of an answer, in pieces.
struct Answer<'c> {
    status: u16,
    connection: &'c mut Connection,
    decoder: BodyDecoder,
    keep_alive: bool,
}

impl Answer<'_> {
    /// The same if it is what was asked for. Errors: `Status` for anything but 200, its body read and dropped.
    async fn granted(mut self) -> Result<Self, DockerFault> {
        if self.status != 200 {
            while self.next().await?.is_some() {}
            return Err(DockerFault::Status(self.status));
        }
        Ok(self)
    }

    /// Reads the whole body into `into`; the answer's status and its length. Errors: `TooLarge` when it does not fit.
    async fn read_whole(mut self, into: &mut [u8]) -> Result<(u16, usize), DockerFault> {
        let mut length = 0;
        while let Some(piece) = self.next().await? {
            into.get_mut(length..length + piece.len()).ok_or(DockerFault::TooLarge)?.copy_from_slice(piece);
            length += piece.len();
        }
        Ok((self.status, length))
    }

    /// The next piece of the body, `None` at its end.
    async fn next(&mut self) -> Result<Option<&[u8]>, DockerFault> {
        let (from, until) = loop {
            let connection = &mut *self.connection;
            let unused = &connection.buffer[connection.start..connection.end];
            let decoded = self.decoder.decode(unused)?;
            // The data is the last part of what was consumed, unless framing follows it: none does.
            let (consumed, length) = (decoded.consumed, decoded.data.len());
            connection.start += consumed;
            if length > 0 {
                break (connection.start - length, connection.start);
            }
            if self.decoder.is_done() {
                connection.answers_due = connection.answers_due.saturating_sub(1);
                if !self.keep_alive {
                    connection.stream = None;
                }
                return Ok(None);
            }
            match connection.read_more().await {
                Err(DockerFault::Io(io::ErrorKind::UnexpectedEof)) if self.decoder.may_close() => return Ok(None),
                result => result?,
            }
        };
        Ok(Some(&self.connection.buffer[from..until]))
    }
}

/// Which tags each image has: packed text, as JSON writes it, and where each image's part is.
struct ImageTags {
    text: heapless::String<TAGS_BYTES>,
    images: heapless::Vec<TaggedImage, IMAGES_MAX>,
    left_out: usize,
}

#[derive(Clone, Copy)]
struct TaggedImage {
    digest: [u8; DIGEST_HEX_BYTES],
    /// Its tags, each followed by a line feed (which JSON text cannot hold): `text[start..end]`.
    start: usize,
    end: usize,
}

impl ImageTags {
    const fn new() -> Self {
        Self { text: heapless::String::new(), images: heapless::Vec::new(), left_out: 0 }
    }

    /// Reads the image list anew, as [`Connection::following`] finds it.
    async fn read(
        &mut self,
        connection: &mut Connection,
        in_step: &mut bool,
        buffer: &mut [u8],
    ) -> Result<(), DockerFault> {
        self.text.clear();
        self.images.clear();
        self.left_out = 0;
        let mut answer = connection.following(Endpoint::Images, in_step).await?.granted().await?;
        let mut splitter = ArraySplitter::default();
        while let Some(mut piece) = answer.next().await? {
            loop {
                match splitter.step(&mut piece, buffer)? {
                    Step::More | Step::End => break,
                    Step::Oversized => self.left_out += 1,
                    Step::Element(bytes) => match image(bytes) {
                        Ok(image) => self.add(&image),
                        Err(_) => self.left_out += 1,
                    },
                }
            }
        }
        if splitter.is_ended() { Ok(()) } else { Err(DockerFault::Io(io::ErrorKind::UnexpectedEof)) }
    }

    fn add(&mut self, image: &Image<'_>) {
        let Some(digest) = digest(image.id) else { return };
        let start = self.text.len();
        let tags = container::useful_tags(image.repo_tags.iter().copied());
        let fits = tags.iter().all(|tag| self.text.push_str(tag.0).is_ok() && self.text.push('\n').is_ok());
        let tagged = TaggedImage { digest, start, end: self.text.len() };
        if !fits || self.images.push(tagged).is_err() {
            self.text.truncate(start);
            self.left_out += 1;
        }
    }

    /// The tags of an image; none for one that is not known.
    fn of(&self, image_id: JsonText<'_>) -> heapless::Vec<JsonText<'_>, TAGS_MAX> {
        let image = digest(image_id).and_then(|digest| self.images.iter().find(|image| image.digest == digest));
        let text = image.and_then(|image| self.text.get(image.start..image.end)).unwrap_or_default();
        container::useful_tags(text.split('\n').map(JsonText))
    }
}

/// Whether a 404 is the engine's own, in Docker's words or Podman's; a proxy that hides the path says something else,
/// and the container is there.
fn says_no_such_container(answer: &[u8]) -> bool {
    answer.windows(NO_SUCH_CONTAINER.len()).any(|words| words.eq_ignore_ascii_case(NO_SUCH_CONTAINER))
}

fn digest(id: JsonText<'_>) -> Option<[u8; DIGEST_HEX_BYTES]> {
    id.0.strip_prefix(DIGEST_PREFIX)?.as_bytes().try_into().ok()
}

#[cfg(test)]
pub mod scripted;
#[cfg(test)]
mod tests;
