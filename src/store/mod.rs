//! Durable state behind ports per noun; decides nothing.

mod copy;
mod error;
mod operations;
mod orders;
mod passwords;
mod ports;
mod postgres;
mod rows;
mod sql;
mod sqlite;
mod sweeps;
mod watches;

pub use copy::{CopiedTable, CopyEnd, CopyError, CopyOrder, CopyProgress, copy};
pub use error::StoreError;
pub use operations::{DueItem, ItemEnd, ItemOutcome, Operation, OperationDraft, OperationItem};
pub use orders::{
    BatchDraft, Begin, BeginFate, Claim, Commit, CommitRow, Filter, LaneRelease, Learned, Lease, Page,
    RowFate, StageFault, StageReport, StagedRequest, Tally, TallyEntry,
};
pub use passwords::{
    KeptPassword, OpenRotation, Password, PasswordOrder, PasswordStanding, Rotation, RotationEnd,
    RotationFate, SealedPassword,
};
pub use ports::{
    Admission, Answer, Batches, Events, Intake, Operations, Passwords, Requests, Store, Sweeps, Trust,
    Watches, Work,
};
pub use postgres::{POSTGRES_MIGRATIONS, PostgresOptions, PostgresStore, Rest};
pub use rows::{
    Actor, Batch, Count, Doubt, Event, Group, LaneId, LaneView, LicenseHold, LicensedBy, Member, Origin,
    Pool, PoolKey, PoolKind, Request, Seat, SeatLine, Siblings, Standing, User, UserOrigin,
};
pub use sql::transfer::RowDigest;
pub use sqlite::{
    Backup, MIGRATIONS, Mode, Moved, OpenOptions, OwnerCard, PutBack, Spawn, SqliteStore, WriterStats,
    has_wal_reset_bug,
};
pub use sweeps::{
    Finding, FindingKind, Recheck, RecheckReason, SweepBegin, SweepEnd, SweepStanding, Swept, Trace,
    TracedUser,
};
pub use watches::{DriftCount, WatchGroup, WatchNote};
