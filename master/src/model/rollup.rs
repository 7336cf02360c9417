//! Hours and days of samples.

use std::sync::Arc;

use neon_shared::time::Timestamp;

/// What one rollup stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tier {
    /// An hour of UTC.
    Hourly,
    /// A day of UTC.
    Daily,
}

impl Tier {
    /// How long one rollup of it is, in milliseconds.
    pub fn length_ms(self) -> i64 {
        match self {
            Self::Hourly => 3_600_000,
            Self::Daily => 86_400_000,
        }
    }

    /// The start of the rollup that `ms` belongs to.
    pub fn start_ms(self, ms: i64) -> i64 {
        ms.saturating_sub(ms.rem_euclid(self.length_ms()))
    }
}

/// One field over some time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// The least value.
    pub min: f64,
    /// The mean.
    pub avg: f64,
    /// The greatest value.
    pub max: f64,
    /// How many samples had it, or for a rate, how many pairs of samples; never 0.
    pub count: u64,
}

/// An hour or a day of one server.
#[derive(Clone, Debug, PartialEq)]
pub struct Rollup {
    /// When it began.
    pub start: Timestamp,
    /// Samples in it, whatever fields they had.
    pub samples: u64,
    /// Its fields by name, ascending; rollups with the same fields share them.
    pub names: Arc<[String]>,
    /// As many as names; `None` where this rollup lacks the field.
    pub summaries: Vec<Option<Summary>>,
}

impl Rollup {
    /// The summary of a field. `None` where no sample had it.
    pub fn field(&self, name: &str) -> Option<Summary> {
        let place = self.names.binary_search_by(|other| other.as_str().cmp(name)).ok()?;
        self.summaries.get(place).copied().flatten()
    }

    /// The fields it has, by name.
    pub fn fields(&self) -> impl Iterator<Item = (&str, Summary)> {
        let both = self.names.iter().zip(&self.summaries);
        both.filter_map(|(name, summary)| Some((name.as_str(), (*summary)?)))
    }
}
