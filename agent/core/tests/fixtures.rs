//! Every parser over every fixture: whole hosts, the examples of the documentation, and files with one fault each.
//!
//! `fixtures/<host>` is a tree that stands in for a host, captured by scripts/capture or typed in as its README says;
//! `fixtures/broken` is made from them by scripts/derive-broken. What a file gives is compared as words and values, so
//! that one list says for every fault what it costs: the word itself, and nothing else.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};

use neon_agent_core::parse::Fault;
use neon_agent_core::parse::arcstats::arcstats;
use neon_agent_core::parse::attribute;
use neon_agent_core::parse::diskstats::diskstats;
use neon_agent_core::parse::file_nr::file_nr;
use neon_agent_core::parse::loadavg::loadavg;
use neon_agent_core::parse::meminfo::meminfo;
use neon_agent_core::parse::mountinfo::{mountinfo, unescape};
use neon_agent_core::parse::net_dev::net_dev;
use neon_agent_core::parse::os_release::os_release;
use neon_agent_core::parse::pressure::pressure;
use neon_agent_core::parse::sockstat::sockstat;
use neon_agent_core::parse::stat::stat;
use neon_agent_core::parse::statm::statm;
use neon_agent_core::parse::uptime::uptime;
use neon_agent_core::parse::vmstat::oom_kills;
use neon_agent_core::sample::mounts::{Mounts, Space, is_real};

const HOSTS: [&str; 4] = ["debian-12-vm", "docker-container", "man-pages", "rich"];

/// A file of a host, and the name of its parser.
const FILES: [(&str, &str); 20] = [
    ("etc/os-release", "os_release"),
    ("proc/1/mountinfo", "mountinfo"),
    ("proc/1/net/dev", "net_dev"),
    ("proc/1/net/sockstat", "sockstat"),
    ("proc/1/net/sockstat6", "sockstat"),
    ("proc/1/statm", "statm"),
    ("proc/diskstats", "diskstats"),
    ("proc/loadavg", "loadavg"),
    ("proc/meminfo", "meminfo"),
    ("proc/pressure/cpu", "pressure"),
    ("proc/pressure/io", "pressure"),
    ("proc/pressure/memory", "pressure"),
    ("proc/spl/kstat/zfs/arcstats", "arcstats"),
    ("proc/stat", "stat"),
    ("proc/sys/fs/file-nr", "file_nr"),
    ("proc/sys/net/netfilter/nf_conntrack_count", "attribute"),
    ("proc/sys/net/netfilter/nf_conntrack_max", "attribute"),
    ("proc/uptime", "uptime"),
    ("proc/vmstat", "vmstat"),
    ("sys/class/hwmon/hwmon0/temp1_input", "attribute"),
];

/// What one file gave, by name. A bad line of a file of many has its fault for a value, and a name nobody else has.
type Values = BTreeMap<String, String>;

