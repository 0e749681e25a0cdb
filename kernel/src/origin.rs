//! Where a request comes from, as far as it can be told.
use std::{net::IpAddr, sync::Arc};

use secrecy::SecretString;

/// Nothing is known of what the command line and the jobs do.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// What the log, the answer and the audit call the request.
    pub request_id: Option<Arc<str>>,
    /// The client's own, also where proxies that are trusted stand between.
    pub address: Option<IpAddr>,
    /// What the client says that it is (RFC 9110, section 10.1.5).
    pub agent: Option<String>,
    /// What says that somebody signed in from this device before.
    pub device: Option<SecretString>,
}
