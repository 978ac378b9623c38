//! People who work in the admin center meanwhile: they take seats, assign, remove, delete and revert.

use super::plant::{Crowd, LICENSES, Plant, SEATS, TENANT, sku};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use seatless::domain::{Instant, State, Status};
use seatless::simulator::Act;
use seatless::store::{LicenseHold, Member};
use std::collections::BTreeSet;
use std::time::Duration;

/// What a person has taken, until when.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) license: &'static str,
    pub(crate) from: Instant,
    pub(crate) until: Option<Instant>,
    /// Whom they gave it to; nobody of ours where absent.
    pub(crate) user: Option<String>,
    gives_back_at: Instant,
}

pub(crate) struct People {
    pub(crate) taken: Vec<Taken>,
    pub(crate) acts: [u32; 5],
    deleted: BTreeSet<String>,
    dice: StdRng,
    pace: Duration,
    next_at: Option<Instant>,
}

impl People {
    pub(crate) fn of(crowd: Crowd) -> Self {
        Self {
            taken: Vec::new(),
            acts: [0; 5],
            deleted: BTreeSet::new(),
            dice: StdRng::seed_from_u64(crowd.seed ^ 0x9e0_91e),
            pace: Duration::from_secs(400),
            next_at: None,
        }
    }

    pub(crate) fn deleted(&self, member: &Member) -> bool {
        self.deleted_name(member.user.account.user_principal_name.as_str())
    }

    pub(crate) fn deleted_name(&self, name: &str) -> bool {
        self.deleted.contains(name)
    }

    /// Does something now and then.
    pub(crate) async fn interfere(&mut self, plant: &mut Plant) {
        let now = plant.now();
        self.give_back(plant, now);
        let due = *self.next_at.get_or_insert(now);
        if now < due {
            return;
        }
        self.next_at = Some(now + self.pace.mul_f64(self.dice.random_range(0.2..1.8)));
        let what = self.dice.random_range(0..10);
        let done = match what {
            0..=3 => self.take_a_seat(plant, now),
            4 | 5 => self.assign(plant, now).await,
            6 => self.delete(plant, now).await,
            7 => self.remove(plant).await,
            _ => self.revert(plant).await,
        };
        if done {
            self.acts[[0, 0, 0, 0, 1, 1, 2, 3, 4, 4][what]] += 1;
        }
    }

    fn give_back(&mut self, plant: &Plant, now: Instant) {
        let due: Vec<usize> = (0..self.taken.len())
            .filter(|at| self.taken[*at].until.is_none() && self.taken[*at].gives_back_at <= now)
            .collect();
        for at in due {
            self.return_one(plant, at, now);
        }
    }

    fn return_one(&mut self, plant: &Plant, at: usize, now: Instant) {
        let license = self.taken[at].license;
        match self.taken[at].user.clone() {
            Some(user) => {
                let part_number = license.to_owned();
                let _ =
                    plant.simulator.act(Act::RemoveLicense { tenant: TENANT.to_owned(), user, part_number });
            }
            None => {
                let others = self.others(license) - 1;
                set_seats(plant, license, others);
            }
        }
        self.taken[at].until = Some(now);
    }

    fn others(&self, license: &str) -> u32 {
        let taken = self
            .taken
            .iter()
            .filter(|taken| taken.license == license && taken.until.is_none() && taken.user.is_none());
        u32::try_from(taken.count()).expect("few")
    }

    /// Somebody else gets a unit that the cloud has free at the moment, such as one that rests.
    fn take_a_seat(&mut self, plant: &Plant, now: Instant) -> bool {
        let license = self.any_license();
        if !has_room(plant, license) || self.others(license) >= 2 {
            return false;
        }
        set_seats(plant, license, self.others(license) + 1);
        self.note(license, now, None);
        true
    }

    /// Somebody licenses one of our users by hand, while it waits for its seat.
    async fn assign(&mut self, plant: &Plant, now: Instant) -> bool {
        let license = self.any_license();
        let waits = |member: &Member| {
            member.user.license == LicenseHold::None
                && member.request.progress.state == State::Created
                && member.request.progress.status() == Status::Active
                && member.user.account.license == sku(license)
        };
        let Some(user) = self.any(plant, waits).await else { return false };
        let act = Act::AddLicense {
            tenant: TENANT.to_owned(),
            user: user.clone(),
            part_number: license.to_owned(),
        };
        let done = has_room(plant, license) && plant.simulator.act(act).is_ok();
        if done {
            self.note(license, now, Some(user));
        }
        done
    }

