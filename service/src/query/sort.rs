//! The order of a list, and what lies beyond a row in it, whatever the directions and wherever NULLs are.
use sea_orm::{
    ColumnTrait, Condition, IdenStatic, ModelTrait, Order, QueryOrder, Select, Value,
    sea_query::{Expr, ExprTrait, NullOrdering},
};

use super::{Refused, cursor::Cursor, declared, value};
use crate::{
    Error, Result,
    crud::{Column, Crud, Model, column},
};

pub const MAX_FIELDS: usize = 3;

/// Fields with their directions; `id` is always the last. NULL comes after every value, in both directions.
pub struct Sort<C: Crud> {
    keys: Vec<Key<C>>,
    has_private: bool,
}

struct Key<C: Crud> {
    column: Column<C>,
    order: Order,
}

impl<C: Crud> Default for Sort<C> {
    fn default() -> Self {
        let column = column::<C::Entity>("id");
        let order = Order::Desc;
        Self {
            keys: vec![Key { column, order }],
            has_private: false,
        }
    }
}

impl<C: Crud> Sort<C> {
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let names: Vec<_> = text.split(',').collect();
        if names.len() > MAX_FIELDS {
            return Err(("too_many", format!("sorts by at most {MAX_FIELDS} fields")));
        }
        let mut sort = Self {
            keys: Vec::new(),
            has_private: false,
        };
        for name in names {
            let (name, order) = match name.strip_prefix('-') {
                Some(name) => (name, Order::Desc),
                None => (name, Order::Asc),
            };
            let field = declared::<C>(name)?;
            if sort.keys.iter().any(|key| key.column.as_str() == name) {
                return Err(("duplicate", format!("names {name} more than once")));
            }
            sort.has_private |= field.is_private;
            sort.keys.push(Key {
                column: field.column,
                order,
            });
        }
        // In the direction of the field before it, which is how the indexes run.
        let order = sort
            .keys
            .last()
            .map_or(Order::Desc, |key| key.order.clone());
        if !sort.keys.iter().any(|key| key.column.as_str() == "id") {
            sort.keys.push(Key {
                column: column::<C::Entity>("id"),
                order,
            });
        }
        Ok(sort)
    }

    pub fn private(&self) -> Option<()> {
        self.has_private.then_some(())
    }

    pub fn order(&self, rows: Select<C::Entity>, backward: bool) -> Select<C::Entity> {
        self.keys.iter().fold(rows, |rows, key| {
            let order = if backward {
                key.reversed()
            } else {
                key.order.clone()
            };
            let nulls = if backward {
                NullOrdering::First
            } else {
                NullOrdering::Last
            };
            match key.is_nullable() {
                true => rows.order_by_with_nulls(key.column, order, nulls),
                false => rows.order_by(key.column, order),
            }
        })
    }

    /// The values that a row is sorted by.
    pub fn values(&self, row: &Model<C>) -> Vec<Option<String>> {
        self.keys
            .iter()
            .map(|key| text(row.get(key.column)))
            .collect()
    }

    /// What lies beyond a place.
    ///
    /// Row values compare as an index does, and PostgreSQL seeks with them. Where directions differ or a field may be NULL
    /// they say something else; then it is spelt out, behind a bound on the first field to seek with.
    pub fn beyond(&self, place: &Cursor) -> Result<Expr> {
        let values = self
            .keys
            .iter()
            .zip(&place.values)
            .map(|(key, text)| key.value(text.as_deref()));
        let values = values.collect::<Result<Vec<_>>>()?;
        if values.len() != self.keys.len() {
            return Err(Error::bug(
                "a cursor has another number of values than its order",
            ));
        }
        let ascends = |key: &Key<C>| (key.order == Order::Asc) != place.backward;
        let first = &self.keys[0];
        if self
            .keys
            .iter()
            .all(|key| key.order == first.order && !key.is_nullable())
        {
            let row = Expr::tuple(self.keys.iter().map(Key::field));
            let at = Expr::tuple(values.into_iter().flatten().map(Expr::val));
            return Ok(if ascends(first) {
                row.gt(at)
            } else {
                row.lt(at)
            });
        }
        let mut beyond = Condition::any();
        let mut tied = Condition::all();
        for (key, value) in self.keys.iter().zip(&values) {
            if let Some(past) = key.past(value.clone(), ascends(key), place.backward) {
                beyond = beyond.add(tied.clone().add(past));
            }
            tied = tied.add(key.same(value.clone()));
        }
        let bound = match (&values[0], first.is_nullable()) {
            (Some(value), false) if ascends(first) => Some(first.field().gte(value.clone())),
            (Some(value), false) => Some(first.field().lte(value.clone())),
            _ => None,
        };
        Ok(Condition::all().add(beyond).add_option(bound).into())
    }
}

impl<C: Crud> Key<C> {
    fn field(&self) -> Expr {
        Expr::col(self.column.as_column_ref())
    }

    fn is_nullable(&self) -> bool {
        self.column.def().is_null()
    }

    fn reversed(&self) -> Order {
        match self.order {
            Order::Asc => Order::Desc,
            _ => Order::Asc,
        }
    }

    fn value(&self, text: Option<&str>) -> Result<Option<Value>> {
        let parse = |text| value::parse(self.column.def().get_column_type(), text);
        let value = text.map(parse).transpose();
        value.map_err(|(_, detail)| {
            Error::bug(format!("a cursor of ours holds a value that {detail}"))
        })
    }

    fn same(&self, value: Option<Value>) -> Expr {
        match value {
            Some(value) => self.field().eq(value),
            None => self.field().is_null(),
        }
    }

    /// Rows strictly past a value of this field alone; none, where nothing is. Forwards the NULLs come last.
    fn past(&self, value: Option<Value>, ascends: bool, backward: bool) -> Option<Expr> {
        let Some(value) = value else {
            return backward.then(|| self.field().is_not_null());
        };
        let past = match ascends {
            true => self.field().gt(value),
            false => self.field().lt(value),
        };
        match self.is_nullable() && !backward {
            true => Some(past.or(self.field().is_null())),
            false => Some(past),
        }
    }
}

/// As [`value::parse`] reads it.
fn text(value: Value) -> Option<String> {
    match value {
        Value::BigInt(number) => number.map(|number| number.to_string()),
        Value::Bool(is) => is.map(|is| is.to_string()),
        Value::String(text) => text,
        Value::ChronoDateTimeWithTimeZone(time) => time.map(|time| time.to_rfc3339()),
        _ => None,
    }
}
