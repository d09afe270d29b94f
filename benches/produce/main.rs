//! What it costs to make events and to hand them to Kafka, beside handing over what lies ready.
//!
//! Both sides use one librdkafka with the same properties, keys and headers. The other side does what is least: it
//! sends events that were rendered before, from where they lie, without a copy. On librdkafka's mock cluster, which
//! costs next to nothing, the rate has to be met; on a real broker, whose name is the first argument, the processor time
//! of the client. Started by `benches/kafka`.

mod raw;

use falsetrail::machinery::{
    Plan, Run,
    bytes::Chunk,
    run::{self, EmitOptions},
    sink::{
        Memory, Sink,
        kafka::{KafkaSettings, KafkaSink},
    },
};
use rdkafka::mocking::MockCluster;
use rustix::time::{ClockId, clock_gettime};
use std::{
    env,
    error::Error,
    sync::atomic::AtomicBool,
    time::{Duration, Instant},
};

const TOPIC: &str = "audit";
const PARTITIONS: i32 = 4;
const EVENTS: u64 = 150_000;
const ROUNDS: usize = 7;

/// Properties for both sides, beside the defaults.
type Properties = [(&'static str, &'static str)];

/// On the mock cluster, which sends answers one after another, a side that waits for them, as idempotence does, waits
/// for TCP; and what packing costs is the same on both sides. Without either, what is left is what differs.
const MOCK: &Properties = &[("enable.idempotence", "false"), ("compression.type", "none")];

/// A measure's name, what has to be met if there is something, and by which side of it.
type Required = (&'static str, Option<f64>, fn(f64, f64) -> bool);

const AT_LEAST: fn(f64, f64) -> bool = |ratio, least| ratio >= least;
const AT_MOST: fn(f64, f64) -> bool = |ratio, most| ratio <= most;

/// What a side has taken.
struct Cost {
    wall: Duration,
    processor: Duration,
}

impl Cost {
    /// Events a second.
    fn rate(&self) -> f64 {
        EVENTS as f64 / self.wall.as_secs_f64()
    }

    /// Microseconds of processor an event.
    fn microseconds(&self) -> f64 {
        self.processor.as_secs_f64() * 1e6 / EVENTS as f64
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    // `cargo bench` adds an option of its own.
    let broker = env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let plan = Run::new("busy-day").seed(7).from("2026-01-05T08:00:00Z").events_limit(EVENTS).plan()?;
    let ready = rendered(&plan);
    println!("{:<42} {:>10} {:>10} {:>7}  required", "", "made", "ready", "ratio");

    let cluster = MockCluster::new(1)?;
    cluster.create_topic(TOPIC, PARTITIONS, 1)?;
    let sides = in_turns(&plan, &ready, &cluster.bootstrap_servers(), MOCK)?;
    let mut met = shown(&sides, Cost::rate, ("mock cluster: events a second", Some(0.80), AT_LEAST));
    met &= shown(&sides, Cost::microseconds, ("mock cluster: client µs of processor", None, AT_MOST));
    drop(cluster);
    if let Some(broker) = broker {
        let sides = in_turns(&plan, &ready, &broker, &[])?;
        met &= shown(&sides, Cost::rate, ("broker: events a second", None, AT_LEAST));
        met &= shown(&sides, Cost::microseconds, ("broker: client µs of processor", Some(1.70), AT_MOST));
    }
    if met { Ok(()) } else { Err("a requirement is not met".into()) }
}

/// The run's events in one buffer.
fn rendered(plan: &Plan) -> Chunk {
    let memory = Memory::default();
    let outcome = run::emit(plan, Box::new(memory.clone()), EmitOptions::default(), &AtomicBool::new(false));
    assert!(outcome.error.is_none(), "{:?}", outcome.error);
    memory.collected()
}

/// Lets both sides send in turns.
fn in_turns(
    plan: &Plan,
    ready: &Chunk,
    brokers: &str,
    properties: &Properties,
) -> Result<Vec<(Cost, Cost)>, Box<dyn Error>> {
    let round = |_| Ok((made_and_sent(plan, brokers, properties)?, raw::sent(ready, brokers, TOPIC, properties)?));
    let mut rounds = (0..=ROUNDS).map(round).collect::<Result<Vec<_>, Box<dyn Error>>>()?;
    // The first one warms up.
    rounds.remove(0);
    Ok(rounds)
}

/// Shows the medians of a figure; whether what is required is met.
fn shown(sides: &[(Cost, Cost)], figure: fn(&Cost) -> f64, (name, bound, meets): Required) -> bool {
    let of = |figure: &dyn Fn(&(Cost, Cost)) -> f64| median(&mut sides.iter().map(figure).collect::<Vec<_>>());
    let ratio = of(&|(made, ready)| figure(made) / figure(ready));
    let met = bound.is_none_or(|bound| meets(ratio, bound));
    let bound = bound.map(|bound| format!("{bound:.2}")).unwrap_or_default();
    let verdict = if met { "" } else { "  MISSED" };
    let number = |value: f64| if value > 1000.0 { format!("{value:.0}") } else { format!("{value:.2}") };
    let (made, ready) = (number(of(&|(made, _)| figure(made))), number(of(&|(_, ready)| figure(ready))));
    println!("{name:<42} {made:>10} {ready:>10} {ratio:>7.2}  {bound}{verdict}");
    met
}

/// Falsetrail's side, from the simulation to the last acknowledgement.
fn made_and_sent(plan: &Plan, brokers: &str, properties: &Properties) -> Result<Cost, Box<dyn Error>> {
    let mut settings = KafkaSettings::new(brokers, TOPIC);
    settings.properties = properties.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    settings.connect_timeout = Duration::from_secs(30);
    let sink: Box<dyn Sink> = Box::new(KafkaSink::connect(settings).map_err(|error| error.render(false))?);
    let watch = Counters::start();
    let outcome = run::emit(plan, sink, EmitOptions::default(), &AtomicBool::new(false));
    let cost = watch.stop();
    assert_eq!(outcome.delivered.events, EVENTS, "{:?}", outcome.delivered);
    Ok(cost)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Measures what this process takes.
struct Counters {
    begun: Instant,
    used: Duration,
}

impl Counters {
    fn start() -> Self {
        Self { begun: Instant::now(), used: processor() }
    }

    fn stop(&self) -> Cost {
        Cost { wall: self.begun.elapsed(), processor: processor().saturating_sub(self.used) }
    }
}

/// The processor time of all threads, of the program and of the system for it.
fn processor() -> Duration {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(used.tv_sec.unsigned_abs(), used.tv_nsec.unsigned_abs().try_into().unwrap_or_default())
}
