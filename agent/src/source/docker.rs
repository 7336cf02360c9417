//! The Docker Engine (or Podman) over its Unix socket: four `GET` requests and nothing else.
//!
//! Source: Docker Engine API. Paths carry no version, so the engine answers with its own newest; [`Endpoint`] is the
//! whole list of what can be asked, and an id enters a path only after [`is_id`]. Lists are read in pieces and cut
//! into elements in a fixed buffer. The caller bounds the time of a sweep.

use std::fmt::{self, Write};
use std::io::{self, Read, Write as _};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use neon_agent_core::parse::docker::{Image, Inspect, TAGS_MAX, image, info, inspect, list_entry};
use neon_agent_core::parse::http::{self, BodyDecoder, HttpFault};
use neon_agent_core::parse::json::{ArraySplitter, ElementFault, JsonFault, JsonText, Step};
use neon_agent_core::sample::container::{self, Scratch, is_id};
use neon_agent_core::wire;
use neon_shared::limits::REQUEST_BODY_MAX_BYTES;
use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};

use super::host::HostFacts;
use crate::reactor::{self, Readiness};

/// Bytes read from a socket at once. An answer's head must fit; past it the answer is refused.
pub const READ_BYTES: usize = 16 * 1024;
/// One element of a list. A larger one is left out and counted.
pub const ELEMENT_BYTES: usize = 64 * 1024;
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
    fn request(self) -> Option<heapless::String<256>> {
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
    element: [u8; ELEMENT_BYTES],
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
            element: [0; ELEMENT_BYTES],
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

/// The engine behind one socket. Its two connections are kept alive between sweeps.
pub struct Engine {
    /// For lists, which are read while details are asked for on the other one.
    list: Connection,
    detail: Connection,
    element_buffer: &'static mut [u8; ELEMENT_BYTES],
    detail_buffer: &'static mut [u8; DETAIL_BYTES],
    images: &'static mut ImageTags,
    report: &'static mut [u8; REQUEST_BODY_MAX_BYTES],
}

impl Engine {
    /// An engine at `socket`; nothing is asked yet.
    pub fn new(socket: &Path, buffers: &'static mut DockerBuffers) -> Self {
        let DockerBuffers { list, inspect, element, detail, images, report } = buffers;
        Self {
            list: Connection::new(socket, list),
            detail: Connection::new(socket, inspect),
            element_buffer: element,
            detail_buffer: detail,
            images,
            report,
        }
    }

    /// Adds to `facts` what `GET /info` says.
    pub async fn describe(&mut self, facts: &mut HostFacts, in_container: bool) -> Result<(), DockerFault> {
        let (status, length) = self.detail.read_whole(Endpoint::Info, self.detail_buffer).await?;
        if status != 200 {
            return Err(DockerFault::Status(status));
        }
        let info = info(&self.detail_buffer[..length]).map_err(DockerFault::Element)?;
        facts.add_engine(&info, in_container);
        Ok(())
    }

    /// Lists every container with its details and writes the report.
    ///
    /// Errors: the list itself cannot be had to its end, or the engine is gone before all details are: part of a list
    /// would read as containers removed. An image list or a detail that cannot be had costs only itself.
    pub async fn containers(&mut self) -> Result<Sweep<'_>, DockerFault> {
        let images = self.images.read(&mut self.list, self.element_buffer).await;
        let images = images.map(|()| self.images.left_out);
        let mut answer = self.list.ask(Endpoint::Containers).await?.granted().await?;
        let mut writer = wire::containers(self.report).map_err(|_| DockerFault::ReportFull)?;
        let (mut containers, mut without_details) = (0, 0);
        let mut splitter = ArraySplitter::default();
        let mut scratch = Scratch::default();
        while let Some(mut piece) = answer.next().await? {
            loop {
                let entry = match splitter.step(&mut piece, self.element_buffer)? {
                    Step::More | Step::End => break,
                    Step::Oversized => None,
                    Step::Element(bytes) => list_entry(bytes).ok(),
                };
                let Some(entry) = entry.filter(|entry| is_id(entry.id.0)) else {
                    writer.leave_out();
                    continue;
                };
                let details = match self.detail.details(entry.id.0, self.detail_buffer).await? {
                    Details::Removed => continue,
                    Details::Refused => None,
                    Details::Known(details) => Some(details),
                };
                without_details += usize::from(details.is_none());
                let tags = self.images.of(entry.image_id);
                let is_in = writer.push(&container::container(&entry, details.as_ref(), &tags, &mut scratch));
                containers += usize::from(is_in);
            }
        }
        if !splitter.is_ended() {
            return Err(DockerFault::Io(io::ErrorKind::UnexpectedEof));
        }
        let omitted = writer.left_out();
        let length = writer.finish();
        Ok(Sweep { body: &self.report[..length], containers, omitted, without_details, images })
    }
}

