//! The calls that hostile answers are given to: what an honest service answers to each, and what is then believed.

use super::listener::{Asked, JSON, Listener};
use crate::graph::new_user;
use seatless::cloud::{AccessChange, CallFailure, Members, TenantClient, UserKey, Verdict};
use seatless::domain::{Code, ObjectId, SkuId, SystemUserId};
use uuid::Uuid;

pub(crate) const OURS: &str = "87d349ed-44d7-43e1-9a83-5f2406dee5bd";
pub(crate) const OUR_ROW: &str = "3f0b0000-0000-0000-0000-000000000001";
pub(crate) const OUR_NAME: &str = "svc-billing-01@contoso.com";
pub(crate) const STRANGER: &str = "99999999-9999-4999-8999-999999999999";
const SKU: &str = "1e1a282c-9c54-43a2-9310-98ef728faace";

/// A call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Skus,
    Holders,
    Create,
    Read,
    ReadByName,
    Assign,
    Remove,
    Delete,
    Member,
    WhoAmI,
    Find,
    Convert,
    AddUser,
}

pub(crate) const CALLS: [Call; 13] = [
    Call::Skus,
    Call::Holders,
    Call::Create,
    Call::Read,
    Call::ReadByName,
    Call::Assign,
    Call::Remove,
    Call::Delete,
    Call::Member,
    Call::WhoAmI,
    Call::Find,
    Call::Convert,
    Call::AddUser,
];

impl Call {
    pub(crate) fn writes(self) -> bool {
        use Call::{AddUser, Assign, Convert, Create, Delete, Remove};
        matches!(self, Create | Assign | Remove | Delete | Convert | AddUser)
    }

    /// Whether an answer to it says whom it is about.
    pub(crate) fn names_somebody(self) -> bool {
        use Call::{Assign, Convert, Create, Find, Member, Read, ReadByName, Remove};
        matches!(self, Create | Read | ReadByName | Assign | Remove | Member | Find | Convert)
    }

