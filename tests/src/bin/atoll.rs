//! `atoll`, as the tests run it.
fn main() {}
