//! What the pages of a server show, and the cookies that they need.
use web::{cookie::HostCookie, settings::ServerSettings};

use crate::config::{Profile, Settings};

/// The cookie that keeps a browser signed in.
pub const SESSION_COOKIE: HostCookie = HostCookie("__Host-atoll");
/// The name of the cookie on plain HTTP, which only development uses. Browsers refuse the other one there, some of them even from this machine.
const PLAIN_SESSION_COOKIE: HostCookie = HostCookie("atoll-dev");

/// The choices of an installation that its pages and its cookies depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Site {
    /// True in the profile `development`.
    pub is_development: bool,
    pub has_admin: bool,
    /// The cookie that keeps a browser signed in.
    pub session_cookie: HostCookie,
}

impl Site {
    pub fn new(profile: Profile, server: &ServerSettings, has_admin: bool) -> Self {
        let is_development = profile == Profile::Development;
        let public_url = server.public_url.as_deref().unwrap_or_default();
        let is_plain = is_development && !public_url.starts_with("https://");
        Self {
            is_development,
            has_admin,
            session_cookie: if is_plain {
                PLAIN_SESSION_COOKIE
            } else {
                SESSION_COOKIE
            },
        }
    }

    pub fn of(profile: Profile, settings: &Settings) -> Self {
        Self::new(profile, &settings.server, settings.admin.enabled)
    }

    /// Returns the path of the page on which users sign in.
    pub fn sign_in_page(self) -> &'static str {
        if self.has_admin { "admin/" } else { "docs" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_development_on_plain_http_has_a_cookie_for_plain_http() {
        for (profile, public_url, name) in [
            (Profile::Development, None, "atoll-dev"),
            (
                Profile::Development,
                Some("http://10.0.0.7:8080"),
                "atoll-dev",
            ),
            (
                Profile::Development,
                Some("https://example.org"),
                "__Host-atoll",
            ),
            (Profile::Test, None, "__Host-atoll"),
            (Profile::Production, None, "__Host-atoll"),
            (
                Profile::Production,
                Some("http://10.0.0.7:8080"),
                "__Host-atoll",
            ),
        ] {
            let server = ServerSettings {
                public_url: public_url.map(str::to_owned),
                ..ServerSettings::default()
            };
            let cookie = Site::new(profile, &server, true).session_cookie;
            assert_eq!(cookie, HostCookie(name), "{profile} {public_url:?}");
            assert_eq!(cookie.is_secure(), name == "__Host-atoll");
        }
    }
}
