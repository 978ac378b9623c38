//! By what our application proves who it is.

use super::{ClientCertificate, SourceUrl};
use secrecy::SecretString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Our application's credential in one tenant. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub enum Credential {
    /// A password of the application.
    ClientSecret {
        /// The application's id.
        client_id: Uuid,
        /// The secret's value.
        secret: SecretString,
    },
    /// A certificate of the application.
    Certificate {
        /// The application's id.
        client_id: Uuid,
        /// The certificate with its key.
        certificate: Arc<ClientCertificate>,
    },
    /// A token of another issuer whom the application trusts (workload identity federation).
    Federated {
        /// The application's id.
        client_id: Uuid,
        /// Where such a token comes from.
        source: FederatedSource,
    },
    /// The identity of the Azure resource on which we run.
    ManagedIdentity {
        /// The application's id of a user-assigned identity; none: the system-assigned one.
        client_id: Option<Uuid>,
        /// Whom to ask.
        endpoint: IdentityEndpoint,
    },
    /// Whoever is signed in to the Azure CLI on this machine.
    AzureCli {
        /// The program: a path, or a name to be found in the search path.
        program: PathBuf,
        /// How long it may take; it needs a second or two, and longer if it waits for somebody.
        deadline: Duration,
    },
}

/// Where the token of another issuer comes from. It is fetched anew for each exchange, since it soon ends.
#[derive(Clone, Debug)]
pub enum FederatedSource {
    /// A file that somebody else keeps fresh, such as Kubernetes.
    File(PathBuf),
    /// The job of GitHub Actions in which we run.
    GitHubActions {
        /// What `ACTIONS_ID_TOKEN_REQUEST_URL` says.
        url: SourceUrl,
        /// What `ACTIONS_ID_TOKEN_REQUEST_TOKEN` says.
        token: SecretString,
    },
}

/// Who hands out the tokens of a managed identity.
#[derive(Clone, Debug)]
pub enum IdentityEndpoint {
    /// The metadata service of a virtual machine (IMDS).
    Metadata(SourceUrl),
    /// App Service, Functions or Container Apps.
    AppService {
        /// What `IDENTITY_ENDPOINT` says.
        url: SourceUrl,
        /// What `IDENTITY_HEADER` says.
        header: SecretString,
    },
}
