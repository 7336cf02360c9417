//! Processor time to shares: busy or not, and of what kind.

use neon_shared::readings::CpuShares;

use crate::parse::stat::CpuTicks;

/// Most processors whose shares are told apart; a host with more gives the total alone, and says so.
pub const CORES_MAX: usize = 256;

/// The baseline of a processor that was never seen: since boot.
pub const NO_TICKS: CpuTicks = CpuTicks {
    user_ticks: 0,
    nice_ticks: 0,
    system_ticks: 0,
    idle_ticks: 0,
    iowait_ticks: 0,
    irq_ticks: 0,
    softirq_ticks: 0,
    steal_ticks: 0,
};

/// The shares of each processor, and the ticks they are counted from.
#[derive(Debug)]
pub struct Cores {
    /// By the processor's number; all zeroes for one that was never seen.
    previous: [CpuTicks; CORES_MAX],
    shares: heapless::Vec<CpuShares, CORES_MAX>,
    online: u32,
}

impl Cores {
    /// None seen yet; all zeroes.
    pub const fn new() -> Self {
        Self { previous: [NO_TICKS; CORES_MAX], shares: heapless::Vec::new(), online: 0 }
    }

    /// Forgets the shares; the ticks they were counted to stay.
    pub fn clear(&mut self) {
        self.shares.clear();
        self.online = 0;
    }

    /// Takes the ticks of processor `core`.
    pub fn add(&mut self, core: u32, now: CpuTicks) {
        self.online = self.online.saturating_add(1);
        let Some(previous) = self.previous.get_mut(core as usize) else { return };
        // One share each is kept of `CORES_MAX` different numbers, so there is room; a number listed twice may not fit.
        let _ = self.shares.push(shares(Some(core), previous, &now));
        *previous = now;
    }

    /// The shares in the kernel's order; empty when there are more processors than [`CORES_MAX`].
    pub fn shares(&self) -> &[CpuShares] {
        if self.left_out() == 0 { &self.shares } else { &[] }
    }

    /// Processors whose shares are left out: none, or all of them.
    pub fn left_out(&self) -> u32 {
        if self.online as usize == self.shares.len() { 0 } else { self.online }
    }
}

impl Default for Cores {
    fn default() -> Self {
        Self::new()
    }
}

/// Where the time between two readings went; the baseline is chosen as in [`busy_percent`].
pub fn shares(core: Option<u32>, previous: &CpuTicks, now: &CpuTicks) -> CpuShares {
    let previous = baseline(previous, now);
    let since = |ticks: fn(&CpuTicks) -> u64| ticks(now).saturating_sub(ticks(previous));
    let user = since(|t| t.user_ticks.saturating_add(t.nice_ticks));
    let system = since(|t| t.system_ticks);
    let irq = since(|t| t.irq_ticks.saturating_add(t.softirq_ticks));
    let (iowait, steal, idle) = (since(|t| t.iowait_ticks), since(|t| t.steal_ticks), since(|t| t.idle_ticks));
    let whole = [user, system, irq, iowait, steal, idle].iter().fold(0u64, |sum, part| sum.saturating_add(*part));
    let percent = |part| super::percent32(part, whole);
    CpuShares {
        core,
        user_percent: percent(user),
        system_percent: percent(system),
        iowait_percent: percent(iowait),
        steal_percent: percent(steal),
        irq_percent: percent(irq),
    }
}

/// Share of time not idle between two readings, over all processors, 0 to 100 with two decimals.
///
/// Waiting for a disk counts as idle, as in the first generation: the processor was free to do other work. Counted
/// from all zeroes, or when the counters went backwards (a restored virtual machine), the share is that since the
/// counters began: a new baseline, never an absurd number. 0 when no tick has passed.
pub fn busy_percent(previous: &CpuTicks, now: &CpuTicks) -> f64 {
    let baseline = baseline(previous, now);
    // A processor taken offline, or iowait, may count backwards alone: that part is left out, not wrapped.
    let idle = idle(now).saturating_sub(idle(baseline));
    let busy = busy(now).saturating_sub(busy(baseline));
    super::percent(busy, busy.saturating_add(idle))
}

fn baseline<'t>(previous: &'t CpuTicks, now: &CpuTicks) -> &'t CpuTicks {
    if total(previous) <= total(now) { previous } else { &NO_TICKS }
}

fn idle(ticks: &CpuTicks) -> u64 {
    ticks.idle_ticks.saturating_add(ticks.iowait_ticks)
}

