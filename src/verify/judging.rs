//! Records with other bytes than their event's, judged one by one: the events are rendered again for it.

use super::{
    candidates,
    expectation::Found,
    intake::Intake,
    shape::{Class, ExpectedEvent, Judgement, Rules, SameValues},
    spool::{Spool, Spooled},
    walk::{self, RenderedEvent, Walk},
};
use crate::error::Error;
use std::{
    collections::{BTreeMap, HashMap},
    num::NonZero,
};

/// Judges all that waits in the spool.
pub(super) fn judge(intake: &mut Intake<'_>, rules: &Rules, threads: NonZero<usize>) -> Result<(), Error> {
    let spool = std::mem::replace(&mut intake.spool, Spool::new(0, None));
    if spool.is_empty() {
        return Ok(());
    }
    // Of records that were judged for several events: their bytes, and whether one of these is in them.
    let mut shared: BTreeMap<u32, (Vec<u8>, bool)> = BTreeMap::new();
    let (plan, scope) = (intake.expectation.plan, intake.expectation.scope.clone());
    let mut walk = Walk::new(plan, &scope);
    spool.read(|records| {
        // The parts come in the events' order, unless one is too large for memory.
        if records.first().is_some_and(|record| record.event < walk.position()) {
            walk = Walk::new(plan, &scope);
        }
        let judged = judge_all(intake, &mut walk, &records, rules, threads);
        take(intake, &records, judged, &mut shared);
    })?;
    for (bytes, has_any) in shared.into_values() {
        if !has_any {
            intake.counts.mention(&bytes);
        }
    }
    Ok(())
}

/// The judgements of records, which are in the order of their events.
fn judge_all(
    intake: &Intake<'_>,
    walk: &mut Walk<'_>,
    records: &[Spooled],
    rules: &Rules,
    threads: NonZero<usize>,
) -> Vec<Option<Judgement>> {
    let expectation = &intake.expectation;
    let of = |event: u64| {
        let first = records.partition_point(|record| record.event < event);
        (first..records.len()).take_while(move |number| records[*number].event == event)
    };
    let end = records.last().map_or(0, |record| record.event + 1);
    let mut judged = vec![None; records.len()];
    walk::render(
        (walk, end),
        threads,
        |event| of(event).next().is_some(),
        |rendered| {
            let mut judged = Vec::new();
            for RenderedEvent { position: event, body, .. } in rendered.events() {
                let is_id = |text: &str| match text.len() {
                    candidates::UUID => {
                        candidates::uuid(text.as_bytes()).map(|id| expectation.event(id)) == Some(Found::Event(event))
                    }
                    candidates::DIGITS => candidates::digit_runs(text.as_bytes())
                        .any(|id| expectation.request(id.bits) == Found::Event(event)),
                    _ => false,
                };
                // Its tree is only needed for a record whose values are others.
                let (same, mut target) = (SameValues::new(body), None);
                for number in of(event) {
                    let record = &records[number].bytes;
                    let judgement = same.judge(record, rules).or_else(|| {
                        let target = target.get_or_insert_with(|| ExpectedEvent::new(body, is_id));
                        target.as_ref().map(|target| target.judge(record, rules))
                    });
                    judged.extend(judgement.map(|judgement| (number, judgement)));
                }
            }
            judged
        },
        |found| found.into_iter().for_each(|(number, judgement)| judged[number] = Some(judgement)),
    );
    judged
}

/// Counts what was found.
fn take(
    intake: &mut Intake<'_>,
    records: &[Spooled],
    judged: Vec<Option<Judgement>>,
    shared: &mut BTreeMap<u32, (Vec<u8>, bool)>,
) {
    // Of an event that has several copies the worst one says how it differs.
    let mut worst: HashMap<u64, (Class, usize)> = HashMap::new();
    for (number, judgement) in judged.iter().enumerate() {
        if let Some(Judgement::Carries(class, ..)) = judgement {
            let of = worst.entry(records[number].event).or_insert((*class, number));
            if *class > of.0 {
                *of = (*class, number);
            }
        }
    }
    for (number, (record, judgement)) in records.iter().zip(judged).enumerate() {
        let is_any = !matches!(judgement, None | Some(Judgement::Mentions));
        if record.is_shared {
            let of = shared
                .entry(record.origin.record)
                .or_insert_with(|| (super::counts::example(&record.bytes).into(), false));
            of.1 |= is_any;
        }
        match judgement {
            Some(Judgement::Carries(class, forms, changes)) => {
                intake.counts.records += 1;
                intake.counts.carrying += 1;
                let is_optional = intake.expectation.optional.contains(&record.event);
                if !is_optional && worst.get(&record.event).is_some_and(|(_, worst)| *worst == number) {
                    let plan = intake.expectation.plan;
                    intake.counts.differs(forms, changes, || id_of(&record.bytes, plan).unwrap_or_default());
                }
                intake.arrived(record.event, class, record.origin);
            }
            Some(Judgement::Truncated(length)) => {
                intake.counts.cut(length);
                intake.arrivals.note_cut(record.event);
            }
            Some(Judgement::Fragment) => intake.counts.fragment(),
            Some(Judgement::Mentions) | None if record.is_shared => {}
            Some(Judgement::Mentions) | None => intake.counts.mention(&record.bytes),
        }
    }
}

/// The first id of the run in a record.
fn id_of(record: &[u8], plan: &crate::plan::Plan) -> Option<String> {
    let uuid = candidates::uuids(record).map(|id| uuid::Uuid::from_u128(id.bits));
    let mut ours = uuid.filter(|id| plan.identities.event_of(*id).is_some());
    if let Some(id) = ours.next() {
        return Some(id.to_string());
    }
    let mut requests = candidates::digit_runs(record);
    let name = requests.find_map(|id| plan.identities.event_of_request(id.bits))?;
    Some(plan.identities.event_id(name))
}
