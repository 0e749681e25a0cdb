//! Sets and reads the base columns of rows.
use sea_orm::{ActiveModelTrait, prelude::DateTimeWithTimeZone};

use crate::{
    clock::now,
    resource::{Active, Crud, Found, Model, PrivateView, Readable},
};

pub fn stamp_new<C: Crud>(row: &mut Active<C>) {
    let now = now();
    row.set(C::CREATED_AT, now.into());
    row.set(C::UPDATED_AT, now.into());
    row.set(C::VERSION, 1_i64.into());
}

pub fn stamp_next<C: Crud>(row: &mut Active<C>, before: &Model<C>) {
    row.set(C::UPDATED_AT, now().into());
    row.set(C::VERSION, (C::version(before) + 1).into());
}

pub fn stamp_restored<C: Crud>(row: &mut Active<C>, before: &Model<C>) {
    stamp_next::<C>(row, before);
    row.set(C::DELETED_AT, None::<DateTimeWithTimeZone>.into());
    row.set(C::DELETION_ID, None::<i64>.into());
}

pub fn found_row<C: Readable>(
    view: &PrivateView,
    model: &Model<C>,
    row: C::Row,
) -> Found<C::Row, C::State> {
    Found {
        id: C::id(model),
        created_at: C::created_at(model),
        state: C::state(model),
        is_full: view.includes::<C>(model),
        row,
    }
}
