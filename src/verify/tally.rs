//! Counts the expected events for the verdict, in the run's order, and lists the missing ones.

use super::{
    Options, Verdict,
    arrivals::Arrivals,
    expectation::{Expectation, name_of},
    shape::Class,
    walk::Walk,
};
use crate::{error::Error, identity::EventName, sink::reason};
use serde_json::json;
use std::io::{self, Write};

/// An expected event that did not arrive.
struct Missed {
    number: u64,
    name: EventName,
    /// Whether a record has the beginning of its body.
    is_cut: bool,
}

impl Verdict {
    /// Counts the expected events in the run's order, and lists the missing ones.
    pub(super) fn count(
        &mut self,
        expectation: &Expectation<'_>,
        arrivals: &Arrivals,
        options: &Options,
        mut missing: Option<&mut dyn Write>,
    ) -> Result<(), Error> {
        let mut failed = None;
        // Where nobody knows the end: events that did not arrive count if a later one has.
        let last = match options.end_unknown {
            Some(certain) => certain.max(last_arrival(expectation, arrivals)),
            None => u64::MAX,
        };
        Walk::new(expectation.plan, &expectation.scope).for_each(|_, record| {
            let Some(event) = expectation.index_of(record).filter(|event| !expectation.optional.contains(event)) else {
                return;
            };
            if arrivals.has(event) {
                self.arrival(arrivals.copies(event), arrivals.class(event));
            } else if record.number < last {
                let name = name_of(expectation.plan, record);
                let missed = Missed { number: record.number, name, is_cut: arrivals.is_cut(event) };
                failed = failed.take().or(self.missed(expectation, missed, &mut missing).err());
            }
        });
        self.expected = self.arrived + self.missing;
        let flushed = missing.map_or(Ok(()), Write::flush);
        match failed.or(flushed.err()) {
            Some(error) => Err(Error::failed(format!("cannot write the missing events: {}", reason(&error)))),
            None => Ok(()),
        }
    }

    fn arrival(&mut self, copies: u64, class: Class) {
        self.arrived += 1;
        if copies > 1 {
            self.duplicated += 1;
            self.copies += copies - 1;
        }
        self.most_copies = self.most_copies.max(copies);
        match class {
            Class::Unchanged => self.unchanged += 1,
            Class::Reformatted => self.reformatted += 1,
            Class::Added => self.added += 1,
            Class::Uncompared => self.uncompared += 1,
            Class::ChangedAsAllowed => {
                self.changed += 1;
                self.changed_as_allowed += 1;
            }
            Class::Changed => self.changed += 1,
        }
    }

    fn missed(
        &mut self,
        expectation: &Expectation<'_>,
        Missed { number, name, is_cut }: Missed,
        missing: &mut Option<&mut dyn Write>,
    ) -> io::Result<()> {
        self.missing += 1;
        self.missing_cut += u64::from(is_cut);
        if missing.is_none() && self.missing_example.is_some() {
            return Ok(());
        }
        let id = expectation.plan.identities.event_id(name);
        if let Some(missing) = missing {
            missing.write_all(format!("{}\n", json!({ "event": number, "id": id })).as_bytes())?;
        }
        self.missing_example.get_or_insert(id);
        Ok(())
    }
}

/// The number of the last event of the run that has arrived; 0 if none has.
fn last_arrival(expectation: &Expectation<'_>, arrivals: &Arrivals) -> u64 {
    let mut last = 0;
    Walk::new(expectation.plan, &expectation.scope).for_each(|_, record| {
        if expectation.index_of(record).is_some_and(|event| arrivals.has(event)) {
            last = record.number;
        }
    });
    last
}
