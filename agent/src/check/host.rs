//! What of the host can be read: the Docker Engine, the kernel's files, the memory of containers.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::time::{Duration, Instant};

use super::Findings;
use crate::buffer_file::FILE_BYTES;
use crate::config::Config;
use crate::reactor;
use crate::scheduler::within;
use crate::source::docker::{DockerFault, Engine};
use crate::source::host::in_container;
use crate::source::kernel::Kernel;

/// Longest time for the engine to say what it is, and again for its list of containers.
const ENGINE_PATIENCE: Duration = Duration::from_secs(3);

/// Errors: poll(2) fails.
pub fn check(config: &Config, mut kernel: Kernel, mut engine: Engine, findings: &mut Findings) -> io::Result<()> {
    let is_contained = in_container(&config.host_root);
    check_engine(config, is_contained, &mut engine, findings)?;
    check_view(config, is_contained, findings);
    check_readings(&mut kernel, findings);
    check_buffer_file(config, is_contained, findings);
    match memory_cgroup(&config.host_proc, &config.host_sys) {
        Some(true) => findings.ok("memory cgroup", "on: the kernel knows the memory of each container"),
        Some(false) => findings.warn(
            "memory cgroup",
            "off: the memory of containers cannot be known. Add cgroup_enable=memory to the kernel's command line (on \
             Raspberry Pi OS: the one line of /boot/firmware/cmdline.txt) and reboot",
        ),
        None => findings.warn("memory cgroup", "cannot be told: neither /sys/fs/cgroup nor /proc/cgroups can be read"),
    }
    Ok(())
}

fn check_engine(config: &Config, is_contained: bool, engine: &mut Engine, findings: &mut Findings) -> io::Result<()> {
    let socket = &config.docker_socket;
    let path = socket.display();
    match fs::metadata(socket) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let remedy = if is_contained {
                format!("Mount it: -v {path}:{path}:ro")
            } else {
                "Start the engine, or name another socket in DOCKER_HOST".to_owned()
            };
            let without = "the host is reported without containers, which is right where there are none";
            findings.warn("docker", format_args!("there is no {path}: {without}. {remedy}"));
            return Ok(());
        }
        Ok(metadata) if !metadata.file_type().is_socket() => {
            findings.fail("docker", format_args!("{path} is not a socket. Name the engine's in DOCKER_HOST"));
            return Ok(());
        }
        // What is wrong with it, connecting says better.
        _ => {}
    }
    match reactor::block_on(within(ENGINE_PATIENCE, engine.identify()))? {
        Ok(Ok(identity)) => findings.ok("docker", format_args!("{path}: {identity}")),
        Ok(Err(DockerFault::Io(ErrorKind::PermissionDenied))) => {
            findings
                .fail("docker", format_args!("{path}: permission denied. {}", permission_remedy(config, is_contained)));
            return Ok(());
        }
        Ok(Err(DockerFault::Io(ErrorKind::ConnectionRefused))) => {
            findings.fail("docker", format_args!("no engine listens on {path}. Start it: systemctl start docker"));
            return Ok(());
        }
        // A proxy may forbid this path alone.
        Ok(Err(fault @ DockerFault::Status(_))) => findings.warn(
            "docker",
            format_args!("{path}: /info cannot be had, {fault}. A socket proxy must allow it (INFO=1)"),
        ),
        Ok(Err(fault)) => {
            findings.fail("docker", format_args!("{path}: {fault}. It must be the socket of Docker or Podman"));
            return Ok(());
        }
        Err(_) => {
            let patience = ENGINE_PATIENCE.as_secs();
            findings
                .fail("docker", format_args!("{path}: no answer within {patience} s. Restart the engine, it hangs"));
            return Ok(());
        }
    }
    match reactor::block_on(within(ENGINE_PATIENCE, engine.containers()))? {
        Ok(Ok(sweep)) if sweep.without_details > 0 => findings.warn(
            "containers",
            format_args!(
                "{} listed, {} without details: a socket proxy must allow GET /containers/{{id}}/json",
                sweep.containers, sweep.without_details
            ),
        ),
        Ok(Ok(sweep)) => findings.ok("containers", format_args!("{} listed", sweep.containers)),
        Ok(Err(fault)) => findings.fail(
            "containers",
            format_args!("cannot be listed: {fault}. A socket proxy must allow GET /containers/json (CONTAINERS=1)"),
        ),
        Err(_) => findings.warn(
            "containers",
            format_args!("are not listed within {} s: the engine is slow", ENGINE_PATIENCE.as_secs()),
        ),
    }
    Ok(())
}

