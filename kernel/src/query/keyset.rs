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
        Readable, everything,
        value::{self, ValueKind},
    },
};

/// Rows that follow each other in the order of a list.
#[derive(Debug, Clone)]
pub struct Range {
    pub rows: Condition,
    /// The range directly before this one. If it fills a page, this one is not needed.
    pub before: Option<Box<Range>>,
    /// The number of first fields that have the same value in all rows, or NULL in all.
    pub constant: usize,
    /// True if the next field has a value in all rows.
    pub has_values: bool,
}

impl<C: Readable> Sort<C> {
    /// Returns ranges without common rows that together contain all rows after the position, or all rows without one.
    ///
    /// PostgreSQL seeks an index with a comparison of row values, so the last fields are one range if they have one direction
    /// and are never NULL. Each field before them adds the rows that have equal values in the earlier fields and come after the
    /// position in this one. One condition with OR would make the database read every row from the first equal value on.
    ///
    /// The rows with a NULL in such a field are a range of their own, since an index may have them at the other end.
    pub fn keyset_ranges(&self, place: Option<&Cursor>) -> Result<Vec<Range>> {
        let Some(place) = place else {
            return Ok(self.all_ranges());
        };
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
                ranges.push(Range::new(tied.add(past), at));
                break;
            }
            let (past, nulls) = key.ranges_after(value.as_ref(), ascends, place.backward);
            let past = past.map(|past| Range::new(tied.clone().add(past), at));
            ranges.extend(past.clone());
            ranges.extend(nulls.map(|nulls| Range::nulls(tied.clone().add(nulls), at, past)));
            tied = tied.add(key.equals(value.as_ref()));
        }
        Ok(ranges)
    }

    fn all_ranges(&self) -> Vec<Range> {
        match self.keys.first() {
            Some(first) if first.is_nullable() => {
                let values = Range::new(everything().add(first.field().is_not_null()), 0);
                let nulls = everything().add(first.field().is_null());
                let nulls = Range::nulls(nulls, 0, Some(values.clone()));
                vec![values, nulls]
            }
            _ => vec![Range::new(everything(), 0)],
        }
    }
}

impl Range {
    /// Returns a range in which the field after the constant ones has values.
    fn new(rows: Condition, constant: usize) -> Self {
        Self {
            rows,
            before: None,
            constant,
            has_values: true,
        }
    }

    /// Returns the range in which the field after so many constant ones is NULL, which makes it constant too.
    fn nulls(rows: Condition, constant: usize, before: Option<Range>) -> Self {
        Self {
            rows,
            before: before.map(Box::new),
            constant: constant + 1,
            has_values: false,
        }
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

    /// Returns the rows strictly after a value of this field alone: those with a value, and those with NULL. NULLs come last
    /// going forwards, and first going backwards.
    fn ranges_after(
        &self,
        value: Option<&Value>,
        ascends: bool,
        backward: bool,
    ) -> (Option<Expr>, Option<Expr>) {
        let Some(value) = value.cloned() else {
            return (backward.then(|| self.field().is_not_null()), None);
        };
        let past = if ascends {
            self.field().gt(value)
        } else {
            self.field().lt(value)
        };
        let nulls = (self.is_nullable() && !backward).then(|| self.field().is_null());
        (Some(past), nulls)
    }
}
