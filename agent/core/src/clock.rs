//! By which clock a sample is dated: the host's, corrected when it is set, or the master's while the host has none.
//!
//! Nothing here reads a clock. A [`Moment`] is what the host's clocks show at one instant: the wall clock, which can be
//! wrong and be set, and the time since boot, which only runs on. A waiting sample keeps both (a [`Date`]), so that it
//! is dated anew when the wall clock is set (`docs/decisions/0029`). [`MasterClock`] is the master's, measured by
//! heartbeats.

/// A change of the wall clock against the time since boot that is a step, in milliseconds: more than reading the two one
/// after the other can be apart, and more than a leap second.
pub const STEP_MS: i64 = 2000;
/// 2025-01-01T00:00:00Z: a wall clock before it has not been set, in milliseconds since 1970. No agent that has this
/// constant was released before it.
pub const PLAUSIBLE_FROM_MS: i64 = 1_735_689_600_000;
/// Longest round trip that a measurement of the master's clock is taken from: it is wrong by at most half of it.
pub const ROUND_TRIP_MAX_MS: u64 = 2000;
/// Measurements that are kept: the last eight minutes at the default interval of heartbeats.
const MEASUREMENTS: usize = 8;
/// An offset to the master's clock past which the two are said to disagree, and under which they agree again. Two
/// numbers, so that one on the edge is not said with every heartbeat.
const APART_FROM_MS: u64 = 5000;
const AGREE_UNTIL_MS: u64 = 4000;

/// What the host's clocks show at one instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// The wall clock (CLOCK_REALTIME), in milliseconds since 1970.
    pub wall_ms: i64,
    /// Time since boot, suspend included (CLOCK_BOOTTIME), in milliseconds.
    pub boot_ms: u64,
}

impl Moment {
    /// What the wall clock showed at boot, as the clocks stand now. Setting the wall clock changes it, time does not.
    pub fn base_ms(self) -> i64 {
        self.wall_ms.saturating_sub(signed(self.boot_ms))
    }
}

/// When a sample was taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Date {
    /// In milliseconds since 1970, as far as it is known.
    pub time_ms: i64,
    /// Time since boot, in milliseconds.
    pub boot_ms: u64,
    /// Whether that was the time since another boot: then nothing can be learned of it any more, and the time stays.
    pub is_fixed: bool,
}

impl Date {
    /// The same instant by a wall clock that was at `base_ms` at boot. What is no [`STEP_MS`] off stays to the
    /// millisecond: the time is part of the master's key.
    pub fn by_base(self, base_ms: i64) -> Self {
        let time_ms = base_ms.saturating_add(signed(self.boot_ms));
        if self.is_fixed || time_ms.abs_diff(self.time_ms) <= STEP_MS.unsigned_abs() {
            return self;
        }
        Self { time_ms, ..self }
    }
}

/// Which clock samples are dated by, from one [`Moment`] to the next.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// The wall clock at boot, by the clock that is trusted; of no meaning until one is.
    base_ms: i64,
    is_trusted: bool,
    /// The master's clock.
    pub master: MasterClock,
}

/// What [`Clock::observe`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The time now, in milliseconds since 1970; by a clock that is not trusted if [`Clock::is_trusted`] says so.
    pub time_ms: i64,
    /// What waits must be dated anew, by this base.
    pub new_base_ms: Option<i64>,
    /// By how much the trusted clock was set, in milliseconds; `None` also when there was none before.
    pub step_ms: Option<i64>,
}

impl Clock {
    /// A clock that knows nothing, all zeroes.
    pub const fn new() -> Self {
        Self { base_ms: 0, is_trusted: false, master: MasterClock::new() }
    }

    /// Whether times can be told: the wall clock is plausible, or the master's is known.
    pub fn is_trusted(&self) -> bool {
        self.is_trusted
    }

    /// The base that samples are dated by, once there is one.
    pub fn base_ms(&self) -> Option<i64> {
        self.is_trusted.then_some(self.base_ms)
    }

