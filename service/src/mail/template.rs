//! What mail there is. Each has a text, whose first line is the subject, and the same in HTML.
use serde_json::{Value, json};

use crate::auth::one_time::Purpose;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Template {
    /// Show that this address is yours.
    Verify,
    /// Show that the address that you want is yours.
    Address,
    /// Choose another password.
    Reset,
    /// Somebody registered with your address, which you have done already.
    Taken,
    /// Your address was changed, from this one.
    AddressChanged,
    PasswordChanged,
    /// Somebody signed in from a device that was not seen before.
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

    /// Of its files too.
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

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|template| template.name() == name)
    }

    /// What is sent last.
    pub(super) const LAST: i32 = 2;

    /// How soon it is sent while others wait: a lower number goes first. Anybody can have many letters of `Verify` sent by
    /// registering, so a reset goes before them.
    pub(super) const fn urgency(self) -> i32 {
        match self {
            Self::Reset => 0,
            Self::Verify | Self::Address => 1,
            Self::Taken | Self::AddressChanged | Self::PasswordChanged | Self::NewDevice => {
                Self::LAST
            }
        }
    }

    /// The token that it brings.
    pub const fn purpose(self) -> Option<Purpose> {
        match self {
            Self::Verify => Some(Purpose::Verify),
            Self::Address => Some(Purpose::Address),
            Self::Reset => Some(Purpose::Reset),
            Self::Taken | Self::AddressChanged | Self::PasswordChanged | Self::NewDevice => None,
        }
    }

    /// Where the token is brought to, beneath `server.public_url`. Behind the `#`, no server and no proxy logs it.
    pub const fn page(self) -> &'static str {
        match self {
            Self::Reset => "account/reset",
            _ => "account/verify",
        }
    }

    /// The text and the HTML that are part of the program.
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

    /// Everything that it may use, made up: a template that asks for more is broken.
    pub fn sample(self) -> Value {
        let mut sample = json!({ "site": "https://example.org", "username": "ada", "at": "2026-11-20 09:30 UTC" });
        if self.purpose().is_some() {
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
