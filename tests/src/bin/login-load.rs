//! What many sign-ins at once do to everybody else: the memory of the server, and how long a read takes meanwhile.
//!
//! `cargo run --release -p tests --bin login-load` takes about a minute. The server is this same program, started as a
//! process of its own. Goals: at most 256 MiB; reads at most three times as slow as without sign-ins, at the 99th
//! percentile; sign-ins beyond the queue get 503 with `Retry-After`, and nothing else.
#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    env, fs,
    io::{Write, stdout},
    process::ExitCode,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use reqwest::Method;
use tests::{Client, PASSWORD, Reply, json, process::Program};
use tokio::time::sleep;

/// Clients that sign in again and again.
const CLIENTS: usize = 200;
const READS: usize = 2_000;
/// Between two reads, as if they came from outside.
const PAUSE: Duration = Duration::from_millis(5);

fn main() -> ExitCode {
    if env::args().len() > 1 {
        return api::cli::main();
    }
    actix_web::rt::System::new().block_on(measure());
    ExitCode::SUCCESS
}

async fn measure() {
    let program = Program::new(env::current_exe().unwrap().to_str().unwrap())
        // Each client has an address of its own, and may ask as often as it likes.
        .with("ATOLL__SERVER__TRUSTED_PROXIES", "127.0.0.1")
        .with("ATOLL__RATE_LIMIT__ANONYMOUS", "0")
        .with("ATOLL__RATE_LIMIT__AUTH", "0");
    program.ok("migrate up", "").await;
    let create = "user create --username ada --email ada@example.org --superuser";
    program.ok(create, PASSWORD).await;
    let (server, address) = program.serve().await;
    let anyone = Client::new(address, None, 0);
    let ada = anyone.with_token(&anyone.login("ada", PASSWORD).await);
    let post = ada.publish("Hello").await.url().to_owned();
    for names in (0..CLIENTS).collect::<Vec<_>>().chunks(20) {
        let new = |name: &usize| {
            let user = json!({
                "username": format!("user-{name}"), "email": format!("user-{name}@example.org"), "password": PASSWORD,
            });
            json!({ "op": "create", "data": user })
        };
        let operations: Vec<_> = names.iter().map(new).collect();
        let bulk = json!({ "operations": operations });
        ada.post("/users/bulk", bulk).await.expect_status(200);
    }

    let quiet = reads(&anyone, &post).await;
    let (is_over, answers) = (Cell::new(false), RefCell::default());
    let logins = (0..CLIENTS).map(|user| sign_in(user, address, &is_over, &answers));
    let busy = async {
        let times = reads(&anyone, &post).await;
        is_over.set(true);
        times
    };
    let (busy, _) = futures_util::join!(busy, join_all(logins));

    let (before, meanwhile) = (percentile(&quiet, 99), percentile(&busy, 99));
    let ratio = meanwhile.as_secs_f64() / before.as_secs_f64();
    say(&format!("{CLIENTS} clients that sign in, {READS} reads"));
    say(&format!(
        "  peak of the server's memory  {}",
        peak(server.id())
    ));
    say(&format!(
        "  p99 of a read  quiet {before:.2?}, meanwhile {meanwhile:.2?}: {ratio:.1} times"
    ));
    say(&format!(
        "  p50 of a read  quiet {:.2?}, meanwhile {:.2?}",
        percentile(&quiet, 50),
        percentile(&busy, 50)
    ));
    for (answer, count) in answers.borrow().iter() {
        say(&format!("  sign-ins answered {answer}  {count}"));
    }
}

async fn reads(anyone: &Client, post: &str) -> Vec<Duration> {
    let mut times = Vec::with_capacity(READS);
    for _ in 0..READS {
        let start = Instant::now();
        anyone.get(post).await.expect_status(200);
        times.push(start.elapsed());
        sleep(PAUSE).await;
    }
    times.sort_unstable();
    times
}

/// Until it is over; who is sent away comes back when the answer says so.
async fn sign_in(
    user: usize,
    address: std::net::SocketAddr,
    is_over: &Cell<bool>,
    answers: &RefCell<BTreeMap<String, u64>>,
) {
    let anyone = Client::new(address, None, 0);
    while !is_over.get() {
        let credentials = json!({ "login": format!("user-{user}"), "password": PASSWORD });
        let request = anyone
            .request(Method::POST, "/auth/login")
            .header("X-Forwarded-For", format!("10.0.0.{user}"))
            .json(&credentials);
        let reply = Reply::send(request).await;
        let again = reply.headers.get("retry-after");
        let again = again.map(|seconds| seconds.to_str().unwrap().to_owned());
        let answer = match &again {
            Some(_) => format!("{} with Retry-After", reply.status),
            None => reply.status.to_string(),
        };
        *answers.borrow_mut().entry(answer).or_default() += 1;
        if let Some(seconds) = again {
            sleep(Duration::from_secs(seconds.parse().unwrap())).await;
        }
    }
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() - 1) * percent / 100]
}

/// What the kernel says (proc(5)).
fn peak(process: u32) -> String {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.map_or("unknown here".to_owned(), |size| size.trim().to_owned())
}

fn say(line: &str) {
    let mut out = stdout();
    writeln!(out, "{line}").unwrap();
}
