//! The origin of a request.
use std::{net::IpAddr, sync::Arc};

use secrecy::SecretString;

/// The command line and jobs have an empty origin.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// The id of the request in the log, the answer and the audit log.
    pub request_id: Option<Arc<str>>,
    /// The address of the client, also behind trusted proxies.
    pub address: Option<IpAddr>,
    /// The `User-Agent` that the client sends (RFC 9110, section 10.1.5).
    pub agent: Option<String>,
    /// A token that proves an earlier sign-in from this device.
    pub device: Option<SecretString>,
}
