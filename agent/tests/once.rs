//! `neon-agent --once` on a fixture host: the whole report, against a golden file.
//!
//! What the running machine decides (time, its kernel, the space of its file systems, the agent's own cost) is replaced
//! by the kind of value that must stand there; everything else is compared to the letter. To accept a change, run with
//! `NEON_UPDATE_GOLDEN=1` and read the difference.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("core/tests/fixtures").join(path)
}

fn once(variables: &[(&str, &Path)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_neon-agent"))
        .arg("--once")
        .env_clear()
        .env("SERVER_NAME", "rich")
        .env("DOCKER_HOST", "unix:///nowhere/docker.sock")
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

/// Replaces the value at `pointer` by its kind; what is missing stays so, and then differs.
fn mask(report: &mut Value, pointer: &str) {
    if let Some(value) = report.pointer_mut(pointer) {
        *value = match value {
            Value::Number(number) if number.as_f64().is_some_and(|number| number >= 0.0) => json!("(number)"),
            Value::String(_) => json!("(text)"),
            _ => return,
        };
    }
}

fn masked(mut report: Value) -> Value {
    for pointer in ["timestamp", "diskPercent", "diskUsedGb", "diskTotalGb"] {
        mask(&mut report, &format!("/metrics/{pointer}"));
    }
    for pointer in ["osKernel", "osArch", "totalDiskGb"] {
        mask(&mut report, &format!("/serverInfo/{pointer}"));
    }
    for pointer in ["residentBytes", "anonymousBytes", "cpuMicroseconds"] {
        mask(&mut report, &format!("/metrics/readings/agent/{pointer}"));
    }
    for mount in 0..8 {
        for pointer in ["totalBytes", "usedBytes", "availableBytes", "inodesTotal", "inodesUsed"] {
            mask(&mut report, &format!("/metrics/readings/mounts/{mount}/{pointer}"));
        }
    }
    for source in 0..32 {
        mask(&mut report, &format!("/metrics/readings/agent/sources/{source}/durationMicroseconds"));
    }
    report
}

#[test]
fn the_report_of_a_rich_host_is_the_golden_one() {
    let output = once(&[("HOST_ROOT", &fixture("rich"))]);
    assert!(output.status.success(), "{output:?}");
    let report = masked(serde_json::from_slice(&output.stdout).unwrap());
    let text = serde_json::to_string_pretty(&report).unwrap() + "\n";
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/rich.json");
    if std::env::var_os("NEON_UPDATE_GOLDEN").is_some() {
        std::fs::write(&golden, &text).unwrap();
    }
    for (line, (found, expected)) in text.lines().zip(std::fs::read_to_string(&golden).unwrap().lines()).enumerate() {
        assert_eq!(found, expected, "line {} of {}", line + 1, golden.display());
    }
    assert_eq!(text, std::fs::read_to_string(&golden).unwrap());
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "neon-agent: there is no socket\n");
}

#[test]
fn the_kernels_folders_may_be_elsewhere() {
    let whole: Value = serde_json::from_slice(&once(&[("HOST_ROOT", &fixture("rich"))]).stdout).unwrap();
    let (proc, sys) = (fixture("rich/proc"), fixture("rich/sys"));
    let output = once(&[("HOST_PROC", &proc), ("HOST_SYS", &sys)]);
    let apart: Value = serde_json::from_slice(&output.stdout).unwrap();
    for reading in ["bootId", "interfaces", "temperatures", "memory", "disks"] {
        assert_eq!(whole["metrics"]["readings"][reading], apart["metrics"]["readings"][reading], "{reading}");
    }
}

#[test]
fn without_memory_there_is_no_report_and_the_reason_is_said() {
    let root = std::env::temp_dir().join(format!("neon-agent-once-{}", std::process::id()));
    std::fs::create_dir_all(root.join("proc")).unwrap();
    std::fs::write(root.join("proc/stat"), "cpu 1 2 3 4\n").unwrap();
    let output = once(&[("HOST_ROOT", &root)]);
    std::fs::remove_dir_all(&root).unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    assert!(said.contains("proc/meminfo: No such file or directory"), "{said}");
    assert!(said.ends_with("without processor times and memory there is no report\n"), "{said}");
}
