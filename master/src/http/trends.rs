//! `GET /api/trends`.

use neon_shared::time::Timestamp;
use salvo::oapi::endpoint;
use salvo::writing::Json;
use salvo::{Depot, Request};

use super::error::{ApiError, ErrorBody};
use super::servers::parse_id;
use super::state::{State, now};
use crate::domain::history::two_decimals;
use crate::model::{Trend, Trends};
use crate::store::TrendStep;

/// Servers of one answer: more than a window shows.
const SERVERS_MAX: usize = 100;
/// The default interval of samples, so that each step has one.
const STEP_MS: i64 = 300_000;
/// Three hours.
const STEPS: usize = 36;

/// How some servers fared in the last three hours, in steps of five minutes.
///
/// For small pictures beside many servers. A server that is not known, or had no sample in that time, is left out.
#[endpoint(
    tags("reading"),
    parameters(("servers" = String, Query, description = "Numbers of servers, with commas; 100 at most")),
    responses(
        (status_code = 200, description = "CPU and memory of each", body = Trends),
        (status_code = 400, description = "`servers` is missing, or no list of numbers", body = ErrorBody),
    )
)]
pub async fn fleet_trends(request: &mut Request, depot: &mut Depot) -> Result<Json<Trends>, ApiError> {
    let servers = request.queries().get("servers").and_then(|text| numbers(text)).ok_or_else(|| {
        ApiError::BadRequest(format!("servers: must be 1 to {SERVERS_MAX} numbers of servers, with commas"))
    })?;
    // Up to the end of the step that has begun.
    let until_ms = (now().unix_ms() / STEP_MS + 1) * STEP_MS;
    let from_ms = until_ms - STEP_MS * STEPS as i64;
    let steps = State::of(depot)?.store.trend_steps(&servers, from_ms, until_ms, STEP_MS).await?;
    Ok(Json(Trends {
        from: Timestamp::from_unix_ms(from_ms),
        step_seconds: (STEP_MS / 1000) as u32,
        servers: steps.chunk_by(|one, next| one.server_id == next.server_id).filter_map(trend).collect(),
    }))
}

fn numbers(text: &str) -> Option<Vec<i64>> {
    let numbers: Option<Vec<i64>> = text.split(',').take(SERVERS_MAX + 1).map(parse_id).collect();
    numbers.filter(|numbers| numbers.len() <= SERVERS_MAX)
}

/// The steps of one server, each in its place.
fn trend(steps: &[TrendStep]) -> Option<Trend> {
    let server_id = steps.first()?.server_id;
    let mut trend = Trend { server_id, cpu_percent: vec![None; STEPS], memory_percent: vec![None; STEPS] };
    for step in steps {
        let Ok(place) = usize::try_from(step.step) else { continue };
        if let (Some(cpu), Some(memory)) = (trend.cpu_percent.get_mut(place), trend.memory_percent.get_mut(place)) {
            *cpu = Some(two_decimals(step.cpu_percent));
            *memory = Some(two_decimals(step.memory_percent));
        }
    }
    Some(trend)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_numbers_and_not_too_many() {
        assert_eq!(numbers("3,1,2"), Some(vec![3, 1, 2]));
        let hundred = vec!["7"; 100].join(",");
        assert_eq!(numbers(&hundred).map(|list| list.len()), Some(100));
        for bad in ["", ",", "1,", "x", "1;2", "-1", "1, 2", "1,2)--", &format!("{hundred},7")] {
            assert_eq!(numbers(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_step_without_a_sample_is_a_gap() {
        let step = |step| TrendStep { server_id: 7, step, cpu_percent: 1.006, memory_percent: 50.0 };
        let trend = trend(&[step(0), step(2), step(35), step(99)]).unwrap();
        assert_eq!(trend.cpu_percent.len(), STEPS);
        let there = |place: usize| trend.cpu_percent.get(place).copied().flatten();
        assert_eq!((there(0), there(1), there(2), there(35)), (Some(1.01), None, Some(1.01), Some(1.01)));
    }
}
