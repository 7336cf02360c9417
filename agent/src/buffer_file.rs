//! `BUFFER_FILE`: the file that keeps the ring over a restart. Its layout is `neon_agent_core::buffer_file`'s; here it is
//! opened, locked and written.
//!
//! It can never keep the agent from starting. A file that is damaged is set aside, and where none can be had the agent
//! goes on with memory alone; either is said in one line. It is written with pwrite(2) and synced once for each sample,
//! so a killed agent loses nothing, and a power cut nothing that is older than the last sample.

use std::fmt;
use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use neon_agent_core::buffer_file::{BufferFile, Damage, Recovered, Storage};
use neon_agent_core::clock::Date;
use neon_agent_core::ring::{Record, Ring};
use neon_shared::limits::RING_CAPACITY_SAMPLES;
use nix::errno::Errno;
use nix::fcntl::{OFlag, posix_fallocate};

use crate::clock;
use crate::log::{self, Part};
use crate::outbox::RING_BYTES;

type Layout = BufferFile<Disk, RING_BYTES, RING_CAPACITY_SAMPLES>;

/// Size of the file, in bytes: 4.1 MiB, whatever `BUFFER_MAX_SIZE` is, so that a changed one reads the same file.
pub const FILE_BYTES: u64 = Layout::FILE_BYTES;
/// Only the agent's user: a sample says much of its host.
const MODE: u32 = 0o600;
/// What a file that was set aside is called, before the time.
const SET_ASIDE: &str = ".damaged-";
/// Another number for each boot, proc_sys_kernel(5).
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// The open file of the ring.
#[derive(Debug)]
pub struct RingFile {
    path: PathBuf,
    layout: Mutex<Layout>,
    /// The same file, to wait for the disk without the lock.
    sync: File,
    /// Whether the last write failed and that was said.
    is_failing: AtomicBool,
}

/// A file below the layout.
#[derive(Debug)]
struct Disk(File);

impl Storage for Disk {
    type Error = io::Error;

    fn read(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(into, offset)
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }
}

/// Why a file is not used.
#[derive(Debug)]
enum Fault {
    /// It is not ours to use as it is, or cannot be had.
    Unusable(String),
    /// It was ours, and holds nothing that can be read.
    Damaged(&'static str),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Unusable(match Errno::from_raw(error.raw_os_error().unwrap_or_default()) {
            Errno::EISDIR => "is a directory".to_owned(),
            Errno::ELOOP => "is a symbolic link".to_owned(),
            Errno::ENOSPC | Errno::EDQUOT => format!("there is no room for its {FILE_BYTES} bytes"),
            _ => error.to_string(),
        })
    }
}

impl RingFile {
    /// Opens the file at `path`, or makes one; a damaged one is set aside first. `None`, and a line that says why, where
    /// neither can be done.
    pub fn open(path: &Path) -> Option<Self> {
        let opened = match open(path) {
            Err(Fault::Damaged(damage)) => set_aside(path, damage).and_then(|()| open(path)),
            opened => opened,
        };
        match opened {
            Ok(file) => Some(file),
            Err(Fault::Unusable(problem)) => {
                say(path, format_args!("{problem}: samples are kept in memory alone"));
                None
            }
            Err(Fault::Damaged(damage)) => {
                say(path, format_args!("{damage}: samples are kept in memory alone"));
                None
            }
        }
    }

    /// Reads the file back into the ring, which is empty; `base_ms` is what the clock showed at boot, if it is known.
    pub fn recover(
        &self,
        ring: &mut Ring<RING_BYTES, RING_CAPACITY_SAMPLES>,
        base_ms: Option<i64>,
        write: impl Fn(&mut [u8], i64),
    ) {
        let recovered = self.lock().recover(ring, base_ms, write);
        let Recovered { samples, damaged, undated } = self.checked(recovered).unwrap_or_default();
        say(&self.path, format_args!("{samples} samples of an earlier run wait to be sent"));
        if damaged > 0 {
            say(&self.path, format_args!("{damaged} samples are damaged and lost"));
        }
        if undated > 0 {
            say(
                &self.path,
                format_args!("{undated} samples are lost: their host never learned the time before it restarted"),
            );
        }
    }

    /// Keeps a sample that was added to the ring, which then held those from `first_number` on, and waits for the disk.
    pub fn keep(&self, record: &Record, first_number: u64, is_dated: bool, sample: &[u8]) {
        let kept = self.lock().keep(record, first_number, is_dated, sample);
        self.checked(kept.and_then(|()| self.sync.sync_data()));
    }

    /// Notes that everything before `first_number` is settled. Not synced: after a power cut it is sent again, which the
    /// master tells by its time.
    pub fn settle(&self, first_number: u64) {
        let settled = self.lock().settle(first_number);
        self.checked(settled);
    }

    /// Dates kept samples anew: those of `numbers` for which `date` has one.
    pub fn redate(&self, numbers: std::ops::Range<u64>, date: impl Fn(u64) -> Option<Date>) {
        // Asked under the file's lock: a number that is given up meanwhile cannot come after the one that takes its slot.
        let layout = self.lock();
        let redated = numbers
            .filter_map(|number| Some((number, date(number)?)))
            .try_for_each(|(number, date)| layout.redate(number, date));
        drop(layout);
        self.checked(redated.and_then(|()| self.sync.sync_data()));
    }

