//! A rollup in about a kilobyte.
//!
//! The fields' names are kept once for as many rollups of a server as have them ([`Names`]); a body is the summaries in
//! their order. A number takes as many bytes as it has, in whole ones, hundredths or pages, and where it is none of them,
//! as the rates are, those of a 32-bit float; so does a mean, as the distance from the least value. That is seven digits,
//! and exact for what the wire has itself: whole numbers and two decimals.
//!
//! Reads bytes that come from a disk: total over all inputs, no panic.

use std::sync::Arc;

use neon_shared::time::Timestamp;

use super::packed::{Unreadable, put_varint, take_varint, unzigzag, zigzag};
use crate::model::{Rollup, Summary};

/// The number of the form that is written, of names and of bodies; what is stored for ever has to stay readable.
const FORM: u8 = 1;
/// Most names that are read; a sample of an agent has some hundred, and its body has no room for so many.
const NAMES_MAX: u64 = 1 << 17;
/// Below this a float holds every whole number.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;
const PAGE: f64 = 4096.0;
/// Fields that a rollup may lack of names that it is still stored with: as many as it has, and these.
const LACKING_MAX: usize = 8;

// The first byte of a field: its kind in two bits, the unit of its numbers in two, whether its count is not that of the
// samples, and for the first two kinds how many more of the same follow.
const KIND: u8 = 0b11;
const ABSENT: u8 = 0;
const ZERO: u8 = 1;
const CONSTANT: u8 = 2;
const VARYING: u8 = 3;
const UNIT_SHIFT: u8 = 2;
const WHOLE: u8 = 0;
const HUNDREDTHS: u8 = 1;
const PAGES: u8 = 2;
const FLOAT: u8 = 3;
const COUNTED: u8 = 1 << 4;
const RUN_SHIFT: u8 = 5;
const RUN_MAX: u8 = 7;

/// The names that rollups of one server have, ascending.
#[derive(Clone, Debug, PartialEq)]
pub struct Names {
    pub hash: u32,
    pub list: Arc<[String]>,
}

impl Names {
    /// `list` ascends.
    pub fn of(list: Arc<[String]>) -> Self {
        let mut names = Self { hash: 0, list };
        // FNV-1a.
        names.hash =
            names.body().iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
        names
    }

    /// The names as they are kept: each by what it has in common with the one before.
    pub fn body(&self) -> Vec<u8> {
        let mut body = vec![FORM];
        put_varint(&mut body, self.list.len() as u64);
        let mut before = "";
        for name in &*self.list {
            let same = name.bytes().zip(before.bytes()).take_while(|(one, other)| one == other).count();
            let rest = name.as_bytes().get(same..).unwrap_or_default();
            put_varint(&mut body, same as u64);
            put_varint(&mut body, rest.len() as u64);
            body.extend_from_slice(rest);
            before = name;
        }
        body
    }

    /// The names that were kept as `body` under `hash`.
    pub fn from_body(hash: u32, body: &[u8]) -> Result<Self, Unreadable> {
        let Some((&FORM, mut rest)) = body.split_first() else { return Err(Unreadable) };
        let count = take_varint(&mut rest)?;
        // Each takes two bytes at least, so that no more is made room for than there can be.
        if count > NAMES_MAX || count > rest.len() as u64 / 2 {
            return Err(Unreadable);
        }
        let mut list: Vec<String> = Vec::with_capacity(count as usize);
        for _ in 0..count {
            let before = list.last().map_or("", String::as_str);
            let same = usize::try_from(take_varint(&mut rest)?).map_err(|_| Unreadable)?;
            let length = usize::try_from(take_varint(&mut rest)?).map_err(|_| Unreadable)?;
            let (more, after) = rest.split_at_checked(length).ok_or(Unreadable)?;
            rest = after;
            let mut bytes = before.as_bytes().get(..same).ok_or(Unreadable)?.to_vec();
            bytes.extend_from_slice(more);
            let name = String::from_utf8(bytes).map_err(|_| Unreadable)?;
            if name.as_str() <= before && !list.is_empty() {
                return Err(Unreadable);
            }
            list.push(name);
        }
        if rest.is_empty() { Ok(Self { hash, list: list.into() }) } else { Err(Unreadable) }
    }

