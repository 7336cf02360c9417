//! Temperatures and fans, from `/sys/class/hwmon`.
//!
//! Source: kernel document hwmon/sysfs-interface: `name` of each chip, `temp*_input` in thousandths of a degree
//! Celsius, `fan*_input` in revolutions per minute, `*_label` where the driver knows what it measures. They are looked
//! for once, and again when one of them has gone.
//!
//! Reading one asks a device, which may hang (a bus, a disk's controller). So a runner reads them, all in one go: two
//! switches of threads a collection. One that hangs keeps its runner, and another one reads those behind it.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::time::Duration;

use neon_agent_core::parse::Fault;
use neon_agent_core::sample::host::{FANS_MAX, Host, SensorText, TEMPERATURES_MAX};
use nix::errno::Errno;

use super::procfs::{Extent, ProcFile, open, read_all};
use super::runners::{Crew, Kind, NoAnswer};

/// A value, a name or a label.
const ATTRIBUTE_BYTES: usize = 64;
/// The driver that asks a disk for its temperature, which on some keeps it from spinning down (kernel document
/// hwmon/drivetemp). A monitor must not wear out what it watches.
const LEFT_OUT_CHIP: &str = "drivetemp";
/// How often a round that gets on is waited for anew when the time is up. Past it those left are not read.
const WAITS_MAX: u32 = 4;

/// The sensors of a host, open.
pub struct Sensors {
    folder: PathBuf,
    /// `None` until they have been looked for, and again when one has gone.
    found: Option<Arc<Found>>,
    /// Whether one has gone.
    is_stale: bool,
    /// Rounds so far.
    rounds: u32,
}

/// The sensors that were found, shared with the runners that read them.
struct Found {
    sensors: Vec<Sensor>,
    /// The round that is waited for; an older one ends with the sensor it is at.
    round: AtomicU32,
    /// Which sensor it is at.
    at: AtomicUsize,
}

struct Sensor {
    kind: SensorKind,
    chip: SensorText,
    label: SensorText,
    path: PathBuf,
    /// Whether it hangs, and so is not read.
    is_left_out: AtomicBool,
    /// Locked while it is read.
    reading: Mutex<Reading>,
}

struct Reading {
    file: ProcFile,
    bytes: [u8; ATTRIBUTE_BYTES],
    /// How many bytes were read, or why not.
    length: Result<usize, Errno>,
    /// In which round.
    round: u32,
}

#[derive(Clone, Copy, PartialEq)]
enum SensorKind {
    Temperature,
    Fan,
}

