//! One run: a scheduler that lets one worker go on at a time, from point to point, and decides at each what befalls it.

use crate::bed::gate::{Point, Side};
use crate::bed::saved::Saved;
use crate::bed::scene::{SALES_ID, Wish};
use crate::chance::{Chance, For};
use crate::mix::{Mix, Rough};
use crate::mutant::Mutant;
use crate::people;
use crate::setback::Setback;
use crate::stage::Stage;
use crate::worker::{Done, Duty, Kind, Reached, Worker};
use seatless::domain::{Command, HolderId, Instant, State, Status};
use seatless::simulator::Faults;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long a worker's claims outlive its last sign of life where several work on one database.
const LEASE: Duration = Duration::from_secs(45);

/// More turns than any run needs; a run that takes more goes in circles.
const TURNS_MAX: u64 = 60_000;

/// How seldom a chore that only reads may be called.
const CHORE_PACE: Duration = Duration::from_secs(900);

/// Who found nothing to do looks again after this time, unless something is written before.
const PATIENCE: Duration = Duration::from_secs(1);

/// How soon a person confirms that a database goes on in another place.
const CONFIRMED_AFTER: Duration = Duration::from_secs(120);

/// How a worker dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Death {
    /// What it had under way is dropped.
    Drop,
    /// What it had under way stands still for ever.
    Leak,
}

/// What is left out of a run, to see whether it fails without it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Without {
    /// Points at which nothing befalls anybody.
    pub(crate) points: BTreeSet<u64>,
    pub(crate) faults: bool,
    pub(crate) latency: bool,
}

/// What a run came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ending {
    /// What was wrong, if anything was.
    pub(crate) faults: Vec<String>,
    pub(crate) story: String,
    /// What befell whom, by point.
    pub(crate) befell: Vec<(u64, String)>,
    pub(crate) points: u64,
    pub(crate) kills: u64,
    pub(crate) pauses: u64,
    pub(crate) calls: u64,
    pub(crate) simulated: Duration,
    pub(crate) trace: u64,
    pub(crate) lines: Vec<String>,
    pub(crate) cells: BTreeMap<Cell, u64>,
    /// The points at which something was written since the point before: between two of them, all deaths are the same.
    pub(crate) changes: Vec<u64>,
    /// How the requests ended.
    pub(crate) ends: BTreeSet<String>,
}

/// A place in the table of what was tried.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Cell {
    /// The step, with the state and direction of the request.
    pub(crate) work: String,
    pub(crate) call: String,
    pub(crate) answer: String,
    /// Where the worker died, if it did.
    pub(crate) death: &'static str,
}

/// One place for a worker.
#[derive(Default)]
struct Seat {
    worker: Option<Worker>,
    /// When the next one may start.
    starts_at: Option<Instant>,
}

pub(crate) struct Play {
    pub(crate) stage: Stage,
    chance: Chance,
    rough: Rough,
    without: Without,
    /// What people do once a state is reached.
    cues: Vec<Cue>,
    /// Deaths at chosen points, whatever chance says.
    kills_at: BTreeMap<u64, Death>,
    /// Asked for from that point on.
    late: Option<(u64, Wish)>,
    /// The last backup.
    saved: Option<Saved>,
    seats: Vec<Seat>,
    /// Until when the claims of those who are gone, or fell asleep, count.
    leases: BTreeMap<HolderId, Instant>,
    /// Grows with everything that is written.
    version: u64,
    written: (u64, u64),
    due: Option<Due>,
    turns: u64,
    heals_at: Instant,
    healed: bool,
    /// When a person looks at what has not come to rest.
    mends_at: Option<Instant>,
    /// Nothing rests before a sweep has passed.
    sweep_is_owed: bool,
    ending: Ending,
}

/// What a person orders once a request of an environment has reached a state, or is blocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cue {
    pub(crate) environment: &'static str,
    pub(crate) when: When,
    pub(crate) command: Command,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Reached(State),
    Blocked,
}

/// When something is due, as the store had it at a version.
struct Due {
    version: u64,
    wake: Option<Instant>,
    rest: Option<Instant>,
    pools: Vec<Option<Instant>>,
}

