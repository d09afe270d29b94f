//! The metrics of a run, and the server at the address that the user gave.

use super::server::Server;
use crate::{
    cli::{generate::progress::RunFacts, report},
    error::Error,
    plan::Plan,
    run::{Counters, LATE},
    sink::reason,
    units::format_time,
};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, NoLabelSet, text::encode},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge, info::Info},
    registry::{Registry, Unit},
};
use std::{fmt, io, sync::Arc};

/// Metrics that are served until the run is over.
pub(crate) struct Metrics(Server);

impl Metrics {
    /// Serves the metrics at `HOST:PORT`, or at `PORT` on the loopback interface; prints the address unless `quiet`.
    /// Returns `None` after a warning if the system has no thread or descriptor left: the run does not need metrics.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] for an invalid address, [`Error::Failed`] if it cannot be bound.
    pub(crate) fn serve(
        address: &str,
        plan: &Plan,
        ahead: RunFacts,
        watch: &Arc<Counters>,
        quiet: bool,
    ) -> Result<Option<Self>, Error> {
        let place = if address.contains(':') { address.to_owned() } else { format!("127.0.0.1:{address}") };
        let is_port =
            place.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
        if !is_port {
            let error = Error::usage(format!("`{address}` is no address for metrics"));
            return Err(error.help("write `--metrics 9464`, or `--metrics 0.0.0.0:9464` for other machines, too"));
        }
        let (listener, address) = match Server::listen(&place) {
            Ok(listening) => listening,
            Err(error) if is_shortage(&error) => return Ok(without(&error)),
            Err(error) => {
                return Err(Error::failed(format!("cannot serve metrics at `{place}`: {}", reason(&error))));
            }
        };
        let registry = registry(plan, ahead, watch);
        let text = move || {
            let mut text = String::new();
            encode(&mut text, &registry).is_ok().then_some(text)
        };
        match Server::start(listener, text) {
            Ok(server) => {
                if !quiet {
                    report(&format!("metrics: http://{address}/metrics\n"));
                }
                Ok(Some(Metrics(server)))
            }
            Err(error) => Ok(without(&error)),
        }
    }

    /// Stops listening.
    pub(crate) fn finish(self) {
        self.0.finish();
    }
}

/// Warns that there will be no metrics, and why.
fn without(error: &io::Error) -> Option<Metrics> {
    report(&format!("warning: no metrics are served: {}\n", reason(error)));
    None
}

/// Whether the error means that descriptors or memory ran out, whatever the address.
fn is_shortage(error: &io::Error) -> bool {
    #[cfg(target_os = "linux")]
    {
        use rustix::io::Errno;
        let shortages = [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::NOBUFS];
        Errno::from_io_error(error).is_some_and(|found| shortages.contains(&found))
    }
    #[cfg(not(target_os = "linux"))]
    {
        error.kind() == io::ErrorKind::OutOfMemory
    }
}

fn registry(plan: &Plan, ahead: RunFacts, watch: &Arc<Counters>) -> Registry {
    let mut registry = Registry::with_prefix("falsetrail");
    let labels = vec![
        ("name", plan.name.clone()),
        ("seed", plan.seed.to_string()),
        ("from", format_time(plan.timing.from)),
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
    ];
    registry.register("run", "Name, seed, start and version of the run", Info::new(labels));
    registry.register_collector(Box::new(Numbers { ahead, watch: Arc::clone(watch) }));
    registry
}

/// A collector that reads the run's counters when they are scraped.
#[derive(Debug)]
struct Numbers {
    ahead: RunFacts,
    watch: Arc<Counters>,
}

impl Collector for Numbers {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let seen = self.watch.see();
        let mut show = |name: &str, help: &str, unit: Option<&Unit>, metric: &dyn EncodeMetric| {
            metric.encode(encoder.encode_descriptor(name, help, unit, metric.metric_type())?)
        };
        let of_bytes = Some(&Unit::Bytes);
        show("events", "Events that the destination has taken", None, &ConstCounter::new(seen.events))?;
        show("event", "Bytes of their bodies", of_bytes, &ConstCounter::new(seen.bytes))?;
        if let Some((acknowledged, failed)) = seen.answers {
            let queue = i64::try_from(seen.in_flight()).unwrap_or(i64::MAX);
            show("events_acknowledged", "Events that the brokers have", None, &ConstCounter::new(acknowledged))?;
            show("events_failed", "Events that were not delivered, or may not be", None, &ConstCounter::new(failed))?;
            show("events_in_flight", "Events that are queued or sent", None, &ConstGauge::new(queue))?;
        }
        if seen.events > 0 {
            let time = ConstGauge::new(seen.time as f64 / 1e9);
            show("event_time", "Event time of the last event, since 1970", Some(&Unit::Seconds), &time)?;
        }
        if let Some(target) = self.ahead.target(&seen) {
            let unit = Unit::Other("per_second".to_owned());
            show("target_events", "The rate that the run is to have now", Some(&unit), &ConstGauge::new(target))?;
        }
        if self.ahead.is_live() {
            let late = Lateness(Arc::clone(&self.watch));
            show("lateness", "How late events leave", Some(&Unit::Seconds), &late)?;
        }
        Ok(())
    }
}

/// How late the events of a live run leave, as a histogram.
struct Lateness(Arc<Counters>);

impl EncodeMetric for Lateness {
    fn encode(&self, mut encoder: MetricEncoder) -> Result<(), fmt::Error> {
        let (counts, sum) = self.0.lateness();
        let bounds = LATE.iter().copied().chain([f64::INFINITY]);
        let buckets: Vec<(f64, u64)> = bounds.zip(counts).collect();
        encoder.encode_histogram::<NoLabelSet>(sum, counts.iter().sum(), &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}
