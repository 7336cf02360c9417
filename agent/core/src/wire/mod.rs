//! Readings to the bytes of a request body, in a caller's buffer.
//!
//! Written by `json.rs` from the shared wire types, so the names stand in one place. A body never holds half an
//! element: what does not fit is left out whole, and the caller is told.

mod json;

use core::fmt::Write;

use neon_shared::api::{HeartbeatRequest, RegisterQuestion, RegisterRequest};
use neon_shared::metrics::{ServerInfo, ServerMetrics};
use neon_shared::time::{ISO_BYTES, Timestamp};
use serde::Serialize;

/// The buffer is too small for what was to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// Writes a registration; returns its bytes.
pub fn register<'b>(request: &RegisterRequest<&str>, buffer: &'b mut [u8]) -> Result<&'b [u8], Full> {
    object(request, buffer)
}

/// Writes the question what would become of a registration; returns its bytes.
pub fn register_question<'b>(question: &RegisterQuestion<&str>, buffer: &'b mut [u8]) -> Result<&'b [u8], Full> {
    object(question, buffer)
}

/// Writes the facts alone, as they stand in a registration; returns their bytes.
pub fn server_info<'b>(info: &ServerInfo<&str>, buffer: &'b mut [u8]) -> Result<&'b [u8], Full> {
    object(info, buffer)
}

/// Writes a heartbeat; returns its bytes.
pub fn heartbeat<'b>(request: &HeartbeatRequest<&str>, buffer: &'b mut [u8]) -> Result<&'b [u8], Full> {
    object(request, buffer)
}

/// Writes one sample, as it will stand in a report; returns its bytes.
///
/// Errors: `Full` when it does not fit; without its readings the fixed fields always take less than 512 bytes.
pub fn sample<'b>(sample: &ServerMetrics<impl Serialize>, buffer: &'b mut [u8]) -> Result<&'b [u8], Full> {
    object(sample, buffer)
}

/// What a written sample begins with: its time comes first, and has a fixed width.
const SAMPLE_OPENING: &[u8] = b"{\"timestamp\":\"";

/// Puts another time into a sample that is written; whether there was one to replace.
pub fn redate(sample: &mut [u8], time: Timestamp) -> bool {
    let place = SAMPLE_OPENING.len()..SAMPLE_OPENING.len() + ISO_BYTES;
    match (sample.starts_with(SAMPLE_OPENING), sample.get_mut(place), time.iso()) {
        (true, Some(place), Some(iso)) => {
            place.copy_from_slice(&iso);
            true
        }
        _ => false,
    }
}

/// Writes a report of `samples`, oldest first, as far as they fit; returns its length and how many are in it.
pub fn metrics<'s>(samples: impl Iterator<Item = &'s [u8]>, buffer: &mut [u8]) -> Result<(usize, usize), Full> {
    let mut list = ListWriter::begin(METRICS_OPENING, 0, buffer)?;
    let written = samples.map_while(|sample| list.push_written(sample).ok()).count();
    Ok((list.finish(), written))
}

/// Writes a report of one sample that [`sample`] has written, without its readings; returns its length. One that has
/// none is written as it is.
pub fn metrics_without_readings(sample: &[u8], buffer: &mut [u8]) -> Result<usize, Full> {
    // They come last, behind fields that are times and numbers.
    let end = sample.windows(READINGS.len()).position(|window| window == READINGS);
    // What ends before its last field lacks its brace.
    let (fixed, brace): (_, &[u8]) = end.and_then(|end| sample.get(..end)).map_or((sample, b""), |fixed| (fixed, b"}"));
    let mut list = ListWriter::begin(METRICS_OPENING, 0, buffer)?;
    list.append(|room| {
        let length = fixed.len() + brace.len();
        let (start, end) =
            room.get_mut(..length).and_then(|room| room.split_at_mut_checked(fixed.len())).ok_or(Full)?;
        start.copy_from_slice(fixed);
        end.copy_from_slice(brace);
        Ok(length)
    })?;
    Ok(list.finish())
}