/// Reads a file with the parser of that name.
fn read(parser: &str, bytes: &[u8]) -> Result<Values, Fault> {
    let mut values = Values::new();
    match parser {
        "arcstats" => put(&mut values, "size", arcstats(bytes)?),
        "attribute" => put(&mut values, "value", attribute::signed(bytes)?),
        "diskstats" => {
            put_each(&mut values, diskstats(bytes, |_| true), |disk| (text(disk.name), format!("{disk:?}")));
        }
        "file_nr" => put(&mut values, "file_nr", file_nr(bytes)?),
        "loadavg" => put(&mut values, "loadavg", loadavg(bytes)?),
        "meminfo" => {
            let meminfo = meminfo(bytes)?;
            put(&mut values, "total", meminfo.total_bytes);
            put(&mut values, "available", meminfo.available_bytes);
            put_some(&mut values, "free", meminfo.free_bytes);
            put_some(&mut values, "buffers", meminfo.buffers_bytes);
            put_some(&mut values, "cached", meminfo.cached_bytes);
            put_some(&mut values, "dirty", meminfo.dirty_bytes);
            put_some(&mut values, "swap_total", meminfo.swap_total_bytes);
            put_some(&mut values, "swap_free", meminfo.swap_free_bytes);
        }
        "mountinfo" => put_each(&mut values, mountinfo(bytes, |_, _| true), |mount| {
            let mut path = vec![0; mount.mount_point.len()];
            let path = text(unescape(mount.mount_point, &mut path).unwrap());
            (format!("{}:{} {path}", mount.device_major, mount.device_minor), format!("{mount:?}"))
        }),
        "net_dev" => put_each(&mut values, net_dev(bytes, |_| true), |link| (text(link.name), format!("{link:?}"))),
        "os_release" => {
            let release = os_release(bytes);
            put_some(&mut values, "name", release.name);
            put_some(&mut values, "version_id", release.version_id);
        }
        "pressure" => {
            let stalls = pressure(bytes)?;
            put_some(&mut values, "some", stalls.some);
            put_some(&mut values, "full", stalls.full);
        }
        "sockstat" => put(&mut values, "sockstat", sockstat(bytes)?),
        "stat" => {
            let stat = stat(bytes, |core, ticks| put(&mut values, &format!("cpu{core}"), ticks))?;
            put(&mut values, "cpu", stat.cpu);
            put_some(&mut values, "context_switches", stat.context_switches_total);
            put_some(&mut values, "booted_at", stat.booted_at_unix_s);
            put_some(&mut values, "running", stat.running_tasks);
            put_some(&mut values, "blocked", stat.blocked_tasks);
            assert_eq!(stat.cores_online as usize, values.keys().filter(|key| key.starts_with("cpu")).count() - 1);
        }
        "statm" => put(&mut values, "statm", statm(bytes)?),
        "uptime" => put(&mut values, "uptime", uptime(bytes)?),
        "vmstat" => put_some(&mut values, "oom_kills", oom_kills(bytes)?),
        _ => panic!("no parser is called {parser}"),
    }
    Ok(values)
}

fn put(values: &mut Values, name: &str, value: impl Debug) {
    let previous = values.insert(name.to_owned(), format!("{value:?}"));
    assert!(previous.is_none(), "{name} twice");
}

fn put_some(values: &mut Values, name: &str, value: Option<impl Debug>) {
    if let Some(value) = value {
        put(values, name, value);
    }
}

/// Puts every line of a file of many; of two of one name the later one.
fn put_each<T>(
    values: &mut Values,
    lines: impl Iterator<Item = Result<T, Fault>>,
    named: impl Fn(T) -> (String, String),
) {
    values.extend(lines.map(|line| match line {
        Ok(line) => named(line),
        Err(fault) => (format!("[{fault}]"), "fault".to_owned()),
    }));
}

fn text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// A file of a host; `None` where that host has no such thing.
fn host_file(host: &str, file: &str) -> Option<Vec<u8>> {
    fs::read(fixtures().join(host).join(file)).ok()
}

fn values(host: &str, file: &str) -> Values {
    let parser = FILES.iter().find(|(path, _)| *path == file).unwrap().1;
    read(parser, &host_file(host, file).unwrap()).unwrap()
}

#[test]
fn every_file_of_every_host_is_read_without_a_fault() {
    let mut faults = Vec::new();
    let mut files = 0;
    for host in HOSTS {
        for (file, parser) in FILES {
            let Some(bytes) = host_file(host, file) else { continue };
            files += 1;
            let values = read(parser, &bytes).unwrap_or_else(|fault| panic!("{host}/{file}: {fault}"));
            assert!(!values.is_empty(), "{host}/{file} gave nothing");
            faults.extend(
                values.keys().filter(|name| name.starts_with('[')).map(|fault| format!("{host}/{file} {fault}")),
            );
        }
    }
    assert_eq!(files, 18 + 18 + 8 + 19, "a fixture is missing");
    // The documentation has a partition as Linux wrote it before 2.6.25.
    assert_eq!(faults, ["man-pages/proc/diskstats [a required field is missing in line 2]"]);
}

