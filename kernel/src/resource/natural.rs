//! Natural keys: names that identify rows on every server, whereas ids differ between servers.
use std::collections::{BTreeSet, HashMap};

use sea_orm::{
    ColumnTrait, ConnectionTrait, QueryResult,
    sea_query::{Expr, ExprTrait},
};

use super::{Owner, scope};
use crate::{Reads, Result};

/// The public field that names the rows of a resource.
#[derive(Debug, Clone, Copy)]
pub struct NaturalKey {
    pub field: &'static str,
    /// The column that is unique.
    compared: &'static str,
    normalize: fn(&str) -> String,
}

impl NaturalKey {
    /// Declares a field that is unique as it is written.
    pub fn new(field: impl ColumnTrait) -> Self {
        Self::normalized(field, field, str::to_owned)
    }

    /// Declares a field that is unique by another column, whose value `normalize` makes of a name.
    pub fn normalized(
        field: impl ColumnTrait,
        compared: impl ColumnTrait,
        normalize: fn(&str) -> String,
    ) -> Self {
        Self {
            field: field.as_str(),
            compared: compared.as_str(),
            normalize,
        }
    }
}

impl Owner {
    /// Returns the name of the owner's natural key beside the foreign key, such as `author.username`.
    pub fn companion(&self) -> Option<String> {
        let key = self.key?;
        Some(format!("{}.{}", self.relation()?, key.field))
    }

    /// Returns the names of these owners by their ids, if they are live and visible to the actor.
    pub async fn names(
        &self,
        reads: &impl Reads,
        ids: BTreeSet<i64>,
    ) -> Result<HashMap<i64, String>> {
        let Some(key) = self.key.filter(|_| !ids.is_empty()) else {
            return Ok(HashMap::new());
        };
        let these = Expr::col((self.table, "id")).is_in(ids);
        let owners = self.visible_owners(reads, key.field, these).await?;
        Ok(owners.into_iter().collect())
    }

    /// Returns the ids of these owners by their names, which [`Owner::normalize`] has normalized.
    pub async fn ids(
        &self,
        reads: &impl Reads,
        names: BTreeSet<String>,
    ) -> Result<HashMap<String, i64>> {
        let Some(key) = self.key.filter(|_| !names.is_empty()) else {
            return Ok(HashMap::new());
        };
        let these = Expr::col((self.table, key.compared)).is_in(names);
        let owners = self.visible_owners(reads, key.compared, these).await?;
        Ok(owners.into_iter().map(|(id, name)| (name, id)).collect())
    }

    /// Returns a name in the form in which it is compared.
    pub fn normalize(&self, name: &str) -> String {
        self.key
            .map_or_else(|| name.to_owned(), |key| (key.normalize)(name))
    }

    /// Returns these owners that are live and visible to the actor, each by its id and the column `name`.
    async fn visible_owners(
        &self,
        reads: &impl Reads,
        name: &'static str,
        these: Expr,
    ) -> Result<Vec<(i64, String)>> {
        let owners = scope::live_ids(self.table)
            .expr_as(Expr::col((self.table, name)), "name")
            .cond_where((self.visible)(reads.actor()))
            .and_where(these)
            .take();
        let owner = |row: QueryResult| Ok((row.try_get("", "id")?, row.try_get("", "name")?));
        let rows = reads.db()?.query_all(&owners).await?;
        rows.into_iter().map(owner).collect()
    }
}
