//! The durations and bounds that steer the machine; all of them configuration, none of them known to the engine.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How patient, how eager and how careful Seatless is.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// How long a remote call may take in all; until then a write whose fate is unknown may still be on its way.
    pub call_deadline: Duration,
    /// How often a step may begin a remote write before the request is blocked; throttled attempts do not count.
    pub attempts_max: u32,
    /// How often a request may be claimed without a single commit before it is suspected of killing its worker.
    pub claims_max: u32,
    /// The first delay after a failed attempt; later ones grow up to [`Policy::retry_last`].
    pub retry_first: Duration,
    /// The longest delay between attempts.
    pub retry_last: Duration,
    /// The shortest wait that a service's `Retry-After` can ask for.
    pub retry_after_min: Duration,
    /// The longest wait that a service's `Retry-After` can ask for.
    pub retry_after_max: Duration,
    /// How many looks in a row must find nothing before absence is believed.
    pub absence_looks: u32,
    /// How long those looks must at least span.
    pub absence_window: Duration,
    /// How often the cloud may be found behind what was confirmed before the request is blocked.
    pub regressions_max: u32,
    /// The pace of `addUser` while Power Platform does not see the license yet.
    pub sync_first: Duration,
    /// How long that pace is kept after the license was confirmed.
    pub sync_eager: Duration,
    /// The pace of `addUser` afterwards.
    pub sync_later: Duration,
    /// The first pace at which an environment is asked for the users it waits for.
    pub poll_first: Duration,
    /// The slowest such pace.
    pub poll_last: Duration,
    /// When an impersonated call is tried as a second lever, after the license was confirmed.
    pub impersonate_after: Duration,
    /// When a wait for propagation is worth a warning, after the license was confirmed.
    pub propagation_warn: Duration,
    /// When a wait for propagation ends in a block, after the license was confirmed.
    pub propagation_deadline: Duration,
    /// How long a blocked request keeps its seat before the license is taken back.
    pub parked_seat: Duration,
    /// How long a blocked request waits for a person before everything taken is given back; absent: for ever.
    pub give_up: Option<Duration>,
    /// A user of ours that reached an environment is deleted on the way back; otherwise it is disabled.
    pub delete_propagated: bool,
    /// How long after the removal of the license an account is verified.
    pub settle: Duration,
    /// How often the free license units of a tenant are read while somebody waits for one.
    pub capacity_read: Duration,
    /// How long after its creation a user may be missing from reads of the directory without that meaning anything.
    pub replication: Duration,
    /// How often the sweep looks for what our writes may have left in the cloud.
    pub sweep: Duration,
    /// For how long an assignment whose fate was never learned may explain a license.
    pub recheck: Duration,
    /// How long a returned seat rests before it is granted again.
    pub seat_cool_down: Duration,
    /// How long after it succeeded an account is looked at first.
    pub watch_first: Duration,
    /// How long after it succeeded an account is looked at the second time.
    pub watch_second: Duration,
    /// How often it is looked at from then on.
    pub watch_every: Duration,
    /// How large each tenant's part of the groups in flight is beside the others'; 1 where it is not named.
    pub weights: Arc<BTreeMap<String, u32>>,
}

impl Default for Policy {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            call_deadline: seconds(30),
            attempts_max: 8,
            claims_max: 25,
            retry_first: seconds(2),
            retry_last: seconds(300),
            retry_after_min: seconds(1),
            retry_after_max: seconds(900),
            absence_looks: 5,
            absence_window: seconds(30),
            regressions_max: 3,
            sync_first: seconds(10),
            sync_eager: seconds(600),
            sync_later: seconds(60),
            poll_first: seconds(30),
            poll_last: seconds(300),
            impersonate_after: seconds(600),
            propagation_warn: seconds(7_200),
            propagation_deadline: seconds(86_400),
            parked_seat: seconds(900),
            give_up: None,
            delete_propagated: false,
            settle: seconds(300),
            capacity_read: seconds(60),
            replication: seconds(600),
            sweep: seconds(300),
            recheck: seconds(86_400),
            seat_cool_down: seconds(300),
            watch_every: seconds(86_400),
            watch_first: seconds(3_600),
            watch_second: seconds(86_400),
            weights: Arc::default(),
        }
    }
}
