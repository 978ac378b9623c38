//! Clients for the four Microsoft services over one transport. Knows no request.

mod https;
mod origin;
mod resolver;
mod transport;

mod access;
mod answer;
mod azure_cli;
mod client_certificate;
mod credential;
mod exchange;
mod failures;
mod federated;
mod retry_after;
mod service;
mod sign_in;
mod source_url;
mod tenant;
mod token;
mod tokens;
mod verdict;
mod wire;

mod escape;
mod wording;

mod directory_user;
mod graph;
mod graph_batch;
mod graph_groups;
mod graph_licenses;
mod graph_search;
mod graph_users;

mod dataverse;
mod dataverse_access;
mod dataverse_rows;
mod dataverse_survey;
mod multipart;
mod multipart_answer;

mod power_platform;
mod power_platform_environment;

pub use access::{CloudOrigins, Limits, TenantAccess};
pub use client_certificate::{ClientCertificate, ClientCertificateError};
pub use credential::{Credential, FederatedSource, IdentityEndpoint};
pub use dataverse::{Dataverse, Impersonation, WhoAmI};
pub use dataverse_access::AccessChange;
pub use dataverse_rows::{AccessMode, BusinessUnit, HeldRole, Role, SystemUser};
pub use dataverse_survey::Survey;
pub use directory_user::{DirectoryUser, LicenseState, LicenseStatus, NewUser, UserKey};
pub use failures::{AnswerRow, Speaker, Word, answer_rows};
pub use graph::Graph;
pub use graph_licenses::{Capability, Removal, SubscribedSku};
pub use https::{HttpsSettings, HttpsSettingsError, HttpsTransport};
pub use origin::{Origin, OriginError};
pub use power_platform::{AddUser, PowerPlatform};
pub use power_platform_environment::{EnvironmentFacts, EnvironmentStanding};
pub use source_url::SourceUrl;
pub use tenant::TenantClient;
pub use transport::{Transport, TransportError};
pub use verdict::{CallFailure, Effect, Members, Verdict};
