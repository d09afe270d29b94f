//! The ground truth (labels): one JSON line for each instance, in a file separate from the data.
//!
//! An instance's line is written with its last event, so the truth is complete when the data is. A stopped run has
//! written the lines of the instances that ended. A resumed run writes the file again from the beginning, at little
//! cost, because it simulates the skipped events anyway. So the file is right however the first run ended: a killed
//! process or a full disk can leave less of the truth than of the data, or more.

use crate::{
    catalog::{Generator, KindId},
    identity::EventName,
    plan::{
        Plan,
        event_kind::Role,
        resolved::{Operation, Owner, Pin, ResolvedScenario, TurnCount},
        roles::{InstanceStart, Roles},
    },
    population::Roaming,
    simulation::Record,
    units::format_time,
    value::Lane,
};
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};

/// Collects the events of each instance for the ground truth.
#[derive(Debug)]
pub(super) struct Recorder<'p> {
    plan: &'p Plan,
    /// Whether to label every instance or only the injected ones.
    all: bool,
    /// Instances that ended before this event of the run are left out.
    since: u64,
    /// The run that every line names: with it, any id of an event or request leads to its instance.
    run: Value,
    /// Instances in progress, by scenario and number.
    open: HashMap<(u16, u64), InstanceEvents>,
}

/// The events of one instance so far.
#[derive(Debug)]
struct InstanceEvents {
    first: i64,
    /// The number, in the run, of its last event so far.
    last: u64,
    last_time: i64,
    /// Event kind and iteration of each event.
    events: Vec<(u32, u32)>,
    /// The instance.
    start: InstanceStart,
}

/// The ground truth of a whole run, as lines; of every instance if `all`, else of the injected ones.
pub(crate) fn truth_of(plan: &Plan, all: bool) -> Vec<u8> {
    let (mut stream, mut slots, mut lines) = (plan.stream(), Vec::new(), Vec::new());
    let mut recorder = Recorder::new(plan, all, 0);
    while let Some(record) = stream.next(&mut slots) {
        slots.clear();
        recorder.note(&record, &mut lines);
    }
    recorder.finish(&mut lines);
    lines
}

impl<'p> Recorder<'p> {
    pub(super) fn new(plan: &'p Plan, all: bool, since: u64) -> Self {
        let end = plan.timing.end();
        let run = json!({
            "name": plan.name,
            "seed": plan.seed,
            "from": format_time(plan.timing.from),
            "to": end.map(format_time),
        });
        Recorder { plan, all, since, run, open: HashMap::new() }
    }

    /// Records an event. If it is the last one of its instance, appends the instance's line to `out`.
    pub(super) fn note(&mut self, record: &Record, out: &mut Vec<u8>) {
        let scenario = self.plan.event_kinds[record.event_kind as usize].scenario;
        if !self.all && usize::from(scenario) < self.plan.background {
            return;
        }
        let history = self.open.entry((scenario, record.instance)).or_insert_with(|| InstanceEvents {
            first: record.time,
            last: 0,
            last_time: 0,
            events: Vec::new(),
            start: record.start(),
        });
        history.events.push((record.event_kind, record.occurrence));
        (history.last, history.last_time) = (record.number, record.time);
        if record.ends {
            let history = self.open.remove(&(scenario, record.instance));
            if let Some(history) = history.filter(|history| history.last >= self.since) {
                self.line(scenario, &history, true, out);
            }
        }
    }

    /// Appends a line for each instance that the end of the run interrupted.
    pub(super) fn finish(mut self, out: &mut Vec<u8>) {
        let mut cut: Vec<_> = self.open.drain().collect();
        cut.sort_by_key(|(_, history)| history.last);
        for ((scenario, _), history) in cut {
            self.line(scenario, &history, false, out);
        }
    }

    fn line(&self, scenario_index: u16, history: &InstanceEvents, complete: bool, out: &mut Vec<u8>) {
        let (plan, instance) = (self.plan, history.start.number);
        let scenario = &plan.scenarios[usize::from(scenario_index)];
        let mut line = Map::new();
        let label = scenario.injection.as_ref().map(|injection| injection.label.as_str());
        line.insert("label".to_owned(), json!(label));
        line.insert("scenario".to_owned(), json!(scenario.scenario_name));
        line.insert("params".to_owned(), Value::Object(scenario.params.iter().cloned().collect()));
        line.insert("story".to_owned(), json!(scenario.name));
        line.insert("instance".to_owned(), json!(instance));
        if let Some(bursts) = plan.population.bursts.filter(|_| scenario.injection.is_none()) {
            line.insert("burst".to_owned(), json!(bursts.burst_of(scenario.key, instance)));
        }
        line.insert("complete".to_owned(), json!(complete));
        line.insert("first".to_owned(), json!(format_time(history.first)));
        line.insert("last".to_owned(), json!(format_time(history.last_time)));
        let mut roles = Roles::new(&plan.catalog);
        roles.draw(&plan.catalog, &plan.population, scenario, history.start);
        let mut acting: Vec<usize> = Vec::new();
        for (event_kind, _) in &history.events {
            if let Operation::Call(call) = &scenario.operations[plan.event_kinds[*event_kind as usize].operation]
                && !acting.contains(&call.actor)
            {
                acting.push(call.actor);
            }
        }
        let mut actors = acting.iter().map(|actor| self.actor((scenario, history.first), &roles, *actor));
        line.insert("actor".to_owned(), actors.next().unwrap_or_default());
        line.insert("other_actors".to_owned(), actors.collect());
        line.insert("resources".to_owned(), self.resources(scenario, instance, &roles, history));
        line.insert(
            "event_ids".to_owned(),
            history.events.iter().map(|event| self.id(scenario, instance, *event)).collect(),
        );
        line.insert("run".to_owned(), self.run.clone());
        out.extend_from_slice(Value::Object(line).to_string().as_bytes());
        out.push(b'\n');
    }