/// What inspect said of one container.
enum Details<'a> {
    Known(Inspect<'a>),
    /// It was removed since it was listed.
    Removed,
    /// A proxy forbids it, it is too large, or it is another container's: the list's own words stand in.
    Refused,
}

/// One kept-alive connection and its buffer.
struct Connection {
    socket: PathBuf,
    stream: Option<Rc<UnixStream>>,
    /// Whether the last answer was read to its end, so that the connection can carry another request. Also false
    /// when a deadline cut a sweep off in the middle of an answer.
    is_idle: bool,
    buffer: &'static mut [u8; READ_BYTES],
    /// The bytes read and not yet used: `buffer[start..end]`.
    start: usize,
    end: usize,
}

impl Connection {
    fn new(socket: &Path, buffer: &'static mut [u8; READ_BYTES]) -> Self {
        Self { socket: socket.to_owned(), stream: None, is_idle: false, buffer, start: 0, end: 0 }
    }

    /// Asks, and reads the head of the answer, whatever its status.
    async fn ask(&mut self, endpoint: Endpoint<'_>) -> Result<Answer<'_>, DockerFault> {
        let request = endpoint.request().ok_or(DockerFault::BadId)?;
        let was_kept = self.stream.is_some() && self.is_idle;
        let head = match self.exchange(&request).await {
            // The engine restarted, or tired of the connection, since the last answer.
            Err(DockerFault::Io(_)) if was_kept => self.exchange(&request).await?,
            head => head?,
        };
        let decoder = BodyDecoder::new(head.framing);
        Ok(Answer { status: head.status, decoder, keep_alive: head.keep_alive, connection: self })
    }

    /// Asks for the details of one container.
    ///
    /// Errors: only that the engine is gone; what concerns this container alone is [`Details::Refused`].
    async fn details<'d>(&mut self, id: &str, buffer: &'d mut [u8]) -> Result<Details<'d>, DockerFault> {
        let (status, length) = match self.read_whole(Endpoint::Inspect(id), buffer).await {
            Err(fault) if fault.is_engine_gone() => return Err(fault),
            Err(_) => return Ok(Details::Refused),
            Ok(answer) => answer,
        };
        let answer = &buffer[..length];
        Ok(match status {
            200 => match inspect(answer) {
                Ok(details) if details.id.is_empty() || details.id.0 == id => Details::Known(details),
                _ => Details::Refused,
            },
            404 if says_no_such_container(answer) => Details::Removed,
            _ => Details::Refused,
        })
    }

    /// Asks, and reads the whole answer into `into`; its status and length. Errors: `TooLarge` when it does not fit.
    async fn read_whole(&mut self, endpoint: Endpoint<'_>, into: &mut [u8]) -> Result<(u16, usize), DockerFault> {
        let mut answer = self.ask(endpoint).await?;
        let mut length = 0;
        while let Some(piece) = answer.next().await? {
            into.get_mut(length..length + piece.len()).ok_or(DockerFault::TooLarge)?.copy_from_slice(piece);
            length += piece.len();
        }
        Ok((answer.status, length))
    }

    async fn exchange(&mut self, request: &str) -> Result<http::Head, DockerFault> {
        // Bytes that nobody asked for would pass for the next answer.
        if !self.is_idle || self.start != self.end {
            self.stream = None;
        }
        self.is_idle = false;
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => {
                (self.start, self.end) = (0, 0);
                none.insert(Rc::new(connected(&self.socket).await?))
            }
        };
        let mut unsent = request.as_bytes();
        while !unsent.is_empty() {
            let sent = reactor::retry(stream, Readiness::Write, |mut stream| stream.write(unsent)).await?;
            unsent = unsent.get(sent..).unwrap_or_default();
        }
        // The engine has to think; a read before it did would be in vain.
        reactor::ready(stream.clone(), Readiness::Read).await?;
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
                connection.is_idle = self.keep_alive;
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

    /// Reads the image list anew.
    async fn read(&mut self, connection: &mut Connection, buffer: &mut [u8]) -> Result<(), DockerFault> {
        self.text.clear();
        self.images.clear();
        self.left_out = 0;
        let mut answer = connection.ask(Endpoint::Images).await?.granted().await?;
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
