//! Behaviour through the public doors: the binary and the library. One binary, so that it is linked once.

mod command_mistakes;
mod command_names;
mod command_new;
mod command_repeat;
mod command_run;
mod command_run_file;
mod command_shells;
mod command_usage;
mod continuation;
mod daily;
mod error_reports;
mod golden;
mod identities;
#[cfg(feature = "kafka")]
mod kafka_mock;
mod pace;
mod parts;
mod properties;
mod readme;
mod resume;
mod round_trip;
mod scenario_reading;
mod scenario_round_trip;
mod schedule;
mod schemas;
mod sink_files;
mod sources;
mod template_contexts;
mod template_errors;
mod template_oracle;
mod template_render;
mod trail;
mod units;
mod yaml_tree;
