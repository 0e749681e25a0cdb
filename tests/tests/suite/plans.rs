//! What statements cost the database, as it says itself.
mod on_postgres;
