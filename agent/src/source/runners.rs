//! Threads for what may hang: a mount whose server is gone, a sensor whose bus does not answer.
//!
//! A system call that never returns cannot be given up, so it is made by a thread that can: a runner. It is asked by
//! the scheduler, which waits for it no longer than [`PATIENCE`]. A runner that has not answered by then is left with
//! its call; what it was asked is silent, is named in the sample, and is not asked again until that call returns, and
//! with it the thread ends. So the number of threads is bounded by [`RUNNERS_MAX`], and there is none on a host that
//! has nothing that may hang.
//!
//! What is asked lies in fixed buffers and an answer comes with no allocation; starting a thread makes some.

use std::ffi::CStr;
use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use std::time::Duration;

use neon_agent_core::parse::mountinfo::Mount;
use neon_agent_core::sample::mounts::{FS_TYPE_BYTES, MountText, Space};
use neon_agent_core::text::Text;

use super::filesystem;
use super::sensors::Round;

/// Threads at most, and so calls that hang at a time: shares of a few servers. What may hang beside them is not asked
/// until one returns, and is counted.
pub const RUNNERS_MAX: usize = 8;
/// Longest path that the kernel takes with the zero at its end, PATH_MAX of limits.h.
pub const PATH_BYTES: usize = 4096;
/// Room of a runner's stack, in bytes: a path, and what statvfs(3) and a debug build put beside it.
const STACK_BYTES: usize = 64 * 1024;
/// How long a collection waits for all that hangs in it together. A server that is well answers within milliseconds;
/// the end after SIGTERM, which waits for a collection, must come within 2 s.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long each is waited for when that time is used up: one that is well is not to be missed for another that hangs.
const GLANCE: Duration = Duration::from_millis(50);
/// How long one errand that gets on is waited for each further time.
const MORE_PATIENCE: Duration = Duration::from_millis(250);

/// Where the runners are asked; one static holds the desks.
pub struct Desks([Desk; RUNNERS_MAX]);

impl Desks {
    /// No thread yet; all zeroes.
    pub const fn new() -> Self {
        Self([const { Desk { errand: Mutex::new(Errand::new()), changed: Condvar::new() } }; RUNNERS_MAX])
    }
}

struct Desk {
    errand: Mutex<Errand>,
    changed: Condvar,
}

/// What a runner is asked, and what it answered.
struct Errand {
    phase: Phase,
    /// The sensors to read; without them, the space of the file system at `path`.
    round: Option<Round>,
    /// A path with a zero behind it.
    path: [u8; PATH_BYTES],
    path_bytes: usize,
    space: Option<Space>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// There is no thread.
    Absent,
    /// Its thread waits; its last answer stands.
    Idle,
    /// Its thread works.
    Asked,
    /// Its thread works and nobody waits for it any more: it ends when it is done.
    Abandoned,
}

impl Errand {
    const fn new() -> Self {
        Self { phase: Phase::Absent, round: None, path: [0; PATH_BYTES], path_bytes: 0, space: None }
    }
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, Errand> {
        // No code panics while it holds the lock.
        self.errand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The runner's life. The lock is not held over a call that may hang.
    fn serve(&self) {
        let mut path = [0; PATH_BYTES];
        let mut errand = self.lock();
        loop {
            let is_idle = |errand: &mut Errand| errand.phase == Phase::Idle;
            errand = self.changed.wait_while(errand, is_idle).unwrap_or_else(PoisonError::into_inner);
            let (round, path_bytes) = (errand.round.take(), errand.path_bytes);
            path[..path_bytes].copy_from_slice(&errand.path[..path_bytes]);
            drop(errand);
            let space = match round {
                Some(round) => {
                    round.run();
                    None
                }
                None => CStr::from_bytes_until_nul(&path).ok().and_then(filesystem::space),
            };
            errand = self.lock();
            errand.space = space;
            if errand.phase == Phase::Abandoned {
                errand.phase = Phase::Absent;
                return;
            }
            errand.phase = Phase::Idle;
            self.changed.notify_all();
        }
    }
}

/// What can hang.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A mounted file system.
    Mount,
    /// A sensor of hwmon.
    Sensor,
}

impl Kind {
    fn plural(self) -> &'static str {
        match self {
            Self::Mount => "mounts",
            Self::Sensor => "sensors",
        }
    }
}

/// Something that was asked and has not answered.
#[derive(Debug)]
pub struct Silent {
    kind: Kind,
    /// Mount point, or path of the sensor.
    name: MountText,
    /// File system type; empty for a sensor.
    fs_type: Text<FS_TYPE_BYTES>,
    /// The file system's device number: its other mounts hang as well.
    device: (u64, u64),
    /// When it was asked, by the caller's clock.
    since: Duration,
    /// How long it took until now, or until it returned.
    lasted: Duration,
}

