//! Samples and rollups as columns of points, with a bound on what they take.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use neon_shared::time::Timestamp;

use super::selection::Selection;
use super::{FIELDS_MAX, VALUES_MAX, rounded};
use crate::domain::fields::Rates;
use crate::model::{Numbers, Rollup, Sample, SeriesField, Summary};

/// A point that is put between two samples says that nothing is known where the time between them is more than this many
/// halves of what is usual there.
const GAP_HALVES: i64 = 3;

/// Why a query cannot be answered: it asks for too much at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMuch;

/// The columns of a query, found as samples come.
#[derive(Debug)]
struct Columns {
    selection: Selection,
    places: HashMap<String, usize>,
    names: Vec<String>,
    /// The fields of the sample before, in the order they came in: nearly always that of the next, too.
    order: Vec<(String, Option<usize>)>,
    next: usize,
}

impl Columns {
    fn new(selection: Selection) -> Self {
        let mut columns = Self { selection, places: HashMap::new(), names: Vec::new(), order: Vec::new(), next: 0 };
        let named: Vec<String> = columns.selection.names().map(str::to_owned).collect();
        for name in &named {
            columns.look_up(name);
        }
        columns
    }

    /// Begins with the first field of a sample.
    fn begin(&mut self) {
        self.next = 0;
    }

    /// The column of a field that comes next. `None` where it is not asked for.
    fn place(&mut self, name: &str) -> Option<usize> {
        let next = self.next;
        self.next += 1;
        if let Some((known, place)) = self.order.get(next)
            && known == name
        {
            return *place;
        }
        let place = self.look_up(name);
        self.order.truncate(next);
        self.order.push((name.to_owned(), place));
        place
    }

    fn look_up(&mut self, name: &str) -> Option<usize> {
        if let Some(place) = self.places.get(name) {
            return Some(*place);
        }
        // One more than may be is enough to know that it is too much.
        if self.names.len() > FIELDS_MAX || !self.selection.has(name) {
            return None;
        }
        let place = self.names.len();
        self.places.insert(name.to_owned(), place);
        self.names.push(name.to_owned());
        Some(place)
    }

    fn check(&self, points: usize) -> Result<(), TooMuch> {
        let fits = self.names.len() <= FIELDS_MAX && self.names.len().saturating_mul(points) <= VALUES_MAX;
        if fits { Ok(()) } else { Err(TooMuch) }
    }
}

/// Each point is one sample.
#[derive(Debug)]
pub struct Samples {
    columns: Columns,
    rates: Rates,
    times_ms: Vec<i64>,
    values: Vec<Vec<f64>>,
}

impl Samples {
    /// None yet.
    pub fn new(selection: Selection) -> Self {
        Self { columns: Columns::new(selection), rates: Rates::default(), times_ms: Vec::new(), values: Vec::new() }
    }

    /// Takes note of the sample before the range, which rates begin with.
    pub fn before(&mut self, sample: &Sample) {
        self.rates.visit(sample, &mut |_, _| {});
    }

    /// The next sample.
    pub fn add(&mut self, sample: &Sample) -> Result<(), TooMuch> {
        let Self { columns, rates, times_ms, values } = self;
        let row = times_ms.len();
        times_ms.push(sample.timestamp.unix_ms());
        values.iter_mut().for_each(|column| column.push(f64::NAN));
        columns.begin();
        rates.visit(sample, &mut |name, value| {
            if let Some(place) = columns.place(name) {
                if values.len() <= place {
                    values.resize(place + 1, vec![f64::NAN; row + 1]);
                }
                values[place][row] = value;
            }
        });
        columns.check(times_ms.len())
    }

    /// Where samples are missing, by the usual time between those around: the time of the sample before it, and of the
    /// point that says so.
    fn gaps(&self) -> Vec<(usize, i64)> {
        let spans: Vec<i64> = self.times_ms.windows(2).map(|two| two[1] - two[0]).collect();
        let mut sorted = spans.clone();
        sorted.sort_unstable();
        let Some(usual) = sorted.get(sorted.len() / 2).copied() else { return Vec::new() };
        let is_gap = |index: usize| {
            // Where both neighbours are as long this is how the host reports there.
            let neighbours = [index.checked_sub(1), index.checked_add(1)].into_iter().flatten();
            let around = neighbours.filter_map(|neighbour| spans.get(neighbour)).min().copied();
            spans[index].saturating_mul(2) > usual.max(around.unwrap_or(usual)).saturating_mul(GAP_HALVES)
        };
        (0..spans.len()).filter(|index| is_gap(*index)).map(|index| (index, self.times_ms[index] + usual)).collect()
    }

    /// Times of the samples that come first after a gap, newest first.
    pub fn after_gaps(&self) -> Vec<Timestamp> {
        let after = |(index, _): (usize, i64)| self.times_ms.get(index + 1).copied();
        self.gaps().into_iter().rev().filter_map(after).map(Timestamp::from_unix_ms).collect()
    }

    /// The times, and the fields.
    pub fn finish(self) -> (Vec<Timestamp>, BTreeMap<String, SeriesField>) {
        let gaps = self.gaps();
        let Self { columns, mut times_ms, mut values, .. } = self;
        values.resize(columns.names.len(), vec![f64::NAN; times_ms.len()]);
        times_ms = with_gaps(&gaps, times_ms, |time| time);
        let field = |values: Vec<f64>| {
            let values = values.into_iter().map(rounded).collect();
            let gaps: Vec<(usize, f64)> = gaps.iter().map(|(index, _)| (*index, f64::NAN)).collect();
            SeriesField { value: Some(Numbers(with_gaps(&gaps, values, |nothing| nothing))), ..SeriesField::default() }
        };
        let fields = columns.names.into_iter().zip(values.into_iter().map(field)).collect();
        (times_ms.into_iter().map(Timestamp::from_unix_ms).collect(), fields)
    }
}

