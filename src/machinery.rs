//! The inner parts that the tests, benchmarks and fuzz targets of this package look at, under the names of their modules.
//!
//! Nothing here is part of the API: it may change with any version.

pub use super::{Error, Events, GeneratedEvent, Options, Plan, Run, score, verify};
pub use crate::{identity::EventName, plan::resolved::Operation, render::Renderer, value::write_time};

pub mod bytes {
    pub use crate::bytes::{Chunk, Event, Names, escape_into};
}
pub mod catalog {
    pub use crate::catalog::{Catalog, Effect, Generator, Method, Precondition, Scalar, Text, TextPart, template_file};
}
pub mod clock {
    pub use crate::clock::{Clock, ManualClock};
}
pub mod error {
    pub use crate::error::{
        Diagnostic, Error, MOST_SHOWN, Source, did_you_mean, keep, list_of, merge, nearest, quoted,
    };
}
pub mod forecast {
    pub use crate::forecast::{Forecast, ForecastOptions};
}
pub mod planner {
    pub use crate::planner::{check_methods, load_scenario};
}
pub mod run {
    pub use crate::run::{EmitOptions, Lag, Live, Outcome, Resumed, Selection, Shard, Slice, Truth, emit, resume};
}
pub mod run_file {
    pub use crate::run_file::{End, Layout, RunFile, Status};
}
pub mod scenario {
    pub use crate::scenario::{Body, Override, Scenario, Step, read, read_one_line, to_yaml};
}
pub mod schema {
    pub use crate::schema::{for_catalogs, for_scenarios};
}
pub mod schedule {
    pub use crate::schedule::{DailyCurve, Schedule};
}
pub mod simulation {
    pub use crate::simulation::{Record, Stream};
}
pub mod sink {
    pub use crate::sink::{
        Delivered, Ending, Failed, Flow, Lines, Output, Overwrite, Sink, Split, StoppedOutput, WholeFile,
        compress::{Compression, FRAME_EVENTS},
        format::Format,
        memory::{Memory, Null},
        open,
    };
    #[cfg(feature = "kafka")]
    pub mod kafka {
        pub use crate::sink::kafka::{
            Begin, DEFAULTS, KafkaSettings, KafkaSink, Mode, RecordTime, UndeliveredFile, is_secret, read_properties,
        };
    }
}
pub mod sources {
    pub use crate::sources::{RunSources, SourceProvider, scenario_names};
}
pub mod template {
    pub use crate::template::{Constant, Filling, FixedItems, ListSlot, Program, Shape, Slot, Template, Values};
}
pub mod units {
    pub use crate::units::{
        CountRange, DurationRange, QuantityError, Rate, count, count_range, duration, duration_range, format_bytes,
        format_count, format_duration, format_time, rate, time, time_of_day, zone,
    };
}
pub mod yaml {
    pub use crate::yaml::{Node, Reader, Spanned, Value, json, load, parse, value_text};
}
