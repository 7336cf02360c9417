//! The host's load and fill from the kernel: which files, where they are, and one sample out of them.
//!
//! Source: proc_stat(5), proc_meminfo(5), proc_pid_net(5), proc_pid_mountinfo(5), statvfs(3). With the host mounted
//! elsewhere, `proc/self` would be this container's own view, so mounts and interfaces come from process 1 there.

use std::fmt;
use std::path::PathBuf;

use neon_agent_core::parse::Fault;
use neon_agent_core::parse::meminfo::{Meminfo, meminfo};
use neon_agent_core::parse::net_dev::net_dev;
use neon_agent_core::parse::stat::{CpuTicks, Stat, stat};
use neon_agent_core::sample::disk::Disks;
use neon_agent_core::sample::network::Traffic;
use neon_agent_core::sample::{cpu, gib, percent};
use neon_shared::metrics::ServerMetrics;
use neon_shared::time::Timestamp;
use nix::errno::Errno;

use super::filesystem;
use super::host::HostFacts;
use super::procfs::ProcFile;
use crate::config::Config;
use crate::log::{self, Part};

/// Largest kernel file read, in bytes: the mount table of some 2,000 mounts. What is beyond is not seen.
const KERNEL_FILE_BYTES: usize = 256 * 1024;

/// The buffer that kernel files are read into; one static holds it.
pub struct KernelFileBuffer([u8; KERNEL_FILE_BYTES]);

impl KernelFileBuffer {
    /// All zeroes.
    pub const fn new() -> Self {
        Self([0; KERNEL_FILE_BYTES])
    }
}

/// Why a kernel file gave nothing.
#[derive(Debug)]
pub struct KernelFault {
    path: PathBuf,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    Read(Errno),
    Parse(Fault),
}

impl fmt::Display for KernelFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path.display())?;
        match self.cause {
            Cause::Read(errno) => f.write_str(errno.desc()),
            Cause::Parse(fault) => write!(f, "{fault}"),
        }
    }
}

/// The kernel's files, open, and the previous processor times.
pub struct Kernel {
    host_root: PathBuf,
    stat: ProcFile,
    meminfo: ProcFile,
    net_dev: ProcFile,
    mountinfo: ProcFile,
    previous_cpu: Option<CpuTicks>,
    buffer: &'static mut KernelFileBuffer,
}

impl Kernel {
    /// The kernel of `config`'s host.
    pub fn new(config: &Config, buffer: &'static mut KernelFileBuffer) -> Self {
        let proc = config.host_root.join("proc");
        let process = proc.join(if config.has_mounted_host() { "1" } else { "self" });
        Self {
            host_root: config.host_root.clone(),
            stat: ProcFile::new(proc.join("stat")),
            meminfo: ProcFile::new(proc.join("meminfo")),
            net_dev: ProcFile::new(process.join("net/dev")),
            mountinfo: ProcFile::new(process.join("mountinfo")),
            previous_cpu: None,
            buffer,
        }
    }

    /// Reads the processor times that the first sample counts from.
    pub fn prime_cpu(&mut self) {
        // A file that cannot be read is reported by the first sample.
        self.previous_cpu = self.stat().ok().map(|stat| stat.cpu);
    }

    /// Takes one sample, dated `timestamp`.
    ///
    /// Errors: processor times or memory cannot be read, without which there is no sample. Disks or interfaces that
    /// cannot be read are 0 and said in the log.
    pub fn sample(&mut self, timestamp: Timestamp) -> Result<ServerMetrics, KernelFault> {
        let cpu = self.stat()?.cpu;
        let memory = self.meminfo()?;
        let cpu_percent = cpu::busy_percent(self.previous_cpu.as_ref(), &cpu);
        self.previous_cpu = Some(cpu);
        let disks = or_say(self.disks());
        let traffic = or_say(self.traffic());
        let memory_used_bytes = memory.total_bytes - memory.available_bytes;
        Ok(ServerMetrics {
            timestamp,
            cpu_percent,
            memory_percent: percent(memory_used_bytes, memory.total_bytes),
            disk_percent: percent(disks.used_bytes(), disks.total_bytes()),
            memory_used_gb: gib(memory_used_bytes),
            memory_total_gb: gib(memory.total_bytes),
            disk_used_gb: gib(disks.used_bytes()),
            disk_total_gb: gib(disks.total_bytes()),
            network_rx_bytes: traffic.rx_bytes,
            network_tx_bytes: traffic.tx_bytes,
            readings: None,
        })
    }

