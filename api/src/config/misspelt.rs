//! Warns about variables that begin with `ATOLL_` like a setting, but not with `ATOLL__`.
use super::{
    inputs::{Inputs, Variables, value},
    keys,
};

/// The variables with one underscore that are used.
const KNOWN: [&str; 2] = ["ATOLL_PROFILE", "ATOLL_CONFIG_DIR"];

/// Returns a warning for each of them, with the name that was probably meant. Values are not shown.
pub(super) fn warnings(inputs: &Inputs) -> Vec<String> {
    let environment = named(&inputs.environment).map(|name| (name, ""));
    let dotenv = named(&inputs.dotenv).map(|name| (name, " in .env"));
    environment
        .chain(dotenv)
        .map(|(name, place)| warning(name, place))
        .collect()
}

fn named(variables: &Variables) -> impl Iterator<Item = &str> {
    variables.keys().map(String::as_str).filter(|name| {
        let value = value(variables, name);
        value.is_some_and(|value| is_misspelt(name) && !is_set_by_kubernetes(name, value))
    })
}

fn is_misspelt(name: &str) -> bool {
    name.starts_with("ATOLL_") && !name.starts_with("ATOLL__") && !KNOWN.contains(&name)
}

/// Kubernetes sets `ATOLL_PORT=tcp://…`, `ATOLL_PORT_80_TCP…` and `ATOLL_SERVICE_…` for a service called atoll.
fn is_set_by_kubernetes(name: &str, value: &str) -> bool {
    let rest = name.trim_start_matches("ATOLL_");
    rest.starts_with("SERVICE_")
        || rest.starts_with("PORT_")
        || (rest == "PORT" && value.contains("://"))
}

fn warning(name: &str, place: &str) -> String {
    match suggestion(name) {
        Some(meant) => {
            format!("{name}{place} is ignored: it is not a setting. Did you mean {meant}?")
        }
        None => format!(
            "{name}{place} is ignored: it is not a setting. Names of settings begin with ATOLL__, such as ATOLL__SERVER__PORT"
        ),
    }
}

/// Returns the setting whose name differs only in underscores, or else the only one that ends with this name.
fn suggestion(name: &str) -> Option<String> {
    let words = name.trim_start_matches("ATOLL_").split('_');
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    let flat = words.join("_").to_lowercase();
    let same = |key: &&str| key.replace('.', "_") == flat;
    let end = format!(".{flat}");
    let mut ending = keys::names().filter(|key| key.ends_with(&end));
    let only = match (ending.next(), ending.next()) {
        (Some(key), None) => Some(key),
        _ => None,
    };
    let key = keys::names().find(same).or(only)?;
    Some(format!("ATOLL__{}", key.replace('.', "__").to_uppercase()))
}
