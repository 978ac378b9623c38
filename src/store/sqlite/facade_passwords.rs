//! The port of passwords, each verb passed on to the file that knows it.

use super::open::SqliteStore;
use super::passwords::{Acknowledge, GiveBack, Take, standing};
use super::rotations::{BeginRotations, EndRotations};
use super::writer::Job;
use crate::domain::UserId;
use crate::store::{
    Answer, Password, PasswordOrder, Passwords, Rotation, RotationEnd, RotationFate, SealedPassword,
};

impl Passwords for SqliteStore {
    fn passwords(&self, users: Vec<UserId>) -> Answer<'_, Vec<Password>> {
        Box::pin(async move { standing(&self.readers, &users).await })
    }

    fn take_passwords(&self, order: PasswordOrder) -> Answer<'_, Vec<SealedPassword>> {
        self.tell(Take(order), Job::First)
    }

    fn give_passwords_back(&self, order: PasswordOrder) -> Answer<'_, ()> {
        self.tell(GiveBack(order), Job::First)
    }

    fn acknowledge_passwords(&self, order: PasswordOrder) -> Answer<'_, Vec<UserId>> {
        self.tell(Acknowledge(order), Job::First)
    }

    fn begin_rotations(
        &self,
        rotations: Vec<Rotation>,
        sealed: Vec<Vec<u8>>,
        order: PasswordOrder,
    ) -> Answer<'_, Vec<RotationFate>> {
        self.tell(BeginRotations { rotations, sealed, order }, Job::First)
    }

    fn end_rotations(
        &self,
        ends: Vec<(Rotation, RotationEnd)>,
        order: PasswordOrder,
    ) -> Answer<'_, Vec<RotationFate>> {
        self.tell(EndRotations { ends, order }, Job::First)
    }
}