    /// What the registration says of the host, as far as the kernel and its files know it.
    pub fn facts(&mut self) -> HostFacts {
        let mut facts = HostFacts::of_this_host(&self.host_root);
        facts.cpu_cores = or_say(self.stat()).cores_online;
        facts.total_memory_gb = gib(or_say(self.meminfo()).total_bytes);
        facts.total_disk_gb = gib(or_say(self.disks()).total_bytes());
        facts
    }

    fn stat(&mut self) -> Result<Stat, KernelFault> {
        read(&mut self.stat, self.buffer, stat)
    }

    fn meminfo(&mut self) -> Result<Meminfo, KernelFault> {
        read(&mut self.meminfo, self.buffer, meminfo)
    }

    fn disks(&mut self) -> Result<Disks, KernelFault> {
        read(&mut self.mountinfo, self.buffer, |table| Ok(filesystem::disks(table, &self.host_root)))
    }

    fn traffic(&mut self) -> Result<Traffic, KernelFault> {
        read(&mut self.net_dev, self.buffer, |bytes| {
            let mut traffic = Traffic::default();
            // A malformed line costs its interface alone.
            net_dev(bytes).flatten().for_each(|interface| traffic.add(&interface));
            Ok(traffic)
        })
    }
}

fn read<T>(
    file: &mut ProcFile,
    buffer: &mut KernelFileBuffer,
    parse: impl FnOnce(&[u8]) -> Result<T, Fault>,
) -> Result<T, KernelFault> {
    let parsed = match file.read(&mut buffer.0) {
        Ok(bytes) => parse(bytes).map_err(Cause::Parse),
        Err(errno) => Err(Cause::Read(errno)),
    };
    parsed.map_err(|cause| KernelFault { path: file.path().to_owned(), cause })
}

/// The reading, or nothing and a line in the log.
fn or_say<T: Default>(reading: Result<T, KernelFault>) -> T {
    reading.unwrap_or_else(|fault| {
        log::line(Part::Scheduler, format_args!("{fault}"));
        T::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kernel(host_root: &str) -> Kernel {
        let config = crate::config::tests::config(&[("HOST_ROOT", host_root)]);
        Kernel::new(&config, Box::leak(Box::new(KernelFileBuffer::new())))
    }

    #[test]
    fn this_host_gives_a_sane_sample() {
        let mut kernel = kernel("/");
        kernel.prime_cpu();
        let sample = kernel.sample(Timestamp::from_unix_ms(1)).unwrap();
        for share in [sample.cpu_percent, sample.memory_percent, sample.disk_percent] {
            assert!((0.0..=100.0).contains(&share), "{sample:?}");
        }
        assert!(sample.memory_total_gb > 0.0 && sample.memory_used_gb <= sample.memory_total_gb);
        assert!(kernel.facts().cpu_cores > 0);
    }

    #[test]
    fn with_a_mounted_host_mounts_and_interfaces_are_those_of_process_1() {
        let root = std::env::temp_dir().join(format!("neon-agent-kernel-{}", std::process::id()));
        for (path, text) in [
            ("proc/stat", "cpu 10 0 0 90\ncpu0 10 0 0 90\n"),
            ("proc/meminfo", "MemTotal: 2097152 kB\nMemAvailable: 1048576 kB\n"),
            ("proc/1/net/dev", "h\nh\neth0: 7 0 0 0 0 0 0 0 5 0 0 0 0 0 0 0\n"),
            ("proc/1/mountinfo", "1 2 8:1 / / rw - ext4 /dev/sda1 rw\n"),
        ] {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let sample = kernel(root.to_str().unwrap()).sample(Timestamp::from_unix_ms(1)).unwrap();
        assert_eq!((sample.cpu_percent, sample.memory_percent, sample.memory_total_gb), (10.0, 50.0, 2.0));
        assert_eq!((sample.network_rx_bytes, sample.network_tx_bytes), (7, 5));
        assert!(sample.disk_total_gb > 0.0);

        std::fs::remove_file(root.join("proc/1/net/dev")).unwrap();
        let without = kernel(root.to_str().unwrap()).sample(Timestamp::from_unix_ms(2)).unwrap();
        assert_eq!((without.network_rx_bytes, without.cpu_percent), (0, 10.0));

        std::fs::write(root.join("proc/meminfo"), "MemTotal:\n").unwrap();
        let fault = kernel(root.to_str().unwrap()).sample(Timestamp::from_unix_ms(3)).unwrap_err().to_string();
        assert!(fault.ends_with("proc/meminfo: a required field is missing in line 1"), "{fault}");
        std::fs::remove_dir_all(&root).unwrap();
    }
}
