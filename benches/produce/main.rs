//! What it costs to make events and to hand them to Kafka, beside handing over what lies ready.
//!
//! Both sides use one librdkafka with the same properties, keys and headers. The other side does what is least: it
//! sends events that were rendered before, from where they lie, without a copy. On librdkafka's mock cluster, which
//! costs next to nothing, the rate is compared; on a real broker, whose name is the first argument, the processor time
//! of the client. Started by `benches/kafka`.

mod raw;

use falsetrail::{
    Plan, Run,
    run::{self, How},
    sink::{
        Chunk, Sink,
        kafka::{KafkaSettings, KafkaSink},
        memory::Memory,
    },
};
use rdkafka::mocking::MockCluster;
use std::{
    env,
    error::Error,
    fs,
    sync::atomic::AtomicBool,
    time::{Duration, Instant},
};

const TOPIC: &str = "audit";
const PARTITIONS: i32 = 4;
const EVENTS: u64 = 150_000;
const ROUNDS: usize = 7;

/// A measure's name, what has to be met, and by which side of it.
type Required = (&'static str, f64, fn(f64, f64) -> bool);

const RATE: Required = ("mock cluster: events a second", 0.80, |ratio, least| ratio >= least);
const PROCESSOR: Required = ("broker: client µs of processor an event", 1.70, |ratio, most| ratio <= most);

/// What a side has taken.
struct Cost {
    wall: Duration,
    processor: Duration,
}

fn main() -> Result<(), Box<dyn Error>> {
    // `cargo bench` adds an option of its own.
    let broker = env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let plan = Run::of("busy-day").seed(7).from("2026-01-05T08:00:00Z").events_limit(EVENTS).plan()?;
    let ready = rendered(&plan);
    println!("{:<42} {:>10} {:>10} {:>7}  required", "", "made", "ready", "ratio");

    let cluster = MockCluster::new(1)?;
    cluster.create_topic(TOPIC, PARTITIONS, 1)?;
    let rate = |cost: &Cost| EVENTS as f64 / cost.wall.as_secs_f64();
    let mut met = measure(&plan, &ready, &cluster.bootstrap_servers(), RATE, rate)?;
    drop(cluster);
    if let Some(broker) = broker {
        let processor = |cost: &Cost| cost.processor.as_secs_f64() * 1e6 / EVENTS as f64;
        met &= measure(&plan, &ready, &broker, PROCESSOR, processor)?;
    }
    if met { Ok(()) } else { Err("a requirement is not met".into()) }
}

/// The run's events in one buffer.
fn rendered(plan: &Plan) -> Chunk {
    let memory = Memory::default();
    let outcome = run::emit(plan, Box::new(memory.clone()), How::default(), &AtomicBool::new(false));
    assert!(outcome.error.is_none(), "{:?}", outcome.error);
    memory.collected()
}

/// Lets both sides send in turns, and shows their medians; whether what is required is met.
fn measure(
    plan: &Plan,
    ready: &Chunk,
    brokers: &str,
    (name, bound, meets): Required,
    figure: impl Fn(&Cost) -> f64,
) -> Result<bool, Box<dyn Error>> {
    let (mut made, mut raw, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    // The first round warms up.
    for round in 0..=ROUNDS {
        let one = figure(&made_and_sent(plan, brokers)?);
        let other = figure(&raw::sent(ready, brokers, TOPIC)?);
        if round > 0 {
            made.push(one);
            raw.push(other);
            ratios.push(one / other);
        }
    }
    let ratio = median(&mut ratios);
    let met = meets(ratio, bound);
    let verdict = if met { "" } else { "  MISSED" };
    let shown = |value: f64| if value > 1000.0 { format!("{value:.0}") } else { format!("{value:.2}") };
    println!(
        "{name:<42} {:>10} {:>10} {ratio:>7.2}  {bound:.2}{verdict}",
        shown(median(&mut made)),
        shown(median(&mut raw))
    );
    Ok(met)
}

/// Falsetrail's side, from the simulation to the last acknowledgement.
fn made_and_sent(plan: &Plan, brokers: &str) -> Result<Cost, Box<dyn Error>> {
    let mut settings = KafkaSettings::new(brokers, TOPIC);
    settings.connect_timeout = Duration::from_secs(30);
    let sink: Box<dyn Sink> = Box::new(KafkaSink::connect(settings).map_err(|error| error.render(false))?);
    let watch = Watch::start();
    let outcome = run::emit(plan, sink, How::default(), &AtomicBool::new(false));
    let cost = watch.stop();
    assert_eq!(outcome.delivered.events, EVENTS, "{:?}", outcome.delivered);
    Ok(cost)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Measures what this process takes.
struct Watch {
    begun: Instant,
    used: Duration,
}

impl Watch {
    fn start() -> Self {
        Self { begun: Instant::now(), used: processor() }
    }

    fn stop(&self) -> Cost {
        Cost { wall: self.begun.elapsed(), processor: processor().saturating_sub(self.used) }
    }
}

/// The processor time of all threads, of the program and of the system for it.
fn processor() -> Duration {
    let tasks = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the name, which may hold anything, the twelfth and thirteenth; in hundredths of a second.
    let fields = tasks.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    fields.filter_map(|field| field.parse::<u64>().ok()).map(|ticks| Duration::from_millis(ticks * 10)).sum()
}
