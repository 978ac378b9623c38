//! What steps and people are called in sentences.

use crate::domain::{Step, Who};

/// What Seatless does during a step, to stand behind "is" or at the beginning of a line.
pub const fn doing(step: Step) -> &'static str {
    match step {
        Step::CheckEnvironment => "checking the environment",
        Step::CreateUser => "creating the user",
        Step::AssignLicense => "assigning the license",
        Step::AwaitPropagation => "waiting for the environment to know the user",
        Step::SetNonInteractive => "setting the access mode",
        Step::RemoveLicense => "taking the license back",
        Step::Verify => "verifying the account",
        Step::DeleteUser => "deleting the user",
        Step::DisableUser => "disabling the user",
    }
}

/// Who can mend a failure, as the subject of a sentence.
pub const fn who_can(who: Who) -> &'static str {
    match who {
        Who::Seatless => "nobody needs to; Seatless tries again",
        Who::Requester => "whoever submitted the request",
        Who::Operator => "whoever runs Seatless",
        Who::TenantAdmin => "an administrator of the tenant",
        Who::EnvironmentAdmin => "an administrator of the environment",
    }
}
