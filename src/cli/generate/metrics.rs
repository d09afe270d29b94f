//! `--metrics`: live counters of a run, for Prometheus.

#[cfg(feature = "metrics")]
pub(crate) use serve::Metrics;

/// Without the feature `metrics`, nothing is served.
#[cfg(not(feature = "metrics"))]
pub(crate) enum Metrics {}

#[cfg(not(feature = "metrics"))]
impl Metrics {
    pub(crate) fn serve(
        _: &str,
        _: &crate::plan::Plan,
        _: super::progress::RunFacts,
        _: &std::sync::Arc<crate::run::Counters>,
        _: bool,
    ) -> Result<Option<Self>, crate::error::Error> {
        let error = crate::error::Error::usage("this build of falsetrail cannot serve metrics");
        Err(error.help("build it with the feature `metrics`"))
    }

    pub(crate) fn finish(self) {
        match self {}
    }
}

#[cfg(feature = "metrics")]
mod connection;
#[cfg(feature = "metrics")]
mod serve;
#[cfg(feature = "metrics")]
mod server;
