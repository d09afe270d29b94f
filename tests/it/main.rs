//! Behaviour through the public doors: the binary and the library. One binary, so that it is linked once.

mod error_reports;
#[cfg(feature = "kafka")]
mod kafka_mock;
mod scenario_reading;
mod scenario_round_trip;
mod sink_files;
mod template_errors;
mod template_oracle;
mod template_render;
mod units;
mod yaml_tree;
