//! `GET /api/stats`.

use salvo::Depot;
use salvo::oapi::endpoint;
use salvo::writing::Json;

use super::error::ApiError;
use super::state::State;
use crate::domain::history::two_decimals;
use crate::model::Stats;

/// The fleet in four numbers.
///
/// The mean CPU usage, 0 to 100, is that of the servers that are online.
#[endpoint(tags("reading"), responses((status_code = 200, description = "The fleet in four numbers", body = Stats)))]
pub async fn fleet_stats(depot: &mut Depot) -> Result<Json<Stats>, ApiError> {
    let stats = State::of(depot)?.store.stats().await?;
    Ok(Json(Stats { avg_cpu: two_decimals(stats.avg_cpu), ..stats }))
}
