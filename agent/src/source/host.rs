//! Facts about the host: its names, its system, its size.
//!
//! Source: uname(2), os-release(5), and Docker's `GET /info`. In a container the image's own files and host name say
//! nothing of the host, so there the engine is asked first and the mounted host root second.

use std::fs::File;
use std::path::Path;

use neon_agent_core::parse::docker::Info;
use neon_agent_core::parse::json::JsonText;
use neon_agent_core::parse::os_release::{OsRelease, os_release};
use neon_agent_core::text::Text;
use neon_shared::api::{FINGERPRINT_DIGITS, HostFingerprint};
use neon_shared::metrics::ServerInfo;
use ring::hmac;

use super::procfs::read_all;

/// Longest fact kept, in bytes; what is longer is cut. HOST_NAME_MAX is 64.
const FACT_BYTES: usize = 128;
/// Room for os-release; real ones are under 1 KB.
const OS_RELEASE_BYTES: usize = 8192;
/// Where distributions keep os-release, the first that is there (os-release(5)).
const OS_RELEASE_PATHS: [&str; 2] = ["etc/os-release", "usr/lib/os-release"];
/// Files that say "this is a container", of Docker and of Podman.
const CONTAINER_MARKS: [&str; 2] = ["/.dockerenv", "/run/.containerenv"];

/// Where machine-id(5) is, the second on hosts without systemd.
const MACHINE_ID_PATHS: [&str; 2] = ["etc/machine-id", "var/lib/dbus/machine-id"];
/// What a host's ids are hashed for: machine-id(5) asks for a keyed hash, another one for each application.
const FINGERPRINT_OF: &[u8] = b"neon host fingerprint";

type Fact = Text<FACT_BYTES>;
type Fingerprint = Text<FINGERPRINT_DIGITS>;

/// What a registration says of the host.
#[derive(Clone, Debug)]
pub struct HostFacts {
    hostname: Fact,
    os_name: Fact,
    os_version: Fact,
    os_kernel: Fact,
    os_arch: Fact,
    docker_version: Option<Fact>,
    machine_fingerprint: Option<Fingerprint>,
    engine_fingerprint: Option<Fingerprint>,
    /// Processors online.
    pub cpu_cores: u32,
    /// Memory, in GiB.
    pub total_memory_gb: f64,
    /// Disk space, in GiB.
    pub total_disk_gb: f64,
}

impl HostFacts {
    /// Nothing known yet; all zeroes.
    pub const fn new() -> Self {
        Self {
            hostname: Fact::new(),
            os_name: Fact::new(),
            os_version: Fact::new(),
            os_kernel: Fact::new(),
            os_arch: Fact::new(),
            docker_version: None,
            machine_fingerprint: None,
            engine_fingerprint: None,
            cpu_cores: 0,
            total_memory_gb: 0.0,
            total_disk_gb: 0.0,
        }
    }

    /// Asks this system; with the host mounted elsewhere, its files there.
    pub fn of_this_host(host_root: &Path) -> Self {
        let mut facts = Self::new();
        if let Ok(system) = nix::sys::utsname::uname() {
            facts.hostname = fact(system.nodename().as_encoded_bytes());
            facts.os_kernel = fact(system.release().as_encoded_bytes());
            facts.os_arch = fact(system.machine().as_encoded_bytes());
        }
        if host_root != Path::new("/")
            && let Some(name) = first_line(&host_root.join("etc/hostname"))
        {
            facts.hostname = name;
        }
        let release = read_os_release(host_root);
        facts.os_name = release.name.as_deref().map(Fact::from).unwrap_or_else(|| Fact::from("Linux"));
        facts.os_version = release.version_id.as_deref().map(Fact::from).unwrap_or_default();
        facts.machine_fingerprint = machine_id(host_root).map(|id| fingerprint(id.as_bytes()));
        facts
    }

    /// Adds what the engine says: its version always, the host's facts where this process cannot see them itself.
    pub fn add_engine(&mut self, info: &Info<'_>, in_container: bool) {
        self.docker_version = said(info.server_version);
        // Podman makes up another id each time it is asked.
        let id = said(info.id).filter(|_| said(info.buildah_version).is_none());
        self.engine_fingerprint = id.map(|id| fingerprint(id.as_bytes()));
        if !in_container {
            return;
        }
        let facts = [
            (&mut self.hostname, info.name),
            (&mut self.os_name, info.operating_system),
            (&mut self.os_version, info.os_version),
            (&mut self.os_kernel, info.kernel_version),
            (&mut self.os_arch, info.architecture),
        ];
        for (fact, text) in facts {
            if let Some(text) = said(text) {
                *fact = text;
            }
        }
    }

    /// Which host it is, from which nobody learns its ids; `None` where it has none that can be read.
    pub fn fingerprint(&self) -> Option<HostFingerprint<&str>> {
        let (machine, engine) = (self.machine_fingerprint.as_deref(), self.engine_fingerprint.as_deref());
        (machine.is_some() || engine.is_some()).then_some(HostFingerprint { machine, engine })
    }

    /// As the wire has it.
    pub fn server_info<'a>(&'a self, name: &'a str) -> ServerInfo<&'a str> {
        ServerInfo {
            name,
            hostname: &self.hostname,
            cpu_cores: self.cpu_cores,
            total_memory_gb: self.total_memory_gb,
            total_disk_gb: self.total_disk_gb,
            os_name: &self.os_name,
            os_version: &self.os_version,
            os_kernel: &self.os_kernel,
            os_arch: &self.os_arch,
            docker_version: self.docker_version.as_deref(),
        }
    }
}

