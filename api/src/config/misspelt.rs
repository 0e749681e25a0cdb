//! Warns about variables that begin with `ATOLL_` like a setting, but not with `ATOLL__`.
use kernel::suggest::nearest;

use super::{
    inputs::{Inputs, Variables, value},
    keys,
};

/// The variables with one underscore that are used.
const KNOWN: [&str; 3] = ["ATOLL_PROFILE", "ATOLL_CONFIG_DIR", SEED_PASSWORD];

/// The variable with the password of the users that `atoll seed` adds.
pub const SEED_PASSWORD: &str = "ATOLL_SEED_PASSWORD";

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

/// Returns the variable that was probably meant: the setting whose name differs only in underscores, the only one that ends
/// with this name, or else the variable with the most similar name.
fn suggestion(name: &str) -> Option<String> {
    let flat = flatten(name);
    let same = |key: &&str| key.replace('.', "_") == flat;
    let end = format!(".{flat}");
    let mut ending = keys::names().filter(|key| key.ends_with(&end));
    let only = match (ending.next(), ending.next()) {
        (Some(key), None) => Some(key),
        _ => None,
    };
    if let Some(key) = keys::names().find(same).or(only) {
        return Some(variable(key));
    }
    let variables: Vec<_> = keys::names().map(variable).collect();
    let known = variables.iter().map(String::as_str).chain(KNOWN);
    let known: Vec<_> = known.map(|known| (flatten(known), known)).collect();
    let meant = nearest(&flat, known.iter().map(|(flat, _)| flat.as_str()))?;
    let found = known.iter().find(|(flat, _)| flat == meant);
    found.map(|(_, known)| (*known).to_owned())
}

/// Returns the words of a variable without the prefix that all have, in lower case.
fn flatten(name: &str) -> String {
    let words = name.trim_start_matches("ATOLL_").split('_');
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join("_").to_lowercase()
}

fn variable(key: &str) -> String {
    format!("ATOLL__{}", key.replace('.', "__").to_uppercase())
}
