//! Behaviour through the public doors: the binary and the library. One binary, so that it is linked once.
#![allow(clippy::disallowed_methods, reason = "a test may panic where no thread is to be had")]

mod any_cut;
mod backfill;
#[cfg(feature = "metrics")]
mod command_metrics;
mod command_mistakes;
mod command_names;
mod command_new;
mod command_plan;
mod command_repeat;
mod command_run;
mod command_run_file;
mod command_shells;
mod command_show;
mod command_time;
mod command_usage;
mod command_watch;
mod continuation;
mod daily;
mod detection;
mod digests;
mod error_reports;
mod examples;
mod faults;
mod full_disks;
mod golden;
mod guide;
mod identities;
mod injections;
#[cfg(feature = "kafka")]
mod kafka_mock;
#[cfg(target_os = "linux")]
mod limits;
mod live;
mod live_command;
mod pace;
mod pages;
mod parts;
mod printed_commands;
mod properties;
mod random_stories;
mod readme;
mod reference;
mod resume;
mod round_trip;
mod scenario_reading;
mod scenario_round_trip;
mod schedule;
mod schemas;
mod shares;
mod signals;
mod sink_files;
mod sources;
mod steady_state;
mod template_contexts;
mod template_errors;
mod template_large;
mod template_oracle;
mod template_render;
mod trail;
mod truth;
mod units;
mod values;
mod values_typed;
mod yaml_tree;
mod zeros;
