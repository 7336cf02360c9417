//! The agent measured from outside, against a real master with TLS and a real Docker Engine.
//!
//!     footprint AGENT MASTER          (scripts/bench footprint builds both and starts the engine)
//!
//! Environment: `DOCKER_HOST`, an engine that may be used for containers of its own; `FOOTPRINT_S`, seconds of each
//! measurement (60). Needs strace and docker on the PATH. Prints one table. Only what is the same on every machine has a
//! budget here (binary, image, descriptors, threads); past one of those it ends with 1. Times and memory are printed
//! with their target and judged by the reader.
//!
//! How: processor time is the run time of the threads in nanoseconds (`schedstat`), of the whole run divided by the
//! collections in it. The floor is a program that does the same preads, taken from strace, at the same pace and at the
//! same time.

use std::fs;
use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// From the start until a process does what it then always does: the handshake, the files opened, the first reports.
const SETTLE: Duration = Duration::from_secs(8);
/// Containers of the large sweep, the two that run among them.
const MANY_CONTAINERS: usize = 100;
/// Starts of which the first report is timed.
const STARTS: usize = 5;
/// For a host without Docker.
const NO_ENGINE: (&str, &str) = ("DOCKER_HOST", "unix:///nowhere/docker.sock");
const IMAGE: &str = "neon-bench/agent";

const BINARY_MAX_BYTES: u64 = 3_000_000;
const THREADS_MAX: u64 = 3;
/// Kernel files stay open: some fifteen, two an interface, one a sensor. More than this is a leak.
const DESCRIPTORS_MAX: u64 = 128;

fn main() -> Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [agent, master] = &arguments[..] else { return Err("usage: footprint AGENT MASTER".into()) };
    let seconds = std::env::var("FOOTPRINT_S").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    let bench = Bench::start(agent, master, Duration::from_secs(seconds))?;
    print_machine()?;

    let mut table = Table::default();
    // At the intervals an operator has; it runs while the others are measured.
    let defaults = bench.agent(&[])?;
    sleep(SETTLE);
    let (defaults_from, defaults_before) = (Instant::now(), defaults.standing()?);

    bench.sizes(&mut table)?;
    bench.first_report(&mut table)?;
    bench.idle(&mut table)?;
    bench.host_collection(&mut table)?;
    bench.sweeps(&mut table)?;
    bench.busy(&mut table)?;

    let (after, hours) = (defaults.standing()?, defaults_from.elapsed().as_secs_f64() / 3600.0);
    let wakeups = (after.wakeups - defaults_before.wakeups) as f64 / hours;
    let cpu_ms = (after.cpu_ns - defaults_before.cpu_ns) as f64 / 1e6 / hours;
    let minutes = hours * 60.0;
    println!("at the default intervals (300, 900 and 60 s), scaled from {minutes:.1} minutes:");
    table.row("resident", kib(after.resident_kib), "3072 KiB", "");
    table.row("anonymous", kib(after.anonymous_kib), "1024 KiB", "");
    table.row("wake-ups", format!("{wakeups:.0} an hour"), "", "");
    table.row("processor time", format!("{cpu_ms:.1} ms an hour"), "", "");
    table.finish()
}

/// What is measured against.
struct Bench {
    agent: PathBuf,
    folder: PathBuf,
    port: u16,
    secret: String,
    docker_host: String,
    period: Duration,
    _master: Process,
}

