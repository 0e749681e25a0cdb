//! Two concurrent transactions: the owners of a new row stay live until it is committed.
mod owners;
mod races;
mod shared_reads;