    /// Those that are to be read.
    pub fn wanted(&self, is_wanted: impl Fn(&str) -> bool) -> Wanted {
        let of_each: Vec<bool> = self.list.iter().map(|name| is_wanted(name)).collect();
        let wanted = self.list.iter().zip(&of_each).filter(|(_, is_wanted)| **is_wanted);
        Wanted { hash: self.hash, names: wanted.map(|(name, _)| name.clone()).collect(), of_each }
    }

    /// Whether a rollup of these fields, which ascend, can be stored with them: it lacks few.
    pub fn suit(&self, fields: &[&str]) -> bool {
        self.list.len() <= 2 * fields.len() + LACKING_MAX && {
            let mut list = self.list.iter();
            fields.iter().all(|field| list.any(|name| name == field))
        }
    }
}

/// The fields that are read of the rollups with some names; the others are passed over, which is most of the work saved.
#[derive(Clone, Debug)]
pub struct Wanted {
    hash: u32,
    /// Of each of the names, whether it is.
    of_each: Vec<bool>,
    names: Arc<[String]>,
}

/// The body of a rollup, all of whose fields are in `names`.
pub fn pack(rollup: &Rollup, names: &Names) -> Vec<u8> {
    let mut body = vec![FORM];
    body.extend_from_slice(&names.hash.to_le_bytes());
    let mut fields = rollup.fields().peekable();
    // The byte that says what was last, while more of the same may be added to it.
    let mut run: Option<usize> = None;
    for name in &*names.list {
        let summary = fields.next_if(|(field, _)| field == name).map(|(_, summary)| summary);
        let summary = summary.filter(|s| s.count > 0 && s.min.is_finite() && s.max.is_finite() && s.avg.is_finite());
        let counted = if summary.is_some_and(|summary| summary.count != rollup.samples) { COUNTED } else { 0 };
        let head = match summary {
            None => ABSENT,
            Some(Summary { min: 0.0, max: 0.0, .. }) => ZERO | counted,
            Some(Summary { min, max, .. }) => {
                let kind = if min < max { VARYING } else { CONSTANT };
                kind | unit(min, max) << UNIT_SHIFT | counted
            }
        };
        if let Some(place) = run
            && let Some(last) = body.get_mut(place)
            && *last & !(RUN_MAX << RUN_SHIFT) == head
            && *last >> RUN_SHIFT < RUN_MAX
        {
            *last += 1 << RUN_SHIFT;
            continue;
        }
        run = matches!(head, ABSENT | ZERO).then_some(body.len());
        body.push(head);
        let Some(summary) = summary else { continue };
        put_numbers(&mut body, head, &summary);
        if counted != 0 {
            put_varint(&mut body, summary.count);
        }
    }
    body
}

/// Which names a body needs.
pub fn names_hash(body: &[u8]) -> Result<u32, Unreadable> {
    let Some((&FORM, rest)) = body.split_first() else { return Err(Unreadable) };
    rest.first_chunk().map(|hash| u32::from_le_bytes(*hash)).ok_or(Unreadable)
}

