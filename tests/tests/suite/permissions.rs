//! Every route, called by everybody, on rows in every state: the statuses of `permissions.txt`, and no others; and what
//! `GET /auth/explain` said of each beforehand.
mod keys;
mod scopes;
mod table;
mod world;

use api::routes::routes;

use serde_json::Value;
use table::{CALLERS, Line, Part};
use tests::json;
use web::BASE;
use world::{By, World};

// A test for each part of the table, because one of the whole table takes too long.

#[actix_web::test]
async fn account_routes_answer_everybody_as_the_table_says() {
    check_sessions(Part::Account).await;
}

#[actix_web::test]
async fn comments_routes_answer_everybody_as_the_table_says() {
    check_sessions(Part::Comments).await;
}

#[actix_web::test]
async fn posts_routes_answer_everybody_as_the_table_says() {
    check_sessions(Part::Posts).await;
}

#[actix_web::test]
async fn roles_routes_answer_everybody_as_the_table_says() {
    check_sessions(Part::Roles).await;
}

#[actix_web::test]
async fn users_routes_answer_everybody_as_the_table_says() {
    check_sessions(Part::Users).await;
}

async fn check_sessions(part: Part) {
    let world = World::new(By::Session).await;

    let (mut wrong, mut misexplained) = (Vec::new(), Vec::new());
    for line in table::lines_of(part) {
        for (caller, expected) in CALLERS.into_iter().zip(&line.statuses) {
            let Some(expected) = expected else { continue };
            let (said, reply) = world.explain_and_call(&line, caller).await;
            let status = reply.status;
            if status != *expected {
                wrong.push(format!(
                    "{line} as {caller}: {status}, the table says {expected}: {}",
                    reply.text
                ));
            }
            let refusal = Some(status).filter(|status| [401, 403, 404].contains(status));
            // What is sent decides, or what there is of one's own.
            let rests_on_more = [
                ("POST", "/auth/refresh"),
                ("GET", "/auth/cookie"),
                ("DELETE", "/auth/totp"),
            ];
            let rests_on_more = rests_on_more.contains(&(line.method, line.pattern()));
            let is_so = |said: &Value| {
                if rests_on_more && status != 403 {
                    return true;
                }
                said["status"] == json!(refusal) && said["allowed"] == refusal.is_none()
            };
            if let Some(said) = said.filter(|said| !is_so(&said.body)) {
                misexplained.push(format!("{line} as {caller}: {status}, but {}", said.text));
            }
        }
    }

    assert!(
        wrong.is_empty(),
        "these answers are not those of permissions.txt (mend the code; or, if the contract changed, the table):\n{}",
        wrong.join("\n")
    );
    assert!(
        misexplained.is_empty(),
        "GET /auth/explain says otherwise (say with Route::row_access or Route::row_rule which access to its row the route needs):\n{}",
        misexplained.join("\n")
    );
}

#[test]
fn every_route_stands_in_the_table() {
    let lines = table::lines();

    for route in routes() {
        let path = route.path.strip_prefix(BASE).unwrap();
        let has = |state: &str| {
            lines.iter().any(|line| {
                line.method == route.method.as_str()
                    && line.pattern() == path
                    && line.state == state
            })
        };

        for state in required(path) {
            assert!(
                has(state),
                "{} {path} lacks the state {state} in tests/tests/suite/permissions.txt: add a line with who may do what, from the contract",
                route.method
            );
        }
    }
}

#[test]
fn the_table_names_no_route_that_there_is_not() {
    let routes = routes();

    for line in table::lines() {
        let path = format!("{BASE}{}", line.pattern());
        let is_there = routes
            .iter()
            .any(|route| route.method.as_str() == line.method && route.path == path);

        assert!(
            is_there,
            "{line} is no route: take it out of permissions.txt"
        );
    }
}

/// The states that every line about such a path has to have, whatever others there are.
fn required(path: &str) -> &'static [&'static str] {
    match path.split('/').nth(1) {
        _ if path == "/comments" => &[],
        // About rows, as a change of one is.
        _ if path.ends_with("/bulk") => required(&path.replace("/bulk", "/{id}")),
        _ if !path.contains('{') => &["-"],
        Some("auth") => &["own", "live", "missing"],
        Some("users") => &["live", "own", "deleted", "missing"],
        Some("posts") => &[
            "published",
            "draft",
            "own",
            "deleted",
            "moderated",
            "missing",
        ],
        Some("comments") => &["live", "own", "deleted", "moderated", "missing"],
        _ => &["live", "deleted", "missing"],
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} ({})", self.method, self.path, self.state)
    }
}
