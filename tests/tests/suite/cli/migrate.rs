//! `atoll migrate`
use super::{program, program_without_tables};

/// The number of all migrations.
fn migration_count() -> usize {
    use kernel::migration::MigratorTraitSelf;
    use migration::MIGRATOR;
    MIGRATOR.migrations().len()
}

fn count(text: &str, beginning: &str) -> usize {
    text.lines()
        .filter(|line| line.starts_with(beginning))
        .count()
}

#[actix_web::test]
async fn migrations_run_up_and_down_and_their_status_is_shown() {
    let (program, _) = program_without_tables().await;
    let all = migration_count();

    let status = program.ok("migrate status", "").await;
    assert_eq!(count(&status, "pending"), all, "{status}");
    assert_eq!(program.ok("migrate current", "").await, "none\n");

    let up = program.ok("migrate up -n 2", "").await;
    assert_eq!(count(&up, "applied "), 2, "{up}");
    let up = program.ok("migrate up", "").await;
    assert_eq!(count(&up, "applied "), all - 2, "{up}");
    let status = program.ok("migrate status", "").await;
    assert_eq!(count(&status, "applied"), all, "{status}");

    let down = program.ok("migrate down --yes", "").await;
    assert_eq!(count(&down, "rolled back"), 1, "{down}");
    let down = program.ok("migrate down -n 2 --yes", "").await;
    assert_eq!(count(&down, "rolled back"), 2, "{down}");
    program.ok("migrate to m20261121_000005 --yes", "").await;
    let current = program.ok("migrate current", "").await;
    assert_eq!(current, "m20261121_000005_create_roles\n");
    let history = program.ok("migrate history", "").await;
    // The migrations of the kernel, of users, posts and comments, and this one.
    let applied = kernel::migration::steps().len() + 4;
    assert_eq!(history.lines().count(), applied, "{history}");

    for (again, applied) in [("fresh", all), ("refresh", all), ("reset", 0)] {
        let said = program.ok(&format!("migrate {again} --yes"), "").await;
        let end = format!("{applied} of {all} migrations are applied.\n");
        assert!(said.ends_with(&end), "{again}: {said}");
    }
}

#[actix_web::test]
async fn losing_data_needs_a_confirmation_and_force_in_production() {
    let (program, _) = program().await;
    program.ok("migrate up", "").await;
    let losing = ["down", "to m20261121_000001", "fresh", "refresh", "reset"];

    for command in losing {
        let refused = program.refused(&format!("migrate {command}")).await;
        assert!(refused.contains("--yes"), "{command}: {refused}");
    }
    let production = program.with("ATOLL_PROFILE", "production");
    for command in losing {
        let refused = production
            .refused(&format!("migrate {command} --yes"))
            .await;
        assert!(refused.contains("--force"), "{command}: {refused}");
    }

    let status = production.ok("migrate status", "").await;
    assert_eq!(count(&status, "applied"), migration_count(), "{status}");
    production.ok("migrate down --yes --force", "").await;
}
