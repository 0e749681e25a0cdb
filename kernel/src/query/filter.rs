//! Filters: `field=value`, `field[op]=value`, `field.op=value`, and fields of an owner (`author.username=ada`).
use sea_orm::{
    ColumnTrait, Condition, IdenStatic, Value,
    sea_query::{Expr, ExprTrait, Func, LikeExpr},
};

use serde::Serialize;

use super::{parameter::too_many_values, unknown_name};
use crate::{
    Actor, Code, Refused, quote,
    resource::{
        Column, Filterable, Owner, Readable, declared_fields, scope,
        value::{self, OPERATORS, ValueKind},
    },
    suggest,
};

/// The most values of one `in` or `nin`; contract §4.
pub const MAX_VALUES: usize = 100;

/// The most characters of one `contains` or `starts_with`. SQLite fails on patterns over 50,000 bytes, and compares a long
/// pattern at each position of a text.
pub const MAX_PATTERN: usize = 200;

/// The most `contains` filters of a request. Each reads the whole text of every row that the other filters leave.
pub const MAX_CONTAINS: usize = 5;

/// The operators that work on texts only.
pub const TEXT_OPERATORS: [&str; 2] = ["contains", "starts_with"];

/// Returns the operators that work on a field of this kind.
pub fn operators(kind: ValueKind) -> Vec<&'static str> {
    let takes = |operator: &&str| match kind {
        ValueKind::Text => true,
        ValueKind::Opaque => *operator == "is_null",
        _ => !TEXT_OPERATORS.contains(operator),
    };
    OPERATORS.into_iter().filter(takes).collect()
}

/// The name of a filter: a field, perhaps of a relation, and an operator.
#[derive(Clone, Copy)]
pub struct FilterName<'a> {
    pub relation: Option<&'a str>,
    pub field: &'a str,
    pub operator: &'a str,
}

impl<'a> FilterName<'a> {
    /// Splits the name of a query parameter. Its last part is an operator if there is an operator with this name.
    pub fn of_parameter(name: &'a str) -> Self {
        let in_brackets = name.strip_suffix(']').and_then(|name| name.split_once('['));
        let is_operator = |(_, last): &(&str, &str)| OPERATORS.contains(last);
        let last_part = || name.rsplit_once('.').filter(is_operator);
        let (path, operator) = in_brackets.or_else(last_part).unwrap_or((name, "eq"));
        let (relation, field) = match path.split_once('.') {
            Some((relation, field)) => (Some(relation), field),
            None => (None, path),
        };
        Self {
            relation,
            field,
            operator,
        }
    }

    /// Splits a condition such as `author.username.eq.ada`, and returns the place of its value.
    pub fn of_condition(text: &'a str) -> Option<(Self, usize)> {
        let (first, rest) = text.split_once('.')?;
        let (second, value) = rest.split_once('.')?;
        let (relation, field, operator, value) = if OPERATORS.contains(&second) {
            (None, first, second, value)
        } else {
            let (third, value) = value.split_once('.')?;
            (Some(first), second, third, value)
        };
        let name = Self {
            relation,
            field,
            operator,
        };
        OPERATORS
            .contains(&operator)
            .then_some((name, text.len() - value.len()))
    }
}

/// A condition on the rows of a list.
#[derive(Clone)]
pub struct Filter {
    test: Expr,
    meaning: Meaning,
    /// The resource whose field is private, and so needs its full read permission; callers who lack it get this refusal.
    pub(super) private: Option<(&'static str, Refused)>,
    /// True if it looks for a part of a text, which no index finds.
    pub is_pattern: bool,
    through: Option<Through>,
}

/// The meaning of a filter, independent of how the client wrote it: two filters with the same meaning are equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Meaning {
    field: String,
    operator: &'static str,
    values: Vec<Option<String>>,
}

impl Meaning {
    fn new(field: &str, operator: &'static str, values: &[Value]) -> Self {
        let mut values: Vec<_> = values.iter().map(value::write).collect();
        values.sort();
        values.dedup();
        let operator = match (operator, values.len()) {
            ("in", 1) => "eq",
            ("nin", 1) => "ne",
            _ => operator,
        };
        Self {
            field: field.to_owned(),
            operator,
            values,
        }
    }
}

/// The relation to the owner whose field is filtered.
#[derive(Clone)]
struct Through {
    foreign_key: (&'static str, &'static str),
    owner: &'static str,
    visible: fn(&Actor) -> Condition,
}

impl Filter {
    pub fn equal<C: Readable>(column: Column<C>, value: impl Into<Value>) -> Self {
        let value = value.into();
        Self {
            meaning: Meaning::new(column.as_str(), "eq", std::slice::from_ref(&value)),
            test: ColumnTrait::eq(&column, value),
            private: None,
            is_pattern: false,
            through: None,
        }
    }

    /// Parses a filter with this name and this value.
    pub fn parse<C: Readable>(name: FilterName<'_>, text: &str) -> Result<Self, Refused> {
        let FilterName {
            relation,
            field,
            operator,
        } = name;
        let Some(relation) = relation else {
            return Self::parse_field(&declared_fields::<C>(), field, operator, text);
        };
        let owners = C::owners();
        let is_meant = |owner: &&Owner| owner.relation() == Some(relation);
        let Some(owner) = owners.iter().find(is_meant) else {
            return Err(unknown_relation::<C>(relation, field));
        };
        let mut filter = Self::parse_field(&(owner.fields)(), field, operator, text)?;
        filter.meaning.field = format!("{relation}.{field}");
        filter.through = Some(Through {
            foreign_key: (C::name(), owner.column),
            owner: owner.table,
            visible: owner.visible,
        });
        Ok(filter)
    }

