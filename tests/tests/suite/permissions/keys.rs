//! The table of permissions for API keys: a key can do what both its scopes and its owner allow, and cannot manage the account.
use tests::Reply;

use super::{
    Line, MEMBERS, Part, STAFF, table,
    world::{Credential, World},
};

/// Scopes of each form: all actions of a resource, one action, one action on own rows.
const SCOPES: &[&str] = &[
    "posts.*",
    "comments.read.own",
    "comments.delete.own",
    "comments.update",
    "users.read",
    "users.update",
    "roles.read",
];

/// Returns the permissions that both these scopes and the roles of a kind of caller give.
fn common_permissions(caller: &str) -> &'static [&'static str] {
    match caller {
        "editor" => &[
            "posts.*",
            "comments.delete.own",
            "comments.update",
            "users.read",
            "users.update.own",
        ],
        "admin" | "superuser" => SCOPES,
        _ => &[
            "posts.create.own",
            "posts.update.own",
            "posts.delete.own",
            "posts.restore.own",
            "posts.audit.own",
            "comments.delete.own",
            "comments.update.own",
            "users.read.own",
            "users.update.own",
        ],
    }
}

/// Returns true if a route manages the account, which needs a sign-in.
fn manages_account(line: &Line) -> bool {
    // These routes are for users who have no account yet or cannot sign in.
    let is_open = match line.pattern() {
        "/auth/register"
        | "/auth/login"
        | "/auth/refresh"
        | "/auth/explain"
        | "/auth/invite/accept"
        | "/auth/one-time-tokens/check"
        | "/auth/email/verify"
        | "/auth/password/forgot"
        | "/auth/password/reset" => true,
        "/auth/cookie" => line.method == "POST",
        "/auth/me" => line.method != "DELETE",
        _ => false,
    };
    line.path.starts_with("/auth/") && !is_open
}

