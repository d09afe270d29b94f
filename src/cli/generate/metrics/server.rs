//! The metrics server: one thread serves a few connections by polling.
//!
//! In each round it accepts new connections and does for each connection what is possible without blocking; then it
//! sleeps. So the cost of the server is bounded by construction: clients get at most a hundred rounds a second, however
//! many they are, and none waits for another. An interface such as `epoll` would respond some milliseconds earlier,
//! which no scraper notices, and would let clients decide how often the thread runs.

use super::connection::Connection;
use std::{
    collections::VecDeque,
    io,
    net::{SocketAddr, TcpListener, TcpStream},
    sync::mpsc::{self, RecvTimeoutError},
    thread::{self, JoinHandle},
    time::Duration,
};

/// The most connections at a time; a further one replaces the oldest.
const MOST_CONNECTIONS: usize = 16;

/// The pause between rounds while there are connections.
const ROUND: Duration = Duration::from_millis(10);

/// The pause between rounds while there are none.
const REST: Duration = Duration::from_millis(50);

/// The number of descriptors that clients leave to the run, at most a fourth of all.
const RESERVED: u64 = 32;

/// A listening socket, and the thread that serves it.
pub(super) struct Server {
    over: mpsc::Sender<()>,
    thread: JoinHandle<()>,
}

impl Server {
    /// Listens at an address; also returns the actual address.
    ///
    /// # Errors
    ///
    /// The system's, if the address cannot be bound.
    pub(super) fn listen(address: &str) -> io::Result<(TcpListener, SocketAddr)> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    }

    /// Starts the thread; `metrics` renders the text of a response.
    ///
    /// # Errors
    ///
    /// The system's, if it starts no thread.
    pub(super) fn start(
        listener: TcpListener,
        metrics: impl Fn() -> Option<String> + Send + 'static,
    ) -> io::Result<Self> {
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

    /// Stops listening.
    pub(super) fn finish(self) {
        let _ = self.over.send(());
        // A panic of this thread is no failure of the run.
        let _ = self.thread.join();
    }
}

struct Rounds {
    listener: TcpListener,
    /// Open connections, oldest first.
    connections: VecDeque<Connection>,
    /// Descriptors with this number or a higher one are left to the run.
    most_descriptors: u64,
}

impl Rounds {
    fn round(&mut self, metrics: &impl Fn() -> Option<String>) {
        for _ in 0..MOST_CONNECTIONS {
            // All errors are temporary: the client is gone, or there is no free descriptor until the next round.
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

/// The first descriptor number that is reserved for the run, which has to open files, folders and connections to
/// brokers even if clients have taken all other descriptors.
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

/// The number of a socket's descriptor. A new descriptor gets the lowest free number, from 0.
#[cfg(unix)]
fn number(stream: &TcpStream) -> u64 {
    use std::os::fd::AsRawFd;
    stream.as_raw_fd().unsigned_abs().into()
}

#[cfg(not(unix))]
fn number(_: &TcpStream) -> u64 {
    0
}