    /// Parses a filter on one of `fields`, which are those of one resource.
    fn parse_field(
        fields: &[Filterable],
        name: &str,
        operator: &str,
        text: &str,
    ) -> Result<Self, Refused> {
        let unknown = || {
            let public = fields.iter().filter(|field| field.private_of.is_none());
            unknown_name(name, public.map(|field| field.name.as_str()))
        };
        let field = fields.iter().find(|field| field.name == name);
        let field = field.ok_or_else(unknown)?;
        let (condition, operator, values) = test(field, operator, text)?;
        Ok(Self {
            meaning: Meaning::new(name, operator, &values),
            test: condition,
            private: field.private_of.map(|resource| (resource, unknown())),
            is_pattern: TEXT_OPERATORS.contains(&operator),
            through: None,
        })
    }

    /// Returns the operator and the value, if the filter compares this field with one value.
    pub fn comparison(&self, field: &str) -> Option<(&'static str, &str)> {
        let Meaning {
            field: name,
            operator,
            values,
        } = &self.meaning;
        match values.as_slice() {
            [Some(value)] if name == field => Some((operator, value)),
            _ => None,
        }
    }

    pub fn meaning(&self) -> &Meaning {
        &self.meaning
    }

    pub fn is_contains(&self) -> bool {
        self.meaning.operator == "contains"
    }

    /// Returns the condition for this actor, who can filter only by related rows that they see.
    pub fn condition(&self, actor: &Actor) -> Expr {
        let test = self.test.clone();
        match &self.through {
            None => test,
            Some(through) => {
                let owners = scope::live_ids(through.owner)
                    .cond_where((through.visible)(actor))
                    .and_where(test)
                    .take();
                Expr::col(through.foreign_key).in_subquery(owners)
            }
        }
    }
}

/// Makes the condition. NULL differs from every value: `ne` and `nin` keep rows with NULL.
fn test(
    filtered: &Filterable,
    operator: &str,
    text: &str,
) -> Result<(Expr, &'static str, Vec<Value>), Refused> {
    let kind = filtered.kind;
    let field = || Expr::col(filtered.column);
    let one = || value::parse(kind, text);
    let many = || {
        let texts = value::split_list(text)?;
        if texts.len() > MAX_VALUES {
            Err(too_many_values(MAX_VALUES, "values"))
        } else {
            texts
                .iter()
                .map(|text| value::parse(kind, text))
                .collect::<Result<Vec<_>, _>>()
        }
    };
    let or_null = |test: Expr| {
        if filtered.is_nullable {
            test.or(field().is_null())
        } else {
            test
        }
    };
    let known = OPERATORS.into_iter().find(|known| *known == operator);
    let operator = known.ok_or_else(|| unknown_operator(operator))?;
    let is_pattern = TEXT_OPERATORS.contains(&operator);
    if is_pattern && kind != ValueKind::Text {
        return Err((
            Code::NotAllowed,
            format!("{operator} works on text fields only"),
        ));
    }
    if is_pattern && text.chars().count() > MAX_PATTERN {
        let detail = format!("{operator} takes at most {MAX_PATTERN} characters");
        return Err((Code::TooLong, detail));
    }
    let values = match operator {
        "in" | "nin" => many()?,
        "is_null" => vec![value::parse_boolean(text)?.into()],
        _ if is_pattern => {
            one()?;
            vec![text.to_ascii_lowercase().into()]
        }
        _ => vec![one()?],
    };
    let listed = || values.iter().cloned().map(Expr::val);
    let only = || values.first().cloned().map_or_else(Expr::null, Expr::val);
    let condition = match operator {
        "eq" => field().eq(only()),
        "ne" => or_null(field().ne(only())),
        "lt" => field().lt(only()),
        "lte" => field().lte(only()),
        "gt" => field().gt(only()),
        "gte" => field().gte(only()),
        "in" => field().is_in(listed()),
        "nin" => or_null(field().is_not_in(listed())),
        "contains" => like(field(), &format!("%{}%", literal(text))),
        "starts_with" => like(field(), &format!("{}%", literal(text))),
        _ if value::parse_boolean(text)? => field().is_null(),
        _ => field().is_not_null(),
    };
    Ok((condition, operator, values))
}

fn unknown_operator(name: &str) -> Refused {
    let operators = OPERATORS.join(", ");
    let detail = format!("unknown operator {:?}; expected {operators}", quote(name));
    (Code::Unknown, detail)
}

/// Refuses a relation. After a field of the resource itself, what follows the dot was meant as an operator.
fn unknown_relation<C: Readable>(relation: &str, rest: &str) -> Refused {
    let is_public = |field: &Filterable| field.name == relation && field.private_of.is_none();
    if declared_fields::<C>().iter().any(is_public) {
        return unknown_operator(rest);
    }
    let owners = C::owners();
    let names: Vec<_> = owners.iter().filter_map(Owner::relation).collect();
    let expected = suggest::expected(relation, names.iter().copied());
    let (relation, names) = (quote(relation), names.join(", "));
    let detail = format!("unknown relation {relation:?}; {expected} {names}");
    (Code::Unknown, detail)
}

/// Ignores the case of ASCII letters only, on both databases, as `lower` does in SQLite and under PostgreSQL's collation "C".
fn like(field: Expr, pattern: &str) -> Expr {
    let pattern = LikeExpr::new(pattern.to_ascii_lowercase()).escape('\\');
    Expr::expr(Func::lower(field)).like(pattern)
}

/// Escapes `%`, `_` and `\` so that they are plain characters.
fn literal(text: &str) -> String {
    text.chars().fold(String::new(), |mut literal, character| {
        if matches!(character, '%' | '_' | '\\') {
            literal.push('\\');
        }
        literal.push(character);
        literal
    })
}
