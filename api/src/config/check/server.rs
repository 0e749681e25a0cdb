//! The rules of the server and of its load.
use std::ops::RangeInclusive;

use web::{load::LoadSettings, settings::ServerSettings};

use super::{
    DAY, OPTIONAL_TIMEOUT, Rule, SECRET, TIMEOUT,
    values::{is_base, is_long, is_origin, is_timeout},
};

const BODY_LIMIT: RangeInclusive<usize> = 1..=100 * 1024 * 1024;
const BASE: &str = "must be a URL such as https://example.org, without a trailing slash";
const ORIGINS: &str =
    "must be origins such as https://app.example.org or http://localhost:*, without a path";
const AT_LEAST_ONE: &str = "must be at least 1";

pub(super) fn server_rules(server: &ServerSettings) -> [Rule; 16] {
    let origins = server.cors_origins.iter().all(|origin| is_origin(origin));
    [
        (
            "server.public_url",
            server.public_url.as_deref().is_none_or(is_base),
            BASE,
        ),
        (
            "server.secret",
            server.secret.as_ref().is_none_or(is_long),
            SECRET,
        ),
        (
            "server.workers",
            server.workers <= 1_024,
            "must be at most 1024",
        ),
        (
            "server.max_in_flight",
            server.max_in_flight > 0,
            "must be at least 1",
        ),
        (
            "server.max_imports",
            server.max_imports > 0,
            "must be at least 1",
        ),
        (
            "server.import_limit",
            server.import_limit > 0,
            "must be at least 1",
        ),
        (
            "server.max_exports",
            server.max_exports > 0,
            "must be at least 1",
        ),
        (
            "server.max_heavy_reads",
            (1..=10_000).contains(&server.max_heavy_reads),
            "must be from 1 to 10000",
        ),
        (
            "server.export_timeout",
            is_timeout(server.export_timeout),
            TIMEOUT,
        ),
        (
            "server.body_limit, server.bulk_limit",
            BODY_LIMIT.contains(&server.body_limit) && BODY_LIMIT.contains(&server.bulk_limit),
            "must be from 1 to 104857600",
        ),
        (
            "server.body_timeout",
            is_timeout(server.body_timeout),
            TIMEOUT,
        ),
        (
            "server.head_timeout",
            is_timeout(server.head_timeout),
            TIMEOUT,
        ),
        ("server.keep_alive", is_timeout(server.keep_alive), TIMEOUT),
        (
            "server.drain_delay",
            server.drain_delay <= DAY,
            OPTIONAL_TIMEOUT,
        ),
        (
            "server.drain_timeout",
            server.drain_timeout <= DAY,
            OPTIONAL_TIMEOUT,
        ),
        ("server.cors_origins", origins, ORIGINS),
    ]
}

pub(super) fn load_rules(load: &LoadSettings) -> [Rule; 6] {
    let (waiting, wait) = (load.waiting, load.user_wait);
    [
        ("load.user_wait", is_timeout(wait), TIMEOUT),
        ("load.waiting", waiting > 0, AT_LEAST_ONE),
        ("load.body_bytes", load.body_bytes > 0, AT_LEAST_ONE),
        ("load.bulk_bytes", load.bulk_bytes > 0, AT_LEAST_ONE),
        ("load.answer_bytes", load.answer_bytes > 0, AT_LEAST_ONE),
        (
            "load.write_timeout",
            is_timeout(load.write_timeout),
            TIMEOUT,
        ),
    ]
}