/// Why a sensor gave nothing.
#[derive(Debug)]
pub enum SensorFault<'s> {
    /// It cannot be read.
    Read(&'s Path, Errno),
    /// What it says is no number.
    Parse(&'s Path, Fault),
}

/// The sensors from one on, to be read by a runner.
pub struct Round {
    found: Arc<Found>,
    number: u32,
    from: usize,
}

impl Round {
    /// Reads them.
    pub fn run(self) {
        for (index, sensor) in self.found.sensors.iter().enumerate().skip(self.from) {
            if self.found.round.load(Ordering::Acquire) != self.number {
                return;
            }
            self.found.at.store(index, Ordering::Release);
            if !sensor.is_left_out.load(Ordering::Acquire) {
                sensor.read(self.number);
            }
        }
    }
}

impl Sensors {
    /// The sensors under `sys`, not yet looked for.
    pub fn new(sys: &Path) -> Self {
        Self { folder: sys.join("class/hwmon"), found: None, is_stale: false, rounds: 0 }
    }

    /// Whether this host has any.
    pub fn is_empty(&mut self) -> bool {
        self.found().sensors.is_empty()
    }

    /// Reads each into `host`. A sensor that fails or hangs costs itself alone; the first fault is the error, and the
    /// crew knows what hangs.
    pub fn read(
        &mut self,
        host: &mut Host<'_>,
        crew: &mut Crew,
        clock: &impl Fn() -> Duration,
    ) -> Result<(), SensorFault<'_>> {
        if std::mem::take(&mut self.is_stale) {
            self.found = None;
        }
        let found = self.found();
        for sensor in &found.sensors {
            sensor.is_left_out.store(crew.is_silent_sensor(sensor.path_bytes()), Ordering::Release);
        }
        let (first, mut from, mut waits_left) = (self.rounds + 1, Some(0), WAITS_MAX);
        while let Some(index) = from.filter(|index| *index < found.sensors.len()) {
            from = self.round(&found, index, &mut waits_left, crew, clock);
        }
        let found: &Found = self.found.insert(found);
        self.is_stale = found.has_one_gone(first);
        found.take(first, host)
    }

    fn found(&mut self) -> Arc<Found> {
        let folder = &self.folder;
        self.found.get_or_insert_with(|| Arc::new(Found::new(discover(folder)))).clone()
    }

    /// Has the sensors from one on read. `None` when that is done; the one behind the one that hangs.
    fn round(
        &mut self,
        found: &Arc<Found>,
        from: usize,
        waits_left: &mut u32,
        crew: &mut Crew,
        clock: &impl Fn() -> Duration,
    ) -> Option<usize> {
        self.rounds += 1;
        found.at.store(from, Ordering::Release);
        found.round.store(self.rounds, Ordering::Release);
        let (since, mut last) = (clock(), from);
        let asked = crew.read(Round { found: found.clone(), number: self.rounds, from }, clock, || {
            let at = found.at.load(Ordering::Acquire);
            let gets_on = at != std::mem::replace(&mut last, at) && *waits_left > 0;
            *waits_left -= u32::from(gets_on);
            gets_on
        });
        match asked {
            Ok(()) => None,
            Err(NoAnswer::Silent(runner)) => {
                // It ends with the sensor it is at.
                found.round.store(0, Ordering::Release);
                let at = found.at.load(Ordering::Acquire);
                let sensor = found.sensors.get(at)?;
                sensor.is_left_out.store(true, Ordering::Release);
                crew.leave_sensor(runner, sensor.path_bytes(), since, clock());
                Some(at + 1)
            }
            Err(NoAnswer::NotAsked) => {
                let left = found.sensors.iter().skip(from).filter(|sensor| !sensor.is_left_out.load(Ordering::Acquire));
                left.for_each(|sensor| crew.count_not_asked(Kind::Sensor, sensor.path_bytes()));
                None
            }
        }
    }
}

impl Found {
    fn new(sensors: Vec<Sensor>) -> Self {
        Self { sensors, round: AtomicU32::new(0), at: AtomicUsize::new(0) }
    }

    /// Hands over what was read in round `first` or later.
    fn take(&self, first: u32, host: &mut Host<'_>) -> Result<(), SensorFault<'_>> {
        let mut fault = Ok(());
        for sensor in &self.sensors {
            sensor.with_reading(first, |reading| {
                fault = std::mem::replace(&mut fault, Ok(())).and(sensor.take(reading, host))
            });
        }
        fault
    }

    /// Whether a driver was unloaded, or a device unplugged.
    fn has_one_gone(&self, first: u32) -> bool {
        let mut has_one_gone = false;
        for sensor in &self.sensors {
            sensor.with_reading(first, |reading| {
                has_one_gone |= matches!(reading.length, Err(Errno::ENODEV | Errno::ENOENT));
            });
        }
        has_one_gone
    }
}

impl Sensor {
    fn path_bytes(&self) -> &[u8] {
        self.path.as_os_str().as_bytes()
    }

    /// Reads it, however long that takes.
    fn read(&self, round: u32) {
        let Reading { file, bytes, length, round: read_in } =
            &mut *self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        *length = file.read(bytes).map(|read| read.map_or(0, <[u8]>::len));
        *read_in = round;
    }

    /// Looks at what was read in round `first` or later; at nothing of one that hangs or was not read.
    fn with_reading(&self, first: u32, look: impl FnOnce(&Reading)) {
        match self.reading.try_lock() {
            Ok(reading) if reading.round >= first => look(&reading),
            Err(TryLockError::Poisoned(_) | TryLockError::WouldBlock) | Ok(_) => {}
        }
    }