/// A file may change while it is read, or the read may end anywhere: fewer values then, never different ones.
#[test]
fn a_file_of_any_host_cut_anywhere_never_gives_a_different_value() {
    for host in HOSTS {
        for (file, parser) in FILES {
            // Its last line counts without an end as well: people edit that file.
            let Some(bytes) = host_file(host, file).filter(|_| parser != "os_release") else { continue };
            let whole = read(parser, &bytes).unwrap();
            for end in 0..bytes.len() {
                let Ok(cut) = read(parser, &bytes[..end]) else { continue };
                // The documentation has one disk twice, of which the later counts.
                if (host, parser) == ("man-pages", "diskstats") {
                    continue;
                }
                for (name, value) in cut {
                    assert_eq!(Some(&value), whole.get(&name), "{host}/{file} cut at {end}: {name}");
                }
            }
        }
    }
}

/// Asserts that a file of a host gives `expected`, each a name and its value as `Debug` writes it.
fn assert_values(host: &str, file: &str, expected: &[(&str, &str)]) {
    let values = values(host, file);
    for (name, value) in expected {
        assert_eq!(values.get(*name).map(String::as_str), Some(*value), "{host}/{file}: {name}");
    }
}

#[test]
fn the_captured_machine_gives_its_values() {
    let host = "debian-12-vm";
    assert_values(
        host,
        "proc/loadavg",
        &[("loadavg", "Loadavg { load1: 3.16, load5: 4.62, load15: 3.88, threads: 151 }")],
    );
    assert_values(host, "proc/uptime", &[("uptime", "Uptime { uptime_ms: 3978100 }")]);
    assert_values(host, "proc/1/statm", &[("statm", "Statm { resident_pages: 3965, shared_pages: 1598 }")]);
    assert_values(host, "proc/sys/fs/file-nr", &[("file_nr", "FileNr { open: 722, max: 2466170 }")]);
    assert_values(host, "proc/sys/net/netfilter/nf_conntrack_count", &[("value", "4")]);
    assert_values(host, "proc/vmstat", &[("oom_kills", "0")]);
    assert_values(host, "etc/os-release", &[("name", "Text(\"Debian GNU/Linux\")"), ("version_id", "Text(\"12\")")]);
    let sockstat = "Sockstat { tcp_in_use: 3, tcp_time_wait: Some(4), udp_in_use: 0 }";
    assert_values(host, "proc/1/net/sockstat", &[("sockstat", sockstat)]);
    let cpu0 = "CpuTicks { user_ticks: 32897, nice_ticks: 91712, system_ticks: 13769, idle_ticks: 257890, \
        iowait_ticks: 526, irq_ticks: 0, softirq_ticks: 37, steal_ticks: 42 }";
    assert_values(
        host,
        "proc/stat",
        &[("cpu0", cpu0), ("context_switches", "2056162"), ("booted_at", "1795460968"), ("running", "3")],
    );
    assert_values(
        host,
        "proc/meminfo",
        &[("total", "25276502016"), ("available", "24192225280"), ("dirty", "161239040")],
    );
    let full = "Stall { avg10_percent: 0.02, avg60_percent: 0.27, total_microseconds: 10478818 }";
    assert_values(host, "proc/pressure/io", &[("full", full)]);
    let vda = "Disk { name: [118, 100, 97], reads_total: 773627, read_sectors_total: 40875978, read_ms_total: 974905, \
        writes_total: 36032, write_sectors_total: 47405184, write_ms_total: 267754, busy_ms_total: 51348 }";
    assert_values(host, "proc/diskstats", &[("vda", vda)]);
    let links = values(host, "proc/1/net/dev");
    assert!(links.keys().eq(["docker0", "eth0", "ifb0", "ifb1", "lo", "veth2c5b8de", "veth62ea197"]), "{links:?}");
    assert!(links["eth0"].contains("rx_bytes: 308763995, tx_bytes: 810894, rx_packets_total: 15538"), "{links:?}");
    assert_eq!(values(host, "proc/1/mountinfo").len(), 24);
}