/// A program that ends with this one.
struct Process {
    child: Child,
    /// The measured process: the child, or the one that strace started.
    pid: i32,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = kill(Pid::from_raw(self.pid), Signal::SIGTERM);
        let _ = self.child.wait();
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = docker(&["rmi", "-f", IMAGE]);
        for name in (0..MANY_CONTAINERS).map(container_name) {
            let _ = docker(&["rm", "-f", &name]);
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// What /proc says of a process.
#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    resident_kib: u64,
    anonymous_kib: u64,
    peak_kib: u64,
    threads: u64,
    descriptors: u64,
    /// Run time of all threads, and of the first one, which collects.
    cpu_ns: u64,
    main_cpu_ns: u64,
    /// Times that a thread went to sleep by itself.
    wakeups: u64,
}

impl Process {
    fn standing(&self) -> Result<Standing> {
        let process = Path::new("/proc").join(self.pid.to_string());
        // Counted page by page; the figures of `status` are kept a processor at a time and lag behind.
        let rollup = fs::read_to_string(process.join("smaps_rollup"))?;
        let mut standing = Standing {
            resident_kib: field(&rollup, "Rss:")?,
            anonymous_kib: field(&rollup, "Anonymous:")?,
            peak_kib: field(&fs::read_to_string(process.join("status"))?, "VmHWM:")?,
            descriptors: fs::read_dir(process.join("fd"))?.count() as u64,
            ..Standing::default()
        };
        for task in fs::read_dir(process.join("task"))? {
            let task = task?;
            let schedstat = fs::read_to_string(task.path().join("schedstat"))?;
            let run_ns: u64 = schedstat.split(' ').next().unwrap_or_default().parse()?;
            standing.threads += 1;
            standing.cpu_ns += run_ns;
            standing.wakeups += field(&fs::read_to_string(task.path().join("status"))?, "voluntary_ctxt_switches:")?;
            if task.file_name().to_str() == Some(&self.pid.to_string()) {
                standing.main_cpu_ns = run_ns;
            }
        }
        Ok(standing)
    }
}

impl Process {
    /// Whether the agent has noted, in the memory it keeps for `neon-agent health`, that the master took a report: the
    /// last of the record's numbers is its time, and zero before it.
    fn has_reported(&self) -> Result<bool> {
        for file in fs::read_dir(format!("/proc/{}/fd", self.pid))? {
            let file = file?.path();
            // A file that was closed meanwhile is none of ours.
            if fs::read_link(&file).is_ok_and(|link| link.as_os_str() == "/memfd:neon-agent-health (deleted)") {
                let record = fs::read(&file)?;
                return Ok(record.last_chunk::<8>().is_some_and(|time| *time != [0; 8]));
            }
        }
        Ok(false)
    }
}

/// The number after `name` at the beginning of a line.
fn field(text: &str, name: &str) -> Result<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)).ok_or_else(|| format!("no {name}"))?;
    Ok(line.split_whitespace().next().unwrap_or_default().parse()?)
}

