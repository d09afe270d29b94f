//! Falsetrail: audit trails of things that never happened.
//!
//! A *scenario* is a sequence of audited calls (create a pool, fail to shrink it, delete it). A *template* is the event
//! body of one method. Falsetrail fills templates with identities that stay consistent through a scenario and gives
//! CloudEvents whose bytes are a pure function of scenario, templates, seed and start time.
//!
//! Fixtures for another crate's tests, in five lines:
//!
//! ```
//! let run = falsetrail::Run::of("pool-resize-failure").seed(7).from("2026-01-05T08:00:00Z").plan()?;
//! for event in run.events() {
//!     println!("{} {} {}", event.method, event.outcome, String::from_utf8_lossy(&event.body));
//! }
//! # assert!(run.events().count() >= 5);
//! # assert_eq!(run.events().last().map(|event| event.method), Some("DeleteComputePool"));
//! # Ok::<(), falsetrail::error::Error>(())
//! ```
//!
//! The way through the modules is the way of an event:
//!
//! ```text
//! scenario + catalog + templates + options
//!     → plan      names resolved, types checked, all errors found, with file, line and a caret
//!     → stream    discrete-event simulation: which step of which instance happens when
//!     → render    compiled template + identities → bytes appended to a buffer
//!     → sink      bytes out, acknowledgements back
//!     → run       the one loop, and the summary of what happened
//! ```

pub mod bytes;
pub mod catalog;
pub mod clock;
pub mod error;
pub mod forecast;
pub mod identity;
pub mod plan;
pub mod planner;
pub mod population;
pub mod render;
pub mod run;
pub mod run_file;
pub mod scenario;
pub mod schedule;
pub mod schema;
pub mod simulation;
pub mod sink;
pub mod sources;
pub mod system;
pub mod template;
pub mod units;
pub mod value;
pub mod verify;
pub mod yaml;

mod events;

pub use events::{Events, GeneratedEvent, Run};
pub use plan::{Options, Plan};
