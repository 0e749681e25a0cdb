//! Rules that every table follows.
use migration::MIGRATOR;
use secrecy::ExposeSecret;
use service::registry;
use tests::{Place, Sql};

use super::{columns, migrator, shared_database, sql, tables};

const BASE: [&str; 6] = [
    "created_at",
    "deleted_at",
    "deletion_id",
    "id",
    "updated_at",
    "version",
];

async fn migrated() -> (Sql, Place) {
    let (_, settings, place) = shared_database().await;
    migrator(&settings)
        .await
        .migrations(MIGRATOR)
        .up(None)
        .await
        .unwrap();
    (sql(&settings).await, place)
}

#[actix_web::test]
async fn every_resource_has_the_base_columns() {
    let (sql, _folder) = migrated().await;

    for table in registry().tables() {
        let there = columns(&sql, table.name).await;
        for column in BASE {
            assert!(
                there.contains(&column.to_owned()),
                "{} lacks {column}: make it with schema::resource",
                table.name
            );
        }
    }
}

/// An undeclared column is neither shown nor in the audit, so a revert cannot restore it.
#[actix_web::test]
async fn every_column_is_declared_or_known_to_be_a_secret() {
    let (sql, _folder) = migrated().await;
    let secrets = ["password_hash", "username_key", "email_key"];

    for table in registry().tables() {
        for column in columns(&sql, table.name).await {
            let name = column.as_str();
            assert!(
                BASE.contains(&name) || secrets.contains(&name) || table.fields.contains(&name),
                "{}.{name}: declare it in FIELDS, or say here that it is a secret",
                table.name
            );
        }
    }
}

#[actix_web::test]
async fn every_short_text_has_a_length_that_both_databases_keep() {
    let (sql, _folder) = migrated().await;
    let mut seen = 0;

    for table in registry().tables() {
        let name = table.name;
        let (texts, checks) = if sql.is_postgres() {
            (
                format!(
                    "SELECT column_name::text FROM information_schema.columns WHERE table_name = '{name}' AND data_type = 'character varying'"
                ),
                format!(
                    "SELECT string_agg(conname, ' ') FROM pg_constraint WHERE contype = 'c' AND conrelid = '{name}'::regclass"
                ),
            )
        } else {
            (
                format!(
                    "SELECT name FROM pragma_table_info('{name}') WHERE lower(type) LIKE 'varchar%'"
                ),
                format!("SELECT sql FROM sqlite_schema WHERE name = '{name}'"),
            )
        };
        let checks = &sql.texts(&checks).await[0];
        for column in sql.texts(&texts).await {
            seen += 1;
            // A status is one of a few words, and a key is as long as its username.
            assert!(
                checks.contains(&format!("{name}_{column}_length"))
                    || ["status", "username_key"].contains(&column.as_str()),
                "{name}.{column} has no length: add schema::length to its migration"
            );
        }
    }

    assert!(seen > 5, "there are texts: {seen}");
}

/// Rows that are inserted together set the same columns, so a missing nullable column is set to NULL and never to its default.
#[actix_web::test]
async fn no_nullable_column_has_a_default() {
    let (sql, _folder) = migrated().await;

    for table in registry().tables() {
        let name = table.name;
        let columns = if sql.is_postgres() {
            format!(
                "SELECT column_name::text FROM information_schema.columns WHERE table_schema = 'public' AND table_name = '{name}' AND is_nullable = 'YES' AND column_default IS NOT NULL"
            )
        } else {
            format!(
                "SELECT name FROM pragma_table_info('{name}') WHERE \"notnull\" = 0 AND pk = 0 AND dflt_value IS NOT NULL"
            )
        };
        let columns = sql.texts(&columns).await;
        assert!(
            columns.is_empty(),
            "{name}: {columns:?}: make them NOT NULL, or leave the default to the service"
        );
    }
}

/// Without an index, removing a row reads the whole table that refers to it.
#[actix_web::test]
async fn every_foreign_key_has_an_index() {
    let (sql, _folder) = migrated().await;
    let mut seen = 0;

    for table in tables(&sql).await {
        let (keys, indexed) = if sql.is_postgres() {
            (
                format!(
                    "SELECT a.attname::text FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] WHERE c.contype = 'f' AND c.conrelid = '{table}'::regclass"
                ),
                format!(
                    "SELECT a.attname::text FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] WHERE i.indrelid = '{table}'::regclass"
                ),
            )
        } else {
            (
                format!("SELECT \"from\" FROM pragma_foreign_key_list('{table}')"),
                format!(
                    "SELECT c.name FROM pragma_index_list('{table}') i, pragma_index_info(i.name) c WHERE c.seqno = 0 UNION SELECT name FROM pragma_table_info('{table}') WHERE pk = 1"
                ),
            )
        };
        let indexed = sql.texts(&indexed).await;
        for key in sql.texts(&keys).await {
            seen += 1;
            assert!(
                indexed.contains(&key),
                "{table}.{key} has no index that begins with it: add one to its migration"
            );
        }
    }

    assert!(seen > 8, "there are foreign keys: {seen}");
}