    fn lock(&self) -> MutexGuard<'_, Layout> {
        // Nothing panics while it holds the lock; if it ever does, every write is whole by itself.
        self.layout.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says when writing begins to fail and when it works again, once each.
    fn checked<T>(&self, result: io::Result<T>) -> Option<T> {
        let was_failing = self.is_failing.swap(result.is_err(), Ordering::Relaxed);
        match &result {
            Err(error) if !was_failing => {
                say(&self.path, format_args!("{error}: new samples are in memory alone until it can be written again"));
            }
            Ok(_) if was_failing => say(&self.path, format_args!("it can be written again")),
            _ => {}
        }
        result.ok()
    }
}

fn open(path: &Path) -> Result<RingFile, Fault> {
    // Neither a link nor a pipe that stands there can lead or hold the agent elsewhere.
    let flags = (OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits();
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(MODE).custom_flags(flags);
    let (file, is_new) = match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => (options.create_new(true).open(path)?, true),
        opened => (opened?, false),
    };
    let opened = take(path, file);
    if is_new && opened.is_err() {
        // It was made a moment ago and holds nothing.
        let _ = std::fs::remove_file(path);
    }
    opened
}

/// Takes an open file as the ring's.
fn take(path: &Path, file: File) -> Result<RingFile, Fault> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(Fault::Unusable("is not a regular file".to_owned()));
    }
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(Fault::Unusable("another agent uses it".to_owned())),
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    if metadata.permissions().mode() & 0o777 != MODE {
        // A file system without modes, or another owner's file that we may write: it is used as it is.
        let _ = file.set_permissions(Permissions::from_mode(MODE));
    }
    let boot = boot();
    let length = metadata.len();
    let layout = match if length == 0 { Ok(None) } else { Layout::open(Disk(file.try_clone()?), boot) } {
        Ok(Some(_)) if length != FILE_BYTES => return Err(Fault::Damaged("has another size than it was made with")),
        Ok(Some(layout)) => layout,
        // Made by an agent that was stopped before it could write a first time.
        Ok(None) => made(path, file.try_clone()?, boot)?,
        Err(Damage::Storage(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Err(Fault::Damaged("is cut off"));
        }
        Err(Damage::Storage(_)) => return Err(Fault::Damaged("cannot be read")),
        Err(Damage::Magic) => return Err(Fault::Damaged("is not a buffer file")),
        Err(Damage::Version(_)) => return Err(Fault::Damaged("is of another version of the agent")),
        Err(Damage::Checksum) => return Err(Fault::Damaged("has a damaged header")),
        Err(Damage::Capacity) => return Err(Fault::Damaged("is of an agent with a buffer of another size")),
    };
    Ok(RingFile { path: path.to_owned(), layout: Mutex::new(layout), sync: file, is_failing: AtomicBool::new(false) })
}

/// Sets aside all room of the file, so that a full disk is met now and not in the middle of an outage.
fn made(path: &Path, file: File, boot: u64) -> io::Result<Layout> {
    file.set_len(0)?;
    match posix_fallocate(&file, 0, FILE_BYTES as i64) {
        Ok(()) => {}
        // A file system that cannot promise room, such as ZFS: zeroes are written.
        Err(Errno::EOPNOTSUPP | Errno::EINVAL) => {
            let zeroes = [0; 4096];
            let mut offset = 0;
            while offset < FILE_BYTES {
                let count = zeroes.len().min((FILE_BYTES - offset) as usize);
                file.write_all_at(&zeroes[..count], offset)?;
                offset += count as u64;
            }
        }
        Err(errno) => return Err(errno.into()),
    }
    let sync = file.try_clone()?;
    let layout = Layout::create(Disk(file), boot)?;
    sync.sync_all()?;
    // The name as well; a file system that does not sync folders keeps it all the same.
    if let Some(folder) = path.parent() {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    Ok(layout)
}

/// Renames a damaged file, for whoever wants to look at it; of those, only the newest stays.
fn set_aside(path: &Path, damage: &str) -> Result<(), Fault> {
    let stem = format!("{}{SET_ASIDE}", path.file_name().unwrap_or_default().to_string_lossy());
    let name = format!("{stem}{}", clock::wall().to_string().replace(':', "-"));
    let target = path.with_file_name(&name);
    std::fs::rename(path, &target)
        .map_err(|error| Fault::Unusable(format!("{damage}, and cannot be set aside: {error}")))?;
    say(path, format_args!("{damage}: set aside as {name}"));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    for other in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let other_name = other.file_name();
        if other_name.to_string_lossy().starts_with(&stem) && *other_name != *name {
            let _ = std::fs::remove_file(other.path());
        }
    }
    Ok(())
}

/// A number that tells this boot from others. Where the kernel does not say, each start counts as a boot of its own.
fn boot() -> u64 {
    let id = std::fs::read_to_string(BOOT_ID).unwrap_or_default();
    let digits: String = id.chars().filter(char::is_ascii_hexdigit).take(16).collect();
    u64::from_str_radix(&digits, 16).unwrap_or(clock::now().wall_ms.unsigned_abs())
}

fn say(path: &Path, message: fmt::Arguments<'_>) {
    log::line(Part::Agent, format_args!("BUFFER_FILE {}: {message}", path.display()));
}
