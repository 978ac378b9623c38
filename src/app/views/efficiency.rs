//! What licenses cost us in time, against the fixed hour for which a license is commonly kept.

use crate::store::Tally;
use serde::Serialize;
use std::collections::BTreeMap;

/// For how long a license is commonly kept when nobody looks whether it has done its work.
pub const FIXED_SEAT_MINUTES: f64 = 60.0;

/// A tenant's seat time and propagation time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Efficiency {
    /// The tenant's name.
    pub tenant: String,
    /// How many seats were returned.
    pub seats_returned: u64,
    /// For how many minutes they were held, all together.
    pub seat_minutes_total: f64,
    /// For how many minutes a seat was held, on average.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seat_minutes_average: Option<f64>,
    /// For how many minutes it would have been held without looking.
    pub seat_minutes_fixed: f64,
    /// How many seat minutes were saved against that, all together; negative if it took longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seat_minutes_saved_total: Option<f64>,
    /// How often a user reached an environment.
    pub propagations: u64,
    /// How many minutes that took after the license, on average.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub propagation_minutes_average: Option<f64>,
    /// How many minutes were saved against the fixed wait, per account; negative if it took longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub propagation_minutes_saved_average: Option<f64>,
}

/// Makes figures of the running totals, tenant by tenant.
pub fn efficiency(tallies: &[(String, Tally, f64)]) -> Vec<Efficiency> {
    let mut tenants: BTreeMap<&str, [f64; 4]> = BTreeMap::new();
    for (tenant, tally, amount) in tallies {
        let place = match tally {
            Tally::SeatSeconds => 0,
            Tally::SeatsReturned => 1,
            Tally::PropagationSeconds => 2,
            Tally::Propagations => 3,
        };
        tenants.entry(tenant).or_default()[place] += amount;
    }
    tenants.into_iter().map(|(tenant, totals)| of_tenant(tenant, totals)).collect()
}

fn of_tenant(
    tenant: &str,
    [seat_seconds, returned, propagation_seconds, propagations]: [f64; 4],
) -> Efficiency {
    let average = |seconds: f64, times: f64| (times > 0.0).then(|| round(seconds / 60.0 / times));
    let propagation = average(propagation_seconds, propagations);
    Efficiency {
        tenant: tenant.to_owned(),
        seats_returned: returned as u64,
        seat_minutes_total: round(seat_seconds / 60.0),
        seat_minutes_average: average(seat_seconds, returned),
        seat_minutes_fixed: FIXED_SEAT_MINUTES,
        seat_minutes_saved_total: (returned > 0.0)
            .then(|| round(returned * FIXED_SEAT_MINUTES - seat_seconds / 60.0)),
        propagations: propagations as u64,
        propagation_minutes_average: propagation,
        propagation_minutes_saved_average: propagation.map(|minutes| round(FIXED_SEAT_MINUTES - minutes)),
    }
}

/// To a tenth of a second is as exact as anybody reads it.
fn round(minutes: f64) -> f64 {
    (minutes * 100.0).round() / 100.0
}
