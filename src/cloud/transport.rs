//! The seam to the network: a function from an HTTP request to an HTTP response.

use async_trait::async_trait;
use bytes::Bytes;

/// Sends one HTTP request and returns the whole response.
///
/// The product's one is [`HttpsTransport`](super::HttpsTransport); an in-process service may stand in for it.
/// An implementation neither follows redirects nor replays a request, and bounds both time and size.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends `request`, whose URI is absolute, exactly once.
    ///
    /// A request with a [`Term`](crate::domain::Term) among its extensions is sent only if its deadline lies within that.
    ///
    /// # Errors
    /// When no complete response came back; the variant says whether the service may have acted.
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError>;
}

/// Why there is no response. The reasons name neither the path nor the content of the request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The service certainly did not receive the request: no address, no connection, or no trust.
    #[error("the request could not be sent: {reason}")]
    NotSent {
        /// What stood in the way, in plain words.
        reason: String,
    },
    /// The service may have received the request and acted on it: a timeout, a reset, a cut or oversized response.
    #[error("the answer was lost: {reason}")]
    Lost {
        /// What stood in the way, in plain words.
        reason: String,
    },
}
