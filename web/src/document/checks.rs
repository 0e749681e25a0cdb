//! The failures of a route that follow from its rule, its method, its path and the types of its handler.
use std::collections::BTreeSet;

use kernel::{
    Actor,
    actor::{Caller, Credential},
    permission::Grants,
};

use crate::{
    problem::Kind,
    route::{Preconditions, Route},
};

/// Lists the failures of a route, derived from the checks of its requests (contract §1).
pub fn failures(route: &Route, is_call: bool, has_body: bool) -> Vec<Kind> {
    let rule = &route.policy.rule;
    let checked = [
        (
            is_call,
            &[
                Kind::MalformedRequest,
                Kind::Unauthenticated,
                Kind::RateLimited,
                Kind::QueryTimeout,
            ][..],
        ),
        (
            is_call && (!rule.could(&powerless()) || rule.may_forbid_row()),
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
            is_call && route.takes_key,
            &[Kind::Conflict, Kind::ValidationFailed],
        ),
        (true, preconditions(route.preconditions)),
        (true, &route.failures),
        (is_call && route.policy.is_write, &[Kind::ReadOnly]),
        (true, &[Kind::Internal, Kind::Unavailable]),
    ];
    let kinds = checked.into_iter().filter(|(applies, _)| *applies);
    let kinds: BTreeSet<Kind> = kinds.flat_map(|(_, kinds)| kinds.iter().copied()).collect();
    kinds.into_iter().collect()
}

fn preconditions(preconditions: Preconditions) -> &'static [Kind] {
    match preconditions {
        Preconditions::None => &[],
        Preconditions::OneRowIfSent => &[Kind::PreconditionFailed],
        Preconditions::OneRow | Preconditions::EachRow => {
            &[Kind::PreconditionFailed, Kind::PreconditionRequired]
        }
    }
}

pub fn is_public(route: &Route) -> bool {
    route.policy.rule.could(&Actor::Anonymous)
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