    fn take(&self, reading: &Reading, host: &mut Host<'_>) -> Result<(), SensorFault<'_>> {
        let length = reading.length.map_err(|errno| SensorFault::Read(&self.path, errno))?;
        let bytes = reading.bytes.get(..length).unwrap_or_default();
        let taken = match self.kind {
            SensorKind::Temperature => host.temperature(&self.chip, &self.label, bytes),
            SensorKind::Fan => host.fan(&self.chip, &self.label, bytes),
        };
        taken.map_err(|fault| SensorFault::Parse(&self.path, fault))
    }
}

fn discover(folder: &Path) -> Vec<Sensor> {
    let mut sensors = Vec::new();
    for chip_folder in sorted_entries(folder) {
        let chip = text(&chip_folder.join("name")).unwrap_or_default();
        if &*chip == LEFT_OUT_CHIP {
            continue;
        }
        for file in sorted_entries(&chip_folder) {
            sensors.extend(sensor(&chip, file));
        }
    }
    let mut room = [(SensorKind::Temperature, TEMPERATURES_MAX), (SensorKind::Fan, FANS_MAX)];
    sensors.retain(|sensor: &Sensor| {
        let slot = room.iter_mut().find(|(kind, left)| *kind == sensor.kind && *left > 0);
        slot.map(|(_, left)| *left -= 1).is_some()
    });
    sensors
}

/// The sensor whose value is in `file`, if it is one: `temp3_input`.
fn sensor(chip: &SensorText, file: PathBuf) -> Option<Sensor> {
    let name = file.file_name()?.to_str()?.strip_suffix("_input")?;
    let kind = match name.trim_end_matches(|c: char| c.is_ascii_digit()) {
        "temp" => SensorKind::Temperature,
        "fan" => SensorKind::Fan,
        _ => return None,
    };
    let label = text(&file.with_file_name(format!("{name}_label"))).unwrap_or_else(|| SensorText::from(name));
    let (chip, path) = (chip.clone(), file.clone());
    let file = ProcFile::new(file, Extent::OnePiece);
    let reading = Mutex::new(Reading { file, bytes: [0; ATTRIBUTE_BYTES], length: Ok(0), round: 0 });
    Some(Sensor { kind, chip, label, path, is_left_out: AtomicBool::new(false), reading })
}

/// What is in a folder, shorter names first, so that temp2 comes before temp10. A folder that is not there is empty.
fn sorted_entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort_by(|a, b| (a.as_os_str().len(), a).cmp(&(b.as_os_str().len(), b)));
    entries
}

fn text(path: &Path) -> Option<SensorText> {
    let mut buffer = [0; ATTRIBUTE_BYTES];
    let length = read_all(&open(path).ok()?, &mut buffer).ok()?;
    let text = buffer[..length].trim_ascii();
    (!text.is_empty()).then(|| SensorText::from_bytes(text))
}

#[cfg(test)]
mod tests {
    use neon_agent_core::sample::host::{AgentStanding, HostLists};
    use neon_shared::time::Timestamp;

    use super::super::runners::Desks;
    use super::*;
    use crate::hot_path_tests::leaked;

    /// One collection of the sensors alone.
    fn read<'s>(sensors: &'s mut Sensors, host: &mut Host<'_>, crew: &mut Crew) -> Result<(), SensorFault<'s>> {
        crew.begin(Duration::ZERO);
        sensors.read(host, crew, &|| Duration::ZERO)
    }

    fn crew() -> Crew {
        Crew::new(leaked(Desks::new))
    }

    /// A `/sys` with two chips, one of them a disk.
    fn sys(name: &str) -> PathBuf {
        let sys = std::env::temp_dir().join(format!("neon-agent-sensors-{name}-{}", std::process::id()));
        for (file, text) in [
            ("hwmon0/name", "coretemp\n"),
            ("hwmon0/temp1_input", "45500\n"),
            ("hwmon0/temp1_label", "Package id 0\n"),
            ("hwmon0/temp10_input", "-1250\n"),
            ("hwmon0/temp2_input", "46000\n"),
            ("hwmon0/temp2_max", "100000\n"),
            ("hwmon0/fan1_input", "1170\n"),
            ("hwmon1/name", "drivetemp\n"),
            ("hwmon1/temp1_input", "30000\n"),
        ] {
            let path = sys.join("class/hwmon").join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        sys
    }

    fn readings(host: &mut Host<'_>) -> serde_json::Value {
        host.stat(b"cpu 1 1 1 1\n").unwrap();
        host.meminfo(b"MemTotal: 1 kB\nMemAvailable: 1 kB\n").unwrap();
        let metrics = host.metrics(Timestamp::EPOCH, &AgentStanding::default()).unwrap();
        serde_json::to_value(metrics.readings.unwrap()).unwrap()
    }

    fn host() -> Host<'static> {
        let mut host = Host::new(Box::leak(Box::new(HostLists::new())));
        host.begin(0);
        host
    }