/// Whether this process runs in a container: the host is mounted elsewhere, or an engine left its mark.
pub fn in_container(host_root: &Path) -> bool {
    host_root != Path::new("/") || CONTAINER_MARKS.iter().any(|mark| Path::new(mark).exists())
}

/// The host's own id. In a container it is the mounted host's: an image may have one, too, and all who run it the same.
fn machine_id(host_root: &Path) -> Option<Fact> {
    if in_container(host_root) && host_root == Path::new("/") {
        return None;
    }
    let id = MACHINE_ID_PATHS.iter().find_map(|path| first_line(&host_root.join(path)))?;
    // "uninitialized" until the first boot is over.
    (id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(id)
}

fn fingerprint(id: &[u8]) -> Fingerprint {
    let hash = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, id), FINGERPRINT_OF);
    let mut text = Fingerprint::new();
    for byte in hash.as_ref().iter().take(FINGERPRINT_DIGITS / 2) {
        // Writing to a text cuts instead of failing.
        let _ = std::fmt::write(&mut text, format_args!("{byte:02x}"));
    }
    text
}

fn said(text: JsonText<'_>) -> Option<Fact> {
    let mut fact = Fact::new();
    // Writing to a text cuts instead of failing.
    let _ = std::fmt::write(&mut fact, format_args!("{text}"));
    (!fact.is_empty()).then_some(fact)
}

fn fact(bytes: &[u8]) -> Fact {
    Fact::from_bytes(bytes)
}

fn first_line(path: &Path) -> Option<Fact> {
    let mut buffer = [0; FACT_BYTES];
    let length = read_all(&File::open(path).ok()?, &mut buffer).ok()?;
    let line = buffer[..length].split(|byte| *byte == b'\n').next()?.trim_ascii();
    (!line.is_empty()).then(|| fact(line))
}

fn read_os_release(host_root: &Path) -> OsRelease {
    let mut buffer = [0; OS_RELEASE_BYTES];
    let file = OS_RELEASE_PATHS.iter().find_map(|path| File::open(host_root.join(path)).ok());
    let length = file.and_then(|file| read_all(&file, &mut buffer).ok()).unwrap_or(0);
    os_release(&buffer[..length])
}

#[cfg(test)]
mod tests {
    use neon_agent_core::parse::docker::info as read_info;

    use super::*;

    const INFO: &[u8] = br#"{"ServerVersion":"28.2.2","Name":"the-host","OperatingSystem":"Alpine Linux v3.22",
        "OSVersion":"3.22","KernelVersion":"6.12.1","Architecture":"aarch64","NCPU":4}"#;

    #[test]
    fn on_the_host_itself_the_engine_adds_its_version_only() {
        let mut facts = HostFacts::of_this_host(Path::new("/"));
        let hostname = facts.hostname.clone();
        facts.add_engine(&read_info(INFO).unwrap(), false);
        let info = facts.server_info("web-1");
        assert_eq!((info.hostname, info.docker_version), (hostname.as_str(), Some("28.2.2")));
    }

    #[test]
    fn a_host_is_known_by_its_ids_which_nobody_learns() {
        let root = std::env::temp_dir().join(format!("neon-agent-machine-{}", std::process::id()));
        std::fs::create_dir_all(root.join("etc")).unwrap();
        let with = |machine_id: &str, info: &[u8]| {
            std::fs::write(root.join("etc/machine-id"), machine_id).unwrap();
            let mut facts = HostFacts::of_this_host(&root);
            facts.add_engine(&read_info(info).unwrap(), true);
            let host = facts.fingerprint();
            host.map(|host| (host.machine.map(str::to_owned), host.engine.map(str::to_owned)))
        };
        let (id, other) = ("7d1a1a4d5f6c4f0a9a1e0f3b2c4d5e6f\n", "00000000000000000000000000000001\n");
        let docker = br#"{"ID":"7TRN:IPZB:QYBB:VPBQ"}"#;
        let (machine, engine) = with(id, docker).unwrap();
        let (machine, engine) = (machine.unwrap(), engine.unwrap());
        assert_eq!((machine.len(), engine.len()), (32, 32));
        assert!(!id.contains(&machine[..8]) && machine != engine);
        assert_eq!(with(id, br#"{"ID":"other"}"#).unwrap().0, Some(machine.clone()), "the same each time");
        assert_ne!(with(other, docker).unwrap().0, Some(machine.clone()));
        assert_eq!(with(id, br#"{"ID":"8f3e","BuildahVersion":"1.43.1"}"#), Some((Some(machine), None)), "Podman");
        assert_eq!(with("uninitialized\n", b"{}"), None);
        std::fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn in_a_container_the_engine_speaks_for_the_host() {
        let mut facts = HostFacts::of_this_host(Path::new("/"));
        facts.add_engine(&read_info(INFO).unwrap(), true);
        let info = facts.server_info("web-1");
        assert_eq!((info.hostname, info.os_name, info.os_kernel), ("the-host", "Alpine Linux v3.22", "6.12.1"));
    }

    #[test]
    fn in_a_container_without_an_engine_the_mounted_host_does() {
        let root = std::env::temp_dir().join(format!("neon-agent-host-{}", std::process::id()));
        std::fs::create_dir_all(root.join("etc")).unwrap();
        std::fs::write(root.join("etc/hostname"), "mounted-host\n").unwrap();
        std::fs::write(root.join("etc/os-release"), "NAME=Mounted\nVERSION_ID=1\n").unwrap();
        let facts = HostFacts::of_this_host(&root);
        let info = facts.server_info("web-1");
        assert_eq!((info.hostname, info.os_name, info.os_version), ("mounted-host", "Mounted", "1"));
        std::fs::remove_dir_all(&root).unwrap();
    }
}
