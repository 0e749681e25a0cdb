//! Whether the time of a refused sign-in tells why it was refused: unknown, wrong password, inactive and deleted, in turns.
//!
//! `cargo run --release -p tests --bin login-timing [LOGINS]`, where LOGINS is the number of each kind, takes some
//! minutes. Each kind is compared with all others: the chance that one of its times is longer than one of theirs (the AUC
//! of a rank test) is 0.5 where nothing can be told; the goal is 0.46 to 0.54.
#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use std::{
    env,
    io::{Write, stdout},
    time::{Duration, Instant},
};

use reqwest::Method;
use tests::{Backend, Client, Knobs, PASSWORD, Reply, TestApp, json};

const KINDS: [(&str, &str, &str); 4] = [
    ("unknown", "nobody", PASSWORD),
    ("wrong", "wrong", "not their password"),
    ("inactive", "inactive", PASSWORD),
    ("deleted", "deleted", PASSWORD),
];
/// Sign-ins of each kind before those that count.
const WARM_UP: usize = 20;
/// Sign-ins that one account is asked for: fewer than make others wait. Each comes from an address of its own.
const OF_ONE: usize = 15;

#[actix_web::main]
async fn main() {
    let logins = env::args().nth(1);
    let logins = logins.map_or(2_000, |text| text.parse().unwrap());
    let (url, _folder) = Backend::File.fresh().await;
    let app = TestApp::at(&url, Backend::File, as_served).await;
    for number in 0..=(WARM_UP + logins) / OF_ONE {
        people(&app, number).await;
    }
    let anyone = app.anonymous();
    let mut times: [Vec<Duration>; 4] = Default::default();
    for round in 0..WARM_UP + logins {
        for place in order() {
            let (_, login, password) = KINDS[place];
            let login = format!("{login}-{}", round / OF_ONE);
            let took = refused(&anyone, &login, password).await;
            if round >= WARM_UP {
                times[place].push(took);
            }
        }
    }
    say(&format!("{logins} refused sign-ins of each kind"));
    for (place, (kind, ..)) in KINDS.iter().enumerate() {
        let others = times.iter().enumerate().filter(|(it, _)| *it != place);
        let others: Vec<_> = others.flat_map(|(_, times)| times).copied().collect();
        let (auc, median) = (auc(&times[place], &others), median(&times[place]));
        say(&format!("  {kind:10} AUC {auc:.3}, median {median:.1?}"));
    }
}

/// With hashes as dear as they are by default, and addresses that the client says.
fn as_served(knobs: &mut Knobs) {
    let auth = service::identity::Settings::default();
    knobs.service.auth.hash_memory = auth.hash_memory;
    knobs.service.auth.hash_passes = auth.hash_passes;
    knobs.server.trusted_proxies = vec!["127.0.0.1".to_owned()].try_into().unwrap();
}

async fn people(app: &TestApp, number: usize) {
    let root = app.superuser(&format!("root-{number}")).await;
    app.user(&format!("wrong-{number}"), false, &[]).await;
    let inactive = app.user(&format!("inactive-{number}"), false, &[]).await;
    let deleted = app.user(&format!("deleted-{number}"), false, &[]).await;
    root.patch(format!("/users/{inactive}"), json!({ "is_active": false }))
        .await
        .expect_status(200);
    root.delete(format!("/users/{deleted}"))
        .await
        .expect_status(204);
}

async fn refused(anyone: &Client, login: &str, password: &str) -> Duration {
    let credentials = json!({ "login": login, "password": password });
    let [a, b, c] = rand::random::<[u8; 3]>();
    let request = anyone
        .request(Method::POST, "/auth/login")
        .header("X-Forwarded-For", format!("10.{a}.{b}.{c}"))
        .json(&credentials);
    let start = Instant::now();
    let reply = Reply::send(request).await;
    let took = start.elapsed();
    reply.expect_status(401);
    took
}

/// Another one each time, so that none always follows the same.
fn order() -> [usize; 4] {
    let mut places = [0, 1, 2, 3];
    for last in (1..places.len()).rev() {
        places.swap(last, rand::random_range(0..=last));
    }
    places
}

/// The chance that one of `ours` is longer than one of `theirs`; a tie counts as half.
#[expect(
    clippy::cast_precision_loss,
    reason = "there are not that many sign-ins"
)]
fn auc(ours: &[Duration], theirs: &[Duration]) -> f64 {
    let mut theirs = theirs.to_vec();
    theirs.sort_unstable();
    let longer = |time: &Duration| {
        let below = theirs.partition_point(|it| it < time);
        let ties = theirs.partition_point(|it| it <= time) - below;
        below as f64 + ties as f64 / 2.0
    };
    ours.iter().map(longer).sum::<f64>() / (ours.len() as f64 * theirs.len() as f64)
}

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times[times.len() / 2]
}

fn say(line: &str) {
    let mut out = stdout();
    writeln!(out, "{line}").unwrap();
}
