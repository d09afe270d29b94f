//! Events that came after later ones: of a key, of an instance, of an input.

use super::{arrivals::Arrivals, expectation::Expectation, walk::Walk};
use std::collections::HashMap;

/// First arrivals that come after an event with a higher number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Disorder {
    /// How many.
    pub events: u64,
    /// By how many events of the run the farthest was moved.
    pub farthest: u64,
}

/// How far the order of the run was kept. Order is counted within an input: a file, or a partition.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Order {
    /// Among events of one key; events without a key have no order.
    pub of_key: Disorder,
    /// Among events of one instance.
    pub of_instance: Disorder,
    /// Among all events.
    pub of_input: Disorder,
}

/// Compares the order of arrival with the run's.
pub(super) fn find(expectation: &Expectation<'_>, arrivals: &Arrivals) -> Order {
    let mut order = Order::default();
    let events = arrivals.in_order();
    // Mostly nothing was moved, and then nothing is to be looked up.
    let mut last: HashMap<u16, u32> = HashMap::new();
    for (event, input) in &events {
        order.of_input.note(&mut last, *input, *event);
    }
    if order.of_input.events == 0 {
        return order;
    }
    let instances = instances(expectation);
    let (mut keys, mut of_instances) = (HashMap::new(), HashMap::new());
    for (event, input) in events {
        let key = expectation.key(event.into());
        if key > 0 {
            order.of_key.note(&mut keys, (input, key), event);
        }
        order.of_instance.note(&mut of_instances, (input, instances[event as usize]), event);
    }
    order
}

impl Disorder {
    fn note<K: std::hash::Hash + Eq>(&mut self, last: &mut HashMap<K, u32>, group: K, event: u32) {
        let last = last.entry(group).or_insert(event);
        if event < *last {
            self.events += 1;
            self.farthest = self.farthest.max(u64::from(*last - event));
        }
        *last = (*last).max(event);
    }
}

/// By event the number of its instance.
fn instances(expectation: &Expectation<'_>) -> Vec<u32> {
    let plan = expectation.plan;
    let (mut numbers, mut instances) = (HashMap::new(), Vec::with_capacity(expectation.count as usize));
    Walk::new(plan, &expectation.scope).for_each(|_, record| {
        let scenario = plan.event_kinds[record.event_kind as usize].scenario;
        let next = numbers.len() as u32;
        instances.push(*numbers.entry((scenario, record.instance)).or_insert(next));
    });
    instances
}
