//! The checks of a request that the document describes, and the failures that follow from them.
use std::collections::BTreeSet;

use actix_web::http::Method;
use service::{
    Actor,
    actor::{Caller, Credential},
    permission::Grants,
};

use super::name;
use crate::http::{Kind, Route};

/// Lists the failures of a route, derived from the checks of its requests (contract §1).
pub fn failures(route: &Route, is_call: bool, has_body: bool) -> Vec<Kind> {
    let checked = [
        (
            is_call,
            &[
                Kind::MalformedRequest,
                Kind::Unauthenticated,
                Kind::RateLimited,
            ][..],
        ),
        (
            is_call && !(route.policy.rule)(&powerless()),
            &[Kind::Forbidden],
        ),
        (route.path.contains('{'), &[Kind::NotFound]),
        (
            has_body,
            &[
                Kind::RequestTimeout,
                Kind::PayloadTooLarge,
                Kind::UnsupportedMediaType,
                Kind::ValidationFailed,
            ],
        ),
        (
            accepts_key(route, is_call),
            &[Kind::Conflict, Kind::ValidationFailed],
        ),
        (true, &route.failures),
        (true, &[Kind::Internal, Kind::Unavailable]),
    ];
    let kinds = checked.into_iter().filter(|(applies, _)| *applies);
    let kinds: BTreeSet<Kind> = kinds.flat_map(|(_, kinds)| kinds.iter().copied()).collect();
    kinds.into_iter().collect()
}

/// Returns true if the route accepts an `Idempotency-Key` (contract §7).
pub fn accepts_key(route: &Route, is_call: bool) -> bool {
    is_call && route.takes_key && route.method != Method::GET && name::tag(route) != "auth"
}

pub fn is_public(route: &Route) -> bool {
    (route.policy.rule)(&Actor::Anonymous)
}

/// Returns a signed-in user without permissions.
fn powerless() -> Actor {
    Actor::User(Caller {
        user_id: 1,
        credential: Credential::Session(1),
        is_superuser: false,
        grants: Grants::default(),
        scopes: None,
        withheld: None,
    })
}