/// A mount or a sensor that is well again: `/mnt/nas answers again after 612 s (nfs4)`.
impl fmt::Display for Silent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} answers again after {} s", self.name.as_str(), self.lasted.as_secs())?;
        self.write_type(f)
    }
}

impl Silent {
    fn write_type(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.fs_type.is_empty() { Ok(()) } else { write!(f, " ({})", self.fs_type.as_str()) }
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub enum NoAnswer {
    /// It is not waited for any more. What was asked is to be noted at this runner by [`Crew::leave`].
    Silent(usize),
    /// Nobody could be asked: all runners hang, or no thread can be started.
    NotAsked,
}

/// The scheduler's side: who is asked what, and what is silent.
pub struct Crew {
    desks: &'static Desks,
    /// What each runner hangs in.
    silent: [Option<Silent>; RUNNERS_MAX],
    /// What has returned since the collection before.
    returned: heapless::Vec<Silent, RUNNERS_MAX>,
    /// What nobody could be asked for in this collection, and the first of it.
    not_asked: Option<(Kind, MountText)>,
    mounts_not_asked: u32,
    sensors_not_asked: u32,
    /// What is left of [`PATIENCE`] in this collection.
    patience: Duration,
}

impl Crew {
    /// Nobody works yet.
    pub fn new(desks: &'static Desks) -> Self {
        Self {
            desks,
            silent: [const { None }; RUNNERS_MAX],
            returned: heapless::Vec::new(),
            not_asked: None,
            mounts_not_asked: 0,
            sensors_not_asked: 0,
            patience: PATIENCE,
        }
    }

    /// Begins a collection at `now`: what has returned since the last one can be asked again.
    pub fn begin(&mut self, now: Duration) {
        self.patience = PATIENCE;
        (self.not_asked, self.mounts_not_asked, self.sensors_not_asked) = (None, 0, 0);
        self.returned.clear();
        for (desk, slot) in self.desks.0.iter().zip(&mut self.silent) {
            let Some(silent) = slot else { continue };
            silent.lasted = now.saturating_sub(silent.since);
            if desk.lock().phase == Phase::Absent {
                self.returned.extend(slot.take());
            }
        }
    }

    /// What has returned since the collection before this one.
    pub fn returned(&self) -> &[Silent] {
        &self.returned
    }

    /// Asks a runner for the space of a mount whose path, with the host's root before it, is `path`. `None` when it
    /// cannot be had, or does not come in time; then [`Self::standing`] tells.
    pub fn space(
        &mut self,
        mount: &Mount<'_>,
        mount_point: &[u8],
        path: &CStr,
        clock: &impl Fn() -> Duration,
    ) -> Option<Space> {
        let device = (mount.device_major, mount.device_minor);
        // Its other mounts have said what there is to say.
        if self.silent.iter().flatten().any(|silent| silent.kind == Kind::Mount && silent.device == device) {
            return None;
        }
        let since = clock();
        let asked = self.ask(clock, |errand| errand.ask_space(path), || false);
        match asked {
            Ok(space) => space,
            Err(NoAnswer::NotAsked) => {
                self.count_not_asked(Kind::Mount, mount_point);
                None
            }
            Err(NoAnswer::Silent(runner)) => {
                let fs_type = Text::from_bytes(mount.fs_type);
                let (name, lasted) = (Text::from_bytes(mount_point), clock().saturating_sub(since));
                self.leave(runner, Silent { kind: Kind::Mount, name, fs_type, device, since, lasted });
                None
            }
        }
    }

    /// Has a runner read sensors. They are waited for as long as `goes_on` says so when the time is up.
    pub fn read(
        &mut self,
        round: Round,
        clock: &impl Fn() -> Duration,
        goes_on: impl FnMut() -> bool,
    ) -> Result<(), NoAnswer> {
        self.ask(clock, |errand| errand.round = Some(round), goes_on).map(drop)
    }

    /// Notes that a runner hangs in reading the sensor at `path`, since `since`.
    pub fn leave_sensor(&mut self, runner: usize, path: &[u8], since: Duration, now: Duration) {
        let (name, lasted) = (Text::from_bytes(path), now.saturating_sub(since));
        self.leave(runner, Silent { kind: Kind::Sensor, name, fs_type: Text::new(), device: (0, 0), since, lasted });
    }

    /// Whether a runner hangs in the sensor at `path`.
    pub fn is_silent_sensor(&self, path: &[u8]) -> bool {
        let mut silent = self.silent.iter().flatten().filter(|silent| silent.kind == Kind::Sensor).peekable();
        silent.peek().is_some() && {
            let name = MountText::from_bytes(path);
            silent.any(|silent| silent.name == name)
        }
    }

    /// Counts what nobody could be asked for.
    pub fn count_not_asked(&mut self, kind: Kind, name: &[u8]) {
        match kind {
            Kind::Mount => self.mounts_not_asked += 1,
            Kind::Sensor => self.sensors_not_asked += 1,
        }
        self.not_asked.get_or_insert_with(|| (kind, Text::from_bytes(name)));
    }

    /// What of this kind does not answer; `None` when all is well.
    pub fn standing(&self, kind: Kind) -> Option<Standing<'_>> {
        let standing = Standing { crew: self, kind };
        (standing.silent().next().is_some() || standing.not_asked() > 0).then_some(standing)
    }

    fn leave(&mut self, runner: usize, silent: Silent) {
        if let Some(slot) = self.silent.get_mut(runner) {
            *slot = Some(silent);
        }
    }

    /// Gives an errand to a runner that is free and waits for its end.
    fn ask(
        &mut self,
        clock: &impl Fn() -> Duration,
        prepare: impl FnOnce(&mut Errand),
        mut goes_on: impl FnMut() -> bool,
    ) -> Result<Option<Space>, NoAnswer> {
        // One that waits, so that there is never more than one of those.
        let in_phase = |phase| self.desks.0.iter().position(|desk| desk.lock().phase == phase);
        let runner = in_phase(Phase::Idle).or_else(|| in_phase(Phase::Absent)).ok_or(NoAnswer::NotAsked)?;
        let desk = &self.desks.0[runner];
        let mut errand = desk.lock();
        if errand.phase == Phase::Absent {
            let thread = Builder::new().name("runner".to_owned()).stack_size(STACK_BYTES);
            thread.spawn(|| desk.serve()).map_err(|_| NoAnswer::NotAsked)?;
        }
        prepare(&mut errand);
        errand.phase = Phase::Asked;
        desk.changed.notify_all();
        let is_under_way = |errand: &mut Errand| errand.phase == Phase::Asked;
        loop {
            let (started, patience) = (clock(), self.patience.max(GLANCE));
            let waited = desk.changed.wait_timeout_while(errand, patience, is_under_way);
            let timeout;
            (errand, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            let waited = if timeout.timed_out() { patience } else { clock().saturating_sub(started) };
            self.patience = self.patience.saturating_sub(waited);
            if !timeout.timed_out() {
                return Ok(errand.space);
            }
            if !goes_on() {
                errand.phase = Phase::Abandoned;
                return Err(NoAnswer::Silent(runner));
            }
            self.patience = self.patience.max(MORE_PATIENCE);
        }
    }
}

impl Errand {
    fn ask_space(&mut self, path: &CStr) {
        let path = path.to_bytes_with_nul();
        self.round = None;
        self.path_bytes = path.len();
        self.path[..path.len()].copy_from_slice(path);
    }
}

/// What does not answer, in words: `/mnt/nas: no answer for 612 s (nfs4)`, or how many and which.
#[derive(Clone, Copy)]
pub struct Standing<'c> {
    crew: &'c Crew,
    kind: Kind,
}

impl Standing<'_> {
    fn silent(&self) -> impl Iterator<Item = &Silent> {
        self.crew.silent.iter().flatten().filter(|silent| silent.kind == self.kind)
    }

    fn not_asked(&self) -> u32 {
        match self.kind {
            Kind::Mount => self.crew.mounts_not_asked,
            Kind::Sensor => self.crew.sensors_not_asked,
        }
    }
}

impl fmt::Display for Standing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, not_asked, plural) = (self.silent().count(), self.not_asked(), self.kind.plural());
        match (self.silent().next(), not_asked) {
            (Some(silent), 0) if count == 1 => {
                write!(f, "{}: no answer for {} s", silent.name.as_str(), silent.lasted.as_secs())?;
                return silent.write_type(f);
            }
            (None, _) => write!(f, "{not_asked} {plural} were not asked, for want of a thread")?,
            (Some(_), 0) => write!(f, "{count} {plural} do not answer")?,
            (Some(_), _) => write!(f, "{count} {plural} do not answer, {not_asked} more were not asked")?,
        }
        let mut separator = ": ";
        for silent in self.silent() {
            write!(f, "{separator}{}", silent.name.as_str())?;
            silent.write_type(f)?;
            separator = ", ";
        }
        match &self.crew.not_asked {
            Some((kind, name)) if *kind == self.kind => write!(f, "{separator}{}", name.as_str()),
            _ => Ok(()),
        }
    }
}