/// Of the rollup that [`pack`] wrote with these names, the fields that are wanted.
pub fn unpack(body: &[u8], wanted: &Wanted, start: Timestamp, samples: u64) -> Result<Rollup, Unreadable> {
    if names_hash(body)? != wanted.hash {
        return Err(Unreadable);
    }
    let mut rest = body.get(1 + size_of::<u32>()..).ok_or(Unreadable)?;
    let mut left = wanted.of_each.as_slice();
    let mut summaries = Vec::with_capacity(wanted.names.len());
    while !left.is_empty() {
        let (head, after) = rest.split_first().ok_or(Unreadable)?;
        rest = after;
        let (head, more) = (head & !(RUN_MAX << RUN_SHIFT), head >> RUN_SHIFT);
        let (fields, after) = left.split_at_checked(1 + usize::from(more)).ok_or(Unreadable)?;
        left = after;
        let asked_for = fields.iter().filter(|is_wanted| **is_wanted);
        let (min, avg, max) = match head & KIND {
            ABSENT if head == ABSENT => {
                summaries.extend(asked_for.map(|_| None));
                continue;
            }
            ZERO if head & !COUNTED == ZERO => (0.0, 0.0, 0.0),
            CONSTANT | VARYING => take_numbers(&mut rest, head)?,
            _ => return Err(Unreadable),
        };
        if more > 0 && head != ZERO {
            return Err(Unreadable);
        }
        let count = if head & COUNTED == 0 { samples } else { take_varint(&mut rest)? };
        if count == 0 {
            return Err(Unreadable);
        }
        summaries.extend(asked_for.map(|_| Some(Summary { min, avg, max, count })));
    }
    if !rest.is_empty() {
        return Err(Unreadable);
    }
    Ok(Rollup { start, samples, names: Arc::clone(&wanted.names), summaries })
}

/// The shortest unit that both numbers are whole multiples of.
fn unit(min: f64, max: f64) -> u8 {
    let both = |is: fn(f64) -> bool| is(min) && is(max);
    if both(|value| value % PAGE == 0.0 && value.abs() < WHOLE_MAX) {
        PAGES
    } else if both(|value| value.fract() == 0.0 && value.abs() < WHOLE_MAX) {
        WHOLE
    } else if both(|value| (value * 100.0).abs() < WHOLE_MAX && (value * 100.0).round() / 100.0 == value) {
        HUNDREDTHS
    } else {
        FLOAT
    }
}

fn put_numbers(body: &mut Vec<u8>, head: u8, summary: &Summary) {
    let Summary { min, avg, max, .. } = *summary;
    let is_varying = head & KIND == VARYING;
    let of_unit = |value: f64| match head >> UNIT_SHIFT & 0b11 {
        PAGES => (value / PAGE) as i64,
        HUNDREDTHS => (value * 100.0).round() as i64,
        _ => value as i64,
    };
    match (head & KIND, head >> UNIT_SHIFT & 0b11) {
        (ZERO, _) => {}
        (_, FLOAT) => {
            put_float(body, min);
            if is_varying {
                put_float(body, max);
            }
        }
        _ => {
            put_varint(body, zigzag(of_unit(min)));
            if is_varying {
                put_varint(body, of_unit(max).abs_diff(of_unit(min)));
            }
        }
    }
    if is_varying {
        put_float(body, avg - min);
    }
}

fn take_numbers(bytes: &mut &[u8], head: u8) -> Result<(f64, f64, f64), Unreadable> {
    let is_varying = head & KIND == VARYING;
    let (min, max) = if head >> UNIT_SHIFT & 0b11 == FLOAT {
        let min = take_float(bytes)?;
        (min, if is_varying { take_float(bytes)? } else { min })
    } else {
        let to_number = |value: i64| match head >> UNIT_SHIFT & 0b11 {
            PAGES => value as f64 * PAGE,
            HUNDREDTHS => value as f64 / 100.0,
            _ => value as f64,
        };
        let min = unzigzag(take_varint(bytes)?);
        let more = if is_varying { take_varint(bytes)? } else { 0 };
        (to_number(min), to_number(min.checked_add_unsigned(more).ok_or(Unreadable)?))
    };
    if max < min {
        return Err(Unreadable);
    }
    let avg = if is_varying { min + take_float(bytes)? } else { min };
    Ok((min, avg.clamp(min, max), max))
}

fn put_float(body: &mut Vec<u8>, value: f64) {
    let limit = f64::from(f32::MAX);
    body.extend_from_slice(&(value.clamp(-limit, limit) as f32).to_le_bytes());
}

