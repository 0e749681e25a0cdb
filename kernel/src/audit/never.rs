//! What nobody can send.
use std::borrow::Cow;

use crate::audit::view::ActiveModel;
use garde::{Path, Report, Validate};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use sea_orm::IntoActiveModel;
use serde::Deserialize;

/// The input of a resource that is only read.
#[derive(Debug, Clone, Deserialize)]
pub enum Never {}

impl Validate for Never {
    type Context = ();

    fn validate_into(&self, (): &(), _: &mut dyn FnMut() -> Path, _: &mut Report) {
        match *self {}
    }
}

impl JsonSchema for Never {
    fn schema_name() -> Cow<'static, str> {
        "Never".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        false.into()
    }
}

impl IntoActiveModel<ActiveModel> for Never {
    fn into_active_model(self) -> ActiveModel {
        match self {}
    }
}