    /// Ids of the resources that the instance's calls were about, in the order in which they first occur. Ids that
    /// depend on the state of a resource, such as names with the second of a creation, are left out.
    fn resources(&self, scenario: &ResolvedScenario, instance: u64, roles: &Roles, history: &InstanceEvents) -> Value {
        let (mut seen, mut ids) = (HashSet::new(), Vec::new());
        for (event_kind, occurrence) in &history.events {
            let Operation::Call(call) = &scenario.operations[self.plan.event_kinds[*event_kind as usize].operation]
            else {
                continue;
            };
            let Some(target) = call.target else { continue };
            let element = if matches!(call.turns, TurnCount::Each) { *occurrence } else { 0 };
            if seen.insert((target, element)) {
                ids.extend(self.resource(scenario, instance, roles, (target, element)));
            }
        }
        ids.into()
    }

    fn resource(
        &self,
        scenario: &ResolvedScenario,
        instance: u64,
        roles: &Roles,
        (index, element): (usize, u32),
    ) -> Option<String> {
        let plan = self.plan;
        let resource = &scenario.resources[index];
        let id = plan.catalog.kinds[resource.kind].id();
        let generator = &plan.catalog.kinds[resource.kind].fields[id].generator;
        let is_unique = matches!(generator, Generator::Pattern { unique: true, .. });
        let pinned = resource.pins.iter().find(|(field, _)| *field == id).map(|(_, pin)| pin);
        let bytes = match (pinned, resource.owner) {
            (Some(Pin::Bytes(bytes)), _) => bytes.to_vec(),
            (None, Owner::Population { .. }) => {
                plan.population.value(resource.kind, roles.in_role(Role::Shared(index)), id)?.bytes().to_vec()
            }
            (None, Owner::Instance { lane, .. }) if is_unique => {
                let number = (instance << resource.shift()) | u64::from(element);
                let mut bytes = Vec::new();
                plan.identities.write(resource.kind, id, lane, number, &mut bytes);
                bytes
            }
            _ => return None,
        };
        Some(String::from_utf8_lossy(&bytes).trim_matches('"').to_owned())
    }

    fn id(&self, scenario: &ResolvedScenario, instance: u64, (event_kind, occurrence): (u32, u32)) -> Value {
        let step = self.plan.event_kinds[event_kind as usize].step_tag;
        self.plan.identities.event_id(EventName { scenario: scenario.tag, instance, step, occurrence }).into()
    }

    /// An actor of the instance: its name in the scenario, its kind, the values that identify such a principal, and
    /// whether the instance's first event lies outside of its usual hours.
    fn actor(&self, (scenario, first): (&ResolvedScenario, i64), roles: &Roles, index: usize) -> Value {
        let actor = &scenario.actors[index];
        let kind = &self.plan.catalog.kinds[actor.kind];
        let mut fields = Map::new();
        fields.insert("name".to_owned(), json!(actor.name));
        fields.insert("kind".to_owned(), json!(kind.name));
        for (field, of) in kind.fields.iter().enumerate() {
            let identifies =
                matches!(of.generator, Generator::Pattern { .. } | Generator::Email(_) | Generator::Address(_));
            if identifies && let Some(bytes) = self.field(scenario, roles, index, (actor.kind, field)) {
                fields.insert(of.name.clone(), String::from_utf8_lossy(&bytes).into_owned().into());
            }
        }
        if let Some(hours) = self.plan.population.hours.as_ref().filter(|_| actor.external.is_none()) {
            let member = roles.in_role(Role::Principal(index));
            let rank = self.plan.population.members(actor.kind).rank(member);
            fields.insert("odd_hours".to_owned(), json!(!hours.covers(actor.kind, rank, hours.minute(first))));
        }
        Value::Object(fields)
    }

    fn field(
        &self,
        scenario: &ResolvedScenario,
        roles: &Roles,
        index: usize,
        (kind, field): (KindId, usize),
    ) -> Option<Vec<u8>> {
        let actor = &scenario.actors[index];
        if let Some((_, bytes)) = actor.pins.iter().find(|(pinned, _)| *pinned == field) {
            return bytes.as_deref().map(<[u8]>::to_vec);
        }
        if let Some(number) = actor.external {
            let mut bytes = Vec::new();
            self.plan.identities.write(kind, field, Lane(0), number, &mut bytes);
            return Some(bytes);
        }
        let population = &self.plan.population;
        let is_address = matches!(self.plan.catalog.kinds[kind].fields[field].generator, Generator::Address(_));
        if let Some(roaming) = population.roaming.filter(|_| is_address) {
            let away = roaming.draw(roles.address_key(actor));
            if away > 0 {
                let (mut bytes, number) = (Vec::new(), Roaming::number(roles.in_role(Role::Principal(index)), away));
                self.plan.identities.write(kind, field, Lane(0), number, &mut bytes);
                return Some(bytes);
            }
        }
        population.value(kind, roles.in_role(Role::Principal(index)), field).map(|value| value.bytes().to_vec())
    }
}
