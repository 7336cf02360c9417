//! A server's numbers over a range of time.

use std::collections::BTreeMap;

use neon_shared::time::Timestamp;
use salvo::oapi::ToSchema;
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

use super::text_enum;

text_enum! {
    /// What the points of a range are made of.
    SeriesTier {
        /// Samples as they were stored.
        Raw = "raw",
        /// Hours of UTC.
        Hourly = "hourly",
        /// Days of UTC.
        Daily = "daily",
    }
}

/// Body of `GET /api/servers/{id}/metrics`.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Series {
    /// The server.
    pub server_id: i64,
    /// Its name.
    pub server_name: String,
    /// Where the range begins.
    #[salvo(schema(value_type = String, format = DateTime))]
    pub from: Timestamp,
    /// Where it ends; not in it itself.
    #[salvo(schema(value_type = String, format = DateTime))]
    pub to: Timestamp,
    /// What the points are made of.
    pub tier: SeriesTier,
    /// How many seconds a point stands for, from its time on; the first may begin before `from`. Absent where each point
    /// is one sample.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_seconds: Option<i64>,
    /// Times of the points, oldest first.
    #[salvo(schema(value_type = Vec<String>))]
    pub times: Vec<Timestamp>,
    /// How many samples each point is made of; absent where each point is one sample.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub samples: Option<Vec<u64>>,
    /// The fields by name, with as many values as there are times. A point is null where nothing is known of it: so is one
    /// that was put between two samples that are too far apart.
    pub fields: BTreeMap<String, SeriesField>,
    /// Stretches whose samples came a minute or more after they were taken, as after an outage. Absent where the points
    /// are of hours or days, which do not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backfilled: Option<Vec<SeriesStretch>>,
    /// What the agent says never reached the master, of stretches that meet the range. The agent counts since its start and
    /// names the first and the last of all; other samples of that stretch may well be there.
    pub lost: Vec<SeriesStretch>,
}

/// A field over the range: `value` where each point is one sample, else `min`, `avg` and `max`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SeriesField {
    /// What each sample says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[salvo(schema(value_type = Option<Vec<Option<f64>>>))]
    pub value: Option<Numbers>,
    /// The least of each point.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[salvo(schema(value_type = Option<Vec<Option<f64>>>))]
    pub min: Option<Numbers>,
    /// The mean of each point.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[salvo(schema(value_type = Option<Vec<Option<f64>>>))]
    pub avg: Option<Numbers>,
    /// The greatest of each point.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[salvo(schema(value_type = Option<Vec<Option<f64>>>))]
    pub max: Option<Numbers>,
}

/// Part of a range.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SeriesStretch {
    /// Time of its first sample.
    #[salvo(schema(value_type = String, format = DateTime))]
    pub from: Timestamp,
    /// Time of its last sample.
    #[salvo(schema(value_type = String, format = DateTime))]
    pub until: Timestamp,
    /// How many samples.
    pub samples: u64,
}

/// Numbers of which some are not known: those that are no number, which JSON writes as null.
#[derive(Clone, Debug)]
pub struct Numbers(pub Vec<f64>);

impl PartialEq for Numbers {
    fn eq(&self, other: &Self) -> bool {
        let same = |(one, other): (&f64, &f64)| one == other || (one.is_nan() && other.is_nan());
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(same)
    }
}

impl Serialize for Numbers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// Past it not every whole number is one of these.
        const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for value in &self.0 {
            match value {
                value if value.is_nan() => list.serialize_element(&())?,
                // Without the ".0", which would be a fifth of an answer.
                value if value.trunc() == *value && value.abs() < WHOLE_MAX => {
                    list.serialize_element(&(*value as i64))?
                }
                value => list.serialize_element(value)?,
            }
        }
        list.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_what_is_not_known_is_null() {
        let numbers = Numbers(vec![0.0, -0.0, 14.85, f64::NAN, 811_663_302_656.0, -4321.0, 1e300]);
        assert_eq!(serde_json::to_string(&numbers).unwrap(), "[0,0,14.85,null,811663302656,-4321,1e+300]");
    }
}