#[test]
fn in_a_container_all_bind_mounts_of_one_device_are_one_file_system() {
    let host = "docker-container";
    let table = host_file(host, "proc/1/mountinfo").unwrap();
    let on_disk = mountinfo(&table, is_real).flatten().count();
    let mut mounts = Mounts::new();
    for mount in mountinfo(&table, is_real).flatten() {
        let space = Space { total_bytes: 100, used_bytes: 10, ..Space::default() };
        mounts.add(&mount, true, mount.mount_point, || Some(space));
    }
    assert_eq!((on_disk, mounts.entries().len(), mounts.total_bytes()), (5, 1, 100));
    assert!(values(host, "proc/1/net/dev").keys().eq(["eth0", "lo"]));
}

#[test]
fn the_examples_of_the_documentation_give_their_values() {
    let host = "man-pages";
    assert_values(host, "proc/stat", &[("context_switches", "115315"), ("booted_at", "769041601")]);
    assert_values(host, "proc/stat", &[("running", "6"), ("blocked", "2")]);
    assert_values(host, "proc/meminfo", &[("total", "33647431680"), ("available", "27867455488"), ("dirty", "12288")]);
    let links = values(host, "proc/1/net/dev");
    assert!(links["ppp0"].contains("rx_errors_total: 1, tx_errors_total: 0"), "{links:?}");
    let disks = values(host, "proc/diskstats");
    assert!(disks["hda"].contains("write_ms_total: 19310380, busy_ms_total: 3376340"), "{disks:?}");
    assert!(values(host, "proc/1/mountinfo").keys().eq(["98:0 /mnt2"]));
    assert!(values(host, "proc/pressure/cpu").keys().eq(["some"]));
}

#[test]
fn the_rich_host_gives_its_values() {
    let host = "rich";
    assert_values(host, "proc/spl/kstat/zfs/arcstats", &[("size", "4294967296")]);
    assert_values(host, "proc/vmstat", &[("oom_kills", "3")]);
    assert_values(host, "proc/sys/fs/file-nr", &[("file_nr", "FileNr { open: 4736, max: 9223372036854775807 }")]);
    assert_values(host, "sys/class/hwmon/hwmon0/temp1_input", &[("value", "45000")]);
    let sockstat = "Sockstat { tcp_in_use: 12, tcp_time_wait: None, udp_in_use: 5 }";
    assert_values(host, "proc/1/net/sockstat6", &[("sockstat", sockstat)]);
    let mounts = values(host, "proc/1/mountinfo");
    assert!(mounts["8:17 /srv/backup disk"].ends_with("read_only: true }"), "{mounts:?}");
    assert!(mounts["253:0 /home"].ends_with("read_only: false }"), "{mounts:?}");
}

/// The whole file that `broken/<parser>` was made from, as scripts/derive-broken has it.
fn whole(parser: &str) -> Vec<u8> {
    let host = if matches!(parser, "arcstats" | "attribute") { "rich" } else { "debian-12-vm" };
    // Of the three files of pressure the last is the one; of others, the first or only one that the host has.
    let mut files = FILES.iter().filter(|(_, name)| *name == parser).filter_map(|(file, _)| host_file(host, file));
    match parser {
        "pressure" | "attribute" => files.next_back().unwrap(),
        _ => files.next().unwrap(),
    }
}

/// What a fault costs: the fault of the file, or the names that are gone (-, just their number past four), new (+) or of
/// another value (~).
fn cost(parser: &str, bytes: &[u8]) -> String {
    let broken = match read(parser, bytes) {
        Ok(values) => values,
        Err(fault) => return fault.to_string(),
    };
    let whole = read(parser, &whole(parser)).unwrap();
    let mut gone: Vec<_> =
        whole.keys().filter(|name| !broken.contains_key(*name)).map(|name| format!("-{name}")).collect();
    if gone.len() > 4 {
        gone = vec![format!("-{} names", gone.len())];
    }
    let new = broken.keys().filter(|name| !whole.contains_key(*name)).map(|name| format!("+{name}"));
    let changed = broken.iter().filter(|(name, value)| whole.get(*name).is_some_and(|whole| whole != *value));
    gone.into_iter().chain(new).chain(changed.map(|(name, _)| format!("~{name}"))).collect::<Vec<_>>().join(" ")
}

