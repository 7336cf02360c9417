//! `/proc/stat`: processor time since boot.
//!
//! Source: proc_stat(5). Reads the `cpu` total, each `cpuN`, and four lines of one number; every other is skipped.

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
/// Processors are numbered as the kernel does: one that is offline leaves a hole. Columns that an old kernel does not
/// write are 0. Errors: `Missing` without a `cpu` line, where one has fewer than the first four columns, or where a
/// known key has no number; `Number` where digits were expected. Processors before the fault were handed on by then.
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

#[inline(always)]
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
    extern crate std;
    use std::{string::String, vec::Vec};

    use super::super::cuts;
    use super::*;

    /// A Debian 12 virtual machine's file, Linux 6.18, two processors; the counters of interrupts are cut short.
    const TWO_CORES: &[u8] = b"cpu  10132153 290696 3084719 46828483 16683 0 25195 7 175628 0\n\
        cpu0 1393280 32966 572056 13343292 6130 0 17875 3 23933 0\n\
        cpu1 1335498 29103 525127 13343292 6130 0 17875 4 23933 0\n\
        intr 8885917 17 0 0\nctxt 22848221\nbtime 1605316999\nprocesses 746787147\n\
        procs_running 2\nprocs_blocked 1\nsoftirq 1 2 3\n";

    fn read(bytes: &[u8]) -> Result<(Stat, Vec<(u32, CpuTicks)>), Fault> {
        let mut cores = Vec::new();
        let stat = stat(bytes, |core, ticks| cores.push((core, ticks)))?;
        Ok((stat, cores))
    }

    #[test]
    fn every_column_is_the_one_of_its_name() {
        let (stat, _) = read(b"cpu 1 2 3 4 5 6 7 8 9 10\n").unwrap();
        let columns = CpuTicks {
            user_ticks: 1,
            nice_ticks: 2,
            system_ticks: 3,
            idle_ticks: 4,
            iowait_ticks: 5,
            irq_ticks: 6,
            softirq_ticks: 7,
            steal_ticks: 8,
        };
        assert_eq!(stat.cpu, columns);
    }

    #[test]
    fn the_total_the_cores_and_the_counters_are_read() {
        let (stat, cores) = read(TWO_CORES).unwrap();
        assert_eq!(stat.cores_online, 2);
        assert_eq!((stat.cpu.user_ticks, stat.cpu.steal_ticks), (10_132_153, 7));
        assert_eq!((cores[0].0, cores[0].1.steal_ticks), (0, 3));
        assert_eq!((cores[1].0, cores[1].1.steal_ticks), (1, 4));
        assert_eq!(stat.context_switches_total, Some(22_848_221));
        assert_eq!(stat.booted_at_unix_s, Some(1_605_316_999));
        assert_eq!((stat.running_tasks, stat.blocked_tasks), (Some(2), Some(1)));
    }

    #[test]
    fn a_processor_that_is_offline_leaves_a_hole() {
        let (stat, cores) = read(b"cpu 1 2 3 4\ncpu0 1 2 3 4\ncpu7 1 2 3 5\n").unwrap();
        assert_eq!(stat.cores_online, 2);
        assert_eq!((cores[1].0, cores[1].1.idle_ticks), (7, 5));
    }

    #[test]
    fn a_thousand_processors_are_handed_on_one_by_one() {
        let lines: String = (0..1000).map(|core| std::format!("cpu{core} {core} 0 0 0\n")).collect();
        let (stat, cores) = read(std::format!("cpu 1 2 3 4\n{lines}").as_bytes()).unwrap();
        assert_eq!((stat.cores_online, cores.len()), (1000, 1000));
        assert!(cores.iter().all(|(core, ticks)| u64::from(*core) == ticks.user_ticks));
    }

    #[test]
    fn a_kernel_with_four_columns_is_enough() {
        let (stat, _) = read(b"cpu 1 2 3 4\n").unwrap();
        assert_eq!((stat.cpu.idle_ticks, stat.cpu.iowait_ticks), (4, 0));
        assert_eq!((stat.context_switches_total, stat.running_tasks), (None, None));
    }

    #[test]
    fn what_is_no_stat_names_kind_and_line() {
        let fault = |bytes| read(bytes).unwrap_err();
        assert_eq!(fault(b""), Fault { kind: FaultKind::Missing, line: 1 });
        assert_eq!(fault(b"intr 1\n"), Fault { kind: FaultKind::Missing, line: 2 });
        assert_eq!(fault(b"cpu\n"), Fault { kind: FaultKind::Missing, line: 1 });
        assert_eq!(fault(b"cpu 1 2 3\n"), Fault { kind: FaultKind::Missing, line: 1 });
        assert_eq!(fault(b"cpu 1 2 3 4\ncpu0 1 2 3\n"), Fault { kind: FaultKind::Missing, line: 2 });
        assert_eq!(fault(b"cpu 1 2 3 4\nctxt\n"), Fault { kind: FaultKind::Missing, line: 2 });
        assert_eq!(fault(b"x\ncpu 1 2 3 x\n"), Fault { kind: FaultKind::Number, line: 2 });
        assert_eq!(fault(b"cpu 1 2 3 4\ncpux 1 2 3 4\n"), Fault { kind: FaultKind::Number, line: 2 });
        assert_eq!(fault(b"cpu 1 2 3 4\ncpu4294967296 1 2 3 4\n"), Fault { kind: FaultKind::Number, line: 2 });
        assert_eq!(fault(b"cpu 1 2 3 99999999999999999999\n"), Fault { kind: FaultKind::Number, line: 1 });
    }

    #[test]
    fn a_read_cut_anywhere_never_gives_a_wrong_number() {
        let (whole, whole_cores) = read(TWO_CORES).unwrap();
        let agree = |cut: Option<u64>, whole: Option<u64>| cut.is_none() || cut == whole;
        for cut in cuts(TWO_CORES) {
            let Ok((stat, cores)) = read(cut) else { continue };
            assert_eq!(stat.cpu, whole.cpu);
            assert!(whole_cores.starts_with(&cores));
            assert!(agree(stat.context_switches_total, whole.context_switches_total));
            assert!(agree(stat.booted_at_unix_s, whole.booted_at_unix_s));
            assert!(agree(stat.running_tasks, whole.running_tasks));
            assert!(agree(stat.blocked_tasks, whole.blocked_tasks));
        }
    }
}
