//! Finds the rows that belong to other rows, directly or indirectly.
use sea_orm::sea_query::{Condition, Expr, ExprTrait, SelectStatement};

use crate::{Registry, Result, registry::Table};

pub struct Roots<'a> {
    pub table: &'static str,
    pub ids: &'a [i64],
    /// Selects the ids of the rows of a table that the chain of owners may include.
    pub rows: fn(&'static str) -> SelectStatement,
    pub registry: &'a Registry,
}

impl Roots<'_> {
    /// Returns the conditions under which rows of `table` belong to the roots: one for each chain of foreign keys.
    pub fn paths_to(&self, table: &Table) -> Result<Vec<Condition>> {
        if table.name == self.table {
            let ids = self.ids.iter().copied();
            return Ok(vec![Expr::col((self.table, "id")).is_in(ids).into()]);
        }
        let mut all = Vec::new();
        for edge in &table.owners {
            for rows in self.paths_to(self.registry.table(edge.table)?)? {
                let owners = (self.rows)(edge.table).cond_where(rows).take();
                let theirs = Expr::col((table.name, edge.column)).in_subquery(owners);
                all.push(theirs.into());
            }
        }
        Ok(all)
    }
}