/// Without such an index the first page of a list reads past every deleted row.
#[actix_web::test]
async fn every_resource_has_the_indexes_of_its_lists() {
    let (sql, _folder) = migrated().await;

    for table in registry().tables() {
        let name = table.name;
        let there = if sql.is_postgres() {
            format!("SELECT indexname::text FROM pg_indexes WHERE tablename = '{name}'")
        } else {
            format!("SELECT name FROM pragma_index_list('{name}')")
        };
        let there = sql.texts(&there).await;
        for index in ["created_at_id_live", "id_deleted"] {
            assert!(
                there.contains(&format!("{name}_{index}")),
                "{name} lacks the index {index}: add schema::list_indexes to its migration"
            );
        }
    }
}

/// Returns the indexes of a table that contain exactly its live rows, or those that have a value in their first column: whether
/// they are unique, and their columns.
async fn live_indexes(sql: &Sql, table: &str) -> Vec<(bool, Vec<String>)> {
    let indexes = if sql.is_postgres() {
        format!(
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = '{table}'"
        )
    } else {
        format!(
            "SELECT sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = '{table}' AND sql IS NOT NULL"
        )
    };
    let mut found = Vec::new();
    for index in sql.texts(&indexes).await {
        let plain = index.replace(['"', ';'], "");
        let (head, condition) = plain.split_once(" WHERE ").unwrap_or((&plain, ""));
        let (_, columns) = head.rsplit_once('(').unwrap();
        let columns = columns.trim_end().trim_end_matches(')').split(',');
        // A descending column keeps its mark, so it differs from an ascending one.
        let name = |column: &str| column.replace("ASC", "").trim().to_owned();
        let columns: Vec<_> = columns.map(name).collect();
        let condition = condition.replace(['(', ')'], "");
        let with_value = format!("deleted_at IS NULL AND {} IS NOT NULL", columns[0]);
        if ["deleted_at IS NULL", &with_value].contains(&&*condition) {
            found.push((head.contains(" UNIQUE "), columns));
        }
    }
    found
}

/// An export in an order without an index would sort the table again for each page.
#[actix_web::test]
async fn the_fields_that_are_declared_as_indexed_are_those_that_have_an_index() {
    let (sql, _folder) = migrated().await;
    let mut seen = 0;

    for table in registry().tables() {
        let indexes = live_indexes(&sql, table.name).await;
        let has_order = |field: &str| {
            indexes
                .iter()
                .any(|(is_unique, columns)| match columns.as_slice() {
                    [only] => only == field && *is_unique,
                    [first, second] => first == field && second == "id",
                    _ => false,
                })
        };
        assert!(has_order("created_at"), "{}: {indexes:?}", table.name);
        for field in &table.fields {
            let is_declared = table.indexed.contains(field);
            assert_eq!(
                has_order(field),
                is_declared,
                "{}.{field}: declare it with Field::indexed if an index over live rows has it, and only then: {indexes:?}",
                table.name
            );
            seen += usize::from(is_declared);
        }
    }

    assert!(seen >= 2, "there are indexed fields");
}

/// A long column is measured before it is read, and cannot be sorted by.
#[actix_web::test]
async fn every_text_of_more_than_a_thousand_characters_is_declared_as_long() {
    let (sql, _folder) = migrated().await;
    let mut seen = 0;

    for table in registry().tables() {
        let name = table.name;
        let columns = if sql.is_postgres() {
            format!(
                "SELECT column_name::text FROM information_schema.columns WHERE table_schema = 'public' AND table_name = '{name}' \
                 AND (data_type = 'text' OR character_maximum_length > 1000)"
            )
        } else {
            format!(
                "SELECT name FROM pragma_table_info('{name}') WHERE lower(type) = 'text' \
                 OR (lower(type) LIKE 'varchar(%' AND CAST(substr(type, 9) AS integer) > 1000)"
            )
        };
        for column in sql.texts(&columns).await {
            // Timestamps are text in SQLite, too.
            if table.fields.contains(&column.as_str()) && !column.ends_with("_at") {
                seen += 1;
                assert!(
                    table.long.contains(&column.as_str()),
                    "{name}.{column} is long: declare it with Field::long or Field::heavy"
                );
            }
        }
    }

    assert_eq!(seen, 3, "there are long texts");
}

#[test]
fn the_migration_command_uses_the_configured_database() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = api::config::Inputs {
        folder: folder.path().to_owned(),
        ..api::config::Inputs::default()
    };
    let settings = api::config::Configuration::read(&inputs)
        .unwrap()
        .settings()
        .unwrap();

    assert_eq!(
        settings.database.url.expose_secret(),
        migration::DEFAULT_DATABASE_URL
    );
}

#[test]
fn every_resource_can_be_sorted_by_its_declared_fields() {
    registry().check().unwrap();
}
