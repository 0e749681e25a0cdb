//! Every caller of every route, on rows in every state, gets the status of `permissions.txt`, and `GET /auth/explain`
//! predicts it.
mod declared;
mod keys;
mod scopes;
mod table;
mod world;

use api::routes::routes;

use serde_json::Value;
pub use table::{Line, lines};
use table::{MEMBERS, Part, STAFF};
use tests::json;
use web::BASE;
use world::{Credential, World};

// There is a test for each part of the table and each half of the callers, because one test of all takes too long.

#[actix_web::test]
async fn account_routes_answer_members_as_the_table_says() {
    check_sessions(Part::Account, MEMBERS).await;
}

#[actix_web::test]
async fn account_routes_answer_staff_as_the_table_says() {
    check_sessions(Part::Account, STAFF).await;
}

#[actix_web::test]
async fn comments_routes_answer_members_as_the_table_says() {
    check_sessions(Part::Comments, MEMBERS).await;
}

#[actix_web::test]
async fn comments_routes_answer_staff_as_the_table_says() {
    check_sessions(Part::Comments, STAFF).await;
}

#[actix_web::test]
async fn posts_routes_answer_members_as_the_table_says() {
    check_sessions(Part::Posts, MEMBERS).await;
}

#[actix_web::test]
async fn posts_routes_answer_staff_as_the_table_says() {
    check_sessions(Part::Posts, STAFF).await;
}

#[actix_web::test]
async fn other_routes_answer_members_as_the_table_says() {
    check_sessions(Part::Others, MEMBERS).await;
}

#[actix_web::test]
async fn other_routes_answer_staff_as_the_table_says() {
    check_sessions(Part::Others, STAFF).await;
}

#[actix_web::test]
async fn users_routes_answer_members_as_the_table_says() {
    check_sessions(Part::Users, MEMBERS).await;
}

#[actix_web::test]
async fn users_routes_answer_staff_as_the_table_says() {
    check_sessions(Part::Users, STAFF).await;
}

async fn check_sessions(part: Part, callers: &[&'static str]) {
    let world = World::new(Credential::Session).await;

    let (mut wrong, mut misexplained) = (Vec::new(), Vec::new());
    for line in table::lines_of(part) {
        for (caller, expected) in line.expected(callers) {
            let (said, reply) = world.explain_and_call(&line, caller).await;
            let status = reply.status;
            if status != expected {
                wrong.push(format!(
                    "{line} as {caller}: {status}, the table says {expected}: {}",
                    reply.text
                ));
            }
            let refusal = Some(status).filter(|status| [401, 403, 404].contains(status));
            // The answer depends on the body, or on the account of the caller.
            let depends_on_more = [
                ("POST", "/auth/refresh"),
                ("GET", "/auth/cookie"),
                ("DELETE", "/auth/totp"),
            ];
            let depends_on_more = depends_on_more.contains(&(line.method, line.pattern()));
            let is_right = |said: &Value| {
                if depends_on_more && status != 403 {
                    return true;
                }
                said["status"] == json!(refusal) && said["allowed"] == refusal.is_none()
            };
            if let Some(said) = said.filter(|said| !is_right(&said.body)) {
                misexplained.push(format!("{line} as {caller}: {status}, but {}", said.text));
            }
        }
    }

    assert!(
        wrong.is_empty(),
        "these answers differ from permissions.txt (fix the code, or the table if the contract changed):\n{}",
        wrong.join("\n")
    );
    assert!(
        misexplained.is_empty(),
        "GET /auth/explain differs from the answer (declare with Route::row_access or Route::row_rule which access to its row the route needs):\n{}",
        misexplained.join("\n")
    );
}

#[test]
fn every_route_is_in_the_table() {
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
                "{} {path} lacks the state {state} in tests/tests/suite/permissions.txt: declare there who may do what with the rows of \
                 a new resource, with seven lines as those of `comments`, and write a line for each other route",
                route.method
            );
        }
    }
}

#[test]
fn nothing_is_said_twice() {
    let lines = table::lines();

    for (place, line) in lines.iter().enumerate() {
        let is_again = |other: &Line| {
            (other.method, other.path, other.state) == (line.method, line.path, line.state)
        };
        assert!(
            !lines[..place].iter().any(is_again),
            "{line} follows from a declaration in permissions.txt, or is there twice: remove the line"
        );
    }
}

#[test]
fn every_line_of_the_table_names_a_route() {
    let routes = routes();

    for line in table::lines() {
        let path = format!("{BASE}{}", line.pattern());
        let is_there = routes
            .iter()
            .any(|route| route.method.as_str() == line.method && route.path == path);

        assert!(
            is_there,
            "{line} is not a route: remove it from permissions.txt"
        );
    }
}

/// Returns the states that a path must have lines for.
fn required(path: &str) -> &'static [&'static str] {
    match path.split('/').nth(1) {
        _ if path == "/comments" => &[],
        // A bulk is about rows, like a change of one.
        _ if path.ends_with("/bulk") => required(&path.replace("/bulk", "/{id}")),
        _ if !path.contains('{') => &["-"],
        Some("auth") => &["own", "live", "missing"],
        Some("users") => &["live", "own", "deleted", "missing"],
        Some("posts") if path.ends_with("/comments") => &[
            "published",
            "draft",
            "own",
            "deleted",
            "moderated",
            "missing",
        ],
        Some("posts" | "comments") => &["live", "own", "deleted", "moderated", "missing"],
        _ => &["live", "deleted", "missing"],
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} ({})", self.method, self.path, self.state)
    }
}