/// The run cannot go on, or need not.
type Stop = Vec<String>;

impl Play {
    /// The stage is set; nothing has begun.
    pub(crate) fn new(stage: Stage, seed: u64, rough: Rough) -> Self {
        let heals_at = stage.now() + rough.lasts;
        let seats = (0..rough.workers).map(|_| Seat { worker: None, starts_at: Some(stage.now()) }).collect();
        Self {
            stage,
            chance: Chance { seed },
            rough,
            without: Without::default(),
            cues: Vec::new(),
            kills_at: BTreeMap::new(),
            late: None,
            saved: None,
            seats,
            leases: BTreeMap::new(),
            version: 0,
            written: (0, 0),
            due: None,
            turns: 0,
            heals_at,
            healed: false,
            mends_at: None,
            sweep_is_owed: false,
            ending: Ending::default(),
        }
    }

    /// The run of a seed.
    pub(crate) async fn of_mix(
        mix: Mix,
        seed: u64,
        without: Without,
        mutant: Option<Mutant>,
        trace: std::sync::Arc<crate::trace::Trace>,
    ) -> Self {
        let Mix { mut scene, others, late, mut rough } = mix;
        if without.faults {
            scene.faults = Faults::default();
        }
        if without.latency {
            rough.latency = 0.0;
        }
        let mut stage = Stage::set(scene, mutant, trace).await;
        stage.submit(&others, crate::mix::SERVICE_ID).await;
        Self { without, late, ..Self::new(stage, seed, rough) }
    }

    pub(crate) fn killing_at(mut self, kills: impl IntoIterator<Item = (u64, Death)>) -> Self {
        self.kills_at.extend(kills);
        self
    }

    pub(crate) fn on_cue(mut self, cues: &[Cue]) -> Self {
        self.cues.extend_from_slice(cues);
        self
    }

    async fn follow_cues(&mut self) -> Result<(), Stop> {
        if self.cues.is_empty() {
            return Ok(());
        }
        for member in self.stage.members().await {
            let progress = &member.request.progress;
            let environment = member.request.asked.environment.as_str();
            let there = |when| match when {
                When::Reached(state) => progress.state >= state,
                When::Blocked => progress.status() == Status::Blocked,
            };
            let cue = self.cues.iter().position(|cue| cue.environment == environment && there(cue.when));
            if let Some(place) = cue {
                let cue = self.cues.remove(place);
                self.stage.order(member.request.id, cue.command).await;
                self.version += 1;
            }
        }
        self.look().await
    }

    /// The first half, the second half, and the end.
    pub(crate) async fn whole(mut self) -> Ending {
        let faults = match self.run().await {
            Ok(()) => Vec::new(),
            Err(faults) => faults,
        };
        self.close(faults).await
    }

    async fn close(mut self, faults: Vec<String>) -> Ending {
        if !faults.is_empty() {
            self.ending.story = self.stage.story().await;
        }
        self.ending.faults = faults;
        self.ending.calls = self.stage.simulator.state()["calls"].as_u64().unwrap_or_default();
        let lasted = self.stage.now() - self.stage.clock.started();
        self.ending.simulated = lasted.to_std().unwrap_or_default();
        (self.ending.trace, self.ending.lines) = self.stage.trace.end();
        for seat in &mut self.seats {
            seat.worker = None;
        }
        self.ending
    }

