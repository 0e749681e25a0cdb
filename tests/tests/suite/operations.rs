//! What operators use: metrics, and what comes with the program to watch it.
mod backup;
mod doctor;
mod metrics;
mod program;
mod traces;
