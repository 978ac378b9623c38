//! What people do: orders, and passwords that are handed over and made anew.

use super::dice::Dice;
use super::three::{Three, all, rows};
use crate::suite::world::{World, grace};
use seatless::domain::{Code, Command, Failure, Input, IntentId, State, UserId};
use seatless::store::{PasswordOrder, Rotation, RotationEnd};

fn order_of(world: &World, users: Vec<UserId>) -> PasswordOrder {
    PasswordOrder { users, actor: grace(), now: world.now() }
}

impl Three {
    pub async fn command(&mut self, dice: &mut Dice) {
        if self.known.is_empty() {
            return;
        }
        let id = dice.one(&self.known);
        let command = dice.one(&[
            Command::Cancel,
            Command::CancelAndDelete,
            Command::Retry,
            Command::Retry,
            Command::Pause,
            Command::Resume,
            Command::Resume,
            Command::Heal { to: State::Created },
            Command::Heal { to: State::Propagated },
        ]);
        let member = all!(self, "member", |world| world.member(id).await);
        all!(self, "command", |world| {
            world
                .commit_rows(rows(world, std::slice::from_ref(&member), false, &Input::Ordered(command)))
                .await
        });
    }

    pub async fn hand_over(&mut self, dice: &mut Dice) {
        let users = self.users().await;
        let users = dice.some(&users);
        let what = dice.below(4);
        if what != 3 {
            let order = |world: &World| order_of(world, users.clone());
            all!(self, "take", |world| world.store.take_passwords(order(world)).await.unwrap());
        }
        match what {
            0 => all!(self, "give back", |world| {
                world.store.give_passwords_back(order_of(world, users.clone())).await.unwrap()
            }),
            1 | 3 => drop(all!(self, "acknowledge", |world| {
                world.store.acknowledge_passwords(order_of(world, users.clone())).await.unwrap()
            })),
            _ => {}
        }
    }

    pub async fn rotate(&mut self, dice: &mut Dice) {
        let users = self.users().await;
        let users = dice.some(&users);
        let stored = all!(self, "passwords", |world| world.store.passwords(users.clone()).await.unwrap());
        let mut rotations = Vec::new();
        for one in &stored {
            let intent = all!(self, "an id", |world| IntentId(world.id()));
            // Now and then somebody goes by what was there before.
            let before = one.rotation.filter(|_| !dice.once_in(8));
            rotations.push(Rotation { user: one.user, intent, before });
        }
        let sealed = vec![vec![9; 5]; rotations.len()];
        all!(self, "rotate", |world| {
            let order = order_of(world, Vec::new());
            world.store.begin_rotations(rotations.clone(), sealed.clone(), order).await.unwrap()
        });
        if dice.once_in(4) {
            return;
        }
        let failure = || Failure::new(Code::RemoteUncertain, "lost");
        let mut ends = Vec::new();
        for one in rotations {
            ends.push((
                one,
                match dice.below(4) {
                    0 => RotationEnd::NotDone(failure()),
                    1 => RotationEnd::Unknown(failure()),
                    _ => RotationEnd::Confirmed,
                },
            ));
        }
        all!(self, "rotated", |world| {
            world.store.end_rotations(ends.clone(), order_of(world, Vec::new())).await.unwrap()
        });
    }
}