/// How to be allowed to open the engine's socket.
fn permission_remedy(config: &Config, is_contained: bool) -> String {
    let Ok(metadata) = fs::metadata(&config.docker_socket) else {
        return "The user of the agent must be able to enter the folders above it".to_owned();
    };
    let gid = metadata.gid();
    if metadata.mode() & 0o060 != 0o060 {
        return format!("Its group (gid {gid}) may not use it either: chmod g+rw {}", config.docker_socket.display());
    }
    if is_contained {
        return format!(
            "It belongs to the group {gid}: docker run --group-add {gid} (compose: group_add: [\"{gid}\"])"
        );
    }
    let group = group_name(gid).unwrap_or_else(|| gid.to_string());
    let user = own_user().unwrap_or_else(|| "USER".to_owned());
    format!(
        "It belongs to the group {group} (gid {gid}): usermod -aG {group} {user}, and start the agent anew; for the \
         systemd unit SupplementaryGroups={group}"
    )
}

/// The name of a group of this system, by group(5).
fn group_name(gid: u32) -> Option<String> {
    name_of(&fs::read_to_string("/etc/group").ok()?, gid)
}

/// The name of the user that this process runs as, by passwd(5).
fn own_user() -> Option<String> {
    name_of(&fs::read_to_string("/etc/passwd").ok()?, fs::metadata("/proc/self").ok()?.uid())
}

/// The first field of the line whose third is `id`.
fn name_of(table: &str, id: u32) -> Option<String> {
    let line = table.lines().find(|line| line.split(':').nth(2).and_then(|field| field.parse().ok()) == Some(id))?;
    line.split(':').next().map(str::to_owned)
}

fn check_view(config: &Config, is_contained: bool, findings: &mut Findings) {
    let root = config.host_root.display();
    match (is_contained, config.host_root == Path::new("/")) {
        (false, _) => findings.ok("host", "not in a container: all of the host can be seen"),
        (true, true) => findings.warn(
            "host",
            "in a container without the host's files: disks, mounts, interfaces and the host's name are the container's. \
             Add -v /:/host:ro and HOST_ROOT=/host",
        ),
        // The configuration was refused if there were no /proc at all.
        (true, false) if !config.host_proc.join("1/mountinfo").exists() => findings.warn(
            "host",
            format_args!("{} has no process 1: mount the host's / at {root}", config.host_proc.display()),
        ),
        (true, false) => findings.ok("host", format_args!("in a container, the host's files are at {root}")),
    }
}

/// Reads everything once.
fn check_readings(kernel: &mut Kernel, findings: &mut Findings) {
    let started = Instant::now();
    kernel.collect(&|| started.elapsed());
    let sources = kernel.sources();
    let failed: Vec<_> =
        sources.iter().filter_map(|source| source.error.as_ref().map(|why| (source.source, why))).collect();
    if failed.is_empty() {
        findings.ok("readings", format_args!("all {} sources can be read", sources.len()));
    }
    for (source, why) in failed {
        let essential = matches!(source, "stat" | "meminfo");
        let lost = if essential { "without it there is no report" } else { "its readings are left out" };
        let verdict = if essential { super::Verdict::Fail } else { super::Verdict::Warn };
        findings.say(
            verdict,
            "readings",
            format_args!("{source}: {why}: {lost}. Is it hidden from this user or container?"),
        );
    }
}

/// Whether samples can be kept in `BUFFER_FILE`. One that is there is opened and left as it is: an agent may be using it.
fn check_buffer_file(config: &Config, is_contained: bool, findings: &mut Findings) {
    let Some(path) = &config.buffer_file else {
        findings.ok("buffer", "in memory alone: BUFFER_FILE would keep what waits over a restart");
        return;
    };
    let shown = path.display();
    match buffer_room(path) {
        Ok(Buffer::There(FILE_BYTES)) => findings.ok("buffer", format_args!("{shown} is there and can be written")),
        Ok(Buffer::There(bytes)) => findings.warn(
            "buffer",
            format_args!("{shown} has {bytes} bytes, not the {FILE_BYTES} of a buffer file: it will be set aside"),
        ),
        Ok(Buffer::CanBeMade) => findings.ok("buffer", format_args!("{shown} is not there yet, and can be made")),
        Err(error) => {
            let remedy = match error.kind() {
                ErrorKind::NotFound => "Make the folder above it",
                ErrorKind::StorageFull => "Make room for it",
                ErrorKind::ReadOnlyFilesystem if is_contained => {
                    "Mount a volume there: docker run -v neon-agent:FOLDER"
                }
                ErrorKind::ReadOnlyFilesystem => "Name a file where writing is possible",
                ErrorKind::PermissionDenied => "Its folder must belong to the user of the agent",
                _ => "It must be a file of the agent's own, or a name in a folder of its own",
            };
            let without = "samples are kept in memory alone";
            findings.fail("buffer", format_args!("{shown} cannot be used: {error}; {without}. {remedy}"));
        }
    }
}

