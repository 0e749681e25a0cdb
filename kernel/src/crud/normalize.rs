//! Converts values to the form in which both databases store them, and checks the limits of their columns.
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, EntityTrait, IdenStatic, IntoActiveModel, Iterable,
    Value,
};

use crate::{
    Code, Error, Refusal, Refused, Result, decimal,
    input::{self, Input},
    json::MAX_SAFE,
    resource::{Active, Crud, Encoding, Field},
    time::{self, normalize_time_of_day},
};

/// Normalizes every value that a row is about to get. Fails with all values that cannot be stored.
pub fn normalize<C: Crud>(row: &mut Active<C>) -> Result<()> {
    let mut refused = Vec::new();
    for column in <C::Entity as EntityTrait>::Column::iter() {
        let ActiveValue::Set(value) = row.get(column) else {
            continue;
        };
        let mut fields = C::FIELDS.iter();
        let field = fields.find(|field| field.column.as_str() == column.as_str());
        let checked = field.map_or(Ok(()), |field| check(field, &value));
        match checked.and_then(|()| stored(value)) {
            Ok(value) => row.set(column, value),
            Err((code, detail)) => {
                refused.push(Refusal::new(format!("/{}", column.as_str()), code, detail));
            }
        }
    }
    Error::refuse(refused)
}

/// Fails with every limit that an input breaks. A field that breaks several is named once.
pub fn check_input<C: Crud>(input: &(impl Input + IntoActiveModel<Active<C>>)) -> Result<()> {
    let mut row = input.clone().into_active_model();
    let mut refused: Vec<Refusal> = Vec::new();
    for checked in [input::check(input), normalize::<C>(&mut row)] {
        match checked {
            Err(Error::Invalid(refusals)) => {
                for refusal in refusals {
                    if refused.iter().all(|other| other.at != refusal.at) {
                        refused.push(refusal);
                    }
                }
            }
            checked => checked?,
        }
    }
    Error::refuse(refused)
}

/// Checks the limits that the resource declares.
fn check<C: ColumnTrait>(field: &Field<C>, value: &Value) -> Result<(), Refused> {
    let number = match value {
        Value::SmallInt(Some(number)) => i64::from(*number),
        Value::Int(Some(number)) => i64::from(*number),
        Value::BigInt(Some(number)) => *number,
        Value::String(Some(text)) => {
            return match field.encoding {
                Encoding::OneOf(values) if !values.contains(&text.as_str()) => Err((
                    Code::NotAllowed,
                    format!("must be one of {}", values.join(", ")),
                )),
                _ => Ok(()),
            };
        }
        _ => return Ok(()),
    };
    if let Encoding::Decimal(_) = field.encoding
        && !decimal::fits(number)
    {
        let detail = format!("must have at most {} digits", decimal::MAX_DIGITS);
        return Err((Code::OutOfRange, detail));
    }
    if field.is_reference() && number > MAX_SAFE {
        return Err((Code::OutOfRange, format!("must be from 1 to {MAX_SAFE}")));
    }
    match field.range {
        Some((least, greatest)) if !(least..=greatest).contains(&number) => {
            let text = |number: i64| match field.encoding {
                Encoding::Decimal(places) => decimal::write(number, places),
                _ => number.to_string(),
            };
            let detail = format!("must be from {} to {}", text(least), text(greatest));
            Err((Code::OutOfRange, detail))
        }
        _ => Ok(()),
    }
}

/// Returns the form that both databases store and compare in the same way.
fn stored(value: Value) -> Result<Value, Refused> {
    let normal = match value {
        Value::ChronoDateTimeWithTimeZone(Some(time)) => time::normalize(&time).map(Value::from),
        Value::ChronoDateTimeUtc(Some(time)) => {
            let time = time::normalize(&time.fixed_offset());
            time.map(|time| time.to_utc().into())
        }
        Value::ChronoTime(Some(time)) => normalize_time_of_day(time).map(Value::from),
        Value::ChronoDate(Some(date)) => time::has_four_digits(&date).then(|| date.into()),
        // SQLite stores NaN as NULL, and JSON has no text for either.
        Value::Float(Some(number)) if !number.is_finite() => return Err(infinite("32")),
        Value::Double(Some(number)) if !number.is_finite() => return Err(infinite("64")),
        value => Some(value),
    };
    normal.ok_or_else(|| (Code::OutOfRange, time::OUT_OF_RANGE.to_owned()))
}

fn infinite(bits: &str) -> Refused {
    let detail = format!("must be a finite number that fits a {bits}-bit float");
    (Code::OutOfRange, detail)
}
