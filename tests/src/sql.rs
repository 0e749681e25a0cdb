//! Direct access to the database, for what no answer shows.
use kernel::{Actor, Kernel};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, QueryResult,
    Statement,
};
use service::registry;

/// A separate connection. An in-memory database has none.
pub struct Sql(pub DatabaseConnection);

impl Sql {
    pub async fn open(url: &str) -> Self {
        let mut options = ConnectOptions::new(url);
        options.max_connections(1).sqlx_logging(false);
        Self(Box::pin(Database::connect(options)).await.unwrap())
    }

    pub fn is_postgres(&self) -> bool {
        self.0.get_database_backend() == DbBackend::Postgres
    }

    pub async fn run(&self, sql: &str) {
        let done = self.0.execute_unprepared(sql).await;
        done.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    async fn rows(&self, sql: &str) -> Vec<QueryResult> {
        let statement = Statement::from_string(self.0.get_database_backend(), sql);
        let rows = self.0.query_all_raw(statement).await;
        rows.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// Returns the first column, which must be text.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let rows = self.rows(sql).await;
        rows.iter()
            .map(|row| row.try_get_by_index(0).unwrap())
            .collect()
    }

    /// Returns the first column of the first row, which must be a 64-bit integer.
    pub async fn number(&self, sql: &str) -> i64 {
        self.rows(sql).await[0].try_get_by_index(0).unwrap()
    }

    pub async fn close(self) {
        self.0.close().await.unwrap();
    }

    /// Describes live rows with a deleted owner, and rows with half of a deletion. There must never be any.
    pub async fn inconsistent_deletions(&self) -> Vec<String> {
        let mut found = Vec::new();
        for table in registry().tables() {
            let name = table.name;
            let half =
                "SELECT count(*) FROM TABLE WHERE (deleted_at IS NULL) <> (deletion_id IS NULL)";
            let halves = self.number(&half.replace("TABLE", name)).await;
            if halves > 0 {
                found.push(format!(
                    "{halves} rows of {name} have only one of deleted_at and deletion_id"
                ));
            }
            for owner in &table.owners {
                let orphans = format!(
                    "SELECT count(*) FROM {name} c JOIN {} o ON o.id = c.{} WHERE c.deleted_at IS NULL AND o.deleted_at IS NOT NULL",
                    owner.table, owner.column
                );
                let orphans = self.number(&orphans).await;
                if orphans > 0 {
                    found.push(format!(
                        "{orphans} live {name} have a deleted owner in {}",
                        owner.table
                    ));
                }
            }
        }
        let strangers = "SELECT count(*) FROM users u WHERE NOT EXISTS (SELECT 1 FROM user_roles r WHERE r.user_id = u.id)";
        let strangers = self.number(strangers).await;
        if strangers > 0 {
            found.push(format!("{strangers} users have no role"));
        }
        found
    }
}

/// The first column of the first row, as [`run`] finds it.
pub async fn number(kernel: &Kernel, sql: &str) -> i64 {
    let system = kernel.session(Actor::System);
    let read = system.write(async |tx| {
        let statement = Statement::from_string(tx.get_database_backend(), sql);
        let row = tx.query_one_raw(statement).await?;
        Ok(row.unwrap().try_get_by_index(0)?)
    });
    read.await
        .unwrap_or_else(|error| panic!("{sql}: {error:?}"))
}

/// Does to the rows of a service what no operation of its does. An in-memory database has no other door than its own.
pub async fn run(kernel: &Kernel, sql: &str) {
    let system = kernel.session(Actor::System);
    let done = system.write(async |tx| Ok(tx.execute_unprepared(sql).await.map(drop)?));
    let done = done.await;
    done.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}
