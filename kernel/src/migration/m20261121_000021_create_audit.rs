//! The audit log: who did what to which row. Entries are only inserted; what is known later is stored in other tables.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use super::{audit, schema, secrets::secret};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_database_backend();
        entries(manager, db).await?;
        seals(manager).await?;
        blocks(manager).await?;
        prunes(manager).await?;
        secret(manager, "audit").await?;
        view(manager, db).await?;
        audit::add_functions(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        audit::remove_functions(manager).await?;
        db.execute_unprepared("DROP VIEW IF EXISTS audit").await?;
        let mut key = Query::delete();
        key.from_table("secrets")
            .and_where(Expr::col("name").eq("audit"));
        db.execute(&key).await?;
        for table in [
            "audit_prunes",
            "audit_blocks",
            "audit_seals",
            "audit_entries",
        ] {
            schema::drop(manager, table).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// This table has no foreign keys, because an entry outlives the row and the user that it is about.
async fn entries(manager: &SchemaManager<'_>, db: DbBackend) -> Result<(), DbErr> {
    let transaction = match db {
        // It has 64 bits, so that it never wraps.
        DbBackend::Postgres => Expr::cust("CAST(CAST(pg_current_xact_id() AS text) AS bigint)"),
        // One transaction writes at a time, so the ids are in the order of the commits.
        _ => Expr::value(0),
    };
    let table = Table::create()
        .table("audit_entries")
        .col(schema::id())
        .col(schema::timestamp("created_at").not_null())
        .col(
            ColumnDef::new("transaction_id")
                .big_integer()
                .not_null()
                .default(transaction),
        )
        .col(ColumnDef::new("actor_id").big_integer())
        .col(schema::varchar(db, "request_id", 64))
        .col(schema::varchar(db, "resource", 63).not_null())
        .col(ColumnDef::new("resource_id").big_integer().not_null())
        .col(schema::varchar(db, "action", 30).not_null())
        .col(ColumnDef::new("version").big_integer().not_null())
        // JSON, byte for byte as it was written, because its digest is sealed. An erasure removes it and the salt.
        .col(schema::text(db, "changes"))
        // The large fields of the row, if one of them changed.
        .col(schema::text(db, "texts"))
        .col(schema::text(db, "salt"))
        .take();
    let index = |columns: &'static [&'static str]| {
        let mut index = schema::index("audit_entries", &columns.join("_"));
        for column in columns {
            index.col(*column);
        }
        index.take()
    };
    let indexes = [
        // The history of a row and its latest large texts use this index.
        index(&["resource", "resource_id", "id"]),
        index(&["actor_id", "id"]),
        index(&["action", "id"]),
        index(&["created_at"]),
        index(&["request_id"])
            .and_where(Expr::col("request_id").is_not_null())
            .take(),
        // The search for the entries to seal next uses this index.
        index(&["transaction_id", "id"]),
    ];
    schema::create(manager, table, indexes).await
}

/// The place of an entry in the order of the commits, and the digest of its values.
async fn seals(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table("audit_seals")
        .col(ColumnDef::new("seq").big_integer().not_null().primary_key())
        .col(ColumnDef::new("entry_id").big_integer().not_null())
        .col(ColumnDef::new("digest").blob().not_null())
        .take();
    let entry = schema::index("audit_seals", "entry_id")
        .unique()
        .col("entry_id")
        .take();
    schema::create(manager, table, [entry]).await
}

/// Blocks of entries that were sealed together. Each is authenticated together with the block before it.
async fn blocks(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let number = |name: &'static str| ColumnDef::new(name).big_integer().not_null().take();
    let table = Table::create()
        .table("audit_blocks")
        .col(number("number").primary_key())
        .col(schema::timestamp("created_at").not_null())
        .col(number("first_seq"))
        .col(number("last_seq"))
        .col(number("last_transaction_id"))
        .col(number("last_entry_id"))
        .col(ColumnDef::new("mac").blob().not_null())
        .take();
    schema::create(manager, table, []).await
}

/// How far the audit log was pruned: the block that came before the first remaining one.
async fn prunes(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table("audit_prunes")
        .col(schema::id())
        .col(schema::timestamp("created_at").not_null())
        .col(ColumnDef::new("number").big_integer().not_null())
        .col(ColumnDef::new("last_seq").big_integer().not_null())
        .col(ColumnDef::new("block_mac").blob().not_null())
        .col(ColumnDef::new("mac").blob().not_null())
        .take();
    schema::create(manager, table, []).await
}

/// A view of the entries with the base columns of a resource, so that lists work as for every resource.
pub async fn view(manager: &SchemaManager<'_>, db: DbBackend) -> Result<(), DbErr> {
    let never = match db {
        DbBackend::Postgres => "CAST(NULL AS timestamptz)",
        _ => "NULL",
    };
    let view = format!(
        "CREATE VIEW audit AS SELECT e.id, e.created_at, e.created_at AS updated_at, {never} AS deleted_at, \
         CAST(NULL AS bigint) AS deletion_id, e.version, s.seq, e.actor_id, e.request_id, e.resource, e.resource_id, \
         e.action, e.changes FROM audit_entries e LEFT JOIN audit_seals s ON s.entry_id = e.id"
    );
    let db = manager.get_connection();
    // `fresh` drops the tables, but not the view.
    db.execute_unprepared("DROP VIEW IF EXISTS audit").await?;
    db.execute_unprepared(&view).await?;
    Ok(())
}
