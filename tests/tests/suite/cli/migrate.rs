//! `atoll migrate`
use super::program;

/// All migrations that there are.
fn all() -> usize {
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
async fn the_schema_goes_up_and_down_and_says_where_it_stands() {
    let (program, _) = program().await;
    let all = all();

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
    assert_eq!(history.lines().count(), 5, "{history}");

    for (again, applied) in [("fresh", all), ("refresh", all), ("reset", 0)] {
        let said = program.ok(&format!("migrate {again} --yes"), "").await;
        let end = format!("{applied} of {all} migrations are applied.\n");
        assert!(said.ends_with(&end), "{again}: {said}");
    }
}

#[actix_web::test]
async fn nothing_is_lost_without_a_yes_and_in_production_without_force() {
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
    assert_eq!(count(&status, "applied"), all(), "{status}");
    production.ok("migrate down --yes --force", "").await;
}
