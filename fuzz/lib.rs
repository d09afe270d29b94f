//! The targets, which the package's tests share.

#[path = "../tests/fuzz/targets.rs"]
pub mod targets;
