//! Which of Microsoft's services a call goes to.

use super::failures::Speaker;
use crate::domain::Code;
use http::{HeaderName, HeaderValue};

/// A service that takes our tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// Microsoft Graph: users and licenses.
    Graph,
    /// The Web API of one Dataverse environment.
    Dataverse,
    /// The administration of Power Platform ("BAP").
    PowerPlatform,
}

impl Service {
    /// The code of a refusal that no table knows.
    pub(crate) const fn refused(self) -> Code {
        match self {
            Self::Graph => Code::GraphRefused,
            Self::Dataverse => Code::DataverseRefused,
            Self::PowerPlatform => Code::PowerPlatformRefused,
        }
    }

    /// Whose rows of the table of answers are looked at.
    pub(crate) const fn speaker(self) -> Speaker {
        match self {
            Self::Graph => Speaker::Graph,
            Self::Dataverse => Speaker::Dataverse,
            Self::PowerPlatform => Speaker::PowerPlatform,
        }
    }

    /// The headers every call to it carries beside the token.
    pub(crate) fn headers(self) -> Vec<(HeaderName, HeaderValue)> {
        let accept = (http::header::ACCEPT, HeaderValue::from_static("application/json"));
        match self {
            Self::Graph | Self::PowerPlatform => vec![accept],
            // https://learn.microsoft.com/power-apps/developer/data-platform/webapi/compose-http-requests-handle-errors
            Self::Dataverse => vec![
                accept,
                (HeaderName::from_static("odata-version"), HeaderValue::from_static("4.0")),
                (HeaderName::from_static("odata-maxversion"), HeaderValue::from_static("4.0")),
                (http::header::IF_NONE_MATCH, HeaderValue::from_static("null")),
            ],
        }
    }
}
