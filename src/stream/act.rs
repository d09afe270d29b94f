//! What a call does to the state of its instance, and how it ends.

use super::{MICROSECOND, MILLISECOND, SECOND, World, automatic_failure, draws, instance::Instance};
use crate::{
    catalog::{Catalog, Effect, FailureId},
    plan::Plan,
    story::{Ask, Asked, Call, Outcome, code, word},
};

/// How many inputs of one method may change a field; more are refused with the catalog.
pub const MOST_ASKS: usize = 16;

/// Decides how a call ends and applies what it does; `asked` becomes the words that it asks for.
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
    let state = &mut state[place.of(element)];
    for (ask, asked) in call.asks.iter().zip(asked.iter_mut()) {
        *asked = word_asked_for(plan, world, ask, instance, state);
    }
    let exists = word::exists(state[word::CREATED]);
    let outcome = decide(&plan.catalog, call, exists, state, asked);
    let key = || instance.turn_key(call);
    match (call.does, outcome) {
        // A refused create says what it would have made; what exists stays as it is.
        (Effect::Create, _) if outcome.is_none() || !exists => {
            let lag = key().number(draws::CREATED).between(50 * MILLISECOND, 100 * MILLISECOND) as i64;
            let created = (time - lag).div_euclid(MICROSECOND) * MICROSECOND;
            state[word::CREATED] = word::made(created, outcome.is_none());
            state[word::UPDATED] = created as u64;
            let kind = &plan.catalog.kinds[plan.catalog.methods[call.method].kind];
            let stamp = word::stamp_of(kind);
            if kind.stamp.is_some() && (state[stamp] == 0 || outcome.is_none()) {
                let named = time - key().number(draws::STAMP).between(100 * MILLISECOND, 900 * MILLISECOND) as i64;
                state[stamp] = world.stamps.take(instance.room, named.div_euclid(SECOND), world.injected);
            }
        }
        (Effect::Update, None) => {
            let lag = key().number(draws::CREATED).between(20 * MILLISECOND, 60 * MILLISECOND) as i64;
            let changed = (time - lag).div_euclid(MICROSECOND) * MICROSECOND;
            state[word::UPDATED] = changed.max(state[word::UPDATED] as i64 + MICROSECOND) as u64;
            for (ask, asked) in call.asks.iter().zip(asked.iter()) {
                if ask.value != Asked::Nothing {
                    state[word::FIELDS + ask.word] = *asked;
                }
            }
        }
        (Effect::Delete, None) => state[word::CREATED] = word::made(word::created(state[word::CREATED]), false),
        _ => {}
    }
    outcome
}

/// The word that a call asks for.
fn word_asked_for(plan: &Plan, world: &mut World, ask: &Ask, instance: &Instance, state: &[u64]) -> u64 {
    let current = state[word::FIELDS + ask.word];
    match ask.value {
        Asked::Code(code) => code,
        Asked::Next { last } => (current + 1).min(last),
        Asked::Previous => current.saturating_sub(1),
        Asked::Nothing => current,
        Asked::Clear => code::NULL,
        Asked::Reference(reference) => {
            world.surroundings.draw(plan, instance.story, instance.number, &mut world.roles);
            world.roles.code(&plan.population, reference, ask.word as u64)
        }
    }
}

/// How a call ends, by what is asked and what is.
fn decide(catalog: &Catalog, call: &Call, exists: bool, state: &[u64], asked: &[u64]) -> Option<FailureId> {
    let creates = call.does == Effect::Create;
    let lowers = call
        .lowers
        .filter(|(_, ask)| asked[*ask] < state[word::FIELDS + call.asks[*ask].word])
        .map(|(failure, _)| failure);
    match call.outcome {
        Outcome::Failure(failure) => Some(failure),
        Outcome::Success { insists: true } => None,
        Outcome::Auto if exists == creates => automatic_failure(catalog, call.method),
        Outcome::Success { insists: false } | Outcome::Auto => lowers,
    }
}
