//! The cost of statements, as the database's query plans state it.
mod on_postgres;
