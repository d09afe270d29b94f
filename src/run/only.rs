//! Some events of a run, such as those that were not delivered.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
    sync::Arc,
};

use serde_json::Value;

use crate::{
    error::{Error, quoted, shown},
    plan::Plan,
    sink::reason,
};

/// The numbers of some of a run's events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Only(Arc<[u64]>);

impl Only {
    /// Reads a list with a line for each event: a JSON object, of which `event` (the event's number in the run) and
    /// `id` (its id, may be null) are looked at.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] if there is no such file, if a line is no such object, or if the ids are another run's.
    pub fn load(path: &Path, plan: &Plan) -> Result<Self, Error> {
        let name = quoted(&shown(path));
        let cannot = |error: &std::io::Error| Error::usage(format!("cannot read {name}: {}", reason(error)));
        let file = File::open(path).map_err(|error| cannot(&error))?;
        let mut numbers = Vec::new();
        let (mut ours, mut strange) = (0_u64, None);
        for (index, line) in BufReader::new(file).lines().enumerate() {
            let line = line.map_err(|error| cannot(&error))?;
            if line.trim().is_empty() {
                continue;
            }
            let event = serde_json::from_str::<Value>(&line).ok();
            let Some(number) = event.as_ref().and_then(|event| event["event"].as_u64()) else {
                let message = format!("line {} of {name} does not say which event it is about", index + 1);
                return Err(Error::usage(message).help(r#"a line is as `{"event":41,"id":"…"}`: see `--undelivered`"#));
            };
            numbers.push(number);
            match event.as_ref().and_then(|event| event["id"].as_str()) {
                Some(id) if plan.event_of(id).is_some() => ours += 1,
                Some(id) => strange = strange.or_else(|| Some(id.to_owned())),
                None => {}
            }
        }
        if let Some(id) = strange.filter(|_| ours == 0 && knows_its_ids(plan)) {
            let message = format!("the events of {name} are not of this run: it has none with the id {}", quoted(&id));
            return Err(Error::usage(message).help("give the same scenario, `--seed` and `--from` as that run had"));
        }
        if numbers.is_empty() {
            return Err(Error::usage(format!("{name} lists no events")));
        }
        Ok(numbers.into_iter().collect())
    }

    /// Whether the event of that number is one of them.
    pub fn holds(&self, number: u64) -> bool {
        self.0.binary_search(&number).is_ok()
    }

    /// The number of the last one.
    pub fn last(&self) -> Option<u64> {
        self.0.last().copied()
    }
}

impl FromIterator<u64> for Only {
    fn from_iter<I: IntoIterator<Item = u64>>(numbers: I) -> Self {
        let mut numbers: Vec<u64> = numbers.into_iter().collect();
        numbers.sort_unstable();
        numbers.dedup();
        Only(numbers.into())
    }
}

/// Whether the templates write the ids that can be recognised.
fn knows_its_ids(plan: &Plan) -> bool {
    let first = plan.events().next();
    let event = first.and_then(|event| serde_json::from_slice::<Value>(&event.body).ok());
    event.is_some_and(|event| event["id"].as_str().is_some_and(|id| plan.event_of(id).is_some()))
}
