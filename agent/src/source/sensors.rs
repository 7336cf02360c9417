//! Temperatures and fans, from `/sys/class/hwmon`.
//!
//! Source: kernel document hwmon/sysfs-interface: `name` of each chip, `temp*_input` in thousandths of a degree
//! Celsius, `fan*_input` in revolutions per minute, `*_label` where the driver knows what it measures. They are looked
//! for once, and again when one of them has gone.

use std::path::Path;
use std::path::PathBuf;

use neon_agent_core::parse::Fault;
use neon_agent_core::sample::host::{FANS_MAX, Host, SensorText, TEMPERATURES_MAX};
use nix::errno::Errno;

use super::procfs::{Extent, ProcFile, open, read_all};

/// A value, a name or a label.
const ATTRIBUTE_BYTES: usize = 64;
/// The driver that asks a disk for its temperature, which on some keeps it from spinning down (kernel document
/// hwmon/drivetemp). A monitor must not wear out what it watches.
const LEFT_OUT_CHIP: &str = "drivetemp";

/// The sensors of a host, open.
pub struct Sensors {
    folder: PathBuf,
    /// `None` until they have been looked for, and again when one has gone.
    found: Option<Vec<Sensor>>,
}

struct Sensor {
    kind: Kind,
    chip: SensorText,
    label: SensorText,
    file: ProcFile,
    /// Its driver was unloaded, or its device unplugged.
    is_gone: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Temperature,
    Fan,
}

/// Why a sensor gave nothing.
pub enum SensorFault<'s> {
    /// It cannot be read.
    Read(&'s Path, Errno),
    /// What it says is no number.
    Parse(&'s Path, Fault),
}

impl Sensors {
    /// The sensors under `sys`, not yet looked for.
    pub fn new(sys: &Path) -> Self {
        Self { folder: sys.join("class/hwmon"), found: None }
    }

    /// Whether this host has any.
    pub fn is_empty(&mut self) -> bool {
        let folder = &self.folder;
        self.found.get_or_insert_with(|| discover(folder)).is_empty()
    }

    /// Reads each into `host`. A sensor that fails costs itself alone; the first fault is the error.
    pub fn read(&mut self, host: &mut Host<'_>) -> Result<(), SensorFault<'_>> {
        if self.found.iter().flatten().any(|sensor| sensor.is_gone) {
            self.found = None;
        }
        let folder = &self.folder;
        let mut first = Ok(());
        for sensor in self.found.get_or_insert_with(|| discover(folder)) {
            first = first.and(sensor.read(host));
        }
        first
    }
}

impl Sensor {
    fn read(&mut self, host: &mut Host<'_>) -> Result<(), SensorFault<'_>> {
        let mut buffer = [0; ATTRIBUTE_BYTES];
        let bytes = match self.file.read(&mut buffer) {
            Ok(bytes) => bytes.unwrap_or_default(),
            Err(errno) => {
                self.is_gone = matches!(errno, Errno::ENODEV | Errno::ENOENT);
                return Err(SensorFault::Read(self.file.path(), errno));
            }
        };
        let taken = match self.kind {
            Kind::Temperature => host.temperature(&self.chip, &self.label, bytes),
            Kind::Fan => host.fan(&self.chip, &self.label, bytes),
        };
        taken.map_err(|fault| SensorFault::Parse(self.file.path(), fault))
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
    let mut room = [(Kind::Temperature, TEMPERATURES_MAX), (Kind::Fan, FANS_MAX)];
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
        "temp" => Kind::Temperature,
        "fan" => Kind::Fan,
        _ => return None,
    };
    let label = text(&file.with_file_name(format!("{name}_label"))).unwrap_or_else(|| SensorText::from(name));
    Some(Sensor { kind, chip: chip.clone(), label, file: ProcFile::new(file, Extent::OnePiece), is_gone: false })
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

    use super::*;

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
        assert!(Sensors::new(&sys).read(&mut host).is_ok());
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
        let mut host = host();
        assert!(matches!(sensors.read(&mut host), Err(SensorFault::Parse(path, _)) if path.ends_with("temp2_input")));
        assert_eq!(readings(&mut host)["temperatures"].as_array().unwrap().len(), 2);

        // A sensor whose file is gone when it is opened, as after its driver went.
        let mut unread = Sensors::new(&sys);
        assert!(!unread.is_empty());
        std::fs::remove_dir_all(&chip).unwrap();
        assert!(matches!(unread.read(&mut host), Err(SensorFault::Read(_, Errno::ENOENT))));
        assert!(unread.read(&mut host).is_ok() && unread.is_empty());
        std::fs::remove_dir_all(&sys).unwrap();
    }

    #[test]
    fn a_host_without_sensors_has_none() {
        assert!(Sensors::new(Path::new("/nowhere")).is_empty());
    }
}
