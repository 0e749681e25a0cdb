//! Two transactions at a time: a row's owners stay live until it is there.
mod owners;
mod races;
