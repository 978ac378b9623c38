//! `addUser`.

use crate::script::{answer, error, stage};
use seatless::cloud::{AddUser, Verdict};
use seatless::domain::Code;

#[tokio::test]
async fn every_answer_to_add_user_has_its_meaning() {
    let user = "87d349ed-44d7-43e1-9a83-5f2406dee5bd".parse().unwrap();
    let embedded = error(
        "UserSyncFailed?",
        r#"Prefix. {"errors":[{"Code":"userNotLicensed","Description":"x"}]} The tracking Id is '1f0e'."#,
    );
    let forbidden = error(
        "Forbidden",
        "The service principal with id 'x' for application y does not have permission to access the path 'z' in tenant t",
    );
    for (status, body, expected) in [
        (200, String::new(), Ok(AddUser::Accepted)),
        (200, "{}".to_owned(), Ok(AddUser::Accepted)),
        (400, embedded.clone(), Ok(AddUser::NotLicensedYet)),
        (403, embedded, Ok(AddUser::NotLicensedYet)),
        (400, "userNotLicensed, said without an envelope".to_owned(), Ok(AddUser::NotLicensedYet)),
        (403, forbidden, Err((Code::PowerPlatformNotRegistered, Verdict::Refused))),
        (403, error("Other", "no"), Err((Code::PowerPlatformRefused, Verdict::Refused))),
        (
            404,
            error("EnvironmentNotFound", "no"),
            Err((Code::PowerPlatformEnvironmentUnknown, Verdict::Refused)),
        ),
        (404, "<html>".to_owned(), Err((Code::RemoteUnreadable, Verdict::Uncertain { retry_after: None }))),
        (
            409,
            error("Conflict", "busy"),
            Err((Code::RemoteUncertain, Verdict::Uncertain { retry_after: None })),
        ),
        (400, error("UserNotInGroup", "not a member"), Err((Code::PowerPlatformRefused, Verdict::Refused))),
        (418, String::new(), Err((Code::PowerPlatformRefused, Verdict::Refused))),
        (429, error("x", "y"), Err((Code::RemoteThrottled, Verdict::Throttled { retry_after: None }))),
        (
            500,
            error("x", "userNotLicensed"),
            Err((Code::RemoteUncertain, Verdict::Uncertain { retry_after: None })),
        ),
    ] {
        let stage = stage();
        stage.script.says([answer(status, &body)]);
        let seen = stage.client.power_platform().add_user("env-1", user).await;
        assert_eq!(seen.map_err(|it| (it.failure.code, it.verdict)), expected, "{status} {body}");
    }
}