impl Bench {
    fn start(agent: &Path, master: &Path, period: Duration) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("neon-footprint-{}", std::process::id()));
        fs::create_dir_all(folder.join("data"))?;
        make_certificates(&folder)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let secret = random_hex()?;
        let child = Command::new(master)
            .env_clear()
            .envs([("AGENT_SECRET", &secret), ("JWT_SECRET", &random_hex()?)])
            .env("LISTEN", format!("127.0.0.1:{port}"))
            .env("TLS_CERT", folder.join("chain.pem"))
            .env("TLS_KEY", folder.join("key.pem"))
            .env("DATA_DIR", folder.join("data"))
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.join("master.log"))?)
            .spawn()?;
        let master = Process { pid: child.id() as i32, child };
        let until = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if Instant::now() > until {
                return Err("the master does not listen".into());
            }
            sleep(Duration::from_millis(50));
        }
        let docker_host = std::env::var("DOCKER_HOST").unwrap_or("unix:///var/run/docker.sock".to_owned());
        let bench = Self { agent: agent.to_owned(), folder, port, secret, docker_host, period, _master: master };
        for number in 0..2 {
            docker(&["run", "-d", "--name", &container_name(number), "neon-test/busybox", "sleep", "100000"])?;
        }
        Ok(bench)
    }

    /// Starts the agent, by `before` if that names a program and its arguments.
    fn command(&self, before: &[&str], extra: &[(&str, &str)]) -> Result<Command> {
        let mut command = match before.split_first() {
            Some((program, arguments)) => {
                let mut command = Command::new(program);
                command.args(arguments).arg(&self.agent);
                command
            }
            None => Command::new(&self.agent),
        };
        // Its own log, which says how often it has collected.
        let log = fs::File::create(self.log(extra))?;
        command
            .env_clear()
            .envs([("PATH", std::env::var("PATH")?), ("DOCKER_HOST", self.docker_host.clone())])
            .envs([("SERVER_NAME", format!("bench-{}", extra.len())), ("AGENT_SECRET", self.secret.clone())])
            .env("MASTER_URL", format!("https://127.0.0.1:{}", self.port))
            .env("MASTER_CA_FILE", self.folder.join("ca.pem"))
            .envs(extra.iter().copied())
            .stdout(log)
            .stderr(Stdio::inherit());
        Ok(command)
    }

    fn log(&self, extra: &[(&str, &str)]) -> PathBuf {
        let values = extra.iter().map(|(_, value)| value.replace('/', "")).collect::<Vec<_>>();
        self.folder.join(format!("agent-{}.log", values.join("-")))
    }

    fn agent(&self, extra: &[(&str, &str)]) -> Result<Process> {
        let child = self.command(&[], extra)?.spawn()?;
        Ok(Process { pid: child.id() as i32, child })
    }

    /// How often the agent with these settings has said `line`.
    fn said(&self, extra: &[(&str, &str)], line: &str) -> Result<u64> {
        Ok(fs::read_to_string(self.log(extra))?.matches(line).count() as u64)
    }

    /// Measures an agent for one period: what it was before and after, and how often it said `line` meanwhile.
    fn measure(&self, extra: &[(&str, &str)], line: &str) -> Result<Measured> {
        let agent = self.agent(extra)?;
        sleep(SETTLE);
        let (before, said) = (agent.standing()?, self.said(extra, line)?);
        sleep(self.period);
        let (after, times) = (agent.standing()?, self.said(extra, line)? - said);
        match times {
            0 => Err(format!("the agent never said {line:?} in {}", fs::read_to_string(self.log(extra))?).into()),
            _ => Ok(Measured { before, after, times }),
        }
    }

    fn sizes(&self, table: &mut Table) -> Result<()> {
        println!("\nwhat is shipped:");
        let binary_bytes = fs::metadata(&self.agent)?.len();
        table.budget("binary", binary_bytes, BINARY_MAX_BYTES, "bytes", "Beszel 9.4 MB");
        let image_bytes = self.image_bytes()?;
        table.budget("image", image_bytes, BINARY_MAX_BYTES, "bytes", "first generation 160 MB");
        Ok(())
    }

    /// The image of Dockerfile.agent has nothing but the binary; so has this one.
    fn image_bytes(&self) -> Result<u64> {
        let (Some(folder), Some(name)) = (self.agent.parent(), self.agent.file_name()) else {
            return Err("the agent's path names no file".into());
        };
        let mut tar = Command::new("tar").arg("-C").arg(folder).arg("-c").arg(name).stdout(Stdio::piped()).spawn()?;
        let archive = tar.stdout.take().ok_or("tar has no output")?;
        let imported =
            Command::new("docker").args(["import", "-", IMAGE]).stdin(archive).stdout(Stdio::null()).status()?;
        if !(tar.wait()?.success() && imported.success()) {
            return Err("the image cannot be made".into());
        }
        Ok(docker(&["image", "inspect", "--format", "{{.Size}}", IMAGE])?.trim().parse()?)
    }

    /// From the start of the process until it has the master's answer to its first sample; with the engine, and without.
    fn first_report(&self, table: &mut Table) -> Result<()> {
        println!("\nfrom the start to the master's answer to the first sample, the median of {STARTS}:");
        for (name, docker) in [("with an engine", None), ("without", Some(NO_ENGINE))] {
            let mut times = Vec::new();
            for _ in 0..STARTS {
                let (started, agent) = (Instant::now(), self.agent(docker.as_slice())?);
                while !agent.has_reported()? {
                    if started.elapsed() > SETTLE {
                        return Err("no first report".into());
                    }
                    sleep(Duration::from_millis(1));
                }
                times.push(started.elapsed());
            }
            times.sort();
            let median_ms = times[STARTS / 2].as_millis();
            table.row(name, format!("{median_ms} ms"), "300 ms, 200 of them a window", "");
        }
        Ok(())
    }

    /// Wake-ups at the default intervals where there is no engine; all of them made sixty times shorter.
    fn idle(&self, table: &mut Table) -> Result<()> {
        let settings =
            [("HEARTBEAT_INTERVAL", "1"), ("METRICS_INTERVAL", "5"), ("CONTAINERS_INTERVAL", "15"), NO_ENGINE];
        let Measured { before, after, .. } = self.measure(&settings, "Collected metrics")?;
        let hours = self.period.as_secs_f64() * 60.0 / 3600.0;
        println!("\nwithout an engine at a sixtieth of the default intervals, for {hours:.1} of their hours:");
        let wakeups = (after.wakeups - before.wakeups) as f64 / hours;
        table.row("wake-ups", format!("{wakeups:.0} an hour"), "120 an hour", "");
        Ok(())
    }

    /// One collection of the host's metrics a second, nothing else, with the floor beside it.
    fn host_collection(&self, table: &mut Table) -> Result<()> {
        let settings = [("METRICS_INTERVAL", "1"), ("CONTAINERS_INTERVAL", "86400"), ("HEARTBEAT_INTERVAL", "86400")];
        let calls = self.traced_collection(&settings)?;
        let reads: Vec<String> = calls.iter().filter_map(|call| pread(call)).collect();
        let floor = self.floor(&reads)?;
        sleep(SETTLE);
        let floor_before = floor.standing()?;
        let floor_from = Instant::now();
        let measured = self.measure(&settings, "Collected metrics")?;
        let rounds = floor_from.elapsed().as_secs_f64();
        let floor_ns = (floor.standing()?.cpu_ns - floor_before.cpu_ns) as f64 / rounds;
        let main_ns = measured.each(|standing| standing.main_cpu_ns);
        let sender_ns = measured.each(|standing| standing.cpu_ns) - main_ns;

        println!(
            "\na collection of the host's metrics, its log line included; {} of them, one a second:",
            measured.times
        );
        let rivals = "Beszel 1.41 ms, collectd 1.57, node_exporter 2.9, Node.js 65 to 100";
        table.row("processor time", ms(main_ns), "1.5 x the floor", rivals);
        table.row(&format!("floor: its {} preads", reads.len()), ms(floor_ns), "", "");
        table.row("ratio to the floor", format!("{:.2}", main_ns / floor_ns), "1.5", "");
        table.row("sending it over TLS", ms(sender_ns), "", "");
        table.row("system calls", calls.len().to_string(), "30", "Beszel 158");
        println!("  {}", summary(&calls));
        Ok(())
    }

    fn floor(&self, reads: &[String]) -> Result<Process> {
        let program = std::env::current_exe()?.with_file_name("floor");
        // More rounds than are needed; it ends with its `Process`.
        let mut child = Command::new(program).args(["1000", "1000000"]).stdin(Stdio::piped()).spawn()?;
        child.stdin.take().ok_or("the floor has no input")?.write_all(reads.join("\n").as_bytes())?;
        Ok(Process { pid: child.id() as i32, child })
    }

    /// The system calls of the collecting thread from one collection's log line to the next, as strace writes them.
    fn traced_collection(&self, settings: &[(&str, &str)]) -> Result<Vec<String>> {
        let trace = self.folder.join("trace");
        let prefix = trace.to_str().ok_or("the folder's name is no text")?;
        let mut strace = self.command(&["strace", "-ff", "-y", "-s", "64", "-o", prefix], settings)?.spawn()?;
        sleep(SETTLE);
        // A file for each thread; the first is the process, and it collects.
        let mut pids = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name().into_string().unwrap_or_default();
            pids.extend(name.strip_prefix("trace.").and_then(|pid| pid.parse::<i32>().ok()));
        }
        let pid = *pids.iter().min().ok_or("strace has traced nothing")?;
        kill(Pid::from_raw(pid), Signal::SIGTERM)?;
        strace.wait()?;
        let lines = fs::read_to_string(trace.with_extension(pid.to_string()))?;
        let own = format!("/proc/{pid}/");
        let mut parts = lines.split_inclusive('\n').collect::<Vec<_>>();
        parts.retain(|line| !line.starts_with("---"));
        let ends: Vec<usize> =
            (0..parts.len()).filter(|line| parts[*line].contains("Collected metrics: CPU")).collect();
        match ends[..] {
            [.., from, to, _] => {
                Ok(parts[from + 1..=to].iter().map(|line| line.replace(&own, "/proc/self/")).collect())
            }
            _ => Err(format!("fewer than three collections in {} lines of strace", parts.len()).into()),
        }
    }

    fn sweeps(&self, table: &mut Table) -> Result<()> {
        let settings = [("METRICS_INTERVAL", "86400"), ("CONTAINERS_INTERVAL", "1"), ("HEARTBEAT_INTERVAL", "86400")];
        for (containers, target, rivals) in [(2, "0.3 ms", "Beszel 2.43 ms"), (MANY_CONTAINERS, "2 ms", "")] {
            for number in 2..containers {
                docker(&["create", "--name", &container_name(number), "neon-test/busybox", "sleep", "100000"])?;
            }
            let line = format!("Collected {containers} containers");
            let measured = self.measure(&settings, &line)?;
            println!("\na sweep of {containers} containers: list, inspect each, images; {} of them:", measured.times);
            let main_ns = measured.each(|standing| standing.main_cpu_ns);
            table.row("processor time", ms(main_ns), target, rivals);
            table.row("sending it over TLS", ms(measured.each(|standing| standing.cpu_ns) - main_ns), "", "");
        }
        Ok(())
    }

    /// Everything at once, every second, with all containers.
    fn busy(&self, table: &mut Table) -> Result<()> {
        let settings = [("METRICS_INTERVAL", "1"), ("CONTAINERS_INTERVAL", "1"), ("HEARTBEAT_INTERVAL", "1")];
        let Measured { before, after, times } = self.measure(&settings, "Collected metrics")?;
        println!("\nmetrics, {MANY_CONTAINERS} containers and a heartbeat every second, after {times} rounds:");
        let rivals =
            "Beszel 14.1 MB, collectd 3.0, node_exporter 20.5, zabbix_agent2 24.5, netdata 73.8, first generation 79";
        table.row("resident", kib(after.resident_kib), "3072 KiB", rivals);
        table.row("anonymous", kib(after.anonymous_kib), "1024 KiB", "");
        table.row("peak", kib(after.peak_kib), "", "");
        let growth_kib = after.anonymous_kib as i64 - before.anonymous_kib as i64;
        table.row("growth of anonymous", format!("{growth_kib} KiB"), "0", "");
        table.budget("threads", after.threads, THREADS_MAX, "", "");
        table.budget("file descriptors", after.descriptors, DESCRIPTORS_MAX, "", "");
        println!();
        Ok(())
    }
}

