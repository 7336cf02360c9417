//! `GET /api/servers/{id}/metrics`: a server's numbers over a range, in as many points as are wanted.
//!
//! What it holds at a time is bounded, whatever the range: a page of samples or of rollups, and the answer
//! ([`series::VALUES_MAX`]).

use neon_shared::time::Timestamp;
use salvo::oapi::endpoint;
use salvo::{Depot, Request};

use super::error::{ApiError, ErrorBody};
use super::servers::{NOT_FOUND, path_id};
use super::state::{State, now};
use super::tagged::Tagged;
use crate::domain::fields::RATE_SPAN_MAX_MS;
use crate::domain::series::{
    self, Backfilled, FIELDS_MAX, Lost, POINTS_DEFAULT, POINTS_MAX, POINTS_MIN, SAMPLES_MAX, Selection, Steps, TooMuch,
    VALUES_MAX,
};
use crate::model::{Need, Series, SeriesTier, StoredSample, Tier};
use crate::store::{Store, StoreError};

const DAY_MS: i64 = 86_400_000;
/// Rollups that are here at a time, with all their fields: some 3 MB of a host with 200 of them.
const ROLLUPS_PER_READ: i64 = 366;
/// Most samples that are summed up here since no rollup has them yet: a day of one a second, and half of another.
const TAIL_SAMPLES_MAX: u32 = 131_072;
/// After so many gaps is looked whether the agent says what was lost in them, where readings are not read anyway.
const GAPS_ASKED: usize = 4;

/// A server's numbers over a range of time.
///
/// Points are samples, or steps with the least, the mean and the greatest of what is in them: hours and days where the range
/// is long. What is not known is null, never made up. A name with a key, as `mounts./var.usedBytes`, has the key between
/// the names of the list and of the field; `~`, `.`, `,`, `*`, `@` and control characters in it are written as `~` and two
/// hexadecimal digits. What counts since some start is an amount a second: `interfaces.eth0.rxBytesPerSecond` of
/// `rxBytesTotal`. Yes and no are 1 and 0.
#[endpoint(
    tags("reading"),
    parameters(
        ("id" = i64, Path, description = "Number of the server"),
        ("from" = Option<String>, Query, description = "Begin of the range, RFC 3339; a day before `to` where it is absent"),
        ("to" = Option<String>, Query, description = "End of the range, which is not in it, RFC 3339; now where it is absent"),
        ("points" = Option<u32>, Query, description = "Most points of the answer, 2 to 2000; 500 where it is absent"),
        ("fields" = Option<String>, Query, description = "Names of fields with commas between them; one that ends in `*` \
            stands for all that begin so, as `mounts.*`. The fixed fields of a sample where it is absent"),
    ),
    responses(
        (
            status_code = 200,
            description = "The range",
            body = Series,
            headers(("ETag" = String, description = "Of this answer, for `If-None-Match`"))
        ),
        (status_code = 304, description = "As `If-None-Match` says"),
        (
            status_code = 400,
            description = "`Invalid server ID`, or a parameter is not understood; its name comes first",
            body = ErrorBody
        ),
        (status_code = 404, description = "`Server not found`", body = ErrorBody),
    )
)]
pub async fn server_series(request: &mut Request, depot: &mut Depot) -> Result<Tagged, ApiError> {
    let server_id = path_id(request)?;
    let query = Query::of(request, now())?;
    let store = &State::of(depot)?.store;
    let server_name = store.server_name(server_id).await?.ok_or(NOT_FOUND)?;
    let mut answer = Series {
        server_id,
        server_name,
        from: query.from,
        to: query.to,
        tier: SeriesTier::Raw,
        step_seconds: None,
        times: Vec::new(),
        samples: None,
        fields: Default::default(),
        backfilled: None,
        lost: Vec::new(),
    };
    match tier(store, server_id, &query).await? {
        (SeriesTier::Raw, count) if count <= query.points => each_sample(store, &query, &mut answer).await?,
        (tier, _) => steps(store, &query, tier, &mut answer).await?,
    }
    Tagged::new(&answer)
}

/// What is asked for.
#[derive(Clone, Debug)]
struct Query {
    from: Timestamp,
    to: Timestamp,
    points: usize,
    fields: Selection,
}