    async fn delete(&mut self, plant: &Plant, now: Instant) -> bool {
        let on_its_way = |member: &Member| {
            member.user.object_id.is_some()
                && matches!(member.request.progress.state, State::Created | State::Licensed)
                && member.request.progress.status() == Status::Active
        };
        let page = plant.members().await;
        let Some(user) = self.any(plant, on_its_way).await else { return false };
        if self.taken.iter().any(|taken| taken.user.as_ref() == Some(&user)) {
            return false;
        }
        let member = page.iter().find(|member| member.user.account.user_principal_name.as_str() == user);
        let member = member.expect("it was just chosen");
        if plant.simulator.act(Act::DeleteUser { tenant: TENANT.to_owned(), user: user.clone() }).is_err() {
            return false;
        }
        if member.user.license != LicenseHold::None {
            // A deleted user keeps its unit (Microsoft Entra, deleted users hold their licenses for 30 days).
            let license = LICENSES.iter().find(|(part, _)| sku(part) == member.user.account.license);
            self.note(license.expect("one of ours").0, now, Some(user.clone()));
            let last = self.taken.last_mut().expect("just noted");
            last.gives_back_at = now + Duration::from_secs(100_000_000);
        }
        self.deleted.insert(user);
        true
    }

    /// Somebody takes our license from a user that waits with it.
    async fn remove(&mut self, plant: &Plant) -> bool {
        let licensed = |member: &Member| {
            member.request.progress.state == State::Licensed
                && matches!(member.user.license, LicenseHold::Held { .. })
                && member.request.progress.status() == Status::Active
        };
        let license = |plant: &Plant, member: &Member| {
            let _ = plant;
            LICENSES.iter().find(|(part, _)| sku(part) == member.user.account.license).map(|(part, _)| *part)
        };
        let Some(user) = self.any(plant, licensed).await else { return false };
        let members = plant.members().await;
        let member = members.iter().find(|member| member.user.account.user_principal_name.as_str() == user);
        let part_number =
            license(plant, member.expect("it was just chosen")).expect("one of ours").to_owned();
        plant.simulator.act(Act::RemoveLicense { tenant: TENANT.to_owned(), user, part_number }).is_ok()
    }

    /// Somebody sets the access mode of a finished account back.
    async fn revert(&mut self, plant: &Plant) -> bool {
        let unlicensed = |member: &Member| {
            member.request.progress.state == State::Unlicensed
                && member.request.progress.status() == Status::Active
        };
        let members: Vec<Member> = plant.members().await.into_iter().filter(unlicensed).collect();
        if members.is_empty() {
            return false;
        }
        let member = &members[self.dice.random_range(0..members.len())];
        let act = Act::SetAccessMode {
            environment: member.request.asked.environment.clone(),
            user: member.user.account.user_principal_name.to_string(),
            accessmode: 1,
        };
        plant.simulator.act(act).is_ok()
    }

    async fn any(&mut self, plant: &Plant, fits: impl Fn(&Member) -> bool) -> Option<String> {
        let fitting: Vec<Member> = plant
            .members()
            .await
            .into_iter()
            .filter(|member| fits(member) && !self.deleted(member))
            .collect();
        if fitting.is_empty() {
            return None;
        }
        let member = &fitting[self.dice.random_range(0..fitting.len())];
        Some(member.user.account.user_principal_name.to_string())
    }

    fn any_license(&mut self) -> &'static str {
        LICENSES[self.dice.random_range(0..LICENSES.len())].0
    }

    fn note(&mut self, license: &'static str, from: Instant, user: Option<String>) {
        let gives_back_at = from + Duration::from_secs(self.dice.random_range(600..2_400));
        self.taken.push(Taken { license, from, until: None, user, gives_back_at });
    }

    /// Everybody gives back what they took; deleted users stay deleted.
    pub(crate) async fn leave(&mut self, plant: &mut Plant) {
        let now = plant.now();
        for at in 0..self.taken.len() {
            if self.taken[at].until.is_none() {
                self.return_one(plant, at, now);
            }
        }
    }

    /// For how long people kept units of a license from us, up to `end`.
    pub(crate) fn seat_time(&self, license: &str, end: Instant) -> Duration {
        let of_license = self.taken.iter().filter(|taken| taken.license == license);
        of_license
            .map(|taken| (taken.until.unwrap_or(end).min(end) - taken.from).to_std().unwrap_or_default())
            .sum()
    }
}

fn has_room(plant: &Plant, license: &str) -> bool {
    let state = plant.simulator.state();
    let skus = state["tenants"][0]["skus"].as_array().expect("subscriptions");
    let found = skus.iter().find(|found| found["part_number"] == license).expect("the license");
    found["consumed"].as_u64() < found["enabled"].as_u64()
}

fn set_seats(plant: &Plant, license: &str, used_by_others: u32) {
    let act = Act::SetSeats {
        tenant: TENANT.to_owned(),
        part_number: license.to_owned(),
        enabled: SEATS,
        used_by_others,
    };
    plant.simulator.act(act).expect("a possible act");
}
