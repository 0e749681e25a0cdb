//! The caller's own data: an export of all of it, and deleting the account (contract §9).
mod erasure;
mod export;
mod leave;