    #[test]
    fn temperatures_and_fans_are_read_with_their_names_but_no_disk_is_asked() {
        let sys = sys("names");
        let mut host = host();
        assert!(read(&mut Sensors::new(&sys), &mut host, &mut crew()).is_ok());
        let readings = readings(&mut host);
        assert_eq!(
            readings["temperatures"],
            serde_json::json!([
                {"chip": "coretemp", "sensor": "Package id 0", "celsius": 45.5},
                {"chip": "coretemp", "sensor": "temp2", "celsius": 46.0},
                {"chip": "coretemp", "sensor": "temp10", "celsius": -1.25},
            ])
        );
        assert_eq!(
            readings["fans"],
            serde_json::json!([{"chip": "coretemp", "sensor": "fan1", "revolutionsPerMinute": 1170}])
        );
        std::fs::remove_dir_all(&sys).unwrap();
    }

    #[test]
    fn a_sensor_that_fails_costs_itself_alone_and_one_that_went_is_looked_for() {
        let sys = sys("faults");
        let mut sensors = Sensors::new(&sys);
        let chip = sys.join("class/hwmon/hwmon0");
        std::fs::write(chip.join("temp2_input"), "hot\n").unwrap();
        let (mut host, mut crew) = (host(), crew());
        assert!(
            matches!(read(&mut sensors, &mut host, &mut crew), Err(SensorFault::Parse(path, _)) if path.ends_with("temp2_input"))
        );
        assert_eq!(readings(&mut host)["temperatures"].as_array().unwrap().len(), 2);

        // A sensor whose file is gone when it is opened, as after its driver went.
        let mut unread = Sensors::new(&sys);
        assert!(!unread.is_empty());
        std::fs::remove_dir_all(&chip).unwrap();
        assert!(matches!(read(&mut unread, &mut host, &mut crew), Err(SensorFault::Read(_, Errno::ENOENT))));
        assert!(read(&mut unread, &mut host, &mut crew).is_ok() && unread.is_empty());
        std::fs::remove_dir_all(&sys).unwrap();
    }

    #[test]
    fn two_sensors_that_hang_cost_themselves_alone_and_are_read_again_when_they_return() {
        let sys = sys("hang");
        let chip = sys.join("class/hwmon/hwmon0");
        // Opening them waits in the kernel until somebody writes.
        let hanging = ["temp1_input", "temp10_input"].map(|file| chip.join(file));
        for file in &hanging {
            std::fs::remove_file(file).unwrap();
            nix::unistd::mkfifo(file, nix::sys::stat::Mode::S_IRWXU).unwrap();
        }
        let (mut host, mut crew, mut sensors) = (host(), crew(), Sensors::new(&sys));
        let mut shown = || {
            host.begin(0);
            assert!(read(&mut sensors, &mut host, &mut crew).is_ok());
            let standing = crew.standing(Kind::Sensor).map(|standing| standing.to_string());
            let temperatures = readings(&mut host)["temperatures"].as_array().map_or(0, Vec::len);
            (standing, temperatures, readings(&mut host)["fans"].as_array().map_or(0, Vec::len), crew.returned().len())
        };
        let names = hanging.each_ref().map(|file| file.display().to_string()).join(", ");
        let silent = format!("2 sensors do not answer: {names}");
        for _ in 0..3 {
            assert_eq!(shown(), (Some(silent.clone()), 1, 1, 0));
        }
        for file in &hanging {
            let writer = std::fs::File::options().write(true).open(file).unwrap();
            std::fs::remove_file(file).unwrap();
            std::fs::write(file, "45500\n").unwrap();
            drop(writer);
        }
        let (until, mut returned) = (std::time::Instant::now() + Duration::from_secs(30), 0);
        loop {
            let (standing, temperatures, fans, back) = shown();
            returned += back;
            if standing.is_none() {
                assert_eq!((temperatures, fans, returned), (3, 1, 2));
                break;
            }
            assert!(std::time::Instant::now() < until, "{standing:?}");
        }
        std::fs::remove_dir_all(&sys).unwrap();
    }

    #[test]
    fn a_host_without_sensors_has_none() {
        assert!(Sensors::new(Path::new("/nowhere")).is_empty());
    }
}