fn take_float(bytes: &mut &[u8]) -> Result<f64, Unreadable> {
    let (float, rest) = bytes.split_first_chunk().ok_or(Unreadable)?;
    *bytes = rest;
    let value = f64::from(f32::from_le_bytes(*float));
    if value.is_finite() { Ok(value) } else { Err(Unreadable) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(min: f64, avg: f64, max: f64, count: u64) -> Option<Summary> {
        Some(Summary { min, avg, max, count })
    }

    fn rollup(fields: &[(&str, Option<Summary>)]) -> Rollup {
        Rollup {
            start: Timestamp::from_unix_ms(1_795_000_000_000),
            samples: 12,
            names: fields.iter().map(|(name, _)| (*name).to_owned()).collect(),
            summaries: fields.iter().map(|(_, summary)| *summary).collect(),
        }
    }

    fn back(rollup: &Rollup, names: &Names) -> Rollup {
        unpack(&pack(rollup, names), &names.wanted(|_| true), rollup.start, rollup.samples).unwrap()
    }

    #[test]
    fn every_kind_of_number_comes_back() {
        let third = f64::from(0.333_333_34_f32);
        let full = rollup(&[
            ("a", summary(0.0, 0.0, 0.0, 12)),
            ("b", summary(0.0, 0.0, 0.0, 12)),
            ("c", summary(0.0, 0.0, 0.0, 3)),
            ("d", summary(14.85, 14.85, 14.85, 12)),
            ("e", summary(-12.5, 0.0, 100.0, 12)),
            ("f", summary(811_663_302_656.0, 811_663_302_656.0, 811_663_302_656.0, 12)),
            ("g", summary(4096.0, 8192.0, 4096.0 * 1025.0, 11)),
            ("h", summary(-3.0, -1.0, 9_007_199_254_740_991.0, u64::MAX)),
            ("i", summary(third, third, third, 12)),
            ("j", summary(0.0, third, 1.0 / 16_384.0 + third, 12)),
            ("k", summary(f64::from(f32::MAX), f64::from(f32::MAX), f64::from(f32::MAX), 1)),
        ]);
        let names = Names::of(Arc::clone(&full.names));
        let read = back(&full, &names);
        for ((name, read), (_, written)) in read.fields().zip(full.fields()) {
            assert_eq!((read.min, read.count), (written.min, written.count), "{name}");
            assert!((read.max - written.max).abs() <= written.max.abs() * 1e-7, "{name}");
            assert!((read.avg - written.avg).abs() <= (written.max - written.min) * 1e-7, "{name}");
        }
        assert_eq!(read.fields().count(), 11);
        assert_eq!(read.field("d"), full.field("d"), "two decimals are exact");
        assert_eq!(read.field("nothing"), None);
    }

    #[test]
    fn what_is_wanted_is_the_same_without_the_rest() {
        let random = &mut fastrand::Rng::with_seed(20_261_127);
        for _ in 0..1000 {
            let number = |random: &mut fastrand::Rng| match random.u8(0..4) {
                0 => None,
                1 => summary(0.0, 0.0, 0.0, 12),
                2 => summary(random.f64(), 2.0, 3.0, random.u64(1..13)),
                _ => summary(4096.0, 4096.0, 4096.0, 12),
            };
            let names: Vec<String> = (0..random.usize(1..40)).map(|number| format!("name {number:02}")).collect();
            let fields: Vec<_> = names.iter().map(|name| (name.as_str(), number(random))).collect();
            let (written, wanted) = (rollup(&fields), random.u64(..));
            let names = Names::of(Arc::clone(&written.names));
            let is_wanted = |name: &str| wanted >> name.strip_prefix("name ").unwrap().parse::<u32>().unwrap() & 1 == 1;
            let all = back(&written, &names);
            let some = unpack(&pack(&written, &names), &names.wanted(is_wanted), written.start, 12).unwrap();
            let expected: Vec<_> = all.fields().filter(|(name, _)| is_wanted(name)).collect();
            assert_eq!(some.fields().collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn what_is_lacking_is_lacking() {
        let names: Vec<String> = (0..40).map(|number| format!("name {number:02}")).collect();
        let names = Names::of(names.into());
        for some in [0_u64, 1, 0b1000_0000_0110, 0xff_ffff_ffff, 0xaa_aaaa_aaaa] {
            let fields: Vec<(String, Option<Summary>)> = (0..40)
                .filter(|number| some >> number & 1 == 1)
                .map(|number| (format!("name {number:02}"), summary(0.0, 0.0, (number % 3) as f64, 12)))
                .collect();
            let fields: Vec<_> = fields.iter().map(|(name, summary)| (name.as_str(), *summary)).collect();
            let (written, lists) = (rollup(&fields), names.list.len());
            let read = back(&written, &names);
            assert_eq!(read.fields().collect::<Vec<_>>(), written.fields().collect::<Vec<_>>());
            assert_eq!(read.summaries.len(), lists);
        }
        // Runs of nothing and of zero are short.
        assert_eq!(pack(&rollup(&[]), &names).len(), 5 + 40 / 8);
    }

    #[test]
    fn names_come_back_and_suit_what_has_most_of_them() {
        let list: Vec<String> = ["", "a", "ab", "b.ä", "b.ö", "c"].map(str::to_owned).to_vec();
        let names = Names::of(list.into());
        assert_eq!(Names::from_body(names.hash, &names.body()), Ok(names.clone()));
        assert!(names.suit(&["a", "c"]) && names.suit(&[]) && !names.suit(&["a", "d"]) && !names.suit(&["c", "a"]));
        let many = Names::of((0..100).map(|number| format!("{number:03}")).collect());
        assert!(!many.suit(&["001"]), "nearly all would be lacking");
        assert!(Names::from_body(0, &Names::of(Arc::new([])).body()).is_ok());
    }

    #[test]
    fn hostile_bytes_are_refused_or_read_and_never_more() {
        let random = &mut fastrand::Rng::with_seed(20_261_124);
        let names = Names::of((0..9).map(|number| format!("name {number}")).collect());
        let written = rollup(&[
            ("name 1", summary(-1.5, 2.25, 1e9, 7)),
            ("name 4", summary(0.001, 0.002, 0.003, 12)),
            ("name 5", summary(0.0, 0.0, 0.0, 12)),
        ]);
        let (good, good_names) = (pack(&written, &names), names.body());
        let unpack = |body: &[u8], names: &Names, start, samples| {
            let all = unpack(body, &names.wanted(|_| true), start, samples);
            // Whatever is passed over is looked at nevertheless.
            let none = unpack(body, &names.wanted(|_| false), start, samples);
            assert_eq!(all.as_ref().err(), none.as_ref().err(), "{body:?}");
            all
        };
        for end in 0..good.len() {
            assert!(unpack(&good[..end], &names, written.start, 12).is_err(), "cut at {end}");
        }
        for end in 0..good_names.len() {
            assert!(Names::from_body(0, &good_names[..end]).is_err(), "cut at {end}");
        }
        assert!(unpack(&[&good[..], &[0]].concat(), &names, written.start, 12).is_err(), "one too many");
        assert!(unpack(&good, &names, written.start, 0).is_err(), "a field of no samples");
        assert!(unpack(&good, &Names { hash: 1, ..names.clone() }, written.start, 12).is_err(), "other names");
        for hostile in [&[FORM, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1][..], &[FORM, 1, 1, 0], &[2, 0]]
        {
            assert!(Names::from_body(0, hostile).is_err());
        }
        let (mut read, mut read_names) = (0, 0);
        for _ in 0..100_000 {
            let mut body = good.clone();
            for _ in 0..random.usize(1..4) {
                let place = random.usize(5..body.len());
                body[place] = random.u8(..);
            }
            if let Ok(rollup) = unpack(&body, &names, written.start, 12) {
                read += 1;
                let is_sound = |s: &Summary| s.min <= s.avg && s.avg <= s.max && s.max.is_finite() && s.count > 0;
                assert!(rollup.fields().all(|(_, summary)| is_sound(&summary)), "{body:?}");
                assert_eq!(rollup.summaries.len(), 9);
            }
            let mut body = good_names.clone();
            let place = random.usize(1..body.len());
            body[place] = random.u8(..);
            read_names += usize::from(Names::from_body(0, &body).is_ok());
        }
        assert!(read > 0 && read_names > 0, "not all damage can be told");
    }
}
