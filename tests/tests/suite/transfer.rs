//! Rows in quantity: `GET /{resource}/export` and `POST /{resource}/import`.
mod csv;
mod export;
