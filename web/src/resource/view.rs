//! Declares the view of a resource whose rows are those of its table.
use chrono::{DateTime, FixedOffset};

use crate::time::Time;

/// Declares what the API shows of a service's rows: a struct with some columns of the table, and how a row becomes one.
/// A column has its own type, or [`Time`] for a time with a time zone.
///
/// ```ignore
/// view! {
///     pub struct NoteView of Notes {
///         text: String,
///         written_at: Option<Time>,
///     }
/// }
/// ```
#[macro_export]
macro_rules! view {
    ($(#[$about:meta])* $vis:vis struct $view:ident of $service:ty {
        $($(#[$attribute:meta])* $field:ident: $type:ty,)*
    }) => {
        $(#[$about])*
        #[derive(Debug, ::schemars::JsonSchema, ::serde::Serialize)]
        $vis struct $view {
            $($(#[$attribute])* $field: $type,)*
        }

        impl $crate::Resource for $view {
            type Service = $service;

            fn show(row: <$service as ::kernel::Readable>::Row) -> Self {
                Self {
                    $($field: $crate::Shown::show(row.$field),)*
                }
            }
        }
    };
}

/// A type that shows the values of a column.
pub trait Shown<T> {
    fn show(value: T) -> Self;
}

impl<T> Shown<T> for T {
    fn show(value: T) -> Self {
        value
    }
}

impl Shown<DateTime<FixedOffset>> for Time {
    fn show(value: DateTime<FixedOffset>) -> Self {
        value.into()
    }
}

impl Shown<Option<DateTime<FixedOffset>>> for Option<Time> {
    fn show(value: Option<DateTime<FixedOffset>>) -> Self {
        value.map(Time::from)
    }
}