/// `list` with something more after some of its elements.
fn with_gaps<T: Copy, G: Copy>(gaps: &[(usize, G)], list: Vec<T>, of: impl Fn(G) -> T) -> Vec<T> {
    let mut gaps = gaps.iter().peekable();
    let mut all = Vec::with_capacity(list.len() + gaps.len());
    for (index, element) in list.into_iter().enumerate() {
        all.push(element);
        if let Some((_, gap)) = gaps.next_if(|(after, _)| *after == index) {
            all.push(of(*gap));
        }
    }
    all
}

/// Each point stands for a step of time.
#[derive(Debug)]
pub struct Steps {
    columns: Columns,
    rates: Rates,
    step_ms: i64,
    first: i64,
    samples: Vec<u64>,
    cells: Vec<Vec<Cell>>,
    known: Option<Known>,
}

/// The fields of the rollup before, and where they go.
#[derive(Debug)]
struct Known {
    names: Arc<[String]>,
    places: Vec<Option<usize>>,
}

/// What is known of a field in one step.
#[derive(Clone, Copy, Debug)]
struct Cell {
    count: u64,
    sum: f64,
    min: f64,
    max: f64,
}

impl Cell {
    const EMPTY: Self = Self { count: 0, sum: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY };

    fn add(&mut self, summary: Summary) {
        self.count += summary.count;
        self.sum += summary.avg * summary.count as f64;
        self.min = self.min.min(summary.min);
        self.max = self.max.max(summary.max);
    }
}

impl Steps {
    /// Steps of `step_ms`, from the one of `from_ms` to the last that begins before `to_ms`. They begin at multiples of
    /// their length since 1970.
    pub fn new(selection: Selection, step_ms: i64, from_ms: i64, to_ms: i64) -> Self {
        let first = from_ms.div_euclid(step_ms);
        let length = usize::try_from((to_ms - 1).div_euclid(step_ms) - first + 1).unwrap_or(0);
        let (columns, cells) = (Columns::new(selection), Vec::new());
        Self { columns, rates: Rates::default(), step_ms, first, samples: vec![0; length], cells, known: None }
    }

    /// Takes note of the sample before the range, which rates begin with.
    pub fn before(&mut self, sample: &Sample) {
        self.rates.visit(sample, &mut |_, _| {});
    }

    /// One more sample. Samples come oldest first.
    pub fn add(&mut self, sample: &Sample) -> Result<(), TooMuch> {
        let Some(step) = self.step(sample.timestamp) else { return Ok(()) };
        self.samples[step] += 1;
        let Self { columns, rates, cells, samples, .. } = self;
        columns.begin();
        rates.visit(sample, &mut |name, value| {
            if let Some(place) = columns.place(name) {
                let one = Summary { min: value, avg: value, max: value, count: 1 };
                column(cells, place, samples.len())[step].add(one);
            }
        });
        columns.check(samples.len())
    }

    /// One more rollup.
    pub fn add_rollup(&mut self, rollup: &Rollup) -> Result<(), TooMuch> {
        let Some(step) = self.step(rollup.start) else { return Ok(()) };
        self.samples[step] += rollup.samples;
        let Self { columns, cells, samples, known, .. } = self;
        let places = match known {
            Some(known) if Arc::ptr_eq(&known.names, &rollup.names) => &known.places,
            _ => {
                let places = rollup.names.iter().map(|name| columns.look_up(name)).collect();
                &known.insert(Known { names: Arc::clone(&rollup.names), places }).places
            }
        };
        for (place, summary) in places.iter().zip(&rollup.summaries) {
            if let (Some(place), Some(summary)) = (place, summary) {
                column(cells, *place, samples.len())[step].add(*summary);
            }
        }
        columns.check(samples.len())
    }

    fn step(&self, time: Timestamp) -> Option<usize> {
        let step = usize::try_from(time.unix_ms().div_euclid(self.step_ms) - self.first).ok()?;
        (step < self.samples.len()).then_some(step)
    }

    /// The times, how many samples each is made of, and the fields.
    pub fn finish(self) -> (Vec<Timestamp>, Vec<u64>, BTreeMap<String, SeriesField>) {
        let Self { columns, step_ms, first, samples, mut cells, .. } = self;
        cells.resize(columns.names.len(), vec![Cell::EMPTY; samples.len()]);
        let field = |cells: Vec<Cell>| {
            let numbers = |of: fn(&Cell) -> f64| {
                let of = |cell: &Cell| if cell.count > 0 { rounded(of(cell)) } else { f64::NAN };
                Some(Numbers(cells.iter().map(of).collect()))
            };
            // The mean of many equal numbers may be a hair beside them.
            let avg = |cell: &Cell| (cell.sum / cell.count as f64).max(cell.min).min(cell.max);
            SeriesField { value: None, min: numbers(|cell| cell.min), avg: numbers(avg), max: numbers(|cell| cell.max) }
        };
        let times = (first..).map(|step| Timestamp::from_unix_ms(step.saturating_mul(step_ms))).take(samples.len());
        (times.collect(), samples, columns.names.into_iter().zip(cells.into_iter().map(field)).collect())
    }
}

/// The cells of a column, which may be a new one.
fn column(cells: &mut Vec<Vec<Cell>>, place: usize, length: usize) -> &mut [Cell] {
    if cells.len() <= place {
        cells.resize(place + 1, vec![Cell::EMPTY; length]);
    }
    &mut cells[place]
}