impl Query {
    fn of(request: &Request, now: Timestamp) -> Result<Self, ApiError> {
        let queries = request.queries();
        let text = |name: &str| match queries.get_vec(name).map(Vec::as_slice) {
            None | Some([]) => Ok(None),
            Some([text]) => Ok(Some(text.as_str())),
            Some(_) => Err(bad(format!("{name}: is given more than once"))),
        };
        let time = |name: &str| text(name)?.map(|text| time(name, text)).transpose();
        let to = time("to")?.unwrap_or(now);
        let from = time("from")?.unwrap_or(Timestamp::from_unix_ms(to.unix_ms().saturating_sub(DAY_MS)));
        if from >= to {
            return Err(bad(format!("from: must be before to, got {from} and {to}")));
        }
        let points = text("points")?.map_or(Ok(POINTS_DEFAULT), |text| {
            let number = super::servers::parse_id(text).and_then(|number| usize::try_from(number).ok());
            let in_range = number.filter(|number| (POINTS_MIN..=POINTS_MAX).contains(number));
            in_range.ok_or_else(|| bad(format!("points: must be between {POINTS_MIN} and {POINTS_MAX}")))
        })?;
        let fields = text("fields")?.map_or(Ok(Selection::fixed()), |text| Selection::parse(text).map_err(bad))?;
        Ok(Self { from, to, points, fields })
    }

    fn too_much(&self) -> ApiError {
        let most = FIELDS_MAX.min(VALUES_MAX / self.points);
        bad(format!("fields: at most {most} with {} points, ask for fewer of either", self.points))
    }
}

fn bad(sentence: String) -> ApiError {
    ApiError::BadRequest(sentence)
}

fn time(name: &str, text: &str) -> Result<Timestamp, ApiError> {
    // A plus that was not written as %2B has become a space on its way; no other space is followed by a zone.
    let zone = text.rfind(' ').filter(|place| *place > "2026-11-24T".len());
    let mended = zone.map(|place| format!("{}+{}", &text[..place], &text[place + 1..]));
    let parsed = Timestamp::parse(mended.as_deref().unwrap_or(text));
    parsed.ok_or_else(|| bad(format!("{name}: must be a time as in RFC 3339, like 2026-11-24T09:08:03Z")))
}

/// What the points are made of, and for samples, how many there are. Not of samples where hours reach further back, since
/// samples are kept for less time, and not of hours where days do.
async fn tier(store: &Store, server_id: i64, query: &Query) -> Result<(SeriesTier, usize), ApiError> {
    let Query { from, to, points, .. } = query;
    let wanted = series::tier(*from, *to, *points);
    if wanted == SeriesTier::Raw {
        let (count, oldest) = store.sample_extent(server_id, *from, *to, SAMPLES_MAX + 1).await?;
        if count <= SAMPLES_MAX && !has_whole(store, server_id, Tier::Hourly, *from, oldest.unwrap_or(*to)).await? {
            return Ok((SeriesTier::Raw, count as usize));
        }
    }
    if wanted != SeriesTier::Daily {
        let oldest = store.rollup_oldest(server_id, Tier::Hourly, *from, *to).await?;
        if !has_whole(store, server_id, Tier::Daily, *from, oldest.unwrap_or(*to)).await? {
            return Ok((SeriesTier::Hourly, 0));
        }
    }
    Ok((SeriesTier::Daily, 0))
}

/// Whether a rollup lies between two times from its begin to its end.
async fn has_whole(
    store: &Store,
    server_id: i64,
    tier: Tier,
    from: Timestamp,
    to: Timestamp,
) -> Result<bool, StoreError> {
    let last = Timestamp::from_unix_ms(to.unix_ms().saturating_sub(tier.length_ms()).saturating_add(1));
    Ok(from < last && store.rollup_oldest(server_id, tier, from, last).await?.is_some())
}

/// The sample that the first rate of a range begins with, where there are rates.
async fn before(
    store: &Store,
    answer: &Series,
    from: Timestamp,
    need: Need,
) -> Result<Option<StoredSample>, StoreError> {
    if need == Need::Fixed {
        return Ok(None);
    }
    let before = store.sample_before(answer.server_id, from, need).await?;
    Ok(before.filter(|before| from.unix_ms() - before.sample.timestamp.unix_ms() <= RATE_SPAN_MAX_MS))
}

