//! A function whose results are cached by its arguments.
use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};

use super::{Cache, serialize};
use crate::{Error, Result};

/// Made by [`Cache::function`].
#[derive(Debug, Clone)]
pub struct Function<F> {
    cache: Cache,
    name: &'static str,
    time_to_live: Duration,
    compute: F,
}

impl<F> Function<F> {
    pub(super) fn new(
        cache: Cache,
        name: &'static str,
        time_to_live: Duration,
        compute: F,
    ) -> Self {
        Self {
            cache,
            name,
            time_to_live,
            compute,
        }
    }

    /// Returns the result for these arguments. See [`Cache::get_or_set`].
    pub async fn call<A, T, E>(&self, arguments: A) -> Result<T, E>
    where
        F: AsyncFn(A) -> Result<T, E>,
        A: Serialize,
        T: Serialize + DeserializeOwned,
        E: From<Error>,
    {
        let name = self.name_of(&arguments)?;
        let load = async || (self.compute)(arguments).await;
        self.cache.get_or_set(&name, self.time_to_live, load).await
    }

    /// Forgets the result for these arguments.
    pub async fn forget(&self, arguments: &impl Serialize) -> Result<()> {
        self.cache.delete(&self.name_of(arguments)?).await;
        Ok(())
    }

    fn name_of(&self, arguments: &impl Serialize) -> Result<String> {
        let arguments = serialize(arguments)?;
        Ok(format!(
            "{} {}",
            self.name,
            String::from_utf8_lossy(&arguments)
        ))
    }
}
