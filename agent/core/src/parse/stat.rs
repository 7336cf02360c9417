//! `/proc/stat`: processor time since boot.
//!
//! Source: proc_stat(5). Reads the `cpu` total and counts the `cpuN` lines; every other line is skipped.

use super::{Fault, FaultKind, Words, lines, number};

/// Columns that every kernel since 2.6 writes: user, nice, system, idle.
const REQUIRED_COLUMNS: usize = 4;

/// Time the processors spent in each state since boot, in clock ticks (USER_HZ, a property of the host).
///
/// Guest time is already part of `user_ticks` and `nice_ticks`, so it is not read again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuTicks {
    /// In user mode.
    pub user_ticks: u64,
    /// In user mode with low priority.
    pub nice_ticks: u64,
    /// In the kernel.
    pub system_ticks: u64,
    /// Idle.
    pub idle_ticks: u64,
    /// Idle while a disk request was outstanding. The kernel may count it backwards.
    pub iowait_ticks: u64,
    /// Serving interrupts.
    pub irq_ticks: u64,
    /// Serving soft interrupts.
    pub softirq_ticks: u64,
    /// Taken by the hypervisor for other guests.
    pub steal_ticks: u64,
}

/// What the agent takes from `/proc/stat`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stat {
    /// Sum over all processors.
    pub cpu: CpuTicks,
    /// Number of `cpuN` lines: the processors that are online.
    pub cores_online: u32,
    /// `ctxt`: context switches since boot.
    pub context_switches_total: Option<u64>,
    /// `btime`: when the host booted, in seconds since 1970.
    pub booted_at_unix_s: Option<u64>,
    /// `procs_running`: threads that run or could run.
    pub running_tasks: Option<u64>,
    /// `procs_blocked`: threads that wait for a disk.
    pub blocked_tasks: Option<u64>,
}

/// Reads `/proc/stat`, and hands the number and ticks of each processor that is online to `each_core`.
///
/// Columns that an old kernel does not write are 0. Errors: `Missing` without a `cpu` line or with fewer than its
/// first four columns, `Number` where digits were expected.
pub fn stat(bytes: &[u8], mut each_core: impl FnMut(u32, CpuTicks)) -> Result<Stat, Fault> {
    let mut stat = Stat::default();
    let mut cpu = None;
    let mut last_line = 0u32;
    for (line_number, line) in lines(bytes) {
        last_line = line_number;
        let fault = |kind| Fault { kind, line: line_number };
        let Some((&first, _)) = line.split_first() else { continue };
        // Of the lines that are not wanted one is by far the longest, with a counter for each interrupt.
        if !matches!(first, b'b' | b'c' | b'p') {
            continue;
        }
        let mut words = Words(line);
        let slot = match words.next() {
            Some(b"cpu") => {
                cpu = Some(ticks(&mut words).map_err(fault)?);
                continue;
            }
            Some([b'c', b'p', b'u', core @ ..]) => {
                let core = number(core).and_then(|core| u32::try_from(core).ok()).ok_or(fault(FaultKind::Number))?;
                stat.cores_online = stat.cores_online.saturating_add(1);
                each_core(core, ticks(&mut words).map_err(fault)?);
                continue;
            }
            Some(b"ctxt") => &mut stat.context_switches_total,
            Some(b"btime") => &mut stat.booted_at_unix_s,
            Some(b"procs_running") => &mut stat.running_tasks,
            Some(b"procs_blocked") => &mut stat.blocked_tasks,
            _ => continue,
        };
        *slot = Some(words.number().map_err(fault)?);
    }
    stat.cpu = cpu.ok_or(Fault { kind: FaultKind::Missing, line: last_line.saturating_add(1) })?;
    Ok(stat)
}

fn ticks(words: &mut Words<'_>) -> Result<CpuTicks, FaultKind> {
    let mut columns = [0u64; 8];
    for (index, column) in columns.iter_mut().enumerate() {
        match words.number() {
            Ok(ticks) => *column = ticks,
            Err(FaultKind::Missing) if index >= REQUIRED_COLUMNS => break,
            Err(kind) => return Err(kind),
        }
    }
    let [user_ticks, nice_ticks, system_ticks, idle_ticks, iowait_ticks, irq_ticks, softirq_ticks, steal_ticks] =
        columns;
    Ok(CpuTicks {
        user_ticks,
        nice_ticks,
        system_ticks,
        idle_ticks,
        iowait_ticks,
        irq_ticks,
        softirq_ticks,
        steal_ticks,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The head of a Debian 12 virtual machine's file, Linux 6.18, two processors.
    const TWO_CORES: &[u8] = b"cpu  10132153 290696 3084719 46828483 16683 0 25195 7 175628 0\n\
        cpu0 1393280 32966 572056 13343292 6130 0 17875 3 23933 0\n\
        cpu1 1335498 29103 525127 13343292 6130 0 17875 4 23933 0\n\
        intr 8885917 17 0 0\nctxt 22848221\nbtime 1605316999\n";

    #[test]
    fn the_total_is_read_and_the_cores_are_counted() {
        let stat = stat(TWO_CORES, |_, _| {}).unwrap();
        assert_eq!(stat.cores_online, 2);
        assert_eq!(stat.cpu.user_ticks, 10_132_153);
        assert_eq!(stat.cpu.iowait_ticks, 16_683);
        assert_eq!(stat.cpu.steal_ticks, 7);
    }

    #[test]
    fn a_kernel_with_four_columns_is_enough() {
        let stat = stat(b"cpu 1 2 3 4\n", |_, _| {}).unwrap();
        assert_eq!((stat.cpu.idle_ticks, stat.cpu.iowait_ticks), (4, 0));
    }

    #[test]
    fn what_is_no_stat_names_kind_and_line() {
        let fault = |bytes| stat(bytes, |_, _| {}).unwrap_err();
        assert_eq!(fault(b""), Fault { kind: FaultKind::Missing, line: 1 });
        assert_eq!(fault(b"intr 1\n"), Fault { kind: FaultKind::Missing, line: 2 });
        assert_eq!(fault(b"cpu\n"), Fault { kind: FaultKind::Missing, line: 1 });
        assert_eq!(fault(b"cpu 1 2 3\n"), Fault { kind: FaultKind::Missing, line: 1 });
        assert_eq!(fault(b"x\ncpu 1 2 3 x\n"), Fault { kind: FaultKind::Number, line: 2 });
        assert_eq!(fault(b"cpu 1 2 3 99999999999999999999\n"), Fault { kind: FaultKind::Number, line: 1 });
    }

    #[test]
    fn a_read_cut_anywhere_never_gives_a_wrong_number() {
        let whole = stat(TWO_CORES, |_, _| {}).unwrap().cpu;
        for end in 0..TWO_CORES.len() {
            if let Ok(cut) = stat(TWO_CORES.get(..end).unwrap(), |_, _| {}) {
                assert_eq!(cut.cpu, whole, "cut at {end}");
            }
        }
    }
}