enum Buffer {
    /// It is there, with so many bytes.
    There(u64),
    /// There is a folder for it, and room.
    CanBeMade,
}

/// Errors: it cannot be used, or not be made.
fn buffer_room(path: &Path) -> io::Result<Buffer> {
    match fs::symlink_metadata(path) {
        // A link is not followed by the agent either; a pipe would not let go of who opens it.
        Ok(metadata) if !metadata.is_file() => return Err(io::Error::other("it is not a regular file")),
        Ok(metadata) => {
            fs::OpenOptions::new().read(true).write(true).open(path)?;
            return Ok(Buffer::There(metadata.len()));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let folder = path.parent().unwrap_or(Path::new("/"));
    let trial = folder.join(format!(".neon-agent-check-{}", std::process::id()));
    fs::OpenOptions::new().write(true).create_new(true).open(&trial)?;
    fs::remove_file(&trial)?;
    let space = nix::sys::statvfs::statvfs(folder)?;
    let free_bytes = space.blocks_available().saturating_mul(space.fragment_size());
    if free_bytes < FILE_BYTES {
        return Err(io::Error::new(
            ErrorKind::StorageFull,
            format!("{free_bytes} bytes are free of the {FILE_BYTES} it takes"),
        ));
    }
    Ok(Buffer::CanBeMade)
}

/// Whether the kernel accounts memory by group; `None` where it does not say.
///
/// Source: kernel document admin-guide/cgroup-v2 (`cgroup.controllers`); cgroups(7) for `/proc/cgroups`, which lists
/// controllers of version 1 alone on newer kernels.
fn memory_cgroup(proc: &Path, sys: &Path) -> Option<bool> {
    if let Ok(controllers) = fs::read_to_string(sys.join("fs/cgroup/cgroup.controllers"))
        && controllers.split_whitespace().any(|controller| controller == "memory")
    {
        return Some(true);
    }
    let table = fs::read_to_string(proc.join("cgroups")).ok()?;
    let enabled = table.lines().find_map(|line| {
        let mut fields = line.split_whitespace();
        (fields.next() == Some("memory")).then(|| fields.nth(2) == Some("1"))
    });
    Some(enabled.unwrap_or(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_by_its_number() {
        let table = "root:x:0:\nbroken\ndocker:x:998:user,other\n";
        assert_eq!((name_of(table, 998), name_of(table, 7)), (Some("docker".to_owned()), None));
    }

    #[test]
    fn the_memory_cgroup_is_found_in_both_versions() {
        let root = std::env::temp_dir().join(format!("neon-agent-cgroup-{}", std::process::id()));
        fs::create_dir_all(root.join("fs/cgroup")).unwrap();
        let state = |controllers: Option<&str>, table: Option<&str>| {
            for (file, content) in [("fs/cgroup/cgroup.controllers", controllers), ("cgroups", table)] {
                let _ = fs::remove_file(root.join(file));
                if let Some(content) = content {
                    fs::write(root.join(file), content).unwrap();
                }
            }
            memory_cgroup(&root, &root)
        };
        let v1 = |enabled| {
            format!("#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t2\t1\t1\nmemory\t0\t80\t{enabled}\n")
        };
        assert_eq!(state(Some("cpuset cpu io memory pids\n"), None), Some(true));
        assert_eq!(state(Some("cpuset cpu io memory pids\n"), Some(&v1(0))), Some(true));
        assert_eq!(state(Some("cpuset cpu io pids\n"), Some(&v1(0))), Some(false), "a Raspberry Pi");
        assert_eq!(state(None, Some(&v1(1))), Some(true));
        assert_eq!(state(None, Some(&v1(0))), Some(false));
        assert_eq!(state(Some("cpu\n"), Some("#subsys_name\thierarchy\tnum_cgroups\tenabled\n")), Some(false));
        assert_eq!(state(None, None), None);
        fs::remove_dir_all(root).unwrap();
    }
}
