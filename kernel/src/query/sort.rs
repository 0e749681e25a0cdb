//! The order of a list.
use sea_orm::{
    ColumnTrait, IdenStatic, ModelTrait, Order, QueryOrder, Select,
    sea_query::{Expr, NullOrdering},
};

use super::{
    keyset::Range,
    parameter::{repeated_value, too_many_values},
    sortable_field, unknown_field,
};
use crate::{
    Refused,
    resource::{Column, Deleted, Field, Model, Readable, indexed_fields, value},
};

pub const MAX_FIELDS: usize = 3;

/// The fields with their directions; `id` is always the last. NULL comes after every value, in both directions.
pub struct Sort<C: Readable> {
    pub(super) keys: Vec<Key<C>>,
    /// The refusal of its first private field, for callers who may not read it.
    pub(super) private: Option<Refused>,
}

pub(super) struct Key<C: Readable> {
    pub(super) column: Column<C>,
    pub(super) order: Order,
}

impl<C: Readable> Default for Sort<C> {
    fn default() -> Self {
        let column = C::ID;
        let order = Order::Desc;
        Self {
            keys: vec![Key { column, order }],
            private: None,
        }
    }
}

impl<C: Readable> Sort<C> {
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let names: Vec<_> = text.split(',').collect();
        if names.len() > MAX_FIELDS {
            return Err(too_many_values(MAX_FIELDS, "fields"));
        }
        let mut sort = Self {
            keys: Vec::new(),
            private: None,
        };
        for name in names {
            let (name, order) = match name.strip_prefix('-') {
                Some(name) => (name, Order::Desc),
                None => (name, Order::Asc),
            };
            let field = sortable_field::<C>(name, Field::is_sortable)?;
            if sort.keys.iter().any(|key| key.column.as_str() == name) {
                return Err(repeated_value(name));
            }
            if field.is_private {
                let refused = || unknown_field::<C>(name, Field::is_sortable);
                sort.private.get_or_insert_with(refused);
            }
            sort.keys.push(Key {
                column: field.column,
                order,
            });
        }
        let id = sort.keys.iter().position(|key| key.column.as_str() == "id");
        if let Some(place) = id {
            // No two rows have the same id, so later fields order nothing.
            sort.keys.truncate(place + 1);
        } else {
            // The id has the direction of the field before it, as in the indexes.
            let order = sort
                .keys
                .last()
                .map_or(Order::Desc, |key| key.order.clone());
            sort.keys.push(Key {
                column: C::ID,
                order,
            });
        }
        Ok(sort)
    }

    /// Returns true if an index has the rows in this order: by one field and then by id, both in one direction.
    pub fn follows_index(&self, deleted: Deleted) -> bool {
        let indexed = indexed_fields::<C>(deleted);
        match self.keys.as_slice() {
            [first, ..] if first.column.as_str() == "id" => true,
            [first, id] => {
                let is_indexed = indexed.contains(&first.column.as_str());
                is_indexed && id.column.as_str() == "id" && id.order == first.order
            }
            _ => false,
        }
    }

    /// Returns the fields with their directions, which are the whole meaning of an order.
    pub fn meaning(&self) -> Vec<(&'static str, bool)> {
        let keys = self.keys.iter();
        keys.map(|key| (key.column.as_str(), key.order == Order::Asc))
            .collect()
    }

    pub fn order(&self, rows: Select<C::Entity>, backward: bool) -> Select<C::Entity> {
        Self::order_by(&self.keys, rows, backward)
    }

    /// Orders the rows of one range. The order does not name its constant fields, nor a place for NULLs in a field that has none
    /// there: no index would have the rows in such an order.
    pub fn order_range(
        &self,
        rows: Select<C::Entity>,
        range: &Range,
        backward: bool,
    ) -> Select<C::Entity> {
        let keys = &self.keys[range.constant..];
        match keys.split_first() {
            Some((first, rest)) if range.has_values => {
                let rows = rows.order_by(first.column, first.direction(backward));
                Self::order_by(rest, rows, backward)
            }
            _ => Self::order_by(keys, rows, backward),
        }
    }

    fn order_by(keys: &[Key<C>], rows: Select<C::Entity>, backward: bool) -> Select<C::Entity> {
        let nulls = if backward {
            NullOrdering::First
        } else {
            NullOrdering::Last
        };
        keys.iter().fold(rows, |rows, key| {
            let order = key.direction(backward);
            if key.is_nullable() {
                rows.order_by_with_nulls(key.column, order, nulls)
            } else {
                rows.order_by(key.column, order)
            }
        })
    }

    /// Returns the values that a row is sorted by.
    pub fn values(&self, row: &Model<C>) -> Vec<Option<String>> {
        self.keys
            .iter()
            .map(|key| value::write(&row.get(key.column)))
            .collect()
    }
}

impl<C: Readable> Key<C> {
    pub(super) fn field(&self) -> Expr {
        Expr::col(self.column.as_column_ref())
    }

    pub(super) fn is_nullable(&self) -> bool {
        self.column.def().is_null()
    }

    fn direction(&self, backward: bool) -> Order {
        match (&self.order, backward) {
            (Order::Asc, false) | (Order::Desc, true) => Order::Asc,
            _ => Order::Desc,
        }
    }
}