/// An agent before and after a period, and how often it did its work in it.
struct Measured {
    before: Standing,
    after: Standing,
    times: u64,
}

impl Measured {
    /// How much a counter has grown for each time.
    fn each(&self, counter: impl Fn(&Standing) -> u64) -> f64 {
        (counter(&self.after) - counter(&self.before)) as f64 / self.times as f64
    }
}

/// `offset length path` of a line that is a pread.
fn pread(call: &str) -> Option<String> {
    let path = call.strip_prefix("pread64(")?.split_once('<')?.1.split_once(">, ")?.0;
    let (arguments, _) = call.rsplit_once(") = ")?;
    let mut from_the_end = arguments.rsplit(", ");
    let (offset, length) = (from_the_end.next()?, from_the_end.next()?);
    Some(format!("{offset} {length} {path}"))
}

/// How many calls of each kind.
fn summary(calls: &[String]) -> String {
    let mut counts = std::collections::BTreeMap::new();
    for name in calls.iter().filter_map(|call| call.split('(').next()) {
        *counts.entry(name).or_insert(0) += 1;
    }
    counts.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
}

/// Prints rows, and remembers whether a budget was exceeded.
#[derive(Default)]
struct Table {
    exceeded: Vec<String>,
}

impl Table {
    fn row(&self, name: &str, value: String, target: &str, rivals: &str) {
        let target = if target.is_empty() { String::new() } else { format!("to reach: {target}") };
        println!("{}", format!("  {name:<24} {value:>16}  {target:<26} {rivals}").trim_end());
    }

