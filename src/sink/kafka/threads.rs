//! Checks that the system will start as many threads as librdkafka needs.
//!
//! librdkafka starts threads as it learns of brokers, and its binding starts one for requests about the topic. If a
//! limit on processes prevents one of them, they abort the process or continue without a broker. So the same number of
//! threads is started and ended in advance: a limit then becomes an error before the first event.

use std::sync::{Mutex, PoisonError};
use std::thread;

use super::options::Options;
use crate::{error::Error, sink::reason};

/// Threads of a client in addition to those for brokers: its own, that of its internal broker, and that of a mock
/// cluster.
const OF_CLIENT: usize = 3;

/// Clients that exist at the same time: the producer, and the admin client.
const CLIENTS: usize = 2;

/// Brokers that a client learns of after connecting; in a larger cluster it works without the others.
const LEARNED: usize = 3;

/// The most bootstrap servers that are counted: in a longer list, the others are spare ones.
const LISTED: usize = 16;

/// Fails if the threads for the brokers of these options cannot be started.
///
/// # Errors
///
/// [`Error::Failed`] with the system's reason.
pub(super) fn check(options: &Options) -> Result<(), Error> {
    let mocked = options.get("test.mock.num.brokers").parse().unwrap_or(0);
    let listed = options.servers().split(',').count().max(mocked).min(LISTED);
    // One more thread polls the answers to requests.
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
