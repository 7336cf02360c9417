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

use neon_agent_core::parse::docker::{Image, Info, Inspect, ListEntry, TAGS_MAX};
use neon_agent_core::parse::http::{self, BodyDecoder, HttpFault};
use neon_agent_core::parse::json::{ArraySplitter, ElementFault, JsonFault, JsonText, Step, element};
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
    pub omitted: usize,
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
        let length = self.detail.get_whole(Endpoint::Info, self.detail_buffer).await?;
        let info: Info<'_> = element(&self.detail_buffer[..length]).map_err(DockerFault::Element)?;
        facts.add_engine(&info, in_container);
        Ok(())
    }

    /// Lists every container with its details and writes the report.
    ///
    /// Errors: the list itself cannot be had. An image list or a detail that cannot be had costs only itself.
    pub async fn containers(&mut self) -> Result<Sweep<'_>, DockerFault> {
        let images = self.images.read(&mut self.list, self.element_buffer).await;
        let images = images.map(|()| self.images.left_out);
        let mut answer = self.list.get(Endpoint::Containers).await?;
        let mut writer = wire::containers(self.report).map_err(|_| DockerFault::ReportFull)?;
        let (mut containers, mut omitted, mut without_details) = (0, 0, 0);
        let mut splitter = ArraySplitter::default();
        let mut scratch = Scratch::default();
        while let Some(mut piece) = answer.next().await? {
            loop {
                let entry = match splitter.step(&mut piece, self.element_buffer)? {
                    Step::More | Step::End => break,
                    Step::Oversized => None,
                    Step::Element(bytes) => element::<ListEntry<'_>>(bytes).ok(),
                };
                let Some(entry) = entry else {
                    omitted += 1;
                    continue;
                };
                let details = match self.detail.get_whole(Endpoint::Inspect(entry.id.0), self.detail_buffer).await {
                    // Removed since it was listed.
                    Err(DockerFault::Status(404)) => continue,
                    Err(DockerFault::BadId) => {
                        omitted += 1;
                        continue;
                    }
                    Ok(length) => element::<Inspect<'_>>(&self.detail_buffer[..length]).ok(),
                    Err(_) => None,
                };
                without_details += usize::from(details.is_none());
                let tags = self.images.of(entry.image_id);
                match writer.push(&container::container(&entry, details.as_ref(), &tags, &mut scratch)) {
                    Ok(()) => containers += 1,
                    Err(wire::Full) => omitted += 1,
                }
            }
        }
        if !splitter.is_ended() {
            return Err(DockerFault::Io(io::ErrorKind::UnexpectedEof));
        }
        let length = writer.finish();
        Ok(Sweep { body: &self.report[..length], containers, omitted, without_details, images })
    }
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

    /// Asks, and reads the head of the answer. Errors: `Status` for anything but 200, its body read and dropped.
    async fn get(&mut self, endpoint: Endpoint<'_>) -> Result<Answer<'_>, DockerFault> {
        let request = endpoint.request().ok_or(DockerFault::BadId)?;
        let was_kept = self.stream.is_some() && self.is_idle;
        let head = match self.ask(&request).await {
            // The engine restarted, or tired of the connection, since the last answer.
            Err(DockerFault::Io(_)) if was_kept => self.ask(&request).await?,
            head => head?,
        };
        let status = head.status;
        let mut answer =
            Answer { decoder: BodyDecoder::new(head.framing), keep_alive: head.keep_alive, connection: self };
        if status != 200 {
            while answer.next().await?.is_some() {}
            return Err(DockerFault::Status(status));
        }
        Ok(answer)
    }

    /// Asks, and reads the whole answer into `into`; its length. Errors: `TooLarge` when it does not fit.
    async fn get_whole(&mut self, endpoint: Endpoint<'_>, into: &mut [u8]) -> Result<usize, DockerFault> {
        let mut answer = self.get(endpoint).await?;
        let mut length = 0;
        while let Some(piece) = answer.next().await? {
            into.get_mut(length..length + piece.len()).ok_or(DockerFault::TooLarge)?.copy_from_slice(piece);
            length += piece.len();
        }
        Ok(length)
    }

    async fn ask(&mut self, request: &str) -> Result<http::Head, DockerFault> {
        if !self.is_idle {
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
    connection: &'c mut Connection,
    decoder: BodyDecoder,
    keep_alive: bool,
}

impl Answer<'_> {
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
        let mut answer = connection.get(Endpoint::Images).await?;
        let mut splitter = ArraySplitter::default();
        while let Some(mut piece) = answer.next().await? {
            loop {
                match splitter.step(&mut piece, buffer)? {
                    Step::More | Step::End => break,
                    Step::Oversized => self.left_out += 1,
                    Step::Element(bytes) => match element::<Image<'_>>(bytes) {
                        Ok(image) => self.add(&image),
                        Err(_) => self.left_out += 1,
                    },
                }
            }
        }
        Ok(())
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

fn digest(id: JsonText<'_>) -> Option<[u8; DIGEST_HEX_BYTES]> {
    id.0.strip_prefix(DIGEST_PREFIX)?.as_bytes().try_into().ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;
    use crate::reactor::block_on;

    const ID: &str = "eb6f6e2aaa26c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ff";

    #[test]
    fn no_request_but_the_four_can_be_formed() {
        for endpoint in [Endpoint::Info, Endpoint::Images, Endpoint::Containers, Endpoint::Inspect(ID)] {
            let request = endpoint.request().unwrap();
            let line = request.lines().next().unwrap();
            let path = line.strip_prefix("GET ").unwrap().strip_suffix(" HTTP/1.1").unwrap();
            let inspect = format!("/containers/{ID}/json");
            assert!(["/info", "/images/json", "/containers/json?all=1", &inspect].contains(&path), "{path}");
        }
        for id in ["", "../../images", "abcdefabcdef HTTP/1.1\r\nX: ", "prune"] {
            assert_eq!(Endpoint::Inspect(id).request(), None, "{id}");
        }
    }

    /// Buffers as the statics of `main` are; made where the stack has room for them on their way to the heap.
    fn buffers() -> &'static mut DockerBuffers {
        let roomy = std::thread::Builder::new().stack_size(32 * 1024 * 1024);
        roomy.spawn(|| Box::leak(Box::new(DockerBuffers::new()))).unwrap().join().unwrap()
    }

    /// An engine that answers each request with what `answers` has for its path, in pieces of `piece` bytes.
    fn engine(answers: Vec<(&'static str, String)>, piece: usize) -> PathBuf {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("neon-agent-engine-{}-{number}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let answers = answers.clone();
                std::thread::spawn(move || serve(stream, &answers, piece));
            }
        });
        path
    }

    fn serve(mut stream: UnixStream, answers: &[(&str, String)], piece: usize) {
        let mut buffer = [0; 1024];
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            let request = String::from_utf8_lossy(&buffer[..count]).into_owned();
            let found = answers.iter().find(|(path, _)| request.starts_with(&format!("GET {path} ")));
            let answer = found.map(|(_, answer)| answer.clone()).unwrap_or_else(|| fixed(404, "{}"));
            for piece in answer.as_bytes().chunks(piece) {
                if stream.write_all(piece).is_err() {
                    return;
                }
            }
            if answer.contains("Connection: close") {
                return;
            }
        }
    }

    fn fixed(status: u16, body: &str) -> String {
        format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    }

    fn chunked(body: &str) -> String {
        let chunks: String = body
            .as_bytes()
            .chunks(11)
            .map(|chunk| format!("{:x}\r\n{}\r\n", chunk.len(), std::str::from_utf8(chunk).unwrap()))
            .collect();
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n")
    }

    fn list() -> String {
        format!(
            r#"[{{"Id":"{ID}","Names":["/web"],"Image":"busybox:local","ImageID":"sha256:{ID}","State":"running","Status":"Up 2 hours (healthy)"}}]"#
        )
    }

    fn images() -> String {
        format!(r#"[{{"Id":"sha256:{ID}","RepoTags":["busybox:local","other:1"]}}]"#)
    }

    const INSPECT: &str = r#"{"State":{"Status":"paused","StartedAt":"2026-11-23T08:47:25Z","ExitCode":0,"Health":{"Status":"unhealthy"}}}"#;

    const INSPECT_PATH: &str = "/containers/eb6f6e2aaa26c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ff/json";
    const LIST_PATH: &str = "/containers/json?all=1";

    fn sweep(answers: Vec<(&'static str, String)>, piece: usize) -> Result<(serde_json::Value, usize, usize), String> {
        let socket = engine(answers, piece);
        let mut engine = Engine::new(&socket, buffers());
        let result = block_on(engine.containers()).unwrap().map_err(|fault| fault.to_string());
        std::fs::remove_file(&socket).unwrap();
        result.map(|sweep| (serde_json::from_slice(sweep.body).unwrap(), sweep.omitted, sweep.without_details))
    }

    #[test]
    fn a_sweep_reads_lists_details_and_tags_however_they_arrive() {
        for piece in [1, 7, 100_000] {
            let answers = vec![
                ("/images/json", chunked(&images())),
                (LIST_PATH, chunked(&list())),
                (INSPECT_PATH, fixed(200, INSPECT)),
            ];
            let (body, omitted, without_details) = sweep(answers, piece).unwrap();
            let container = &body["containers"][0];
            assert_eq!((omitted, without_details), (0, 0));
            assert_eq!(container["containerId"], "eb6f6e2aaa26");
            assert_eq!(container["status"], "paused");
            assert_eq!(container["health"], "unhealthy");
            assert_eq!(container["imageTags"], serde_json::json!(["busybox:local", "other:1"]));
        }
    }

    #[test]
    fn an_engine_that_restarts_between_sweeps_is_asked_again() {
        let socket = std::env::temp_dir().join(format!("neon-agent-restart-{}", std::process::id()));
        let (answered, restarted) = std::sync::mpsc::channel();
        let path = socket.clone();
        let restarting = std::thread::spawn(move || {
            for round in 0..2 {
                let _ = std::fs::remove_file(&path);
                let listener = UnixListener::bind(&path).unwrap();
                answered.send(round).unwrap();
                let (mut stream, _) = listener.accept().unwrap();
                let mut buffer = [0; 1024];
                for body in ["[]", "[]"] {
                    assert!(stream.read(&mut buffer).unwrap() > 0);
                    stream.write_all(fixed(200, body).as_bytes()).unwrap();
                }
            }
        });
        let mut engine = Engine::new(&socket, buffers());
        for _ in 0..2 {
            restarted.recv().unwrap();
            assert_eq!(block_on(engine.containers()).unwrap().unwrap().containers, 0);
        }
        restarting.join().unwrap();
        std::fs::remove_file(&socket).unwrap();
    }

    #[test]
    fn a_sweep_cut_off_in_the_middle_does_not_confuse_the_next() {
        let answers = vec![("/images/json", fixed(200, "[]")), (LIST_PATH, fixed(200, "[]"))];
        let socket = engine(answers, 64);
        let mut engine = Engine::new(&socket, buffers());
        // Polled once and dropped: the request for the images is out, its answer unread.
        let cut = futures_lite::future::poll_once(engine.containers());
        assert!(block_on(cut).unwrap().is_none());
        assert_eq!(block_on(engine.containers()).unwrap().unwrap().containers, 0);
        std::fs::remove_file(&socket).unwrap();
    }

    #[test]
    fn a_proxy_that_forbids_a_path_costs_that_path_alone() {
        let answers = vec![
            ("/images/json", fixed(403, "<html>no</html>")),
            (LIST_PATH, fixed(200, &list())),
            (INSPECT_PATH, fixed(403, "no")),
        ];
        let (body, _, without_details) = sweep(answers, 64).unwrap();
        assert_eq!(without_details, 1);
        assert_eq!(body["containers"][0]["health"], "healthy");
        assert_eq!(body["containers"][0]["imageTags"], serde_json::json!([]));
    }

    #[test]
    fn a_container_removed_since_the_list_is_not_reported() {
        let answers = vec![("/images/json", fixed(200, "[]")), (LIST_PATH, fixed(200, &list()))];
        assert_eq!(sweep(answers, 64).unwrap().0["containers"], serde_json::json!([]));
    }

    #[test]
    fn a_malformed_or_oversized_container_is_counted_and_the_others_are_kept() {
        let huge = format!(r#"{{"Id":"{ID}","Labels":{{"x":"{}"}}}}"#, "y".repeat(ELEMENT_BYTES));
        let whole = list();
        let bad_id = r#"{"Id":"../../../images/json?x="}"#;
        let mixed = format!("[17,{huge},{bad_id},{}]", &whole[1..whole.len() - 1]);
        let answers = vec![
            ("/images/json", fixed(200, "[]")),
            (LIST_PATH, fixed(200, &mixed)),
            (INSPECT_PATH, fixed(200, INSPECT)),
        ];
        let (body, omitted, _) = sweep(answers, 4096).unwrap();
        assert_eq!((body["containers"].as_array().unwrap().len(), omitted), (1, 3));
    }

    #[test]
    fn details_too_large_for_their_buffer_leave_the_words_of_the_list() {
        let huge = format!(r#"{{"Config":{{"Env":["{}"]}}}}"#, "x".repeat(DETAIL_BYTES));
        let answers = vec![
            ("/images/json", fixed(200, "[]")),
            (LIST_PATH, fixed(200, &list())),
            (INSPECT_PATH, fixed(200, &huge)),
        ];
        let (body, _, without_details) = sweep(answers, 65_536).unwrap();
        assert_eq!((body["containers"][0]["health"].as_str(), without_details), (Some("healthy"), 1));
    }

    #[test]
    fn a_list_that_cannot_be_had_is_an_error_never_an_empty_report() {
        let images = || ("/images/json", fixed(200, "[]"));
        assert_eq!(sweep(vec![images(), (LIST_PATH, fixed(500, "{}"))], 64).unwrap_err(), "the engine answered 500");
        assert!(sweep(vec![images(), (LIST_PATH, fixed(200, "{}"))], 64).unwrap_err().contains("not a JSON array"));
        let cut = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[".to_owned();
        assert_eq!(sweep(vec![images(), (LIST_PATH, cut)], 64).unwrap_err(), "the engine broke off its answer");
        let not_http = "SSH-2.0-OpenSSH\r\nConnection: close\r\n\r\n".to_owned();
        assert!(sweep(vec![images(), (LIST_PATH, not_http)], 64).unwrap_err().contains("not HTTP"));
    }

    #[test]
    fn a_list_cut_at_any_byte_is_an_error_never_a_shorter_report() {
        let list = list();
        for end in 0..list.len() {
            let cut = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", &list[..end]);
            let answers =
                vec![("/images/json", fixed(200, "[]")), (LIST_PATH, cut), (INSPECT_PATH, fixed(200, INSPECT))];
            assert!(sweep(answers, 100_000).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn no_socket_is_said_in_words() {
        let mut engine = Engine::new(Path::new("/nowhere/docker.sock"), buffers());
        let fault = block_on(engine.containers()).unwrap().unwrap_err().to_string();
        assert_eq!(fault, "there is no socket");
    }

    #[test]
    fn tags_past_the_capacity_are_left_out_and_counted() {
        let mut tags = Box::new(ImageTags::new());
        let name = "n".repeat(TAGS_BYTES / 2);
        let id = format!("sha256:{ID}");
        for _ in 0..2 {
            let repo_tags = [JsonText(&name)].into_iter().collect();
            tags.add(&Image { id: JsonText(&id), repo_tags });
        }
        assert_eq!((tags.images.len(), tags.left_out), (1, 1));
        assert_eq!(tags.of(JsonText(&id)).len(), 1);
    }
}
