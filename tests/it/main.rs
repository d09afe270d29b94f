//! Behaviour through the public doors: the binary and the library. One binary, so that it is linked once.

mod any_cut;
mod backfill;
#[cfg(feature = "metrics")]
mod command_metrics;
mod command_mistakes;
mod command_names;
mod command_plan;
mod command_repeat;
mod command_run;
mod command_run_file;
mod command_time;
mod command_usage;
mod command_watch;
mod continuation;
mod daily;
mod detection;
mod error_reports;
mod golden;
mod identities;
mod injections;
#[cfg(feature = "kafka")]
mod kafka_mock;
mod live;
mod live_command;
mod pace;
mod parts;
mod properties;
mod random_stories;
mod readme;
mod resume;
mod round_trip;
mod scenario_reading;
mod scenario_round_trip;
mod schedule;
mod shares;
mod sink_files;
mod sources;
mod steady_state;
mod template_contexts;
mod template_errors;
mod template_oracle;
mod template_render;
mod trail;
mod truth;
mod units;
mod yaml_tree;