    /// Looks at the host's clocks. A wall clock that was right once and then is not (a dead battery and a wrong
    /// `date -s`) leaves the time running on from what it was.
    pub fn observe(&mut self, now: Moment) -> Observed {
        let by_wall = (now.wall_ms >= PLAUSIBLE_FROM_MS).then(|| now.base_ms());
        let by_last = self.is_trusted.then_some(self.base_ms);
        let trusted = by_wall.or_else(|| self.master.base_ms()).or(by_last);
        let base_ms = trusted.unwrap_or_else(|| now.base_ms());
        let observed =
            Observed { time_ms: base_ms.saturating_add(signed(now.boot_ms)), new_base_ms: None, step_ms: None };
        let step_ms = base_ms.saturating_sub(self.base_ms);
        if trusted.is_none() || (self.is_trusted && step_ms.unsigned_abs() <= STEP_MS.unsigned_abs()) {
            return observed;
        }
        let step_ms = self.is_trusted.then_some(step_ms);
        (self.base_ms, self.is_trusted) = (base_ms, true);
        Observed { new_base_ms: Some(base_ms), step_ms, ..observed }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

/// The master's clock against the time since boot, from the last few heartbeats.
#[derive(Clone, Copy, Debug)]
pub struct MasterClock {
    measurements: [Measurement; MEASUREMENTS],
    /// Measurements taken since the last time they were thrown away.
    taken: usize,
    are_apart: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Measurement {
    /// What the master's clock showed when this host booted, give or take half the round trip.
    base_ms: i64,
    round_trip_ms: u64,
}

/// What has changed between the two clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// They have come to be more than 5 s apart.
    Lost,
    /// They agree again.
    Regained,
}

impl MasterClock {
    /// One that was never measured, all zeroes.
    pub const fn new() -> Self {
        let measurements = [Measurement { base_ms: 0, round_trip_ms: 0 }; MEASUREMENTS];
        Self { measurements, taken: 0, are_apart: false }
    }

    /// The master said `master_ms` in answer to a request that went out and was answered at these times since boot.
    /// One that took longer than [`ROUND_TRIP_MAX_MS`] says too little.
    ///
    /// One that contradicts the others by more than all their round trips throws them away: the master's clock was set.
    pub fn measured(&mut self, sent_boot_ms: u64, answered_boot_ms: u64, master_ms: i64) {
        let Some(round_trip_ms) = answered_boot_ms.checked_sub(sent_boot_ms) else { return };
        if round_trip_ms > ROUND_TRIP_MAX_MS {
            return;
        }
        let half_way_ms = signed(sent_boot_ms.saturating_add(round_trip_ms / 2));
        let measurement = Measurement { base_ms: master_ms.saturating_sub(half_way_ms), round_trip_ms };
        if self.base_ms().is_some_and(|base_ms| base_ms.abs_diff(measurement.base_ms) > ROUND_TRIP_MAX_MS) {
            self.taken = 0;
        }
        if let Some(place) = self.measurements.get_mut(self.taken % MEASUREMENTS) {
            *place = measurement;
        }
        self.taken += 1;
    }

    /// What the master's clock showed when this host booted, by the shortest of the last round trips; `None` before the
    /// first.
    pub fn base_ms(&self) -> Option<i64> {
        let taken = self.measurements.get(..self.taken.min(MEASUREMENTS))?;
        taken.iter().min_by_key(|measurement| measurement.round_trip_ms).map(|measurement| measurement.base_ms)
    }

    /// How far the master's clock is ahead of the host's, in milliseconds; negative where it is behind.
    pub fn offset_ms(&self, now: Moment) -> Option<i64> {
        Some(self.base_ms()?.saturating_sub(now.base_ms()))
    }

    /// Whether the two clocks have come to disagree, or to agree again, since this was asked last.
    pub fn agreement(&mut self, now: Moment) -> Option<Agreement> {
        let apart_ms = self.offset_ms(now)?.unsigned_abs();
        let change = match self.are_apart {
            false if apart_ms > APART_FROM_MS => Agreement::Lost,
            true if apart_ms <= AGREE_UNTIL_MS => Agreement::Regained,
            _ => return None,
        };
        self.are_apart = change == Agreement::Lost;
        Some(change)
    }
}

impl Default for MasterClock {
    fn default() -> Self {
        Self::new()
    }
}

/// Time since boot as a difference; it fits for 292 million years.
fn signed(boot_ms: u64) -> i64 {
    i64::try_from(boot_ms).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-24T08:00:00Z.
    const THEN_MS: i64 = 1_795_507_200_000;
    const HOUR_MS: i64 = 3_600_000;

    fn moment(wall_ms: i64, boot_ms: u64) -> Moment {
        Moment { wall_ms, boot_ms }
    }

    #[test]
    fn a_clock_that_runs_is_not_a_step() {
        let mut clock = Clock::new();
        assert_eq!(clock.observe(moment(THEN_MS, 1000)).new_base_ms, Some(THEN_MS - 1000));
        for second in 1..100_000u64 {
            let wall_ms = THEN_MS + second as i64 * 1000;
            let observed = clock.observe(moment(wall_ms, 1000 + second * 1000));
            assert_eq!(observed, Observed { time_ms: wall_ms, new_base_ms: None, step_ms: None });
        }
    }

    #[test]
    fn a_clock_that_is_set_dates_anew_and_small_steps_add_up() {
        let mut clock = Clock::new();
        clock.observe(moment(THEN_MS, 1000));
        let set = clock.observe(moment(THEN_MS + HOUR_MS + 5, 1005));
        assert_eq!((set.new_base_ms, set.step_ms), (Some(THEN_MS + HOUR_MS - 1000), Some(HOUR_MS)));
        assert_eq!(clock.observe(moment(THEN_MS + HOUR_MS + 2000, 1000)).new_base_ms, None);
        let back = clock.observe(moment(THEN_MS, 1000));
        assert_eq!((back.time_ms, back.step_ms), (THEN_MS, Some(-HOUR_MS)));
        // One and a half seconds are no step, twice that in the same direction are.
        assert_eq!(clock.observe(moment(THEN_MS + 1500, 1000)).step_ms, None);
        assert_eq!(clock.observe(moment(THEN_MS + 3000, 1000)).step_ms, Some(3000));
    }

    #[test]
    fn a_clock_that_was_never_set_is_not_trusted_until_it_is() {
        let mut clock = Clock::new();
        let observed = clock.observe(moment(12_000, 10_000));
        assert_eq!(
            (observed, clock.is_trusted()),
            (Observed { time_ms: 12_000, new_base_ms: None, step_ms: None }, false)
        );
        assert_eq!(clock.observe(moment(PLAUSIBLE_FROM_MS - 1, 10_001)).new_base_ms, None);
        assert_eq!(clock.base_ms(), None);
        let set = clock.observe(moment(THEN_MS, 20_000));
        assert_eq!((set.new_base_ms, set.step_ms), (Some(THEN_MS - 20_000), None));
        assert!(clock.is_trusted());
    }

    #[test]
    fn a_host_without_a_clock_takes_the_masters_until_it_has_one() {
        let mut clock = Clock::new();
        clock.observe(moment(12_000, 10_000));
        clock.master.measured(20_000, 20_100, THEN_MS);
        let observed = clock.observe(moment(22_100, 20_100));
        assert_eq!((observed.time_ms, observed.new_base_ms), (THEN_MS + 50, Some(THEN_MS - 20_050)));
        assert!(clock.is_trusted());
        // The host's own clock is set to the same time: nothing is dated anew for a second.
        let set = clock.observe(moment(THEN_MS + 10_000, 30_500));
        assert_eq!((set.time_ms, set.new_base_ms), (THEN_MS + 10_000, None));
    }

    #[test]
    fn a_clock_that_falls_back_to_1970_leaves_the_time_running_on() {
        let mut clock = Clock::new();
        clock.observe(moment(THEN_MS, 1000));
        let fallen = clock.observe(moment(5, 61_000));
        assert_eq!((fallen.time_ms, fallen.new_base_ms), (THEN_MS + 60_000, None));
        assert!(clock.is_trusted());
    }

    #[test]
    fn a_date_follows_a_step_to_the_millisecond_and_stays_without_one() {
        let date = Date { time_ms: 5000, boot_ms: 3000, is_fixed: false };
        assert_eq!(date.by_base(THEN_MS), Date { time_ms: THEN_MS + 3000, ..date });
        for base_ms in [0, 2000, 4000] {
            assert_eq!(date.by_base(base_ms), date, "{base_ms}");
        }
        assert_eq!(date.by_base(4001).time_ms, 7001);
        assert_eq!(date.by_base(-1).time_ms, 2999);
        let fixed = Date { is_fixed: true, ..date };
        assert_eq!(fixed.by_base(THEN_MS), fixed);
    }

    #[test]
    fn the_offset_comes_from_the_shortest_round_trip() {
        let mut master = MasterClock::new();
        let now = moment(THEN_MS, 0);
        assert_eq!(master.offset_ms(now), None);
        // The answer's way took all of the second: measured half a second wrong.
        master.measured(0, 1000, THEN_MS + 7000);
        assert_eq!(master.offset_ms(now), Some(6500));
        master.measured(2000, 2020, THEN_MS + 2010 + 7000);
        assert_eq!(master.offset_ms(now), Some(7000));
        master.measured(3000, 4500, THEN_MS + 3000 + 7000);
        assert_eq!(master.offset_ms(now), Some(7000));
        // What takes too long, or ends before it began, is no measurement.
        master.measured(5000, 7001, 0);
        master.measured(6000, 5999, 0);
        assert_eq!(master.offset_ms(now), Some(7000));
        // Eight later ones displace it.
        for _ in 0..MEASUREMENTS {
            master.measured(8000, 8100, THEN_MS + 8050 + 7200);
        }
        assert_eq!(master.offset_ms(now), Some(7200));
        // The host's clock is set: the master's has not changed.
        assert_eq!(master.offset_ms(moment(THEN_MS + 7200, 0)), Some(0));
    }

    #[test]
    fn a_master_whose_clock_is_set_is_believed_at_once() {
        let mut master = MasterClock::new();
        master.measured(0, 2, THEN_MS);
        master.measured(60_000, 61_000, THEN_MS + HOUR_MS + 60_500);
        assert_eq!(master.offset_ms(moment(THEN_MS, 0)), Some(HOUR_MS));
    }

    #[test]
    fn disagreement_is_said_once_and_agreement_once() {
        let mut master = MasterClock::new();
        assert_eq!(master.agreement(moment(0, 0)), None);
        master.measured(0, 0, THEN_MS);
        let mut change = |host_ms: i64| master.agreement(moment(host_ms, 0));
        assert_eq!(change(THEN_MS - 5000), None);
        assert_eq!(change(THEN_MS - 5001), Some(Agreement::Lost));
        assert_eq!(change(THEN_MS + HOUR_MS), None);
        assert_eq!(change(THEN_MS + 4500), None);
        assert_eq!(change(THEN_MS + 4000), Some(Agreement::Regained));
        assert_eq!(change(THEN_MS), None);
    }
}
