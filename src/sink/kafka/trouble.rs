//! An error of the connection, as librdkafka reports it.

use std::time::Instant;

use rdkafka::error::RDKafkaErrorCode;

/// An error of the connection, as opposed to one of a single record.
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    /// librdkafka's code; `Unknown` for a line of its log.
    pub(crate) code: RDKafkaErrorCode,
    /// Its text, such as `sasl_ssl://host:9093/bootstrap: …`.
    pub(crate) text: String,
    /// When it first occurred.
    pub(crate) since: Instant,
}
