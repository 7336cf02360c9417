//! The form in which the master stores readings: whatever is packed is what is unpacked, also by the shape of another
//! sample with the same names, and bytes from anywhere are readings or an error.
#![no_main]

use arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use neon_fuzz::dice::Dice;
use neon_fuzz::model::Readings;
use neon_fuzz::packed::{Shape, pack, unpack};
use neon_shared::time::Timestamp;
use serde::Deserialize;

const SPAN_MAX_MS: i64 = 86_400_000;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Unstructured::new(bytes);
    let time = Timestamp::from_unix_ms(input.arbitrary().unwrap_or_default());
    let later =
        Timestamp::from_unix_ms(time.unix_ms().saturating_add(input.arbitrary::<i32>().unwrap_or_default().into()));
    let base = Readings::deserialize(Dice::new(&mut input)).expect("dice give every type its value");
    let other = Readings::deserialize(Dice::new(&mut input)).expect("dice give every type its value");
    let shape = Shape::of(&mut base.clone(), time);
    assert_eq!(Shape::from_body(shape.base_ms, shape.body().to_vec()).as_ref(), Ok(&shape));

    round_trip(&shape, &base, time).expect("the sample that began the shape is of it");
    let same_names = with_names_of(&base, other.clone());
    let is_near = later.unix_ms().abs_diff(time.unix_ms()) <= SPAN_MAX_MS as u64;
    assert_eq!(round_trip(&shape, &same_names, later).is_some(), is_near);
    let _ = round_trip(&shape, &other, later);

    // As a damaged disk would have it.
    let _ = unpack(&shape, bytes, later);
    if let Ok(shape) = Shape::from_body(time.unix_ms(), bytes.to_vec()) {
        let _ = unpack(&shape, bytes, later);
        let _ = round_trip(&shape, &base, later);
    }
});

fn round_trip(shape: &Shape, readings: &Readings, time: Timestamp) -> Option<()> {
    let mut packed = Vec::new();
    pack(&mut packed, shape, &mut readings.clone(), time).then_some(())?;
    assert_eq!(unpack(shape, &packed, time).as_ref(), Ok(readings));
    Some(())
}

/// The values of `readings` as far as the shape does not keep them, under the names of `base`.
fn with_names_of(base: &Readings, readings: Readings) -> Readings {
    let mut same = Readings {
        cores: base.cores.clone(),
        mounts: base.mounts.clone(),
        disks: base.disks.clone(),
        interfaces: base.interfaces.clone(),
        temperatures: base.temperatures.clone(),
        fans: base.fans.clone(),
        boot_id: base.boot_id.clone(),
        agent: base.agent.clone(),
        ..readings
    };
    let number = same.threads.unwrap_or_default();
    for disk in same.disks.iter_mut().flatten() {
        (disk.reads_total, disk.writes_total, disk.rates) = (number, !number, None);
    }
    for mount in same.mounts.iter_mut().flatten() {
        (mount.used_bytes, mount.inodes_used) = (number, same.processes);
    }
    same
}
