//! What operators use: metrics, and what comes with the program to watch it.
mod backup;
mod backup_guards;
mod backup_schedule;
mod backup_store;
mod doctor;
mod metrics;
mod program;
mod traces;
