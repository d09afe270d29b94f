//! Values of options that are enums of the library: their names on the command line, and the help for each.

use crate::{
    sink::{Split, format::Format},
    verify::Compare,
};
use clap::{ValueEnum, builder::PossibleValue};

/// Lets the command line take values of an enum by the names in its `NAMES`.
macro_rules! values {
    ($type:ident { $($value:ident: $help:literal,)+ }) => {
        impl ValueEnum for $type {
            fn value_variants<'a>() -> &'a [Self] {
                &[$(Self::$value),+]
            }

            fn to_possible_value(&self) -> Option<PossibleValue> {
                let help = match self {
                    $(Self::$value => $help,)+
                    #[allow(unreachable_patterns, reason = "some enums have values without a name here")]
                    _ => return None,
                };
                let (name, _) = Self::NAMES.iter().find(|(_, value)| value == self)?;
                Some(PossibleValue::new(name).help(help))
            }
        }
    };
}

values!(Format {
    Ndjson: "One event a line",
    Json: "Indented, for reading",
    Batch: "One `CloudEvents` JSON batch: an array of all events",
});

values!(Split {
    Event: "Named so that they sort in order: `000001-CreateComputePool-success.json`",
    Instance: "One file for each instance: `pool-lifecycle-000001.ndjson`",
});

values!(Compare {
    Ids: "Whether a record has the event's body, not what is in it",
    Values: "Every value, whatever its form",
    Bytes: "Every byte: another form is a change",
});
