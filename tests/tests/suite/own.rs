//! One's own data: all of it in a file, and the way out (contract §9).
mod erasure;
mod export;
mod leave;
