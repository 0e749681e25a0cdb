//! Bulk transfer of rows: `GET /{resource}/export` and `POST /{resource}/import`.
mod bodies;
mod chunks;
mod csv;
mod export;
mod import;
mod references;
mod round_trip;
mod stop;
mod table;