/// Every file of `broken`, and what its fault costs.
const BROKEN: &[(&str, &str)] = &[
    ("arcstats/cut-in-number", "a required field is missing in line 32"),
    ("arcstats/empty", "a required field is missing in line 1"),
    ("arcstats/lone-word", "a required field is missing in line 57"),
    ("arcstats/missing-row", "a required field is missing in line 56"),
    ("arcstats/twenty-digits", "a number is malformed in line 32"),
    ("attribute/cut", "a required field is missing in line 1"),
    ("attribute/empty", "a required field is missing in line 1"),
    ("attribute/lone-word", "a number is malformed in line 1"),
    ("attribute/twenty-digits", "a number is malformed in line 1"),
    ("diskstats/cut-in-number", "-vda -zram0"),
    ("diskstats/empty", "-10 names"),
    ("diskstats/lone-word", "-vda +[a required field is missing in line 9]"),
    ("diskstats/missing-fields", "-vda +[a required field is missing in line 9]"),
    ("diskstats/name-not-utf-8", "-vda +v\\xff\\xfeda"),
    (
        "diskstats/name-with-newline",
        "-vda +[a number is malformed in line 10] +[a required field is missing in line 9]",
    ),
    ("diskstats/name-with-parenthesis", "-vda +v)da"),
    ("diskstats/name-with-space", "-vda +[a number is malformed in line 9]"),
    ("diskstats/twenty-digits", "-vda +[a number is malformed in line 9]"),
    ("file_nr/empty", "a required field is missing in line 1"),
    ("file_nr/lone-word", "a required field is missing in line 1"),
    ("file_nr/twenty-digits", "a number is malformed in line 1"),
    ("loadavg/empty", "a required field is missing in line 1"),
    ("loadavg/lone-word", "a required field is missing in line 1"),
    ("loadavg/missing-slash", "unexpected layout in line 1"),
    ("loadavg/twenty-digits", "a number is malformed in line 1"),
    ("meminfo/cut-in-number", "a required field is missing in line 3"),
    ("meminfo/empty", "a required field is missing in line 1"),
    ("meminfo/lone-word", "a required field is missing in line 3"),
    ("meminfo/missing-total", "a required field is missing in line 54"),
    ("meminfo/missing-unit", "unexpected layout in line 5"),
    ("meminfo/twenty-digits", "a number is malformed in line 2"),
    ("mountinfo/cut-in-path", "-20 names"),
    ("mountinfo/empty", "-24 names"),
    ("mountinfo/empty-source", "~254:0 /"),
    ("mountinfo/lone-word", "-254:0 / +[a required field is missing in line 6]"),
    ("mountinfo/missing-dash", "-254:0 / +[a required field is missing in line 6]"),
    ("mountinfo/missing-fields", "-254:0 / +[a required field is missing in line 6]"),
    ("mountinfo/name-not-utf-8", "-254:0 / +254:0 /\\xff\\xfe"),
    (
        "mountinfo/name-with-newline",
        "-254:0 / +[a required field is missing in line 6] +[a required field is missing in line 7]",
    ),
    ("mountinfo/octal-escapes", "-254:0 / +254:0 /a b\\tc\\nd\\\\e"),
    ("mountinfo/twenty-digits", "-254:0 / +[a number is malformed in line 6]"),
    ("net_dev/cut-in-number", "-docker0 -eth0 -veth2c5b8de -veth62ea197"),
    ("net_dev/empty", "-7 names"),
    ("net_dev/lone-word", "-eth0 +[a required field is missing in line 6]"),
    ("net_dev/missing-colon", "-eth0 +[unexpected layout in line 6]"),
    ("net_dev/missing-fields", "-eth0 +[a required field is missing in line 6]"),
    ("net_dev/name-not-utf-8", "-eth0 +\\xff\\xfe"),
    ("net_dev/name-with-colons", "-eth0 +eth0:1:2"),
    ("net_dev/name-with-newline", "-eth0 +[unexpected layout in line 6] +h0"),
    ("net_dev/name-with-parenthesis", "-eth0 +a) R"),
    ("net_dev/twenty-digits", "-eth0 +[a number is malformed in line 6]"),
    ("os_release/empty", "-name -version_id"),
    ("os_release/lone-word", "-version_id"),
    ("os_release/missing-quote", "~name"),
    ("os_release/name-not-utf-8", "~name"),
    ("pressure/cut-in-number", "-full"),
    ("pressure/empty", "a required field is missing in line 1"),
    ("pressure/key-twice", ""),
    ("pressure/lone-word", "a required field is missing in line 2"),
    ("pressure/missing-total", "a required field is missing in line 1"),
    ("pressure/twenty-digits", "a number is malformed in line 1"),
    ("pressure/unknown-words", ""),
    ("pressure/value-apart", "a required field is missing in line 1"),
    ("sockstat/empty", "a required field is missing in line 1"),
    ("sockstat/line-after-both", ""),
    ("sockstat/lone-word", "a required field is missing in line 7"),
    ("sockstat/missing-line", "a required field is missing in line 6"),
    ("sockstat/missing-value", "a required field is missing in line 2"),
    ("sockstat/twenty-digits", "a number is malformed in line 3"),
    ("stat/core-without-number", "a number is malformed in line 2"),
    ("stat/cut-in-number", "-5 names"),
    ("stat/empty", "a required field is missing in line 1"),
    ("stat/lone-word", "a required field is missing in line 2"),
    ("stat/missing-columns", "a required field is missing in line 1"),
    ("stat/missing-total", "a required field is missing in line 10"),
    ("stat/twenty-digits", "a number is malformed in line 1"),
    ("statm/empty", "a required field is missing in line 1"),
    ("statm/lone-word", "a required field is missing in line 1"),
    ("statm/twenty-digits", "a number is malformed in line 1"),
    ("uptime/empty", "a required field is missing in line 1"),
    ("uptime/lone-word", "a number is malformed in line 1"),
    ("uptime/twenty-digits", "a number is malformed in line 1"),
    ("vmstat/cut-in-number", "-oom_kills"),
    ("vmstat/empty", "-oom_kills"),
    ("vmstat/lone-word", "-oom_kills"),
    ("vmstat/twenty-digits", "a number is malformed in line 125"),
];

