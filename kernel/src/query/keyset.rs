//! Keyset pagination: the rows after a position, as ranges that an index can seek, for any directions and any NULLs.
use sea_orm::{
    ColumnTrait, Condition, Order, Value,
    sea_query::{Expr, ExprTrait},
};

use super::{
    cursor::{Cursor, bad_cursor},
    sort::{Key, Sort},
};
use crate::{
    Result,
    resource::{
        Readable,
        value::{self, ValueKind},
    },
};

impl<C: Readable> Sort<C> {
    /// Returns ranges without common rows that together contain all rows after the position.
    ///
    /// PostgreSQL seeks an index with a comparison of row values, so the last fields are one range if they have one direction
    /// and are never NULL. Each field before them adds the rows that have equal values in the earlier fields and come after the
    /// position in this one. One condition with OR would make the database read every row from the first equal value on.
    pub fn keyset_ranges(&self, place: &Cursor) -> Result<Vec<Condition>> {
        let values = self.keys.iter().zip(&place.values);
        let values = values.map(|(key, text)| key.value(text.as_deref()));
        let values = values.collect::<Result<Vec<_>>>()?;
        if values.len() != self.keys.len() {
            return Err(bad_cursor());
        }
        let mut ranges = Vec::new();
        let mut tied = Condition::all();
        for (at, (key, value)) in self.keys.iter().zip(&values).enumerate() {
            let ascends = (key.order == Order::Asc) != place.backward;
            if let Some(past) = row_value_range(&self.keys[at..], &values[at..], ascends, place) {
                ranges.push(tied.add(past));
                break;
            }
            let past = key
                .ranges_after(value.as_ref(), ascends, place.backward)
                .into_iter();
            ranges.extend(past.map(|past| tied.clone().add(past)));
            tied = tied.add(key.equals(value.as_ref()));
        }
        Ok(ranges)
    }
}

/// Returns the range after the position as one comparison of row values, or `None` if these fields cannot be compared in that
/// way.
fn row_value_range<C: Readable>(
    keys: &[Key<C>],
    values: &[Option<Value>],
    ascends: bool,
    place: &Cursor,
) -> Option<Expr> {
    let is_alike = |key: &Key<C>| key.order == keys[0].order && !key.is_nullable();
    if !keys.iter().all(is_alike) || values.iter().any(Option::is_none) {
        return None;
    }
    let row = Expr::tuple(keys.iter().map(Key::field));
    let values = Expr::tuple(values.iter().flatten().cloned().map(Expr::val));
    Some(match (ascends, place.inclusive) {
        (true, false) => row.gt(values),
        (true, true) => row.gte(values),
        (false, false) => row.lt(values),
        (false, true) => row.lte(values),
    })
}

impl<C: Readable> Key<C> {
    fn value(&self, text: Option<&str>) -> Result<Option<Value>> {
        let kind = ValueKind::from_column_type(self.column.def().get_column_type());
        let parse = |text| value::parse(kind.unwrap_or(ValueKind::Opaque), text);
        // The column may have had another type when the cursor was made.
        text.map(parse).transpose().map_err(|_| bad_cursor())
    }

    fn equals(&self, value: Option<&Value>) -> Expr {
        match value {
            Some(value) => self.field().eq(value.clone()),
            None => self.field().is_null(),
        }
    }

    /// Returns the ranges strictly after a value of this field alone. NULLs come last going forwards, and first going
    /// backwards.
    fn ranges_after(&self, value: Option<&Value>, ascends: bool, backward: bool) -> Vec<Expr> {
        let Some(value) = value.cloned() else {
            let values = backward.then(|| self.field().is_not_null());
            return values.into_iter().collect();
        };
        let past = if ascends {
            self.field().gt(value)
        } else {
            self.field().lt(value)
        };
        let nulls = (self.is_nullable() && !backward).then(|| self.field().is_null());
        [past].into_iter().chain(nulls).collect()
    }
}
