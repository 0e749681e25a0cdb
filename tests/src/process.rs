//! The server as a process of its own, for the tests that kill it.