#[test]
fn every_fault_costs_what_it_must_and_nothing_else() {
    let mut found: Vec<(String, String)> = Vec::new();
    for parser in fs::read_dir(fixtures().join("broken")).unwrap().flatten() {
        let parser = parser.file_name().into_string().unwrap();
        for file in fs::read_dir(fixtures().join("broken").join(&parser)).unwrap().flatten() {
            let fault = file.file_name().into_string().unwrap();
            if !matches!(&*fault, "1000-cores" | "2000-mounts") {
                found.push((format!("{parser}/{fault}"), cost(&parser, &fs::read(file.path()).unwrap())));
            }
        }
    }
    found.sort();
    let expected: Vec<_> = BROKEN.iter().map(|(file, cost)| (file.to_string(), cost.to_string())).collect();
    for ((file, cost), expected) in found.iter().zip(&expected) {
        assert_eq!((file, cost), (&expected.0, &expected.1));
    }
    assert_eq!(found.len(), expected.len());
}

#[test]
fn a_thousand_cores_and_two_thousand_mounts_are_all_read() {
    let cores = read("stat", &fs::read(fixtures().join("broken/stat/1000-cores")).unwrap()).unwrap();
    assert!((0..1000).all(|core| cores.contains_key(&format!("cpu{core}"))));
    let mounts = read("mountinfo", &fs::read(fixtures().join("broken/mountinfo/2000-mounts")).unwrap()).unwrap();
    assert!((0..2000).all(|mount| mounts.contains_key(&format!("8:{mount} /m{mount}"))));
}
