//! Every answer that a service is known to give, from the simulator over HTTP through the real client: what it comes to, and
//! that each row of the table of answers is reached. What is expected stands here a second time, read from the same sources.

use crate::cloud_on_a_port::Port;
use crate::graph::new_user;
use crate::log::{listen, take_rows};
use seatless::cloud::{AccessChange, AddUser, CallFailure, Impersonation, Removal, Verdict, answer_rows};
use seatless::domain::{Code, ObjectId, SkuId, SystemUserId};
use seatless::simulator::{Refusal, refusals};
use std::collections::BTreeSet;
use uuid::Uuid;

/// What a call comes to.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Refused(&'static str),
    Absent(&'static str),
    Throttled,
    /// Nothing was changed: a read, or no token.
    Unavailable,
    Unreadable,
    NotSent,
    /// Nobody knows what came of the write.
    Uncertain,
    /// What was asked for holds already.
    Done(&'static str),
}

use End::{Absent, Done, NotSent, Refused, Throttled, Unavailable, Uncertain, Unreadable};

const NAME_TAKEN: End = Refused("graph.name-taken");
const GRAPH_FAULT: End = Refused("graph.call-invalid");
const DATAVERSE_FAULT: End = Refused("dataverse.call-invalid");
const PRIVILEGE: End = Refused("dataverse.privilege-missing");
const UNLICENSED: End = Refused("dataverse.user-unlicensed");
const PROTECTED: End = Refused("dataverse.user-protected");
const ROLE: End = Refused("dataverse.role-refused");
const SCOPE: End = Refused("sign-in.scope-refused");

/// Each refusal of the simulator, by its name there, and what it comes to.
const EXPECTED: &[(&str, End)] = &[
    ("AADSTS7000215", Refused("sign-in.secret-invalid")),
    ("AADSTS7000222", Refused("sign-in.secret-expired")),
    ("AADSTS700016", Refused("sign-in.app-unknown")),
    ("AADSTS7000112", Refused("sign-in.app-disabled")),
    ("AADSTS90002", Refused("sign-in.tenant-unknown")),
    ("invalid_tenant", Refused("sign-in.tenant-unknown")),
    ("AADSTS90038", Refused("sign-in.tenant-unknown")),
    ("AADSTS700027", Refused("sign-in.credential-refused")),
    ("AADSTS700024", Refused("sign-in.clock-off")),
    ("AADSTS700213", Refused("sign-in.credential-refused")),
    ("invalid_client", Refused("sign-in.credential-refused")),
    ("AADSTS500011", Refused("sign-in.resource-unknown")),
    ("invalid_resource", Refused("sign-in.resource-unknown")),
    ("AADSTS70011", SCOPE),
    ("AADSTS700022", SCOPE),
    ("AADSTS28002", SCOPE),
    ("invalid_scope", SCOPE),
    ("AADSTS90055", Throttled),
    ("AADSTS90006", Unavailable),
    ("AADSTS90024", Unavailable),
    ("AADSTS90033", Unavailable),
    ("AADSTS90090", Unavailable),
    ("AADSTS50000", Unavailable),
    ("temporarily_unavailable", Unavailable),
    ("server_error", Unavailable),
    ("AADSTS999999", Refused("sign-in.refused")),
    ("entra.page-403", Unreadable),
    ("graph.name-conflict", NAME_TAKEN),
    ("graph.address-conflict", Refused("graph.address-taken")),
    ("graph.other-conflict", Refused("graph.user-invalid")),
    ("graph.name-taken", NAME_TAKEN),
    ("graph.address-taken", Refused("graph.address-taken")),
    ("graph.domain-invalid", Refused("graph.domain-invalid")),
    ("graph.name-invalid", Refused("graph.user-invalid")),
    ("graph.nickname-invalid", Refused("graph.user-invalid")),
    ("graph.password-refused", Refused("graph.password-refused")),
    ("graph.password-missing", GRAPH_FAULT),
    ("graph.quota-exceeded", Refused("graph.quota-exceeded")),
    ("graph.denied", Refused("graph.permission-missing")),
    ("graph.concurrent", Refused("graph.concurrent")),
    ("graph.not-found", Absent("graph.user-gone")),
    ("graph.not-found-short", Absent("graph.user-gone")),
    ("graph.throttled", Throttled),
    ("graph.throttled-403", Throttled),
    ("graph.throttled-temporarily", Throttled),
    ("graph.throttled-spelled-otherwise", Throttled),
    ("graph.not-available", Unavailable),
    ("graph.unknown-error", Unavailable),
    ("graph.gateway-timeout", Unavailable),
    ("graph.usage-location-invalid", Refused("graph.usage-location-invalid")),
    ("graph.no-licenses", Refused("graph.no-seat")),
    ("graph.mutually-exclusive", Refused("graph.license-conflict")),
    ("graph.depends-on-plan", Refused("graph.license-conflict")),
    ("graph.not-subscribed", Refused("graph.license-unknown")),
    ("graph.license-not-held", Done("was not there")),
    ("graph.license-inherited", Refused("graph.license-inherited")),
    ("graph.no-license-changes", GRAPH_FAULT),
    ("graph.already-member", Done("joined")),
    ("graph.not-a-member", Refused("graph.refused")),
    ("graph.unsupported-query", GRAPH_FAULT),
    ("graph.precondition-failed", GRAPH_FAULT),
    ("graph.token-invalid", Refused("remote.unauthorized")),
    ("graph.brand-new", Refused("graph.refused")),
    ("graph.brand-new-code", Refused("graph.refused")),
    ("graph.page-404", Unreadable),
    ("graph.page-403", Refused("graph.refused")),
    ("dataverse.no-slot", Refused("dataverse.no-slot")),
    ("dataverse.requests-limit", Throttled),
    ("dataverse.execution-time-limit", Throttled),
    ("dataverse.concurrency-limit", Throttled),
    ("dataverse.privilege-denied", PRIVILEGE),
    ("dataverse.principal-privilege-denied", PRIVILEGE),
    ("dataverse.access-denied", PRIVILEGE),
    ("dataverse.no-roles", PRIVILEGE),
    ("dataverse.not-a-member", Refused("dataverse.not-member")),
    ("dataverse.no-license", UNLICENSED),
    ("dataverse.cannot-enable-unlicensed", UNLICENSED),
    ("dataverse.licenses-not-enough", UNLICENSED),
    ("dataverse.application-user-mode", Refused("dataverse.application-user")),
    ("dataverse.application-user", Refused("dataverse.application-user")),
    ("dataverse.no-user-interface", DATAVERSE_FAULT),
    ("dataverse.object-id-read-only", DATAVERSE_FAULT),
    ("dataverse.object-id-unknown", DATAVERSE_FAULT),
    ("dataverse.user-exists", Refused("dataverse.user-ambiguous")),
    ("dataverse.tenant-admin", PROTECTED),
    ("dataverse.system-admin", PROTECTED),
    ("dataverse.last-full-access", PROTECTED),
    ("dataverse.read-only-user", PROTECTED),
    ("dataverse.special-user", PROTECTED),
    ("dataverse.delete-enabled", DATAVERSE_FAULT),
    ("dataverse.enable-deleted", Refused("dataverse.user-disabled")),
    ("dataverse.wrong-business-unit", ROLE),
    ("dataverse.role-of-disabled", ROLE),
    ("dataverse.reference-invalid", ROLE),
    ("dataverse.row-not-found", Absent("dataverse.user-missing")),
    ("dataverse.row-not-found-codeless", Absent("dataverse.user-missing")),
    ("dataverse.reference-not-found", DATAVERSE_FAULT),
    ("dataverse.no-such-segment", DATAVERSE_FAULT),
    ("dataverse.admin-mode", Refused("dataverse.admin-mode")),
    ("dataverse.organization-disabled", Refused("dataverse.environment-disabled")),
    ("dataverse.row-version", Refused("dataverse.concurrent")),
    ("dataverse.precondition-failed", Refused("dataverse.concurrent")),
    ("dataverse.app-lock-timeout", Uncertain),
    ("dataverse.aad-error", Unavailable),
    ("dataverse.too-many-conditions", DATAVERSE_FAULT),
    ("dataverse.stream-unreadable", DATAVERSE_FAULT),
    ("dataverse.sql-error", Unavailable),
    ("dataverse.brand-new", Refused("dataverse.refused")),
    ("dataverse.page-404", Unreadable),
    ("dataverse.unauthorized", Refused("remote.unauthorized")),
    ("powerplatform.not-licensed", Done("not licensed yet")),
    ("powerplatform.not-licensed-bare", Done("not licensed yet")),
    ("powerplatform.forbidden", Refused("powerplatform.not-registered")),
    ("powerplatform.forbidden-otherwise", Refused("powerplatform.not-registered")),
    ("powerplatform.environment-unknown", Refused("powerplatform.environment-unknown")),
    ("powerplatform.busy", Uncertain),
    ("powerplatform.not-in-group", Refused("powerplatform.refused")),
    ("powerplatform.throttled", Throttled),
    ("powerplatform.error", Uncertain),
    ("powerplatform.page-404", Uncertain),
    ("proxy.407", NotSent),
    ("gateway.408", Unavailable),
    ("gateway.425", Unavailable),
    ("gateway.499", Unavailable),
    ("gateway.502", Unavailable),
    ("moved.302", Unreadable),
];

fn user() -> ObjectId {
    ObjectId(Uuid::from_u128(0x0b))
}

/// Makes the call that the refusal belongs to, with a new client.
async fn call(port: &Port, refusal: &Refusal) -> End {
    let client = port.client();
    let (graph, dataverse) = (client.graph(), client.dataverse(port.environment()));
    let sku = SkuId::parse("DYN365_ENTERPRISE_SALES").unwrap();
    let place = refusal.place.rsplit('/').next().unwrap();
    let failed = match place {
        "token" | "subscribedSkus" => graph.subscribed_skus().await.map(drop),
        "users" => alone(graph.create_users(&[new_user("svc-a@contoso.com")]).await).map(drop),
        "assignLicense" if refusal.name == "graph.license-not-held" => {
            let removed = alone(graph.remove_license(&[(user(), sku)]).await);
            assert_eq!(removed, Ok(Removal::WasNotThere));
            return Done("was not there");
        }
        "assignLicense" => alone(graph.assign_license(&[(user(), sku)]).await),
        "$ref" => match alone(graph.join_groups(&[(Uuid::from_u128(1), user())]).await) {
            Ok(()) => return Done("joined"),
            Err(failure) => Err(failure),
        },
        "WhoAmI" => dataverse.who_am_i().await.map(drop),
        "addUser" => {
            let environment = "33333333-3333-4333-8333-333333333333";
            match client.power_platform().add_user(environment, user()).await {
                Ok(AddUser::NotLicensedYet) => return Done("not licensed yet"),
                other => other.map(drop),
            }
        }
        _ => {
            let row = SystemUserId(Uuid::from_u128(0x50));
            let change = AccessChange { user: row, business_unit: None, add_roles: Vec::new() };
            alone(dataverse.make_non_interactive(&[change]).await).map(drop)
        }
    };
    end(failed.expect_err(refusal.name))
}

fn alone<T>(members: seatless::cloud::Members<T>) -> Result<T, CallFailure> {
    members.and_then(|mut members| members.pop().expect("one member"))
}

fn end(CallFailure { failure, verdict }: CallFailure) -> End {
    let code = failure.code.as_str();
    match (verdict, failure.code) {
        (Verdict::Throttled { retry_after }, Code::RemoteThrottled) => {
            assert!(retry_after.is_none_or(|wait| wait.as_secs() == 7), "{retry_after:?}");
            Throttled
        }
        (Verdict::Refused, _) => Refused(code),
        (Verdict::Absent, _) => Absent(code),
        (Verdict::Unavailable { .. }, Code::RemoteUnavailable) => Unavailable,
        (Verdict::Unavailable { .. }, Code::RemoteUnreadable) => Unreadable,
        (Verdict::NotSent, Code::RemoteUnavailable) => NotSent,
        (Verdict::Uncertain { .. }, Code::RemoteUncertain | Code::RemoteUnreadable) => Uncertain,
        other => panic!("{other:?} with {code}"),
    }
}

#[tokio::test]
async fn every_answer_comes_to_what_the_sources_say_and_every_row_is_reached() {
    listen();
    let port = Port::open().await;
    let mut reached = BTreeSet::new();
    let mut wrong = Vec::new();
    for refusal in refusals() {
        port.refuse(refusal.name);
        let Some((_, expected)) = EXPECTED.iter().find(|(name, _)| *name == refusal.name) else {
            wrong.push(format!("{}: nothing is expected of it", refusal.name));
            continue;
        };
        let ended = call(&port, refusal).await;
        let decided = take_rows();
        if ended != *expected || decided.len() != 1 {
            wrong.push(format!("{}: {ended:?} in place of {expected:?}, by {decided:?}", refusal.name));
        }
        reached.extend(decided);
    }
    // Names are unique but for those that several services share.
    let missed: Vec<&str> =
        answer_rows().map(|row| row.name).filter(|name| !reached.contains(*name)).collect();
    assert!(wrong.is_empty() && missed.is_empty(), "not reached: {missed:?}\n{}", wrong.join("\n"));
    assert_eq!(EXPECTED.len(), refusals().count(), "something is expected of a refusal that there is not");
}

#[test]
fn every_row_has_a_name_of_its_own_a_cause_and_a_source() {
    let names: BTreeSet<&str> = answer_rows().map(|row| row.name).collect();
    assert_eq!(names.len(), answer_rows().count());
    for row in answer_rows() {
        assert!(row.cause.ends_with('.') && !row.source.is_empty(), "{}", row.name);
        assert_eq!(row.says, row.says.to_lowercase(), "{}", row.name);
    }
}

#[tokio::test]
async fn what_an_impersonated_user_lacks_tells_how_far_the_user_has_come() {
    let port = Port::open().await;
    for (name, expected) in [
        ("dataverse.no-roles", Impersonation::PresentWithoutRole),
        ("dataverse.not-a-member", Impersonation::NotMember),
    ] {
        port.refuse(name);
        let dataverse = port.client().dataverse(port.environment());
        assert_eq!(dataverse.who_am_i_as(user()).await.unwrap(), expected);
    }
}
