//! The effect of a call on the state of its instance, its outcome, and the state that its event needs.

use crate::{
    catalog::{Catalog, Effect, FailureId, automatic_failure},
    plan::{
        Plan, reference_code,
        resolved::{Ask, Asked, Call, Outcome},
        state_slots,
    },
    simulation::{MICROSECOND, MILLISECOND, SECOND, World, draws, instance::Instance},
};

/// Decides how a call ends and applies what it does; `asked` becomes the values that it asks for.
pub(super) fn act(
    plan: &Plan,
    world: &mut World,
    call: &Call,
    (instance, element): (&Instance, u32),
    time: i64,
    state: &mut [u64],
    asked: &mut [u64],
) -> Option<FailureId> {
    let Some(place) = call.state else {
        return match call.outcome {
            Outcome::Failure(failure) => Some(failure),
            _ => None,
        };
    };
    let state = &mut state[place.slots(element)];
    for (ask, asked) in call.asks.iter().zip(asked.iter_mut()) {
        *asked = value_asked_for(plan, world, ask, instance, state);
    }
    let exists = state_slots::exists(state[state_slots::CREATED]);
    let outcome = decide(&plan.catalog, call, exists, state, asked);
    let key = || instance.turn_key();
    match (call.does, outcome) {
        // A failed create leaves an existing resource as it is, but its event shows the resource it would have made.
        (Effect::Create, _) if outcome.is_none() || !exists => {
            make(state, instance, time, outcome.is_none());
            let kind = &plan.catalog.kinds[plan.catalog.methods[call.method].kind];
            let stamp = state_slots::stamp_of(kind);
            if kind.stamp.is_some() && (state[stamp] == 0 || outcome.is_none()) {
                let named = time - key().number(draws::STAMP).between(100 * MILLISECOND, 900 * MILLISECOND) as i64;
                state[stamp] = world.stamps.take(instance.room, named.div_euclid(SECOND), world.injected);
            }
        }
        (Effect::Update, None) => {
            let lag = key().number(draws::CREATED).between(20 * MILLISECOND, 60 * MILLISECOND) as i64;
            let changed = (time - lag).div_euclid(MICROSECOND) * MICROSECOND;
            state[state_slots::UPDATED] = changed.max(state[state_slots::UPDATED] as i64 + MICROSECOND) as u64;
            for (ask, asked) in call.asks.iter().zip(asked.iter()) {
                if ask.value != Asked::Nothing {
                    state[state_slots::FIELDS + ask.slot] = *asked;
                }
            }
        }
        (Effect::Delete, None) => delete(state),
        _ => {}
    }
    outcome
}

/// Sets the times of a new resource, or of one that a failed call would have made (`exists` is false).
fn make(state: &mut [u64], instance: &Instance, time: i64, exists: bool) {
    let lag = instance.turn_key().number(draws::CREATED).between(50 * MILLISECOND, 100 * MILLISECOND) as i64;
    let created = (time - lag).div_euclid(MICROSECOND) * MICROSECOND;
    state[state_slots::CREATED] = state_slots::made(created, exists);
    state[state_slots::UPDATED] = created as u64;
}

/// Marks a resource as deleted; it keeps the time of its creation.
fn delete(state: &mut [u64]) {
    state[state_slots::CREATED] = state_slots::made(state_slots::created(state[state_slots::CREATED]), false);
}

/// The value that an input of a call asks for.
fn value_asked_for(plan: &Plan, world: &mut World, ask: &Ask, instance: &Instance, state: &[u64]) -> u64 {
    let current = state[state_slots::FIELDS + ask.slot];
    match ask.value {
        Asked::Code(code) => code,
        Asked::Next { last } => (current + 1).min(last),
        Asked::Previous => current.saturating_sub(1),
        Asked::Nothing => current,
        Asked::Clear => reference_code::NULL,
        Asked::Reference(reference) => {
            let scenario = &plan.scenarios[usize::from(instance.scenario)];
            world.roles.draw(&plan.catalog, &plan.population, scenario, instance.start());
            world.roles.code(&plan.population, reference, ask.slot as u64)
        }
    }
}

/// The failure that a call ends with, if any, from its outcome, its inputs and the state.
fn decide(catalog: &Catalog, call: &Call, exists: bool, state: &[u64], asked: &[u64]) -> Option<FailureId> {
    let creates = call.does == Effect::Create;
    let lowers = call
        .lowers
        .filter(|(_, ask)| asked[*ask] < state[state_slots::FIELDS + call.asks[*ask].slot])
        .map(|(failure, _)| failure);
    match call.outcome {
        Outcome::Failure(failure) => Some(failure),
        Outcome::Success { insists: true } => None,
        Outcome::Auto if exists == creates => automatic_failure(catalog, call.method),
        Outcome::Success { insists: false } | Outcome::Auto => lowers,
    }
}
