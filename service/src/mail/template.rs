//! The kinds of mail. Each has a text template, whose first line is the subject, and an HTML template.
use serde_json::{Value, json};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Template {
    /// Asks a user to verify their address.
    Verify,
    /// Asks a user to verify a new address.
    Address,
    /// Lets a user choose a new password.
    Reset,
    /// Tells a user that somebody tried to register with their address.
    Taken,
    /// Tells the former address that the account has another one.
    AddressChanged,
    PasswordChanged,
    /// Tells a user about a sign-in from a new device.
    NewDevice,
}

impl Template {
    pub const ALL: [Self; 7] = [
        Self::Verify,
        Self::Address,
        Self::Reset,
        Self::Taken,
        Self::AddressChanged,
        Self::PasswordChanged,
        Self::NewDevice,
    ];

    /// The name of the template in the database and of its files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Address => "address",
            Self::Reset => "reset",
            Self::Taken => "taken",
            Self::AddressChanged => "address_changed",
            Self::PasswordChanged => "password_changed",
            Self::NewDevice => "new_device",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|template| template.name() == name)
    }

    /// The lowest priority.
    pub(super) const LAST: i32 = 2;

    /// The priority of a mail; lower numbers are sent first. Password resets come before verifications, because anybody can
    /// cause many of those by registering.
    pub(super) const fn priority(self) -> i32 {
        match self {
            Self::Reset => 0,
            Self::Verify | Self::Address => 1,
            Self::Taken | Self::AddressChanged | Self::PasswordChanged | Self::NewDevice => {
                Self::LAST
            }
        }
    }

    /// Returns true if the mail has a link with a token.
    pub const fn has_link(self) -> bool {
        matches!(self, Self::Verify | Self::Address | Self::Reset)
    }

    /// The path of the page that takes the token, below `server.public_url`. The token follows a `#`, so that no server and
    /// no proxy logs it.
    pub const fn page(self) -> &'static str {
        match self {
            Self::Reset => "account/reset",
            _ => "account/verify",
        }
    }

    /// The built-in text and HTML templates.
    pub const fn built_in(self) -> [&'static str; 2] {
        match self {
            Self::Verify => [
                include_str!("../../templates/verify.txt"),
                include_str!("../../templates/verify.html"),
            ],
            Self::Address => [
                include_str!("../../templates/address.txt"),
                include_str!("../../templates/address.html"),
            ],
            Self::Reset => [
                include_str!("../../templates/reset.txt"),
                include_str!("../../templates/reset.html"),
            ],
            Self::Taken => [
                include_str!("../../templates/taken.txt"),
                include_str!("../../templates/taken.html"),
            ],
            Self::AddressChanged => [
                include_str!("../../templates/address_changed.txt"),
                include_str!("../../templates/address_changed.html"),
            ],
            Self::PasswordChanged => [
                include_str!("../../templates/password_changed.txt"),
                include_str!("../../templates/password_changed.html"),
            ],
            Self::NewDevice => [
                include_str!("../../templates/new_device.txt"),
                include_str!("../../templates/new_device.html"),
            ],
        }
    }

    /// Sample values for everything that the template may use. A template that uses other names is invalid.
    pub fn sample(self) -> Value {
        let mut sample = json!({ "site": "https://example.org", "username": "ada", "at": "2026-11-20 09:30 UTC" });
        if self.has_link() {
            sample["link"] = "https://example.org/account/verify#token".into();
            sample["lifetime"] = "24 hours".into();
        }
        if self == Self::NewDevice {
            sample["device"] = "Firefox on Linux".into();
            sample["address"] = "192.0.2.1".into();
        }
        sample
    }
}
