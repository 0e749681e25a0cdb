//! `GET /{resource}/stats`: counts, minima, maxima and sums per group.
use std::{borrow::Cow, marker::PhantomData};

use kernel::{
    Actor, Error, ReadOperations, Readable, Registry,
    crud::{self, Datum},
    query::{Parameters, StatsQuery},
};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::{
    call::{Call, NoBody, Query},
    openapi::{self, Documented, Operation},
    reply::{Answer, Reply},
    resource::{Representation, Resource},
    settings::ApiSettings,
    time::Time,
};

/// The filters, groups and aggregates of a request.
pub struct StatsParams<C: Readable>(pub StatsQuery<C>);

impl<C: Readable> Default for StatsParams<C> {
    fn default() -> Self {
        Self(StatsQuery::default())
    }
}

impl<C: Readable> Query for StatsParams<C> {
    fn parameters(_: &Registry) -> Parameters<Self> {
        StatsQuery::parameters().embed(|query| &mut query.0)
    }

    fn apply_settings(&mut self, settings: &ApiSettings) -> Result<(), Error> {
        self.0.limit_answer(settings.answer_limit);
        Ok(())
    }

    fn permit(&self, actor: &Actor) -> Result<(), Error> {
        self.0.permit(actor)
    }

    fn is_heavy(&self) -> bool {
        true
    }
}

/// 200 with groups of rows.
pub struct Stats<V>(PhantomData<V>);

impl<V: Resource> Documented for Stats<V> {
    fn document(operation: &mut Operation<'_>) {
        operation.answer(200, "The groups");
        operation.json::<Self>(200);
    }
}

impl<V: Resource> JsonSchema for Stats<V> {
    fn schema_name() -> Cow<'static, str> {
        format!("{}Stats", Representation::<V>::schema_name()).into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        openapi::stats_schema::<V::Service>()
    }
}

/// Counts the rows of any list, in groups.
pub async fn stats<V: Resource>(call: Call<NoBody, StatsParams<V::Service>>) -> Answer<Stats<V>> {
    let stats = V::Service::stats(&call.session, &call.query.0).await?;
    let data: Vec<_> = stats.groups.into_iter().map(group).collect();
    Ok(Reply::ok(&json!({ "data": data, "more": stats.has_more }))?)
}

fn group(group: crud::Group) -> Value {
    let mut members = values(group.key);
    members.extend(group.count.map(|count| ("count".to_owned(), count.into())));
    for (name, extremes) in [("min", group.min), ("max", group.max), ("sum", group.sum)] {
        if !extremes.is_empty() {
            members.insert(name.to_owned(), values(extremes).into());
        }
    }
    members.into()
}

fn values(values: crud::Values) -> Map<String, Value> {
    let named = values.into_iter();
    named
        .map(|(name, datum)| (name.to_owned(), value(datum)))
        .collect()
}

fn value(datum: Datum) -> Value {
    match datum {
        Datum::Null => Value::Null,
        Datum::Integer(number) => number.into(),
        Datum::Number(number) => number.into(),
        Datum::Boolean(is) => is.into(),
        Datum::Time(time) => json!(Time::from(time)),
        Datum::Text(text) => text.into(),
    }
}