    fn budget(&mut self, name: &str, value: u64, max: u64, unit: &str, rivals: &str) {
        self.row(name, format!("{value} {unit}").trim_end().to_owned(), &format!("at most {max}"), rivals);
        if value > max {
            self.exceeded.push(format!("{name}: {value}, at most {max}"));
        }
    }

    fn finish(self) -> Result<()> {
        println!(
            "\nThe figures of others are those of the project's own comparison on such a machine, not of this run."
        );
        if self.exceeded.is_empty() { Ok(()) } else { Err(self.exceeded.join("; ").into()) }
    }
}

fn print_machine() -> Result<()> {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo")?;
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown");
    let processors = std::thread::available_parallelism()?;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let engine = docker(&["info", "--format", "{{.ServerVersion}}"])?;
    let date = Command::new("date").arg("-u").arg("+%Y-%m-%d %H:%M UTC").output()?.stdout;
    println!("{}", String::from_utf8_lossy(&date).trim());
    println!(
        "{processors} x {}, Linux {}, Docker {}",
        model.trim_matches([' ', '\t', ':']),
        kernel.trim(),
        engine.trim()
    );
    Ok(())
}

/// An authority, and a certificate for 127.0.0.1 that it has signed.
fn make_certificates(folder: &Path) -> Result<()> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(["127.0.0.1".to_owned()])?.signed_by(&key, &authority)?;
    fs::write(folder.join("ca.pem"), authority.pem())?;
    fs::write(folder.join("chain.pem"), certificate.pem())?;
    Ok(fs::write(folder.join("key.pem"), key.serialize_pem())?)
}

fn random_hex() -> Result<String> {
    let mut bytes = [0; 24];
    io::Read::read_exact(&mut fs::File::open("/dev/urandom")?, &mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn container_name(number: usize) -> String {
    format!("neon-bench-{number}")
}

fn docker(arguments: &[&str]) -> Result<String> {
    let output = Command::new("docker").args(arguments).output()?;
    if !output.status.success() {
        return Err(format!("docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn ms(nanoseconds: f64) -> String {
    format!("{:.3} ms", nanoseconds / 1e6)
}

fn kib(kib: u64) -> String {
    format!("{kib} KiB")
}
