//! The table of permissions for API keys: a key can do what both its scopes and its owner allow, and cannot manage the account.
use tests::Reply;

use super::{
    CALLERS, Line, Part, table,
    world::{By, World},
};

/// One of each form: all of a resource, one action, one's own.
const SCOPES: &[&str] = &[
    "posts.*",
    "comments.read.own",
    "comments.delete.own",
    "comments.update",
    "users.read",
    "users.update",
    "roles.read",
];

/// What these scopes and the permissions of each kind of caller have in common.
fn lent(caller: &str) -> &'static [&'static str] {
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

/// Managing an account needs a sign-in.
fn is_account(line: &Line) -> bool {
    // Whoever has no account yet, or has lost it, is asked for none.
    let is_open = match line.pattern() {
        "/auth/register"
        | "/auth/login"
        | "/auth/refresh"
        | "/auth/explain"
        | "/auth/invite/accept"
        | "/auth/email/verify"
        | "/auth/password/forgot"
        | "/auth/password/reset" => true,
        "/auth/cookie" => line.method == "POST",
        "/auth/me" => line.method != "DELETE",
        _ => false,
    };
    line.path.starts_with("/auth/") && !is_open
}

/// Everybody who could have a key, on every line of the table.
fn cells(part: Part) -> impl Iterator<Item = (Line, &'static str, u16)> {
    let of_line = |line: Line| {
        let callers = CALLERS.into_iter().zip(line.statuses.clone());
        let known = callers.filter(|(caller, _)| *caller != "anonymous");
        let asked = known.filter_map(|(caller, status)| Some((caller, status?)));
        let cells: Vec<_> = asked.collect();
        cells
            .into_iter()
            .map(move |(caller, status)| (line.clone(), caller, status))
    };
    table::lines_of(part).into_iter().flat_map(of_line)
}

fn wrong(line: &Line, caller: &str, reply: &Reply, expected: u16) -> Option<String> {
    let is_wrong = reply.status != expected;
    let told = || {
        format!(
            "{line} by a key of {caller}: {}, not {expected}: {}",
            reply.status, reply.text
        )
    };
    is_wrong.then(told)
}

#[actix_web::test]
async fn a_key_with_every_scope_acts_as_its_owner_on_account_routes() {
    check_full_keys(Part::Account).await;
}

#[actix_web::test]
async fn a_key_with_every_scope_acts_as_its_owner_on_comments_routes() {
    check_full_keys(Part::Comments).await;
}

#[actix_web::test]
async fn a_key_with_every_scope_acts_as_its_owner_on_posts_routes() {
    check_full_keys(Part::Posts).await;
}

#[actix_web::test]
async fn a_key_with_every_scope_acts_as_its_owner_on_roles_routes() {
    check_full_keys(Part::Roles).await;
}

#[actix_web::test]
async fn a_key_with_every_scope_acts_as_its_owner_on_users_routes() {
    check_full_keys(Part::Users).await;
}

#[actix_web::test]
async fn a_limited_key_acts_as_a_role_with_its_scopes_on_account_routes() {
    check_limited_keys(Part::Account).await;
}

#[actix_web::test]
async fn a_limited_key_acts_as_a_role_with_its_scopes_on_comments_routes() {
    check_limited_keys(Part::Comments).await;
}

#[actix_web::test]
async fn a_limited_key_acts_as_a_role_with_its_scopes_on_posts_routes() {
    check_limited_keys(Part::Posts).await;
}

#[actix_web::test]
async fn a_limited_key_acts_as_a_role_with_its_scopes_on_roles_routes() {
    check_limited_keys(Part::Roles).await;
}

#[actix_web::test]
async fn a_limited_key_acts_as_a_role_with_its_scopes_on_users_routes() {
    check_limited_keys(Part::Users).await;
}

/// Scope `*`: whatever the owner may.
async fn check_full_keys(part: Part) {
    let world = World::new(By::Key(&["*"])).await;

    let mut all = Vec::new();
    for (line, caller, status) in cells(part) {
        let expected = if is_account(&line) && status != 401 {
            403
        } else {
            status
        };
        let reply = world.call(&line, caller).await;
        all.extend(wrong(&line, caller, &reply, expected));
    }

    assert!(all.is_empty(), "{}", all.join("\n"));
}

/// The answers are those that the owner would get with a role of just that, and no other.
async fn check_limited_keys(part: Part) {
    let (world, like) = (
        World::new(By::Key(SCOPES)).await,
        World::new(By::Role(lent)).await,
    );

    let mut all = Vec::new();
    for (line, caller, status) in cells(part) {
        let expected = if !is_account(&line) {
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