fn busy(ticks: &CpuTicks) -> u64 {
    [ticks.user_ticks, ticks.nice_ticks, ticks.system_ticks, ticks.irq_ticks, ticks.softirq_ticks, ticks.steal_ticks]
        .iter()
        .fold(0, |sum, ticks| sum.saturating_add(*ticks))
}

fn total(ticks: &CpuTicks) -> u64 {
    idle(ticks).saturating_add(busy(ticks))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(user_ticks: u64, idle_ticks: u64, iowait_ticks: u64) -> CpuTicks {
        CpuTicks { user_ticks, idle_ticks, iowait_ticks, ..CpuTicks::default() }
    }

    #[test]
    fn the_share_is_that_since_the_previous_reading() {
        assert_eq!(busy_percent(&ticks(100, 900, 0), &ticks(125, 975, 0)), 25.0);
        assert_eq!(busy_percent(&NO_TICKS, &ticks(100, 900, 0)), 10.0);
    }

    #[test]
    fn waiting_for_a_disk_is_idle_time() {
        assert_eq!(busy_percent(&ticks(0, 0, 0), &ticks(10, 0, 90)), 10.0);
    }

    #[test]
    fn every_busy_state_counts() {
        let now = CpuTicks {
            user_ticks: 1,
            nice_ticks: 1,
            system_ticks: 1,
            irq_ticks: 1,
            softirq_ticks: 1,
            steal_ticks: 1,
            idle_ticks: 6,
            iowait_ticks: 0,
        };
        assert_eq!(busy_percent(&NO_TICKS, &now), 50.0);
    }

    #[test]
    fn counters_that_go_backwards_start_a_new_baseline() {
        assert_eq!(busy_percent(&ticks(5000, 5000, 0), &ticks(30, 70, 0)), 30.0);
    }

    #[test]
    fn iowait_alone_going_backwards_is_left_out() {
        assert_eq!(busy_percent(&ticks(0, 0, 50), &ticks(50, 50, 49)), 50.51);
    }

    #[test]
    fn no_time_at_all_is_no_load() {
        assert_eq!(busy_percent(&ticks(5, 5, 0), &ticks(5, 5, 0)), 0.0);
        assert_eq!(busy_percent(&NO_TICKS, &CpuTicks::default()), 0.0);
    }

    #[test]
    fn each_kind_of_time_has_its_share() {
        let now = CpuTicks {
            user_ticks: 10,
            nice_ticks: 5,
            system_ticks: 7,
            irq_ticks: 1,
            softirq_ticks: 2,
            steal_ticks: 3,
            iowait_ticks: 12,
            idle_ticks: 60,
        };
        let shares = shares(None, &CpuTicks::default(), &now);
        assert_eq!((shares.user_percent, shares.system_percent, shares.irq_percent), (15.0, 7.0, 3.0));
        assert_eq!((shares.steal_percent, shares.iowait_percent), (3.0, 12.0));
        assert_eq!(super::shares(None, &now, &CpuTicks::default()), CpuShares::default(), "backwards, to nothing");
    }

    #[test]
    fn a_processor_taken_offline_and_back_keeps_its_number() {
        let mut cores = Cores::new();
        for round in 1..=3u64 {
            cores.clear();
            for core in [0, 1, 3] {
                if !(round == 2 && core == 1) {
                    cores.add(core, ticks(round * 10, round * 90, 0));
                }
            }
        }
        let numbers = cores.shares().iter().map(|shares| (shares.core, shares.user_percent));
        assert!(numbers.eq([(Some(0), 10.0), (Some(1), 10.0), (Some(3), 10.0)]));
        assert_eq!(cores.left_out(), 0);
    }

    #[test]
    fn past_the_capacity_the_total_stands_alone_and_that_is_said() {
        let mut cores = Cores::new();
        (0..CORES_MAX as u32).for_each(|core| cores.add(core, ticks(1, 1, 0)));
        assert_eq!((cores.shares().len(), cores.left_out()), (CORES_MAX, 0));
        cores.add(CORES_MAX as u32, ticks(1, 1, 0));
        assert_eq!((cores.shares().len(), cores.left_out()), (0, CORES_MAX as u32 + 1));
    }

    #[test]
    fn counters_at_the_end_of_their_range_do_not_wrap() {
        let end = ticks(u64::MAX, u64::MAX, u64::MAX);
        assert!((0.0..=100.0).contains(&busy_percent(&NO_TICKS, &end)));
    }
}