/// Writes `{"containers":[…]}` one container at a time, and with it how many were left out.
pub fn containers(buffer: &mut [u8]) -> Result<ContainersWriter<'_>, Full> {
    let list = ListWriter::begin("{\"containers\":[", LEFT_OUT_MAX_BYTES, buffer)?;
    Ok(ContainersWriter { list, left_out: 0 })
}

fn object<'b>(value: &impl Serialize, buffer: &'b mut [u8]) -> Result<&'b [u8], Full> {
    let length = json::to_slice(value, buffer)?;
    buffer.get(..length).ok_or(Full)
}

const METRICS_OPENING: &str = "{\"metrics\":[";
/// How the readings of a sample begin.
const READINGS: &[u8] = b",\"readings\":{";
const CLOSING: &[u8] = b"]}";
/// What a report of containers says besides its list, before a number.
const LEFT_OUT: &str = ",\"containersLeftOut\":";
/// Longest form of it, with a number of twenty digits.
const LEFT_OUT_MAX_BYTES: usize = LEFT_OUT.len() + 20;

/// A report of containers.
#[derive(Debug)]
pub struct ContainersWriter<'b> {
    list: ListWriter<'b>,
    left_out: u64,
}

impl ContainersWriter<'_> {
    /// Appends a container; one that does not fit is left out and counted. Whether it is in.
    pub fn push(&mut self, container: &impl Serialize) -> bool {
        let is_in = self.list.push(container).is_ok();
        if !is_in {
            self.leave_out();
        }
        is_in
    }

    /// Counts a container that cannot be reported.
    pub fn leave_out(&mut self) {
        self.left_out = self.left_out.saturating_add(1);
    }

    /// Containers left out so far.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Closes the report; returns its length.
    pub fn finish(self) -> usize {
        let mut left_out = heapless::String::<LEFT_OUT_MAX_BYTES>::new();
        if self.left_out > 0 {
            // It has room for any number.
            let _ = write!(left_out, "{LEFT_OUT}{}", self.left_out);
        }
        self.list.finish_with(&left_out)
    }
}

/// A body that holds one list. Invariant: `length + reserved_bytes + CLOSING.len() <= buffer.len()`, so that it can
/// always be closed.
#[derive(Debug)]
struct ListWriter<'b> {
    buffer: &'b mut [u8],
    length: usize,
    /// Room for what follows the list.
    reserved_bytes: usize,
    is_empty: bool,
}

impl<'b> ListWriter<'b> {
    fn begin(opening: &str, reserved_bytes: usize, buffer: &'b mut [u8]) -> Result<Self, Full> {
        let slot = buffer.get_mut(..opening.len() + reserved_bytes + CLOSING.len()).ok_or(Full)?;
        slot[..opening.len()].copy_from_slice(opening.as_bytes());
        Ok(Self { buffer, length: opening.len(), reserved_bytes, is_empty: true })
    }

    /// Appends an element; `Full`, and no change, when it does not fit.
    fn push(&mut self, element: &impl Serialize) -> Result<(), Full> {
        self.append(|room| json::to_slice(element, room))
    }

    /// Appends an element that is JSON already.
    fn push_written(&mut self, element: &[u8]) -> Result<(), Full> {
        self.append(|room| {
            room.get_mut(..element.len()).ok_or(Full)?.copy_from_slice(element);
            Ok(element.len())
        })
    }

    fn append(&mut self, write: impl FnOnce(&mut [u8]) -> Result<usize, Full>) -> Result<(), Full> {
        let comma = usize::from(!self.is_empty);
        let end = self.buffer.len() - CLOSING.len() - self.reserved_bytes;
        let room = self.buffer.get_mut(self.length..end).ok_or(Full)?;
        if comma == 1 {
            *room.first_mut().ok_or(Full)? = b',';
        }
        let written = write(&mut room[comma..])?;
        self.length += comma + written;
        self.is_empty = false;
        Ok(())
    }

