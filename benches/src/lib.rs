//! The stages that the benches measure, on two hosts of two processors, five file systems and four interfaces:
//! [`Kind::Plain`] has two disks and nothing else, [`Kind::Rich`] is the fixture `rich`.
//!
//! [`Cycle`] does what the agent's kernel source does between reading and sending, with the files already in memory.

use std::sync::{Mutex, MutexGuard, PoisonError};

use neon_agent_core::parse::Fault;
use neon_agent_core::parse::http::BodyDecoder;
use neon_agent_core::parse::json::{ArraySplitter, Step};
use neon_agent_core::parse::{
    attribute, diskstats, docker, http, loadavg, meminfo, mountinfo, net_dev, pressure, sockstat, stat, vmstat,
};
use neon_agent_core::sample::host::{AgentStanding, Host, HostLists, Resource, SensorText, SourceEntry};
use neon_agent_core::sample::mounts::Space;
use neon_agent_core::sample::network::Link;
use neon_agent_core::text::Text;
use neon_agent_core::wire;
use neon_shared::time::Timestamp;

/// A file of the fixture host.
macro_rules! fixture {
    ($path:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../agent/core/tests/fixtures/rich/", $path))
    };
}

/// An answer of a Docker Engine.
macro_rules! engine {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../agent/core/tests/fixtures/engine/", $name, ".http"))
    };
}

/// One parser on one file.
#[derive(Clone, Copy, Debug)]
pub struct Parser {
    /// The file it is named after.
    pub name: &'static str,
    /// What it reads.
    pub bytes: &'static [u8],
    /// Reads it whole and returns something that depends on all of it.
    pub parse: fn(&[u8]) -> u64,
    /// Most instructions it may take. Like the other budgets, a tenth or less above what it takes; docs/limits.md has
    /// them all, and a test compares.
    pub budget_instructions: u64,
}

/// What else a host has, beside two processors, five file systems and four interfaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Two disks and the pseudo file systems of a distribution: most servers.
    Plain,
    /// Four disks, mounts of containers and of another host, ZFS, connection tracking, sensors.
    Rich,
}

/// Most instructions of [`Cycle::parse`] and [`Cycle::encode`] together on the plain host: the promise.
pub const PLAIN_CYCLE_BUDGET_INSTRUCTIONS: u64 = 60_000;
/// Most instructions of [`Cycle::parse`] on the rich host.
pub const PARSE_AND_SAMPLE_BUDGET_INSTRUCTIONS: u64 = 48_000;
/// Most instructions of [`Cycle::encode`] on the rich host.
pub const ENCODE_BUDGET_INSTRUCTIONS: u64 = 32_000;
/// Most instructions of both together on the rich host.
pub const WHOLE_CYCLE_BUDGET_INSTRUCTIONS: u64 = 80_000;

/// The parsers that take most of a collection or a sweep, and the smallest one beside them.
pub const PARSERS: [Parser; 12] = [
    Parser { name: "stat", bytes: fixture!("proc/stat").as_bytes(), parse: parse_stat, budget_instructions: 3_600 },
    Parser {
        name: "loadavg",
        bytes: fixture!("proc/loadavg").as_bytes(),
        parse: parse_loadavg,
        budget_instructions: 550,
    },
    Parser {
        name: "meminfo",
        bytes: fixture!("proc/meminfo").as_bytes(),
        parse: parse_meminfo,
        budget_instructions: 4_100,
    },
    Parser {
        name: "vmstat",
        bytes: fixture!("proc/vmstat").as_bytes(),
        parse: parse_vmstat,
        budget_instructions: 2_900,
    },
    Parser {
        name: "pressure",
        bytes: fixture!("proc/pressure/memory").as_bytes(),
        parse: parse_pressure,
        budget_instructions: 1_500,
    },
    Parser {
        name: "mountinfo",
        bytes: fixture!("proc/1/mountinfo").as_bytes(),
        parse: parse_mountinfo,
        budget_instructions: 15_000,
    },
    Parser {
        name: "diskstats",
        bytes: fixture!("proc/diskstats").as_bytes(),
        parse: parse_diskstats,
        budget_instructions: 10_000,
    },
    Parser {
        name: "net_dev",
        bytes: fixture!("proc/1/net/dev").as_bytes(),
        parse: parse_net_dev,
        budget_instructions: 4_800,
    },
    Parser {
        name: "sockstat",
        bytes: fixture!("proc/1/net/sockstat").as_bytes(),
        parse: parse_sockstat,
        budget_instructions: 1_700,
    },
    Parser { name: "http", bytes: engine!("inspect"), parse: parse_http, budget_instructions: 4_400 },
    Parser { name: "docker list", bytes: engine!("list"), parse: parse_docker_list, budget_instructions: 83_000 },
    Parser {
        name: "docker inspect",
        bytes: engine!("inspect"),
        parse: parse_docker_inspect,
        budget_instructions: 24_500,
    },
];