    async fn run(&mut self) -> Result<(), Stop> {
        if self.rough.lasts > Duration::ZERO {
            self.go_on().await?;
            self.heal().await?;
        }
        self.healed = true;
        if self.rough.lasts > Duration::ZERO {
            // What waits for a person is looked at again and again, and need not come to rest before one acts.
            self.mends_at = Some(self.stage.now() + self.rests_within());
            self.go_on().await?;
            self.late_writes_land().await?;
            self.mends_at = None;
            self.mend().await?;
        }
        let left_alone_at = self.stage.now();
        self.go_on().await?;
        let took = (self.stage.now() - left_alone_at).to_std().unwrap_or_default();
        if took > self.rests_within() {
            return Err(vec![format!("it took {took:?} to come to rest")]);
        }
        self.late_writes_land().await?;
        let faults = self.stage.look_at_rest().await;
        for member in self.stage.members().await {
            let name = member.user.account.user_principal_name.local_part();
            let end = crate::bed::story::reason(&member);
            self.ending.ends.insert(format!("{name} in {}: {end}", member.request.asked.environment));
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// How long it may take to come to rest once nothing befalls anybody any more.
    fn rests_within(&self) -> Duration {
        self.stage.policy.propagation_deadline * 3 + Duration::from_secs(12 * 3_600)
    }

    /// Faults, deaths, pauses and people are over.
    async fn heal(&mut self) -> Result<(), Stop> {
        self.healed = true;
        self.stage.trace.note("heal");
        self.stage.simulator.set_faults(Faults::default());
        people::put_right(&mut self.stage);
        self.ask_late().await;
        if self.stage.is_a_copy().await {
            self.stage.confirm().await;
        }
        for seat in &mut self.seats {
            if let Some(worker) = &mut seat.worker {
                worker.asleep_until = worker.asleep_until.map(|_| self.stage.now());
            }
        }
        for member in self.stage.members().await {
            if member.request.progress.paused {
                self.stage.order(member.request.id, Command::Resume).await;
            }
        }
        self.version += 1;
        Ok(())
    }

    /// What was to be asked for late is, and once more if the database has forgotten it.
    async fn ask_late(&mut self) {
        if let Some((_, wish)) = &self.late {
            self.stage.submit(std::slice::from_ref(wish), SALES_ID).await;
            self.version += 1;
        }
    }

    /// A person looks at what is blocked: has it tried again, or calls it off.
    async fn mend(&mut self) -> Result<(), Stop> {
        self.stage.confirm().await;
        for (place, member) in (0..).zip(self.stage.members().await) {
            if member.request.progress.status() == Status::Blocked {
                let retries = self.chance.happens(For::Mend, place, 0.5);
                let id = member.request.id;
                // What is called off already can only be tried again.
                if retries || !self.stage.order(id, Command::Cancel).await {
                    self.stage.order(id, Command::Retry).await;
                }
                self.version += 1;
            }
        }
        Ok(())
    }

    /// Writes that were lost on the way may land for a while yet; then a sweep passes.
    async fn late_writes_land(&mut self) -> Result<(), Stop> {
        self.stage.clock.advance(Duration::from_secs(700));
        self.look().await?;
        if self.stage.mutant != Some(Mutant::NoSweep) {
            self.sweep_is_owed = true;
            let now = self.stage.now();
            for worker in self.seats.iter_mut().filter_map(|seat| seat.worker.as_mut()) {
                worker.chores.iter_mut().for_each(|(_, _, at)| *at = now);
            }
        }
        self.go_on().await
    }

    async fn look(&mut self) -> Result<(), Stop> {
        let faults = self.stage.look().await;
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// Turn after turn, until nothing is due, or the first half is over.
    async fn go_on(&mut self) -> Result<(), Stop> {
        loop {
            self.turns += 1;
            if self.turns > TURNS_MAX {
                return Err(vec!["it never comes to rest".to_owned()]);
            }
            let over = self.stage.now() >= self.heals_at || self.ending.points >= self.rough.points_max;
            if !self.healed && over || self.mends_at.is_some_and(|at| self.stage.now() >= at) {
                return Ok(());
            }
            self.wake_and_start().await;
            let choices = self.choices().await;
            if choices.is_empty() {
                match self.next_instant().await {
                    Some(at) => self.stage.clock.move_to(at),
                    None => return Ok(()),
                }
                continue;
            }
            let choice = choices[self.chance.index(For::Turn, self.turns, choices.len())];
            let choice = if self.rough.lasts == Duration::ZERO { choices[0] } else { choice };
            match choice {
                Choice::Round(seat) => {
                    let now = self.stage.now();
                    let groups_max = self.rough.groups_max;
                    let seats_concerned = self
                        .due
                        .as_ref()
                        .is_none_or(|due| due.rest.is_some_and(|at| at <= now) || !due.pools.is_empty());
                    let doubted = self.stage.doubted;
                    if let Some(worker) = &mut self.seats[seat].worker {
                        worker.round(groups_max, seats_concerned, doubted, now);
                    }
                }
                Choice::Chore(seat, chore) => {
                    let now = self.stage.now();
                    if let Some(worker) = &mut self.seats[seat].worker {
                        worker.tick(chore, now);
                    }
                }
                Choice::Task(seat, place) => self.advance(seat, place).await?,
            }
        }
    }

    async fn advance(&mut self, seat: usize, place: usize) -> Result<(), Stop> {
        self.stage.clock.advance(Duration::from_millis(1));
        let Some(worker) = &mut self.seats[seat].worker else { return Ok(()) };
        let task = &worker.tasks[place];
        let (id, label) = (task.id, task.label.clone());
        if self.stage.trace.is_wanted() {
            self.stage.trace.note(&format!("turn {} of {seat}: {label} {:?}", self.turns, task.point));
        }
        match worker.advance(place).await {
            Reached::Stuck => tokio::task::yield_now().await,
            Reached::Point(point) => self.at_point(seat, id, &label, point).await?,
            Reached::End(Err(error)) => return Err(vec![format!("{label}: the store says {error}")]),
            Reached::End(Ok(done)) => self.ended(seat, done),
        }
        Ok(())
    }

    fn ended(&mut self, seat: usize, done: Done) {
        let now = self.stage.now();
        let Some(worker) = &mut self.seats[seat].worker else { return };
        match done {
            Done::Rescued => {
                worker.rescued = true;
                let mine = worker.holder;
                self.leases.retain(|holder, until| *holder != mine && *until > now);
            }
            Done::Round { groups, pools } => {
                if groups.is_empty() && pools.is_empty() {
                    worker.idle_at = Some((self.version, now));
                }
                if !pools.is_empty() {
                    worker.read(pools, now);
                }
                for group in groups {
                    worker.run(group, now);
                }
            }
            Done::Reading(all_read) => {
                worker.read_not_before = (!all_read).then(|| now + self.stage.policy.capacity_read);
            }
            Done::Chore(duty, wait) => {
                // A level check finds the same a little later; a run would be all chores otherwise.
                let wait = if duty == Duty::Sweep { wait } else { wait.max(CHORE_PACE) };
                for (one, _, at) in worker.chores.iter_mut().filter(|(one, _, _)| *one == duty) {
                    *at = now + wait;
                    self.sweep_is_owed &= *one != Duty::Sweep;
                }
            }
            Done::Group => {}
        }
    }

    /// What befalls whoever has come to a point.
    async fn at_point(&mut self, seat: usize, task: u64, label: &str, point: Point) -> Result<(), Stop> {
        self.ending.points += 1;
        let at = self.ending.points;
        let written = self.stage.written();
        if written != self.written || at == 1 {
            self.ending.changes.push(at);
            self.version += u64::from(written.0 != self.written.0);
            self.written = written;
            self.look().await?;
            self.follow_cues().await?;
        }
        if !self.healed && self.late.as_ref().is_some_and(|(from, _)| *from == at) {
            self.ask_late().await;
        }
        let setback =
            self.rough.setbacks.get(&at).filter(|_| !self.healed && !self.without.points.contains(&at));
        if let Some(setback) = setback.copied() {
            self.set_back(at, setback).await?;
            if self.seats.get(seat).is_none_or(|seat| seat.worker.is_none()) {
                return Ok(());
            }
        }
        let killed = self.is_killed_at(at);
        self.enter_cell(label, &point, killed);
        let rough = !self.healed && !self.without.points.contains(&at);
        if let Some(death) = killed {
            self.befell(at, format!("{death:?} of worker {seat} {point} in {label}"));
            self.kill(seat, at, death);
            return Ok(());
        }
        if !rough {
            return Ok(());
        }
        // Whoever would wake in the middle of its rescue would take what was claimed since: that is SQLite's rescue, which
        // two workers do not share in life.
        let rescues = self.seats[seat].worker.as_ref().is_some_and(|worker| worker.is_at(Kind::Rescue));
        if !rescues && self.chance.happens(For::Pause, at, self.rough.pause) {
            let lasts = self.chance.seconds(For::PauseLength, at, 5.0, self.rough.pause_max);
            self.befell(at, format!("pause of {} s of worker {seat} {point} in {label}", lasts.as_secs()));
            self.pause(seat, lasts);
        } else if point.remote && self.chance.happens(For::Latency, at, self.rough.latency) {
            let lasts = self.chance.seconds(For::PauseLength, at, 0.05, self.rough.latency_max);
            let until = self.stage.now() + lasts;
            if let Some(worker) = &mut self.seats[seat].worker
                && let Some(task) = worker.tasks.iter_mut().find(|one| one.id == task)
            {
                task.not_before = until;
            }
        }
        if self.chance.happens(For::Person, at, self.rough.person)
            && let Some(told) = people::interfere(&mut self.stage, self.chance, at)
        {
            self.befell(at, told);
            self.look().await?;
        }
        if self.chance.happens(For::Order, at, self.rough.order)
            && let Some(told) = people::order(&mut self.stage, self.chance, at).await
        {
            self.version += 1;
            self.befell(at, told);
            self.look().await?;
        }
        Ok(())
    }

    fn is_killed_at(&self, at: u64) -> Option<Death> {
        if let Some(death) = self.kills_at.get(&at) {
            return Some(*death);
        }
        let rough = !self.healed && !self.without.points.contains(&at);
        (rough && self.chance.happens(For::Kill, at, self.rough.kill))
            .then(|| if self.chance.happens(For::Death, at, 0.5) { Death::Drop } else { Death::Leak })
    }

    fn befell(&mut self, at: u64, told: String) {
        self.stage.trace.note(&told);
        let seconds = (self.stage.now() - self.stage.clock.started()).num_seconds();
        self.ending.befell.push((at, format!("{seconds:>7} s {told}")));
    }

    /// Something befalls the database.
    async fn set_back(&mut self, at: u64, setback: Setback) -> Result<(), Stop> {
        match setback {
            Setback::Save => self.saved = Some(self.stage.save().await),
            Setback::PutBack => {
                let Some(saved) = self.saved.clone() else { return Ok(()) };
                self.all_end(at);
                self.stage.put_back(&saved).await;
            }
            Setback::Move => {
                self.all_end(at);
                let saved = self.stage.save().await;
                self.stage.move_to(&saved).await;
                // Nothing goes on there before somebody confirms it.
                self.heals_at = self.heals_at.min(self.stage.now() + CONFIRMED_AFTER);
            }
            Setback::StartCopy => {
                let faults = self.stage.start_copy().await;
                if !faults.is_empty() {
                    return Err(faults);
                }
            }
        }
        self.befell(at, format!("{setback:?}"));
        self.version += 1;
        self.look().await
    }

    /// Every process ends, so that nobody holds the database.
    fn all_end(&mut self, at: u64) {
        let up: Vec<usize> =
            (0..self.seats.len()).filter(|seat| self.seats[*seat].worker.is_some()).collect();
        for seat in up {
            let death = if self.chance.happens(For::Death, at, 0.5) { Death::Drop } else { Death::Leak };
            self.kill(seat, at, death);
        }
        self.leases.clear();
    }

    fn kill(&mut self, seat: usize, at: u64, death: Death) {
        self.ending.kills += 1;
        self.stage.kills += 1;
        let Some(worker) = self.seats[seat].worker.take() else { return };
        let now = self.stage.now();
        let alone = self.seats.len() == 1;
        self.leases.insert(worker.holder, if alone { now } else { now + LEASE });
        match death {
            Death::Drop => drop(worker),
            Death::Leak => worker.leak(),
        }
        let down = match self.rough.lasts {
            Duration::ZERO => Duration::from_secs(1),
            _ => self.chance.seconds(For::Restart, at, 1.0, 120.0),
        };
        self.seats[seat].starts_at = Some(now + down);
    }

    fn pause(&mut self, seat: usize, lasts: Duration) {
        self.ending.pauses += 1;
        self.stage.kills += 1;
        let now = self.stage.now();
        if let Some(worker) = &mut self.seats[seat].worker {
            worker.asleep_until = Some(now + lasts);
            worker.slept_at = Some(now);
            if self.rough.workers > 1 {
                self.leases.insert(worker.holder, now + LEASE);
            }
        }
    }

    /// Whoever slept long enough wakes; whoever is gone is replaced; claims whose lease has run out are taken over.
    async fn wake_and_start(&mut self) {
        let now = self.stage.now();
        for place in 0..self.seats.len() {
            // Nobody wakes in the middle of another's rescue: on SQLite, it takes whatever others hold.
            let rescued_from = self.seats.iter().enumerate().any(|(other, seat)| {
                other != place && seat.worker.as_ref().is_some_and(|worker| worker.is_at(Kind::Rescue))
            });
            let Some(worker) = &mut self.seats[place].worker else { continue };
            if worker.asleep_until.is_some_and(|until| until <= now) && !rescued_from {
                worker.asleep_until = None;
                // Its lease was not taken from it yet, so that it counts on.
                let lasted = self.leases.remove(&worker.holder).is_none_or(|until| now < until);
                if !lasted || worker.slept_at.is_some_and(|at| at + LEASE <= now) {
                    worker.desk.doubt(worker.tasks.iter().map(|task| task.id));
                }
            }
        }
        let all_run_out = self.leases.values().all(|until| *until <= now);
        for place in 0..self.seats.len() {
            let another_is_up = (self.seats.iter().enumerate())
                .any(|(other, seat)| other != place && seat.worker.as_ref().is_some_and(Worker::is_awake));
            let seat = &mut self.seats[place];
            match &mut seat.worker {
                None if seat.starts_at.is_some_and(|at| at <= now) => {
                    // Who starts beside another leaves the claims of those who are gone to it.
                    let may_start = if another_is_up { self.leases.is_empty() } else { all_run_out };
                    if may_start {
                        seat.starts_at = None;
                        let mut worker = self.stage.worker();
                        if another_is_up {
                            worker.rescued = true;
                        } else {
                            worker.rescue(now);
                        }
                        seat.worker = Some(worker);
                    }
                }
                Some(worker)
                    if worker.is_awake()
                        && worker.rescued
                        && !another_is_up
                        && !self.leases.is_empty()
                        && all_run_out
                        && !worker.is_at(Kind::Rescue) =>
                {
                    worker.rescue(now);
                }
                None | Some(_) => {}
            }
        }
    }

    /// Who can go on now.
    async fn choices(&mut self) -> Vec<Choice> {
        let now = self.stage.now();
        let mut choices = Vec::new();
        let version = self.version;
        let mut idle = Vec::new();
        for (place, seat) in self.seats.iter().enumerate() {
            let Some(worker) = seat.worker.as_ref().filter(|worker| worker.is_awake()) else { continue };
            for (task, one) in worker.tasks.iter().enumerate() {
                if one.not_before <= now && !one.stuck {
                    choices.push(Choice::Task(place, task));
                }
            }
            if worker.rescued {
                let due = (0..worker.chores.len())
                    .filter(|chore| worker.chore_at(*chore).is_some_and(|at| at <= now));
                choices.extend(due.map(|chore| Choice::Chore(place, chore)));
            }
            let in_flight = worker.tasks.iter().filter(|task| task.kind == Kind::Group).count();
            // Two that look at the same moment are worth a try now and then; mostly one finds what there is.
            let races = self.chance.happens(For::Race, self.turns, 0.1);
            let another_looks = !races
                && self.seats.iter().enumerate().any(|(other, seat)| {
                    other != place
                        && seat
                            .worker
                            .as_ref()
                            .is_some_and(|worker| worker.is_awake() && worker.is_at(Kind::Round))
                });
            if worker.rescued
                && !another_looks
                && !worker.is_at(Kind::Round)
                && in_flight < self.rough.groups_max
                && worker.idle_at.is_none_or(|(seen, at)| seen != version || at + PATIENCE <= now)
            {
                idle.push((place, worker.read_not_before));
            }
        }
        if !idle.is_empty() && self.is_due(now).await {
            choices.extend(idle.into_iter().map(|(place, _)| Choice::Round(place)));
        }
        if choices.is_empty() {
            // Whoever was stuck may only have been too early.
            for worker in self.seats.iter_mut().filter_map(|seat| seat.worker.as_mut()) {
                worker.tasks.iter_mut().for_each(|task| task.stuck = false);
            }
        }
        choices
    }

    async fn is_due(&mut self, now: Instant) -> bool {
        self.due_at().await.is_some_and(|at| at <= now)
    }

    async fn due_at(&mut self) -> Option<Instant> {
        if self.due.as_ref().is_none_or(|due| due.version != self.version) {
            let (wake, rest, pools) = self.stage.next_due().await;
            self.due = Some(Due { version: self.version, wake, rest, pools });
        }
        let due = self.due.as_ref()?;
        let read = self.stage.policy.capacity_read;
        let not_before = self
            .seats
            .iter()
            .filter_map(|seat| seat.worker.as_ref())
            .map(|worker| worker.read_not_before)
            .min()
            .flatten();
        let started = self.stage.clock.started();
        let is_read = self
            .seats
            .iter()
            .filter_map(|seat| seat.worker.as_ref())
            .any(|worker| worker.is_awake() && worker.is_at(Kind::Reading));
        let pools = due.pools.iter().filter(|_| !is_read).map(|read_at| {
            let due = read_at.map_or(started, |at| at + read);
            not_before.map_or(due, |at| at.max(due))
        });
        due.wake.into_iter().chain(due.rest).chain(pools).min()
    }

    /// When anything can go on again, if nothing can now.
    async fn next_instant(&mut self) -> Option<Instant> {
        let now = self.stage.now();
        let mut instants = Vec::new();
        for seat in &self.seats {
            instants.extend(seat.starts_at);
            if let Some(worker) = &seat.worker {
                instants.extend(worker.asleep_until);
                if worker.is_awake() {
                    instants.extend(worker.tasks.iter().map(|task| task.not_before));
                }
            }
        }
        instants.extend(self.leases.values());
        // Whatever should have gone on by now waits for something that is yet to come.
        instants.retain(|at| *at > now);
        let due = self.due_at().await;
        // What is due and still not begun is held by somebody, or was looked at just now.
        instants.extend(due.map(|at| if at <= now { now + Duration::from_secs(1) } else { at }));
        let next = instants.into_iter().min();
        // Chores go on for ever; they alone keep nothing from its rest, unless somebody waits for one.
        if next.is_none() && !self.sweep_is_owed && !self.stage.will_give_up().await {
            return None;
        }
        let workers = self.seats.iter().filter_map(|seat| seat.worker.as_ref());
        let chores = workers.flat_map(|worker| worker.chores.iter().map(|(_, _, at)| *at));
        next.into_iter().chain(chores.filter(|at| *at > now)).min()
    }

    fn enter_cell(&mut self, label: &str, point: &Point, killed: Option<Death>) {
        let death = match (killed, point.side) {
            (None, _) => "lives",
            (Some(_), Side::Before) => "dies before",
            (Some(_), Side::After) => "dies after",
        };
        let cell =
            Cell { work: label.to_owned(), call: shape(&point.call), answer: point.answer.clone(), death };
        *self.ending.cells.entry(cell).or_default() += 1;
    }
}

/// A path without its ids.
fn shape(call: &str) -> String {
    let parts = call.split('/').map(|part| {
        let is_id = part.len() >= 36 && part.chars().filter(|c| *c == '-').count() >= 4;
        if part.contains('@') || part.contains("%40") || is_id {
            part.split_once('(').map_or("{}".to_owned(), |(set, _)| format!("{set}({{}})"))
        } else {
            part.to_owned()
        }
    });
    parts.collect::<Vec<_>>().join("/")
}

#[derive(Clone, Copy, Debug)]
enum Choice {
    Round(usize),
    Chore(usize, usize),
    Task(usize, usize),
}
