//! Processor time to the busy share.

use crate::parse::stat::CpuTicks;

/// Share of time not idle between two readings, over all processors, 0 to 100 with two decimals.
///
/// Waiting for a disk counts as idle, as in the first generation: the processor was free to do other work. Without a
/// `previous` reading, or when the counters went backwards (a restored virtual machine), the share is that since the
/// counters began: a new baseline, never an absurd number. 0 when no tick has passed.
pub fn busy_percent(previous: Option<&CpuTicks>, now: &CpuTicks) -> f64 {
    let baseline = previous.filter(|previous| total(previous) <= total(now)).copied().unwrap_or_default();
    // A processor taken offline, or iowait, may count backwards alone: that part is left out, not wrapped.
    let idle = idle(now).saturating_sub(idle(&baseline));
    let busy = busy(now).saturating_sub(busy(&baseline));
    super::percent(busy, busy.saturating_add(idle))
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
        assert_eq!(busy_percent(Some(&ticks(100, 900, 0)), &ticks(125, 975, 0)), 25.0);
        assert_eq!(busy_percent(None, &ticks(100, 900, 0)), 10.0);
    }

    #[test]
    fn waiting_for_a_disk_is_idle_time() {
        assert_eq!(busy_percent(Some(&ticks(0, 0, 0)), &ticks(10, 0, 90)), 10.0);
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
        assert_eq!(busy_percent(None, &now), 50.0);
    }

    #[test]
    fn counters_that_go_backwards_start_a_new_baseline() {
        assert_eq!(busy_percent(Some(&ticks(5000, 5000, 0)), &ticks(30, 70, 0)), 30.0);
    }

    #[test]
    fn iowait_alone_going_backwards_is_left_out() {
        assert_eq!(busy_percent(Some(&ticks(0, 0, 50)), &ticks(50, 50, 49)), 50.51);
    }

    #[test]
    fn no_time_at_all_is_no_load() {
        assert_eq!(busy_percent(Some(&ticks(5, 5, 0)), &ticks(5, 5, 0)), 0.0);
        assert_eq!(busy_percent(None, &CpuTicks::default()), 0.0);
    }

    #[test]
    fn counters_at_the_end_of_their_range_do_not_wrap() {
        let end = ticks(u64::MAX, u64::MAX, u64::MAX);
        assert!((0.0..=100.0).contains(&busy_percent(None, &end)));
    }
}
