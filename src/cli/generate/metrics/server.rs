//! The server of the metrics' port: few connections, looked after by one thread in rounds.
//!
//! A round takes the connections that have come and does for each what can be done without waiting; then the thread
//! rests. The cost of the port is thereby bounded by construction: no client, and no number of clients, gets more than a
//! round's work a hundred times a second, and none waits for another. A readiness interface would answer sooner by some
//! milliseconds, which no scraper notices, and would let clients decide how often the thread runs.

use super::connection::Connection;
use std::{
    collections::VecDeque,
    io,
    net::{SocketAddr, TcpListener, TcpStream},
    sync::mpsc::{self, RecvTimeoutError},
    thread::{self, JoinHandle},
    time::Duration,
};

/// Connections at a time; a further one takes the place of the oldest.
const MOST_CONNECTIONS: usize = 16;

/// Between two rounds while there are connections.
const ROUND: Duration = Duration::from_millis(10);

/// Between two rounds while there is none.
const REST: Duration = Duration::from_millis(50);

/// Descriptors that are left to the run, as far as a fourth of all allows it.
const RESERVED: u64 = 32;

/// A listening socket, and the thread that answers.
pub struct Server {
    over: mpsc::Sender<()>,
    thread: JoinHandle<()>,
}

impl Server {
    /// Listens at an address; says where.
    ///
    /// # Errors
    ///
    /// The machine's, if the address cannot be listened at.
    pub fn listen(address: &str) -> io::Result<(TcpListener, SocketAddr)> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    }

    /// Answers on a thread, with the text that `metrics` gives.
    ///
    /// # Errors
    ///
    /// The machine's, if it starts no thread.
    pub fn start(listener: TcpListener, metrics: impl Fn() -> Option<String> + Send + 'static) -> io::Result<Self> {
        let (over, is_over) = mpsc::channel();
        let mut rounds = Rounds { listener, connections: VecDeque::new(), most_descriptors: most_descriptors() };
        let thread = thread::Builder::new().name("metrics".to_owned()).spawn(move || {
            let mut pause = Duration::ZERO;
            while let Err(RecvTimeoutError::Timeout) = is_over.recv_timeout(pause) {
                rounds.round(&metrics);
                pause = if rounds.connections.is_empty() { REST } else { ROUND };
            }
        })?;
        Ok(Server { over, thread })
    }

    /// Listens no longer.
    pub fn finish(self) {
        let _ = self.over.send(());
        // A thread that has failed serves nothing, which is no failure of the run.
        let _ = self.thread.join();
    }
}

struct Rounds {
    listener: TcpListener,
    /// The oldest first.
    connections: VecDeque<Connection>,
    /// Descriptors from this number on are left to the run.
    most_descriptors: u64,
}

impl Rounds {
    fn round(&mut self, metrics: &impl Fn() -> Option<String>) {
        for _ in 0..MOST_CONNECTIONS {
            // Any error passes: a client that went away, or no descriptor to be had, until the next round.
            let Ok((stream, _)) = self.listener.accept() else { break };
            if number(&stream) >= self.most_descriptors {
                continue;
            }
            let Ok(connection) = Connection::new(stream) else { continue };
            if self.connections.len() == MOST_CONNECTIONS {
                self.connections.pop_front();
            }
            self.connections.push_back(connection);
        }
        self.connections.retain_mut(|connection| connection.advance(metrics));
    }
}

/// The number from which on a descriptor is one of the last: files, folders and brokers are opened by the run when
/// clients may have taken all others.
#[cfg(target_os = "linux")]
fn most_descriptors() -> u64 {
    use rustix::process::{Resource, getrlimit};
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    limit - RESERVED.min(limit / 4)
}

#[cfg(not(target_os = "linux"))]
fn most_descriptors() -> u64 {
    u64::MAX - RESERVED
}

/// Descriptors are numbered from 0, and a new one gets the first free number.
#[cfg(unix)]
fn number(stream: &TcpStream) -> u64 {
    use std::os::fd::AsRawFd;
    stream.as_raw_fd().unsigned_abs().into()
}

#[cfg(not(unix))]
fn number(_: &TcpStream) -> u64 {
    0
}
