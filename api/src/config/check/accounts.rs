//! Checks of the settings of sign-in and mail.
use std::{ops::RangeInclusive, time::Duration};

use secrecy::SecretString;
use service::{
    identity,
    mail::{self, Transport},
};

use super::{
    DAY, LIFETIME, Problem, Rule, SECRET, SECRET_EACH, broken_rules,
    values::{is_long, is_role},
};
use crate::config::{Profile, Settings};

/// KiB, from the minimum of the OWASP Password Storage Cheat Sheet to the most that one sign-in may reasonably use.
const HASH_MEMORY: RangeInclusive<u32> = 7_168..=1_048_576;
pub(super) fn auth_rules(auth: &identity::Settings) -> [Rule; 12] {
    let lifetime = LIFETIME.contains(&auth.session_lifetime);
    let token = LIFETIME.contains(&auth.token_lifetime);
    let idle = auth.session_idle >= Duration::from_mins(5) && auth.session_idle <= 365 * DAY;
    let cached = auth.cache_lifetime <= Duration::from_secs(30);
    let pepper = auth.pepper.as_ref().is_none_or(is_long);
    let old_peppers = auth.old_peppers.iter().all(is_long);
    let (memory, passes, lanes) = (auth.hash_memory, auth.hash_passes, auth.hash_lanes);
    [
        (
            "auth.min_password_score",
            auth.min_password_score <= 4,
            "must be from 0 to 4",
        ),
        (
            "auth.hash_memory",
            HASH_MEMORY.contains(&memory),
            "must be from 7168 to 1048576",
        ),
        (
            "auth.hash_passes",
            (1..=32).contains(&passes),
            "must be from 1 to 32",
        ),
        (
            "auth.hash_lanes",
            (1..=16).contains(&lanes),
            "must be from 1 to 16",
        ),
        ("auth.pepper", pepper, SECRET),
        ("auth.old_peppers", old_peppers, SECRET_EACH),
        ("auth.session_lifetime", lifetime, "must be from 1m to 365d"),
        ("auth.session_idle", idle, "must be from 5m to 365d"),
        ("auth.token_lifetime", token, "must be from 1m to 365d"),
        ("auth.cache_lifetime", cached, "must be at most 30s"),
        ("auth.key", auth.key.as_ref().is_none_or(is_long), SECRET),
        (
            "auth.require_totp_for",
            auth.require_totp_for.iter().all(|name| is_role(name)),
            "must be names of roles, such as admin,editor",
        ),
    ]
}

/// Checks that mail can be sent and that its links work.
pub fn mail(settings: &Settings, profile: Profile) -> Vec<Problem> {
    let Settings {
        mail, server, auth, ..
    } = settings;
    let is_from = |from: &String| mail::is_sender(from);
    let is_url = |url: &SecretString| mail::is_smtp_url(url);
    let is = |transport| mail.transport == transport;
    let is_on = !is(Transport::None);
    let leads_here = profile != Profile::Production && !is(Transport::Smtp);
    let has_links = server.public_url.is_some() || leads_here;
    let has_server = mail.smtp_url.as_ref().is_some_and(is_url);
    let verifies = is_on || !auth.require_verified_email;
    broken_rules([
        (
            "mail.from",
            !is_on || mail.from.as_ref().is_some_and(is_from),
            mail::FROM,
        ),
        (
            "mail.smtp_url",
            !is(Transport::Smtp) || has_server,
            mail::SMTP_URL,
        ),
        (
            "mail.folder",
            !is(Transport::File) || mail.folder.is_some(),
            "must be the folder that mail is written to",
        ),
        (
            "server.public_url",
            !is_on || has_links,
            "must be set, because links in mail begin with it",
        ),
        (
            "auth.require_verified_email",
            verifies,
            "needs mail: set mail.transport",
        ),
    ])
}