/// Returns every line of a part with each of these callers and the status of a sign-in. An anonymous caller has no key.
fn cells(part: Part, callers: &[&'static str]) -> impl Iterator<Item = (Line, &'static str, u16)> {
    let cells_of = |line: Line| {
        let expected = line.expected(callers).into_iter();
        let known = expected.filter(|(caller, _)| *caller != "anonymous");
        let cells: Vec<_> = known.collect();
        cells
            .into_iter()
            .map(move |(caller, status)| (line.clone(), caller, status))
    };
    table::lines_of(part).into_iter().flat_map(cells_of)
}

/// Describes a reply whose status differs from the expected one.
fn wrong(line: &Line, caller: &str, reply: &Reply, expected: u16) -> Option<String> {
    let is_wrong = reply.status != expected;
    let describe = || {
        format!(
            "{line} by a key of {caller}: {}, not {expected}: {}",
            reply.status, reply.text
        )
    };
    is_wrong.then(describe)
}

#[actix_web::test]
async fn a_key_with_every_scope_acts_as_its_owner_for_members_on_account_routes() {
    check_full_keys(Part::Account, MEMBERS).await;
}

#[actix_web::test]
async fn a_key_with_every_scope_acts_as_its_owner_for_staff_on_account_routes() {
    check_full_keys(Part::Account, STAFF).await;
}

#[actix_web::test]
async fn a_key_with_every_scope_acts_as_its_owner_for_members_on_comments_routes() {
    check_full_keys(Part::Comments, MEMBERS).await;
}

#[actix_web::test]
async fn a_key_with_every_scope_acts_as_its_owner_for_staff_on_comments_routes() {
    check_full_keys(Part::Comments, STAFF).await;
}

#[actix_web::test]
async fn a_key_with_every_scope_acts_as_its_owner_for_members_on_posts_routes() {
    check_full_keys(Part::Posts, MEMBERS).await;
}

#[actix_web::test]
async fn a_key_with_every_scope_acts_as_its_owner_for_staff_on_posts_routes() {
    check_full_keys(Part::Posts, STAFF).await;
}

#[actix_web::test]
async fn a_key_with_every_scope_acts_as_its_owner_for_members_on_other_routes() {
    check_full_keys(Part::Others, MEMBERS).await;
}

#[actix_web::test]
async fn a_key_with_every_scope_acts_as_its_owner_for_staff_on_other_routes() {
    check_full_keys(Part::Others, STAFF).await;
}

#[actix_web::test]
async fn a_key_with_every_scope_acts_as_its_owner_for_members_on_users_routes() {
    check_full_keys(Part::Users, MEMBERS).await;
}

#[actix_web::test]
async fn a_key_with_every_scope_acts_as_its_owner_for_staff_on_users_routes() {
    check_full_keys(Part::Users, STAFF).await;
}

#[actix_web::test]
async fn a_limited_key_acts_as_a_role_with_its_scopes_for_members_on_account_routes() {
    Box::pin(check_limited_keys(Part::Account, MEMBERS)).await;
}

#[actix_web::test]
async fn a_limited_key_acts_as_a_role_with_its_scopes_for_staff_on_account_routes() {
    Box::pin(check_limited_keys(Part::Account, STAFF)).await;
}

#[actix_web::test]
async fn a_limited_key_acts_as_a_role_with_its_scopes_for_members_on_comments_routes() {
    Box::pin(check_limited_keys(Part::Comments, MEMBERS)).await;
}

#[actix_web::test]
async fn a_limited_key_acts_as_a_role_with_its_scopes_for_staff_on_comments_routes() {
    Box::pin(check_limited_keys(Part::Comments, STAFF)).await;
}

#[actix_web::test]
async fn a_limited_key_acts_as_a_role_with_its_scopes_for_members_on_posts_routes() {
    Box::pin(check_limited_keys(Part::Posts, MEMBERS)).await;
}

#[actix_web::test]
async fn a_limited_key_acts_as_a_role_with_its_scopes_for_staff_on_posts_routes() {
    Box::pin(check_limited_keys(Part::Posts, STAFF)).await;
}

#[actix_web::test]
async fn a_limited_key_acts_as_a_role_with_its_scopes_for_members_on_other_routes() {
    Box::pin(check_limited_keys(Part::Others, MEMBERS)).await;
}

#[actix_web::test]
async fn a_limited_key_acts_as_a_role_with_its_scopes_for_staff_on_other_routes() {
    Box::pin(check_limited_keys(Part::Others, STAFF)).await;
}

#[actix_web::test]
async fn a_limited_key_acts_as_a_role_with_its_scopes_for_members_on_users_routes() {
    Box::pin(check_limited_keys(Part::Users, MEMBERS)).await;
}

#[actix_web::test]
async fn a_limited_key_acts_as_a_role_with_its_scopes_for_staff_on_users_routes() {
    Box::pin(check_limited_keys(Part::Users, STAFF)).await;
}

/// A key with the scope `*` can do everything that its owner can, except manage the account.
async fn check_full_keys(part: Part, callers: &[&'static str]) {
    let world = World::new(Credential::Key(&["*"])).await;

    let mut all = Vec::new();
    for (line, caller, status) in cells(part, callers) {
        let expected = if manages_account(&line) && status != 401 {
            403
        } else {
            status
        };
        let reply = world.call(&line, caller).await;
        all.extend(wrong(&line, caller, &reply, expected));
    }

    assert!(all.is_empty(), "{}", all.join("\n"));
}

/// A key gets the answers that its owner would get with only one role, which has the permissions of the key.
async fn check_limited_keys(part: Part, callers: &[&'static str]) {
    let (world, like) = (
        World::new(Credential::Key(SCOPES)).await,
        World::new(Credential::Role(common_permissions)).await,
    );

    let mut all = Vec::new();
    for (line, caller, status) in cells(part, callers) {
        let expected = if !manages_account(&line) {
            like.call(&line, caller).await.status
        } else if status == 401 {
            401
        } else {
            403
        };
        let reply = world.call(&line, caller).await;
        all.extend(wrong(&line, caller, &reply, expected));
    }

    assert!(all.is_empty(), "{}", all.join("\n"));
}
