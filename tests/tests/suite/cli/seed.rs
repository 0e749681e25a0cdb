//! `atoll seed`
use tests::{Client, PASSWORD, Sql};

use super::program;

#[actix_web::test]
async fn seeding_creates_consistent_rows() {
    let (program, url) = program().await;

    let said = program
        .ok("seed --users 20 --posts 50 --comments 80", "")
        .await;

    assert!(
        said.contains("20 users, 50 posts and 80 comments"),
        "{said}"
    );
    let sql = Sql::open(&url).await;
    for (table, rows) in [("users", 20), ("posts", 50), ("comments", 80)] {
        let there = sql.number(&format!("SELECT count(*) FROM {table}")).await;
        assert_eq!(there, rows, "{table}");
    }
    assert_eq!(sql.inconsistent_deletions().await, Vec::<String>::new());
    let production = program.with("ATOLL_PROFILE", "production");
    let refused = production.refused("seed --users 1").await;
    assert!(refused.contains("--force"), "{refused}");
}

/// A table that the guide adds is seeded like roles: the registry says how a row looks.
#[actix_web::test]
async fn every_table_that_declares_a_sample_can_be_seeded() {
    let (program, url) = program().await;
    let tables = service::registry().tables().iter();
    let tables: Vec<_> = tables.filter(|table| table.sample.is_some()).collect();
    let arguments = tables.iter().map(|table| format!(" --{} 3", table.name));
    let arguments: String = arguments.collect();
    let sql = Sql::open(&url).await;
    let count = async |table: &str| sql.number(&format!("SELECT count(*) FROM {table}")).await;
    let built_in = count("roles").await;

    program.ok(&format!("seed{arguments}"), "").await;
    program.ok("seed --roles 2", "").await;

    for table in tables {
        let added = if table.name == "roles" {
            built_in + 5
        } else {
            3
        };
        assert_eq!(count(table.name).await, added, "{}", table.name);
    }
}

#[actix_web::test]
async fn seeded_users_sign_in_with_the_password_that_the_operator_chose() {
    let (program, url) = program().await;
    let read = program.ok("seed --users 1 --ask-password", PASSWORD).await;
    assert!(
        read.contains("given password") && !read.contains(PASSWORD),
        "{read}"
    );
    let program = program.with("ATOLL_SEED_PASSWORD", PASSWORD);
    program.ok("seed --users 1", "").await;
    let sql = Sql::open(&url).await;
    // Two of a hundred seeded users are inactive.
    sql.run("UPDATE users SET is_active = true").await;
    let names = sql.texts("SELECT username FROM users").await;

    let (_server, address) = program.serve().await;

    let anyone = Client::new(address, None, 0);
    for name in &names {
        anyone.login(name, PASSWORD).await;
    }
    assert_eq!(names.len(), 2);
}

#[actix_web::test]
async fn a_password_for_seeded_users_is_neither_weak_nor_on_the_command_line() {
    let (program, _) = program().await;

    let weak = program
        .run("seed --users 1 --ask-password", "password1")
        .await;
    let weak = String::from_utf8_lossy(&weak.stderr).into_owned();
    assert!(weak.contains("too easy to guess"), "{weak}");
    let without_users = program.refused("seed --roles 1 --ask-password").await;
    assert!(without_users.contains("--users"), "{without_users}");
    let shown = program
        .refused("seed --users 1 --ask-password=secret")
        .await;
    assert!(shown.contains("--ask-password"), "{shown}");
}
