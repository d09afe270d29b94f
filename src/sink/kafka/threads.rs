//! A look whether the system starts as many threads as librdkafka will.
//!
//! librdkafka takes threads as its brokers become known, and its binding takes one for the questions about the topic.
//! Where a limit on processes refuses one of them, they abort or carry on without a broker. So the same number is started
//! and ended first: a limit is then an error before the first event.

use std::sync::{Mutex, PoisonError};
use std::thread;

use super::options::Options;
use crate::error::Error;
use crate::sink::reason;

/// Threads of a client beside those for brokers: its own, that of its internal broker, and that of a mock cluster.
const OF_CLIENT: usize = 3;

/// Clients at a time: the producer, and the one for questions.
const CLIENTS: usize = 2;

/// Brokers that a client learns about when it is connected; those of a larger cluster, it can do without.
const LEARNED: usize = 3;

/// Brokers to start from that are counted: more in a list are spare ones.
const LISTED: usize = 16;

/// Refuses to begin if the threads for the brokers of these options cannot be started.
///
/// # Errors
///
/// [`Error::Failed`] with the system's reason.
pub(super) fn check(options: &Options) -> Result<(), Error> {
    let mocked = options.get("test.mock.num.brokers").parse().unwrap_or(0);
    let listed = options.servers().split(',').count().max(mocked).min(LISTED);
    // One more polls the answers to questions.
    let needed = CLIENTS * (OF_CLIENT + listed + LEARNED) + 1;
    let gate = Mutex::new(());
    thread::scope(|scope| {
        let closed = gate.lock().unwrap_or_else(PoisonError::into_inner);
        let pass = || drop(gate.lock());
        let refused = (0..needed).find_map(|_| thread::Builder::new().spawn_scoped(scope, pass).err());
        drop(closed);
        refused.map_or(Ok(()), |error| {
            let message = format!("cannot start the threads of the kafka client: {}", reason(&error));
            Err(Error::failed(message).help(format!(
                "allow {needed} threads more: `ulimit -u`, or the limit of processes of the container or service"
            )))
        })
    })
}