/// Each point is a sample.
async fn each_sample(store: &Store, query: &Query, answer: &mut Series) -> Result<(), ApiError> {
    let need = query.fields.need();
    let (mut points, mut backfilled, mut lost) =
        (series::Samples::new(query.fields.clone()), Backfilled::default(), Lost::default());
    if let Some(before) = before(store, answer, query.from, need).await? {
        points.before(&before.sample);
    }
    let (mut outcome, mut last) = (Ok(()), None);
    let mut samples = store.samples(answer.server_id, query.from, query.to, need);
    let mut each = |stored: StoredSample| {
        if outcome.is_ok() {
            outcome = points.add(&stored.sample);
        }
        backfilled.see(&stored);
        lost.see(&stored.sample);
        last = Some(stored.sample.timestamp);
    };
    while samples.page(&mut each).await? {}
    outcome.map_err(|TooMuch| query.too_much())?;
    if need < Need::Readings {
        for time in last.into_iter().chain(points.after_gaps().into_iter().take(GAPS_ASKED)) {
            if let Some(stored) = store.sample_at(answer.server_id, time, Need::Readings).await? {
                lost.see(&stored.sample);
            }
        }
    }
    (answer.times, answer.fields) = points.finish();
    answer.backfilled = Some(backfilled.finish());
    answer.lost = lost.finish(query.from, query.to);
    Ok(())
}

/// Points are steps: of days as far as there are any, then of hours, then of samples.
async fn steps(store: &Store, query: &Query, tier: SeriesTier, answer: &mut Series) -> Result<(), ApiError> {
    let step_ms = series::step_ms(tier, query.from, query.to, query.points);
    let mut steps = Steps::new(query.fields.clone(), step_ms, query.from.unix_ms(), query.to.unix_ms());
    let mut from = query.from;
    let is_wanted = |name: &str| query.fields.has(name);
    let tiers = match tier {
        SeriesTier::Raw => [].as_slice(),
        SeriesTier::Hourly => &[Tier::Hourly],
        SeriesTier::Daily => &[Tier::Daily, Tier::Hourly],
    };
    for tier in tiers {
        from = Timestamp::from_unix_ms(tier.start_ms(from.unix_ms()));
        while let Some(first) = store.rollup_oldest(answer.server_id, *tier, from, query.to).await? {
            let end = first.unix_ms().saturating_add(ROLLUPS_PER_READ * tier.length_ms());
            let end = Timestamp::from_unix_ms(end).min(query.to);
            // Were it gone by now, the next one would be looked for from here on.
            from = first;
            for rollup in store.rollups(answer.server_id, *tier, first, end, &is_wanted).await? {
                steps.add_rollup(&rollup).map_err(|TooMuch| query.too_much())?;
                from = Timestamp::from_unix_ms(rollup.start.unix_ms().saturating_add(tier.length_ms()));
            }
        }
    }
    let need = query.fields.need();
    if tier != SeriesTier::Raw {
        let (count, _) = store.sample_extent(answer.server_id, from, query.to, TAIL_SAMPLES_MAX + 1).await?;
        if count > TAIL_SAMPLES_MAX {
            return Err(bad(format!(
                "from: more than {TAIL_SAMPLES_MAX} samples of this range are not in hours yet, ask for a shorter one"
            )));
        }
    }
    if let Some(before) = before(store, answer, from, need).await? {
        steps.before(&before.sample);
    }
    let (mut outcome, mut backfilled, mut lost) = (Ok(()), Backfilled::default(), Lost::default());
    let mut samples = store.samples(answer.server_id, from, query.to, need);
    let mut each = |stored: StoredSample| {
        if outcome.is_ok() {
            outcome = steps.add(&stored.sample);
        }
        backfilled.see(&stored);
        lost.see(&stored.sample);
    };
    while samples.page(&mut each).await? {}
    outcome.map_err(|TooMuch| query.too_much())?;
    if let Some(newest) = store.sample_before(answer.server_id, query.to, Need::Readings).await? {
        lost.see(&newest.sample);
    }
    answer.tier = tier;
    answer.step_seconds = Some(step_ms / 1000);
    answer.backfilled = (tier == SeriesTier::Raw).then(|| backfilled.finish());
    answer.lost = lost.finish(query.from, query.to);
    let (times, counts, fields) = steps.finish();
    (answer.times, answer.samples, answer.fields) = (times, Some(counts), fields);
    Ok(())
}
