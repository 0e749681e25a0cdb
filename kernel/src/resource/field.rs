//! The fields that a client sees, filters by or sorts by.
use sea_orm::{ColumnTrait, ColumnType, Value as Stored, sea_query::sea_value_to_json_value};
use serde_json::Value;

use super::ValueKind;
use crate::{
    decimal,
    json::{self, Base64, Float32, Timestamp},
};

/// One declared column. A column that is not declared is never shown and never recorded.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a choice of its own that a resource declares"
)]
pub struct Field<C> {
    pub column: C,
    /// Only the owner of the row and actors with the full read permission see it. Only the latter may filter by it.
    pub is_private: bool,
    /// Its values are large, so they are read only if they are shown.
    pub is_heavy: bool,
    /// It is a long text: its size is read before the text, and rows cannot be sorted, grouped or aggregated by it.
    pub is_long: bool,
    /// An index over live rows begins with this column.
    pub is_indexed: bool,
    /// Rows may be filtered by its values.
    pub is_comparable: bool,
    pub encoding: Encoding,
    /// The minimum and maximum of a number; of a decimal, in units of its last digit.
    pub range: Option<(i64, i64)>,
}

/// The way in which a column stores values that its type does not describe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Plain,
    /// A decimal with this number of places, stored as an integer in units of its last place (12.30 is 1230).
    Decimal(u32),
    OneOf(&'static [&'static str]),
}

impl<C: Copy> Field<C> {
    pub const fn public(column: C) -> Self {
        Self {
            column,
            is_private: false,
            is_heavy: false,
            is_long: false,
            is_indexed: false,
            is_comparable: true,
            encoding: Encoding::Plain,
            range: None,
        }
    }

    pub const fn private(column: C) -> Self {
        Self {
            is_private: true,
            ..Self::public(column)
        }
    }

    pub const fn heavy(column: C) -> Self {
        Self {
            is_heavy: true,
            is_long: true,
            ..Self::opaque(column)
        }
    }

    /// Declares a column that has no order, such as a list, JSON or bytes. Rows may only be filtered by whether it is null.
    pub const fn opaque(column: C) -> Self {
        Self {
            is_comparable: false,
            ..Self::public(column)
        }
    }

    /// Declares a text of more than 1,000 characters, or JSON or bytes of that size.
    #[must_use]
    pub const fn long(self) -> Self {
        Self {
            is_long: true,
            ..self
        }
    }

    /// Declares that an index over live rows has this column and then `id`, or is unique and has this column only.
    #[must_use]
    pub const fn indexed(self) -> Self {
        Self {
            is_indexed: true,
            ..self
        }
    }

    /// Declares a decimal with this number of places, in a `big_integer` column. It has at most 18 digits.
    #[must_use]
    pub const fn decimal(self, places: u32) -> Self {
        Self {
            encoding: Encoding::Decimal(places),
            ..self
        }
    }

    /// Declares a text enumeration.
    #[must_use]
    pub const fn one_of(self, values: &'static [&'static str]) -> Self {
        Self {
            encoding: Encoding::OneOf(values),
            ..self
        }
    }

    /// Bounds an integer. A 64-bit integer within 2^53 - 1 is a JSON number instead of a string.
    #[must_use]
    pub const fn range(self, least: i64, greatest: i64) -> Self {
        Self {
            range: Some((least, greatest)),
            ..self
        }
    }

    /// Returns true if rows may be sorted and grouped by it.
    pub const fn is_sortable(&self) -> bool {
        self.is_comparable && !self.is_long
    }
}

impl<C: ColumnTrait> Field<C> {
    /// Returns true if a filter may name it. A nullable column of JSON or bytes has one filter: `is_null`.
    pub fn is_filterable(&self) -> bool {
        let column = self.column.def();
        let has_no_order = ValueKind::from_column_type(column.get_column_type()).is_none();
        self.is_comparable || (has_no_order && column.is_null())
    }

    /// Returns how its values are written and compared, or `None` if the declaration does not match the type of the column.
    pub fn kind(&self) -> Option<ValueKind> {
        let column = self.column.def();
        let column = column.get_column_type();
        if !self.is_comparable {
            return Some(ValueKind::Opaque);
        }
        match (self.encoding, ValueKind::from_column_type(column)?) {
            (Encoding::Decimal(places), _) => {
                let is_stored = *column == ColumnType::BigInteger;
                let suits = is_stored && places <= decimal::MAX_DIGITS;
                suits.then_some(ValueKind::Decimal(places))
            }
            (Encoding::OneOf(values), ValueKind::Text) => Some(ValueKind::OneOf(values)),
            (Encoding::OneOf(_), _) => None,
            (Encoding::Plain, _) if *column == ColumnType::BigInteger && !self.is_json_number() => {
                Some(ValueKind::Int64)
            }
            (Encoding::Plain, kind) => Some(kind),
        }
    }

    /// Returns true if its values can be added up: integers and decimals, but not ids and versions. Floats are excluded because
    /// their sum depends on the order of the rows.
    pub fn has_sum(&self) -> bool {
        let kind = self.kind();
        let is_exact = matches!(
            kind,
            Some(ValueKind::Integer | ValueKind::Int64 | ValueKind::Decimal(_))
        );
        is_exact && !self.is_reference()
    }

    /// Returns true if a 64-bit integer is a JSON number: an id, a version, or a column whose declared range is small enough.
    fn is_json_number(&self) -> bool {
        let is_small = |(least, greatest)| json::is_safe(least) && json::is_safe(greatest);
        self.is_reference() || self.range.is_some_and(is_small)
    }

    /// Returns true if its name is that of an id or a version.
    pub(crate) fn is_reference(&self) -> bool {
        let name = self.column.as_str();
        name == "id" || name == "version" || name.ends_with("_id")
    }

    /// Returns a stored value as the API shows it.
    pub fn json(&self, value: &Stored) -> Value {
        match value {
            Stored::BigInt(Some(number)) => match self.kind() {
                Some(ValueKind::Decimal(places)) => decimal::write(*number, places).into(),
                Some(ValueKind::Int64) => number.to_string().into(),
                _ => (*number).into(),
            },
            Stored::Float(Some(number)) => Float32::shortest(*number).into(),
            Stored::Bytes(Some(bytes)) => Base64::encode(bytes).into(),
            Stored::ChronoDateTimeWithTimeZone(Some(time)) => Timestamp::text(time).into(),
            // `sea_value_to_json_value` would turn dates and times into quoted SQL literals.
            Stored::ChronoDate(Some(date)) => date.to_string().into(),
            Stored::ChronoTime(Some(time)) => time.to_string().into(),
            value => sea_value_to_json_value(value),
        }
    }
}
