//! The port of passwords, each verb passed on to the file that knows it.

use super::open::PostgresStore;
use super::passwords::{Acknowledge, GiveBack, Take, standing};
use super::rotations::{BeginRotations, EndRotations};
use crate::domain::UserId;
use crate::store::{
    Answer, Password, PasswordOrder, Passwords, Rotation, RotationEnd, RotationFate, SealedPassword,
};

impl Passwords for PostgresStore {
    fn passwords(&self, users: Vec<UserId>) -> Answer<'_, Vec<Password>> {
        Box::pin(async move { standing(&self.readers, &users).await })
    }

    fn take_passwords(&self, order: PasswordOrder) -> Answer<'_, Vec<SealedPassword>> {
        self.tell(Take(order))
    }

    fn give_passwords_back(&self, order: PasswordOrder) -> Answer<'_, ()> {
        self.tell(GiveBack(order))
    }

    fn acknowledge_passwords(&self, order: PasswordOrder) -> Answer<'_, Vec<UserId>> {
        self.tell(Acknowledge(order))
    }

    fn begin_rotations(
        &self,
        rotations: Vec<Rotation>,
        sealed: Vec<Vec<u8>>,
        order: PasswordOrder,
    ) -> Answer<'_, Vec<RotationFate>> {
        self.tell(BeginRotations { rotations, sealed, order })
    }

    fn end_rotations(
        &self,
        ends: Vec<(Rotation, RotationEnd)>,
        order: PasswordOrder,
    ) -> Answer<'_, Vec<RotationFate>> {
        self.tell(EndRotations { ends, order })
    }
}