fn parse_stat(bytes: &[u8]) -> u64 {
    let mut cores = 0;
    let read = stat::stat(bytes, |_, _| cores += 1);
    cores + u64::from(read.is_ok())
}

fn parse_loadavg(bytes: &[u8]) -> u64 {
    loadavg::loadavg(bytes).is_ok().into()
}

fn parse_meminfo(bytes: &[u8]) -> u64 {
    meminfo::meminfo(bytes).map_or(0, |memory| memory.available_bytes)
}

fn parse_vmstat(bytes: &[u8]) -> u64 {
    vmstat::oom_kills(bytes).ok().flatten().unwrap_or(0)
}

fn parse_pressure(bytes: &[u8]) -> u64 {
    pressure::pressure(bytes).is_ok().into()
}

fn parse_mountinfo(bytes: &[u8]) -> u64 {
    mountinfo::mountinfo(bytes, |_, _| true).flatten().count() as u64
}

fn parse_diskstats(bytes: &[u8]) -> u64 {
    diskstats::diskstats(bytes, |_| true).flatten().count() as u64
}

fn parse_net_dev(bytes: &[u8]) -> u64 {
    net_dev::net_dev(bytes, |_| true).flatten().count() as u64
}

fn parse_sockstat(bytes: &[u8]) -> u64 {
    sockstat::sockstat(bytes).is_ok().into()
}

/// Takes an answer's head and framing off; how many bytes of body there are.
fn parse_http(bytes: &[u8]) -> u64 {
    let mut length = 0;
    each_piece(bytes, |piece| length += piece.len() as u64);
    length
}

/// Cuts the list out of its answer into containers and reads each; how many there are.
fn parse_docker_list(bytes: &[u8]) -> u64 {
    let (mut splitter, mut containers) = (ArraySplitter::default(), 0);
    let buffer = &mut *element();
    each_piece(bytes, |mut piece| {
        while let Ok(Step::Element(bytes)) = splitter.step(&mut piece, buffer) {
            containers += u64::from(docker::list_entry(bytes).is_ok());
        }
    });
    containers
}

/// Reads what one container's answer says.
fn parse_docker_inspect(bytes: &[u8]) -> u64 {
    let (body, mut length) = (&mut *element(), 0);
    each_piece(bytes, |piece| {
        body[length..length + piece.len()].copy_from_slice(piece);
        length += piece.len();
    });
    docker::inspect(&body[..length]).is_ok().into()
}

/// Room for one container of the list, or one inspected.
const ELEMENT_BYTES: usize = 16 * 1024;

/// That room. As in the agent it is there already: filling it with zeroes would count for more than the parser.
fn element() -> MutexGuard<'static, [u8; ELEMENT_BYTES]> {
    static ELEMENT: Mutex<[u8; ELEMENT_BYTES]> = Mutex::new([0; ELEMENT_BYTES]);
    ELEMENT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The pieces of an answer's body.
fn each_piece(answer: &[u8], mut take: impl FnMut(&[u8])) {
    let Ok(Some(head)) = http::head(answer) else { return };
    let (mut decoder, mut rest) = (BodyDecoder::new(head.framing), &answer[head.length..]);
    while let Ok(decoded) = decoder.decode(rest)
        && decoded.consumed > 0
    {
        take(decoded.data);
        rest = &rest[decoded.consumed..];
    }
}

const BOOT_ID: &[u8] = fixture!("proc/sys/kernel/random/boot_id").as_bytes();
const OPERSTATE: &[u8] = fixture!("sys/class/net/eth0/operstate").as_bytes();
const SPEED: &[u8] = fixture!("sys/class/net/eth0/speed").as_bytes();
const TEMPERATURES: [(&str, &str, &[u8]); 5] = [
    ("coretemp", "Package id 0", fixture!("sys/class/hwmon/hwmon0/temp1_input").as_bytes()),
    ("coretemp", "Core 0", fixture!("sys/class/hwmon/hwmon0/temp2_input").as_bytes()),
    ("coretemp", "Core 1", fixture!("sys/class/hwmon/hwmon0/temp3_input").as_bytes()),
    ("nct6775", "temp1", fixture!("sys/class/hwmon/hwmon1/temp1_input").as_bytes()),
    ("nvme", "Composite", fixture!("sys/class/hwmon/hwmon2/temp1_input").as_bytes()),
];
const FANS: [(&str, &str, &[u8]); 2] = [
    ("nct6775", "fan1", fixture!("sys/class/hwmon/hwmon1/fan1_input").as_bytes()),
    ("nct6775", "CPU fan", fixture!("sys/class/hwmon/hwmon1/fan2_input").as_bytes()),
];
/// The sources that report how they fared, as the agent names them.
const SOURCES: [&str; 16] = [
    "stat",
    "loadavg",
    "meminfo",
    "vmstat",
    "arcstats",
    "pressure/cpu",
    "pressure/memory",
    "pressure/io",
    "mountinfo",
    "diskstats",
    "net/dev",
    "sockstat",
    "sockstat6",
    "conntrack",
    "uptime",
    "file-nr",
];
/// Room for one sample; the agent's own buffer is larger, for hosts of hundreds of processors.
const SAMPLE_BYTES: usize = 64 * 1024;
const ELAPSED_MS: u64 = 1000;
/// No mount is listed for its name.
const NONE_NAMED: &[&[u8]] = &[];
/// Collections until the counters begin again; that one collection in so many has no rates.
const MOMENTS: u64 = 64;