    /// Closes the list and the body; returns its length.
    fn finish(self) -> usize {
        self.finish_with("")
    }

    /// The same with `members`, no longer than was reserved, between list and end.
    fn finish_with(self, members: &str) -> usize {
        let mut end = self.length;
        for part in [&CLOSING[..1], members.as_bytes(), &CLOSING[1..]] {
            self.buffer[end..end + part.len()].copy_from_slice(part);
            end += part.len();
        }
        end
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::collections::BTreeMap;
    use std::vec::Vec;

    use neon_shared::api::ContainersRequest;
    use neon_shared::api::HostFingerprint;
    use neon_shared::metrics::NoReadings;
    use neon_shared::time::Timestamp;

    use super::*;

    /// The example of the wire contract, as a first-generation agent sent it.
    const FIRST_GENERATION: &str = r#"{"metrics":[{"timestamp":"2026-11-23T09:08:03.022Z","cpuPercent":14.85,"memoryPercent":3.09,"diskPercent":6.31,"memoryUsedGb":0.73,"memoryTotalGb":23.54,"diskUsedGb":47.7,"diskTotalGb":755.92,"networkRxBytes":443323758,"networkTxBytes":986331}]}"#;

    fn sample<Readings>() -> ServerMetrics<Readings> {
        ServerMetrics {
            timestamp: Timestamp::parse("2026-11-23T09:08:03.022Z").unwrap(),
            cpu_percent: 14.85,
            memory_percent: 3.09,
            disk_percent: 6.31,
            memory_used_gb: 0.73,
            memory_total_gb: 23.54,
            disk_used_gb: 47.7,
            disk_total_gb: 755.92,
            network_rx_bytes: 443_323_758,
            network_tx_bytes: 986_331,
            readings: None,
        }
    }

    #[test]
    fn a_sample_is_written_to_the_byte_as_the_first_generation_wrote_it() {
        let (mut one, mut buffer) = ([0; 512], [0; 512]);
        let one = super::sample(&sample::<NoReadings>(), &mut one).unwrap();
        let (length, written) = metrics([one].into_iter(), &mut buffer).unwrap();
        assert_eq!((core::str::from_utf8(&buffer[..length]).unwrap(), written), (FIRST_GENERATION, 1));
    }

    #[test]
    fn a_written_sample_takes_another_time() {
        let mut buffer = [0; 512];
        let length = super::sample(&sample::<NoReadings>(), &mut buffer).unwrap().len();
        let time = Timestamp::parse("1999-12-31T23:59:59.999Z").unwrap();
        assert!(redate(&mut buffer[..length], time));
        let read: ServerMetrics<NoReadings> = serde_json::from_slice(&buffer[..length]).unwrap();
        assert_eq!(read, ServerMetrics { timestamp: time, ..sample() });
        for mut other in [
            &b"{}"[..],
            b"",
            b"{\"timestamp\":\"2026",
            b"{\"cpuPercent\":1,\"timestamp\":\"2026-11-23T09:08:03.022Z\"}",
        ]
        .map(<[u8]>::to_vec)
        {
            let before = other.clone();
            assert!(!redate(&mut other, time));
            assert_eq!(other, before);
        }
    }

    #[test]
    fn a_report_without_readings_is_the_one_of_a_sample_that_has_none() {
        let with = ServerMetrics { readings: Some(BTreeMap::from([("load1", 1)])), ..sample() };
        let (mut one, mut buffer) = ([0; 512], [0; 512]);
        for sample in [
            super::sample(&sample::<NoReadings>(), &mut one).unwrap().to_vec(),
            super::sample(&with, &mut one).unwrap().to_vec(),
        ] {
            let length = metrics_without_readings(&sample, &mut buffer).unwrap();
            assert_eq!(core::str::from_utf8(&buffer[..length]).unwrap(), FIRST_GENERATION);
            assert_eq!(metrics_without_readings(&sample, &mut buffer[..FIRST_GENERATION.len() - 1]), Err(Full));
        }
    }

    #[test]
    fn what_does_not_fit_is_left_out_whole() {
        let one = FIRST_GENERATION.len();
        let written = &FIRST_GENERATION.as_bytes()[12..one - 2];
        let report = |room: usize| metrics([written, written].into_iter(), &mut std::vec![0; room]);
        for room in 0..one {
            assert_eq!(report(room), if room < 14 { Err(Full) } else { Ok((14, 0)) }, "{room} bytes");
        }
        assert_eq!(report(one), Ok((one, 1)));
        assert_eq!(report(2 * one - 14), Ok((one, 1)));
        assert_eq!(report(2 * one - 13), Ok((2 * one - 13, 2)));
    }

    #[test]
    fn extreme_values_stay_json() {
        let extreme = ServerMetrics { network_rx_bytes: u64::MAX, memory_total_gb: 1e300, ..sample::<NoReadings>() };
        let mut buffer = [0; 1024];
        let value: serde_json::Value = serde_json::from_slice(super::sample(&extreme, &mut buffer).unwrap()).unwrap();
        assert_eq!(value["networkRxBytes"], u64::MAX);
        assert_eq!(value["memoryTotalGb"], 1e300);
    }

    #[test]
    fn hostile_text_stays_one_string() {
        let name = "a\"b\\c</script>\u{1f600}\u{7}";
        let info = ServerInfo {
            name,
            hostname: name,
            os_name: name,
            os_version: "",
            os_kernel: "",
            os_arch: "",
            ..ServerInfo::default()
        };
        let request = RegisterRequest {
            server_name: name,
            server_info: info,
            agent_version: "1",
            credential: None,
            host_fingerprint: Some(HostFingerprint { machine: Some("0a"), engine: None }),
        };
        let mut buffer = [0; 1024];
        let value: serde_json::Value = serde_json::from_slice(register(&request, &mut buffer).unwrap()).unwrap();
        assert_eq!(value["serverName"], name);
        assert_eq!(value["serverInfo"]["dockerVersion"], serde_json::Value::Null);
        assert_eq!(value["hostFingerprint"], serde_json::json!({"machine": "0a"}));
        assert_eq!(value.get("credential"), None);
        assert_eq!(register(&request, &mut [0; 16]), Err(Full));
    }

    #[test]
    fn an_empty_list_of_containers_is_a_report_too() {
        let mut buffer = [0; 64];
        let length = containers(&mut buffer).unwrap().finish();
        assert_eq!(&buffer[..length], b"{\"containers\":[]}");
        let smallest = 17 + LEFT_OUT_MAX_BYTES;
        assert!(containers(&mut buffer[..smallest]).is_ok());
        assert_eq!(containers(&mut buffer[..smallest - 1]).err(), Some(Full));
    }

    #[test]
    fn containers_left_out_are_counted_in_the_body_however_full_it_is() {
        let mut buffer = [0; 17 + LEFT_OUT_MAX_BYTES + 4];
        let mut writer = containers(&mut buffer).unwrap();
        assert_eq!([writer.push(&"ab"), writer.push(&"c"), writer.push(&"")], [true, false, false]);
        writer.leave_out();
        assert_eq!(writer.left_out(), 3);
        let length = writer.finish();
        let read: ContainersRequest<Vec<&str>> = serde_json::from_slice(&buffer[..length]).unwrap();
        assert_eq!((read.containers, read.containers_left_out), (Vec::from(["ab"]), Some(3)));

        let writer = containers(&mut buffer).map(|writer| ContainersWriter { left_out: u64::MAX, ..writer });
        let length = writer.unwrap().finish();
        let read: ContainersRequest<Vec<&str>> = serde_json::from_slice(&buffer[..length]).unwrap();
        assert_eq!(read.containers_left_out, Some(u64::MAX));
    }
}
