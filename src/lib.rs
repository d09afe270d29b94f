//! Falsetrail: audit trails of things that never happened.
//!
//! A *scenario* is a sequence of audited calls (create a pool, fail to shrink it, delete it). A *template* is the event
//! body of one method. Falsetrail fills templates with identities that stay consistent through an instance of the
//! scenario. The result is a stream of CloudEvents whose bytes are a pure function of scenario, templates, seed and
//! start time.
//!
//! Fixtures for another crate's tests, in five lines:
//!
//! ```
//! let run = falsetrail::Run::new("pool-resize-failure").seed(7).from("2026-01-05T08:00:00Z").plan()?;
//! for event in run.events() {
//!     println!("{} {} {}", event.method, event.outcome, String::from_utf8_lossy(&event.body));
//! }
//! # assert!(run.events().count() >= 5);
//! # assert_eq!(run.events().last().map(|event| event.method), Some("DeleteComputePool"));
//! # Ok::<(), falsetrail::Error>(())
//! ```
//!
//! From options to bytes: `planner` makes a [`Plan`], `simulation` turns it into records, `render` turns records into
//! events, and `sink` writes them; `run` is the loop around the last three. Each module uses only modules that are
//! named before it:
//!
//! ```text
//! error, units, clock, system              diagnostics, quantities with units, clocks, system calls
//! bytes, value                             padded slices; keys, permutations, patterns, times
//! yaml, sources, template                  documents with positions, where they are read from; event bodies
//! catalog, identity, population, schedule  the audited system, ids, existing entities, the rate over time
//! scenario, schema                         scenarios as people write them, JSON Schemas for editors
//! plan                                     resolved data of a run
//! simulation                               discrete-event simulation: which step of which instance happens when
//! render                                   compiled template + values → bytes appended to a buffer
//! planner                                  options → plan: names resolved, types checked, all mistakes found
//! sink, run                                files and Kafka; the loop, its threads, and the summary
//! forecast, run_file                       a run predicted by simulating it; a run written to a file
//! verify                                   a run compared with the records that arrived at the end of a pipeline
//! score                                    the alerts of a detection rule compared with the ground truth
//! events                                   the small API above: `Run` and `Plan::events`
//! cli                                      the command
//! ```
//!
//! All modules but [`verify`] and [`score`] are private: what is public is this small API, which keeps its promises
//! between versions.

#![deny(unreachable_pub)]
#![allow(rustdoc::private_intra_doc_links, reason = "most links are read with `--document-private-items`")]

mod bytes;
mod catalog;
#[doc(hidden)]
pub mod cli;
mod clock;
mod error;
mod events;
mod forecast;
mod identity;
#[doc(hidden)]
pub mod machinery;
mod plan;
mod planner;
mod population;
mod render;
mod run;
mod run_file;
mod scenario;
mod schedule;
mod schema;
pub mod score;
mod simulation;
mod sink;
mod sources;
mod system;
mod template;
mod units;
mod value;
pub mod verify;
mod yaml;

pub use error::Error;
pub use events::{Events, GeneratedEvent, Run};
pub use plan::{Options, Plan, WhichEvent};
pub use units::{QuantityError, Rate};