/// The files that shares and rates come from, with counters that have gone on.
#[derive(Debug)]
struct Moment {
    stat: Vec<u8>,
    diskstats: Vec<u8>,
}

impl Moment {
    fn new(kind: Kind, number: u64) -> Self {
        let diskstats = match kind {
            Kind::Plain => include_str!("../plain/diskstats"),
            Kind::Rich => fixture!("proc/diskstats"),
        };
        Self { stat: counted_on(fixture!("proc/stat"), number), diskstats: counted_on(diskstats, number) }
    }
}

/// `file` some time later: every number of four digits and more has grown, each at its own pace.
fn counted_on(file: &str, number: u64) -> Vec<u8> {
    let later = |word: &str| match word.parse::<u64>() {
        Ok(count) if word.len() > 3 => (count + number * (count / 997 + 13)).to_string(),
        _ => word.to_owned(),
    };
    let line = |line: &str| line.split(' ').map(later).collect::<Vec<_>>().join(" ");
    file.lines().map(|text| line(text) + "\n").collect::<String>().into_bytes()
}

/// One host, and the buffers of its collections.
#[derive(Debug)]
pub struct Cycle {
    kind: Kind,
    host: Host<'static>,
    moments: Vec<Moment>,
    collections: usize,
    temperatures: Vec<(SensorText, SensorText, &'static [u8])>,
    fans: Vec<(SensorText, SensorText, &'static [u8])>,
    sample: Vec<u8>,
    body: Vec<u8>,
}

impl Cycle {
    /// A host that has been looked at twice, so that it has rates.
    pub fn new(kind: Kind) -> Self {
        let texts = |sensors: &[(&str, &str, &'static [u8])]| {
            sensors.iter().map(|(chip, label, bytes)| (Text::from(*chip), Text::from(*label), *bytes)).collect()
        };
        let mut cycle = Self {
            kind,
            moments: (0..MOMENTS).map(|number| Moment::new(kind, number)).collect(),
            collections: 0,
            host: Host::new(Box::leak(Box::new(HostLists::new()))),
            temperatures: texts(&TEMPERATURES),
            fans: texts(&FANS),
            sample: vec![0; SAMPLE_BYTES],
            body: vec![0; SAMPLE_BYTES],
        };
        for _ in 0..2 {
            cycle.parse().expect("the fixture is well formed");
        }
        cycle
    }

    /// Parses every file into the host's readings.
    ///
    /// Errors: a file of the fixture is malformed.
    pub fn parse(&mut self) -> Result<(), Fault> {
        let host = &mut self.host;
        let moment = &self.moments[self.collections % self.moments.len()];
        self.collections += 1;
        host.begin(ELAPSED_MS);
        host.stat(&moment.stat)?;
        host.loadavg(fixture!("proc/loadavg").as_bytes())?;
        host.meminfo(fixture!("proc/meminfo").as_bytes())?;
        host.vmstat(fixture!("proc/vmstat").as_bytes())?;
        host.pressure(Resource::Cpu, fixture!("proc/pressure/cpu").as_bytes())?;
        host.pressure(Resource::Memory, fixture!("proc/pressure/memory").as_bytes())?;
        host.pressure(Resource::Io, fixture!("proc/pressure/io").as_bytes())?;
        host.mountinfo(mount_table(self.kind), NONE_NAMED, |_, _| Some(SPACE))?;
        host.diskstats(&moment.diskstats)?;
        host.net_dev(fixture!("proc/1/net/dev").as_bytes(), |_| link())?;
        host.sockstat(fixture!("proc/1/net/sockstat").as_bytes())?;
        host.sockstat(fixture!("proc/1/net/sockstat6").as_bytes())?;
        host.uptime(fixture!("proc/uptime").as_bytes())?;
        host.file_nr(fixture!("proc/sys/fs/file-nr").as_bytes())?;
        host.boot_id(BOOT_ID);
        host.processes(97);
        if self.kind == Kind::Rich {
            self.parse_extras()?;
        }
        for source in SOURCES {
            let is_extra = matches!(source, "arcstats" | "conntrack");
            if self.kind == Kind::Rich || !is_extra {
                self.host.source(SourceEntry { source, duration_microseconds: 7, error: None });
            }
        }
        Ok(())
    }

    /// What a plain host does not have.
    fn parse_extras(&mut self) -> Result<(), Fault> {
        let host = &mut self.host;
        host.arcstats(fixture!("proc/spl/kstat/zfs/arcstats").as_bytes())?;
        host.conntrack(
            fixture!("proc/sys/net/netfilter/nf_conntrack_count").as_bytes(),
            fixture!("proc/sys/net/netfilter/nf_conntrack_max").as_bytes(),
        )?;
        for (chip, label, bytes) in &self.temperatures {
            host.temperature(chip, label, bytes)?;
        }
        for (chip, label, bytes) in &self.fans {
            host.fan(chip, label, bytes)?;
        }
        Ok(())
    }

    /// Writes the readings as one sample, and that as a request body; the body.
    pub fn encode(&mut self) -> &[u8] {
        let standing = AgentStanding {
            resident_bytes: Some(2_400_000),
            anonymous_bytes: Some(600_000),
            cpu_microseconds: Some(150),
            ..AgentStanding::default()
        };
        let metrics = self.host.metrics(Timestamp::from_unix_ms(1_795_000_000_000), &standing);
        let metrics = metrics.expect("the fixture has processor times and memory");
        let sample = wire::sample(&metrics, &mut self.sample).expect("the sample fits");
        let written = wire::metrics(std::iter::once(sample), &mut self.body);
        let (length, _) = written.expect("one sample fits");
        &self.body[..length]
    }

    /// Bytes that a collection parses.
    pub fn input_bytes() -> usize {
        PARSERS.iter().map(|parser| parser.bytes.len()).sum()
    }
}

fn mount_table(kind: Kind) -> &'static [u8] {
    match kind {
        Kind::Plain => include_bytes!("../plain/mountinfo"),
        Kind::Rich => fixture!("proc/1/mountinfo").as_bytes(),
    }
}

/// What statvfs(3) says of a disk of 40 GiB; the call itself is no part of parsing.
const SPACE: Space = Space {
    total_bytes: 42_949_672_960,
    used_bytes: 12_884_901_888,
    available_bytes: 27_917_287_424,
    inodes_total: 2_621_440,
    inodes_used: 181_204,
};

fn link() -> Link {
    Link { speed_mbit: attribute::unsigned(SPEED).ok(), up: attribute::operstate(OPERSTATE) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cycle_is_of_the_host_that_the_budget_is_promised_for() {
        for kind in [Kind::Plain, Kind::Rich] {
            is_promised_for(kind);
        }
    }

    fn is_promised_for(kind: Kind) {
        let mut cycle = Cycle::new(kind);
        let body = String::from_utf8(cycle.encode().to_vec()).unwrap();
        let count = |name: &str| body.matches(name).count();
        // Of the four interfaces, loopback is read and not listed.
        let interfaces = count("\"rxErrors") as u64 + 1;
        assert_eq!((count("\"core\":"), count("\"mountPoint\":"), interfaces), (2, 5, 4), "{body}");
        assert_eq!(parse_net_dev(fixture!("proc/1/net/dev").as_bytes()), interfaces);
        assert!(!body.contains("\"utilisationPercent\":0") && !body.contains("\"cpuPercent\":0,"), "no rates: {body}");
        let (sources, temperatures) = match kind {
            Kind::Plain => (SOURCES.len() - 2, 0),
            Kind::Rich => (SOURCES.len(), TEMPERATURES.len()),
        };
        assert_eq!((count("\"durationMicroseconds\":"), count("\"celsius")), (sources, temperatures), "{body}");
    }

    #[test]
    fn the_budgets_are_those_of_the_documentation() {
        let limits = include_str!("../../docs/limits.md");
        let stages = [
            ("parsing and sampling", PARSE_AND_SAMPLE_BUDGET_INSTRUCTIONS),
            ("encoding", ENCODE_BUDGET_INSTRUCTIONS),
            ("both", WHOLE_CYCLE_BUDGET_INSTRUCTIONS),
            ("both, of a plain host", PLAIN_CYCLE_BUDGET_INSTRUCTIONS),
        ];
        let parsers = PARSERS.iter().map(|parser| (parser.name, parser.budget_instructions));
        for (name, budget) in parsers.chain(stages) {
            let row = format!("| {name} | {budget} |");
            assert!(limits.contains(&row), "docs/limits.md has no {row}");
        }
    }

    #[test]
    fn every_parser_reads_its_file() {
        for parser in PARSERS {
            assert!((parser.parse)(parser.bytes) > 0, "{}", parser.name);
        }
    }
}
