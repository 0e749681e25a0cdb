//! The owners of a row.
use sea_orm::{ColumnTrait, Condition, sea_query::Expr};

use super::{Crud, Filterable, NaturalKey, declared_fields};
use crate::{Actor, Code, Error, Result};

/// A foreign key to a resource that owns this one.
pub struct Owner {
    /// The foreign key, which is also the name of the field.
    pub column: &'static str,
    pub table: &'static str,
    pub(crate) visible: fn(&Actor) -> Condition,
    /// Returns the fields of the owner.
    pub(crate) fields: fn() -> Vec<Filterable>,
    pub(crate) key: Option<NaturalKey>,
    rule: Option<(Condition, &'static str)>,
}

impl Owner {
    pub fn new<P: Crud>(foreign_key: impl ColumnTrait) -> Self {
        Self {
            column: foreign_key.as_str(),
            table: P::name(),
            visible: P::visible,
            fields: declared_fields::<P>,
            key: P::natural_key(),
            rule: None,
        }
    }

    /// Returns the name of the relation, such as `author` for `author_id`.
    pub fn relation(&self) -> Option<&'static str> {
        self.column.strip_suffix("_id")
    }

    /// Allows new rows only if the owner meets `condition`; `otherwise` is the text of the refusal.
    #[must_use]
    pub fn only_if(mut self, condition: impl Into<Condition>, otherwise: &'static str) -> Self {
        self.rule = Some((condition.into(), otherwise));
        self
    }

    /// Returns the rule for new rows as an expression over the columns of the owner.
    pub fn rule(&self) -> Expr {
        let rule = self.rule.as_ref().map(|(rule, _)| rule.clone().into());
        rule.unwrap_or_else(|| Expr::value(true))
    }

    /// Fails unless a row may name this owner. `fits` tells whether the owner meets the rule, if it was found.
    pub(crate) fn refuse(&self, fits: Option<&bool>) -> Result<()> {
        let (code, detail) = match (fits, &self.rule) {
            (Some(true), _) => return Ok(()),
            (Some(false), Some((_, otherwise))) => (Code::NotAllowed, (*otherwise).to_owned()),
            _ => (
                Code::NotFound,
                format!("not found in /{}, or not visible to you", self.table),
            ),
        };
        Err(Error::invalid(format!("/{}", self.column), code, detail))
    }
}
