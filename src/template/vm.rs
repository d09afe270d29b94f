//! The virtual machine that runs a compiled template: appends an event's bytes from literals and the event's values.

mod eval_condition;
mod interpreter;
mod item;
mod select;
mod values;

pub(crate) use values::Slots;
pub use values::Values;
