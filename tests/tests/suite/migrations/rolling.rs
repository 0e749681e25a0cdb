//! During a rolling upgrade, servers of the release before work on with the schema of the next one.
use kernel::migration::{Migrator, MigratorTraitSelf, remove_requirement, require};
use migration::MIGRATOR;
use sea_orm_migration::prelude::*;
use secrecy::ExposeSecret;
use tests::{TestApp, json};

use super::{migrator, shared_database};

mod on_postgres;

/// Adds a column that the release before does not know.
#[derive(DeriveMigrationName)]
struct Expand;

#[async_trait::async_trait]
impl MigrationTrait for Expand {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::alter();
        table
            .table("posts")
            .add_column(ColumnDef::new("subtitle").text());
        manager.alter_table(table.take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::alter();
        table.table("posts").drop_column("subtitle");
        manager.alter_table(table.take()).await
    }
}

/// Stands for a migration that removes something that only releases before [`Expand`] use.
struct Contract;

impl MigrationName for Contract {
    fn name(&self) -> &'static str {
        "m29990102_000001_contract"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Contract {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        require(manager, self, Expand.name()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        remove_requirement(manager, self).await
    }
}

/// The release after this one.
const NEXT: Migrator = Migrator::new(|| {
    let mut all = MIGRATOR.migrations();
    all.push(Box::new(Expand));
    all
});

/// The release after [`NEXT`].
const LAST: Migrator = Migrator::new(|| {
    let mut all = NEXT.migrations();
    all.push(Box::new(Contract));
    all
});

#[actix_web::test]
async fn a_server_works_with_the_schema_of_the_next_release_and_not_with_that_after_it() {
    let (backend, settings, _place) = shared_database().await;
    let app = TestApp::at(settings.url.expose_secret(), backend, |_| {}).await;
    let ada = app.editor("ada").await;
    let upgrade = migrator(&settings).await;

    upgrade.migrations(NEXT).up(None).await.unwrap();

    let ready = app.anonymous().get("//readyz").await;
    ready.expect_status(200);
    let post = ada.publish("Between two releases").await;
    ada.patch(post.url(), json!({ "title": "Still between" }))
        .await
        .expect_status(200);
    let here = upgrade.migrations(MIGRATOR);
    assert!(here.pending().await.unwrap().is_empty());
    assert_eq!(here.newer().await.unwrap(), [Expand.name()]);
    let refused = here.up(None).await.unwrap_err();
    assert!(format!("{refused:?}").contains("belongs to a newer release"));

    upgrade.migrations(LAST).up(None).await.unwrap();

    // The next release knows what the last one requires; this one does not.
    assert!(upgrade.migrations(NEXT).pending().await.is_ok());
    let refused = here.pending().await.unwrap_err();
    assert!(format!("{refused:?}").contains("works only with releases that know"));
    let unready = app.anonymous().get("//readyz").await.expect_status(503);
    assert_eq!(unready.body["checks"]["migrations"], false);

    upgrade.migrations(LAST).down(1).await.unwrap();
    app.anonymous().get("//readyz").await.expect_status(200);
}

#[actix_web::test]
async fn a_requirement_must_be_applied() {
    const WITHOUT: Migrator = Migrator::new(|| {
        let mut all = MIGRATOR.migrations();
        all.push(Box::new(Contract));
        all
    });
    let (_, settings, _place) = shared_database().await;
    let upgrade = migrator(&settings).await;

    let refused = upgrade.migrations(WITHOUT).up(None).await.unwrap_err();

    assert!(format!("{refused:?}").contains("is not applied"));
    assert!(
        upgrade
            .migrations(MIGRATOR)
            .newer()
            .await
            .unwrap()
            .is_empty()
    );
}