    /// The headers of an honest answer beside its length.
    pub(crate) fn headers(self) -> &'static str {
        match self {
            Self::Convert => "content-type: multipart/mixed; boundary=batchresponse_9",
            _ => JSON,
        }
    }

    /// The body of an honest answer.
    pub(crate) fn body(self) -> String {
        let user = format!(
            r#"{{"id":"{OURS}","userPrincipalName":"{OUR_NAME}","accountEnabled":true,"usageLocation":"GB","onPremisesSyncEnabled":null,"onPremisesExtensionAttributes":{{"extensionAttribute15":"seatless:s:u:i"}},"licenseAssignmentStates":[{{"skuId":"{SKU}","assignedByGroup":null,"state":"Active","error":"None"}}]}}"#
        );
        let row = format!(
            r#"{{"value":[{{"systemuserid":"{OUR_ROW}","azureactivedirectoryobjectid":"{OURS}","domainname":"{OUR_NAME}","accessmode":4,"isdisabled":false,"islicensed":true,"applicationid":null,"azurestate":0,"deletedstate":0,"disabledreason":null,"_businessunitid_value":"{SKU}","systemuserroles_association":[]}}]}}"#
        );
        let item = |status: u16, body: &str| {
            format!(r#"{{"responses":[{{"id":"1","status":{status},"headers":{{}},"body":{body}}}]}}"#)
        };
        match self {
            Self::Skus => format!(
                r#"{{"value":[{{"skuId":"{SKU}","skuPartNumber":"DYN365_ENTERPRISE_SALES","capabilityStatus":"Enabled","consumedUnits":1,"prepaidUnits":{{"enabled":9,"warning":0}}}}]}}"#
            ),
            Self::Holders => format!(r#"{{"value":[{user}]}}"#),
            Self::Create => item(201, &format!(r#"{{"id":"{OURS}","userPrincipalName":"{OUR_NAME}"}}"#)),
            Self::Read | Self::ReadByName => item(200, &user),
            Self::Assign | Self::Remove => item(200, &format!(r#"{{"id":"{OURS}"}}"#)),
            Self::Delete => r#"{"responses":[{"id":"1","status":204,"headers":{}}]}"#.to_owned(),
            Self::Member => item(200, &format!(r#"{{"value":[{{"id":"{OURS}"}}]}}"#)),
            Self::WhoAmI => {
                format!(r#"{{"BusinessUnitId":"{SKU}","UserId":"{OUR_ROW}","OrganizationId":"{SKU}"}}"#)
            }
            Self::Find => row,
            Self::Convert => format!(
                "--batchresponse_9\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n\r\n\
                 --batchresponse_9\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 200 OK\r\n\
                 Content-Type: application/json\r\n\r\n{row}\r\n--batchresponse_9--\r\n"
            ),
            Self::AddUser => String::new(),
        }
    }

    /// Makes the call; what is believed, as text.
    pub(crate) async fn make(
        self,
        client: &TenantClient,
        listener: &Listener,
    ) -> Result<String, CallFailure> {
        let graph = client.graph();
        let dataverse = client.dataverse(listener.environment());
        let (user, row) = (ours(), SystemUserId(OUR_ROW.parse().unwrap()));
        let sku = SkuId(SKU.parse().unwrap());
        match self {
            Self::Skus => graph.subscribed_skus().await.map(|skus| format!("{skus:?}")),
            Self::Holders => graph.license_holders(sku).await.map(|users| format!("{users:?}")),
            Self::Create => alone(graph.create_users(&[new_user(OUR_NAME)]).await).map(|id| id.to_string()),
            Self::Read => alone(graph.read_users(&[UserKey::Id(user)]).await).map(|user| format!("{user:?}")),
            Self::ReadByName => {
                let key = UserKey::UserPrincipalName(OUR_NAME.to_owned());
                alone(graph.read_users(&[key]).await)
                    .map(|user| user.map(|user| user.user_principal_name).unwrap_or_default())
            }
            Self::Assign => alone(graph.assign_license(&[(user, sku)]).await).map(|()| OURS.to_owned()),
            Self::Remove => {
                alone(graph.remove_license(&[(user, sku)]).await).map(|removal| format!("{removal:?}"))
            }
            Self::Delete => alone(graph.delete_users(&[user]).await).map(|()| String::new()),
            Self::Member => {
                alone(graph.are_direct_members(&[(Uuid::nil(), user)]).await).map(|is| is.to_string())
            }
            Self::WhoAmI => dataverse.who_am_i().await.map(|who| format!("{who:?}")),
            Self::Find => dataverse.find_users(&[user]).await.map(|users| format!("{users:?}")),
            Self::Convert => {
                let change = AccessChange { user: row, business_unit: None, add_roles: Vec::new() };
                alone(dataverse.make_non_interactive(&[change]).await).map(|row| format!("{row:?}"))
            }
            Self::AddUser => {
                client.power_platform().add_user("e", user).await.map(|added| format!("{added:?}"))
            }
        }
    }

    /// What must hold of any end of the call, however hostile the answer was.
    #[track_caller]
    pub(crate) fn judge(self, case: &str, end: &Result<String, CallFailure>) {
        match end {
            Ok(believed) => assert!(!believed.contains(STRANGER), "{self:?}, {case}: {believed}"),
            Err(failure) => {
                // The request was read by the listener, so nobody can say that it was not sent; nor is a page a refusal.
                let lost = matches!(failure.verdict, Verdict::Uncertain { .. } | Verdict::Unavailable { .. });
                let fate = !lost || matches!(failure.verdict, Verdict::Uncertain { .. }) == self.writes();
                assert!(fate, "{self:?}, {case}: {failure:?}");
                let wait = failure.verdict.retry_after().map_or(1, |wait| wait.as_secs());
                assert!((1..=900).contains(&wait), "{self:?}, {case}: {failure:?}");
                assert!(failure.failure.message.len() <= 500, "{self:?}, {case}: {failure:?}");
            }
        }
    }

    /// The same for an answer that is none at all: nothing is believed, nothing is taken for a refusal.
    #[track_caller]
    pub(crate) fn judge_nonsense(self, case: &str, end: &Result<String, CallFailure>) {
        self.judge(case, end);
        let failure = end.as_ref().expect_err(&format!("{self:?}, {case}: something was believed"));
        let codes = [Code::RemoteUnreadable, Code::RemoteUncertain, Code::RemoteUnavailable];
        assert!(codes.contains(&failure.failure.code), "{self:?}, {case}: {failure:?}");
        let uncertain = matches!(failure.verdict, Verdict::Uncertain { .. });
        let unavailable = matches!(failure.verdict, Verdict::Unavailable { .. });
        assert!(if self.writes() { uncertain } else { unavailable }, "{self:?}, {case}: {failure:?}");
    }
}

pub(crate) fn ours() -> ObjectId {
    OURS.parse().unwrap()
}

fn alone<T>(members: Members<T>) -> Result<T, CallFailure> {
    members.and_then(|mut members| members.pop().expect("one member"))
}

/// Whether the request is a later page of a list.
pub(crate) fn is_later_page(asked: &Asked) -> bool {
    asked.line.contains("page-2")
}
