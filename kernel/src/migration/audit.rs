//! The two functions that remove something from the audit log. They run with the rights of the tables' owner, so a role that
//! may call them needs no right to change an entry. `SQLite` has no roles, so it has no such functions.
//!
//! Applied migrations use this: if its output changes, the history of existing databases no longer matches it.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{DbBackend, Statement},
};

/// Erases the values of rows that are gone and recorded as purged. The entry that says `purged` stays unchanged.
const ERASE: &str = "
CREATE OR REPLACE FUNCTION audit_erase(of_resource text, ids bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = :schema, pg_temp AS $$
DECLARE
    is_there boolean;
BEGIN
    IF EXISTS (SELECT FROM unnest(ids) AS gone (id) WHERE NOT EXISTS (SELECT FROM audit_entries
        WHERE resource = of_resource AND resource_id = gone.id AND action = 'purged')) THEN
        RAISE insufficient_privilege USING MESSAGE = 'values are erased only of what was purged';
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE id = ANY ($1))', of_resource) INTO is_there USING ids;
    IF is_there THEN
        RAISE insufficient_privilege USING MESSAGE = 'values are erased only of what is gone';
    END IF;
    UPDATE audit_entries SET changes = NULL, texts = NULL, salt = NULL
        WHERE resource = of_resource AND resource_id = ANY (ids) AND action <> 'purged';
END $$;
REVOKE EXECUTE ON FUNCTION audit_erase(text, bigint[]) FROM PUBLIC;
";

/// [`ERASE`] with joins: `= ANY` compares each entry of the resource with every id, which took minutes for 400,000 rows.
const ERASE_BY_JOIN: &str = "
CREATE OR REPLACE FUNCTION audit_erase(of_resource text, ids bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = :schema, pg_temp AS $$
DECLARE
    is_there boolean;
BEGIN
    -- The entries are newer than the statistics, by which an index of actions looks best: it would read all of them for each id.
    IF EXISTS (SELECT FROM unnest(ids) AS gone (id) WHERE NOT EXISTS (SELECT FROM audit_entries
        WHERE resource = of_resource AND resource_id = gone.id AND action || '' = 'purged' OFFSET 0)) THEN
        RAISE insufficient_privilege USING MESSAGE = 'values are erased only of what was purged';
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT FROM %I AS present JOIN unnest($1) AS gone (id) ON gone.id = present.id)',
        of_resource) INTO is_there USING ids;
    IF is_there THEN
        RAISE insufficient_privilege USING MESSAGE = 'values are erased only of what is gone';
    END IF;
    UPDATE audit_entries AS entry SET changes = NULL, texts = NULL, salt = NULL FROM unnest(ids) AS gone (id)
        WHERE entry.resource = of_resource AND entry.resource_id = gone.id AND entry.action <> 'purged';
END $$;
";

/// The shortest time that entries are kept. [`super::Migrator::grant`] replaces it.
const KEPT_FOR: &str = "
CREATE OR REPLACE FUNCTION audit_kept_for() RETURNS interval LANGUAGE sql STABLE AS 'SELECT interval ''0''';
";

/// Removes the blocks up to `up_to`, never the last one, records where the chain now begins, and returns the number of
/// entries removed. It refuses entries younger than they must be kept, with a minute of tolerance for the servers' clocks.
const PRUNE: &str = "
CREATE OR REPLACE FUNCTION audit_prune(up_to bigint, authentication bytea) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = :schema, pg_temp AS $$
DECLARE
    place audit_blocks;
    pruned bigint;
BEGIN
    SELECT * INTO place FROM audit_blocks WHERE number = up_to;
    IF NOT FOUND OR NOT EXISTS (SELECT FROM audit_blocks WHERE number > up_to) THEN
        RAISE insufficient_privilege USING MESSAGE = 'only sealed blocks are given up, and never the last';
    END IF;
    IF EXISTS (SELECT FROM audit_entries e JOIN audit_seals s ON s.entry_id = e.id
        WHERE s.seq <= place.last_seq AND e.created_at > now() - audit_kept_for() + interval '1 minute') THEN
        RAISE insufficient_privilege USING MESSAGE = 'the owner of the audit keeps its entries for longer';
    END IF;
    DELETE FROM audit_entries e USING audit_seals s WHERE s.entry_id = e.id AND s.seq <= place.last_seq;
    GET DIAGNOSTICS pruned = ROW_COUNT;
    DELETE FROM audit_seals WHERE seq <= place.last_seq;
    DELETE FROM audit_blocks WHERE number <= up_to;
    DELETE FROM audit_prunes WHERE number < up_to;
    INSERT INTO audit_prunes (created_at, number, last_seq, mac, block_mac)
        VALUES (now(), up_to, place.last_seq, authentication, place.mac);
    RETURN pruned;
END $$;
REVOKE EXECUTE ON FUNCTION audit_prune(bigint, bytea) FROM PUBLIC;
";

pub async fn add_functions(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    create(manager, &[ERASE, KEPT_FOR, PRUNE]).await
}

pub async fn erase_by_join(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    create(manager, &[ERASE_BY_JOIN]).await
}

pub async fn erase_by_any(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    create(manager, &[ERASE]).await
}

async fn create(manager: &SchemaManager<'_>, functions: &[&str]) -> Result<(), DbErr> {
    let db = manager.get_connection();
    if manager.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    // A function with its owner's rights must find the owner's tables, and nothing that another role placed before them.
    let schema = "SELECT quote_ident(current_schema()) AS name";
    let schema = Statement::from_string(DbBackend::Postgres, schema);
    let schema = db.query_one_raw(schema).await?;
    let schema = schema
        .ok_or_else(|| DbErr::Migration("the connection has no current schema".to_owned()))?;
    let schema: String = schema.try_get("", "name")?;
    for function in functions {
        db.execute_unprepared(&function.replace(":schema", &schema))
            .await?;
    }
    Ok(())
}

pub async fn remove_functions(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Postgres {
        let drop = "DROP FUNCTION audit_erase, audit_kept_for, audit_prune";
        manager.get_connection().execute_unprepared(drop).await?;
    }
    Ok(())
}
