//! What the simulation looks at for every event: one line of memory for each operation of a story.
//!
//! A call says much that few events need, and where it says the rest is several lines apart. Most calls show something
//! and change nothing; what their events are is settled before the first of them.

use super::draws;
use crate::{
    catalog::Effect,
    plan::Plan,
    story::{Call, Operation, Outcome, Story, Turns},
    units::DurationRange,
    value::Key,
};

/// The operations of all stories.
#[derive(Debug)]
pub(super) struct Steps {
    steps: Box<[Step]>,
    /// Where those of each story begin. Behind its last there is one that is none.
    first: Box<[u32]>,
}

/// An operation.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(super) struct Step {
    /// Nanoseconds to wait before it, and between turns.
    pub after: DurationRange,
    pub every: DurationRange,
    /// What its draws grow from.
    pub salt: u64,
    /// If it is plain: which event it is.
    pub emission: u32,
    turns: [u16; 2],
    /// Where the state of its resource begins, and how many words each element has.
    at: u16,
    pub stride: u16,
    /// Words of another resource that its events show: where they begin, and how many.
    other: [u16; 2],
    /// What to fetch for its event.
    pub ahead: [u16; 2],
    pub sort: Sort,
    /// Whether it happens in any case, and not too often for `turns`.
    pub sure: bool,
    /// Whether it has a turn for each element.
    pub each: bool,
    /// Whether its events show its resource.
    shows: bool,
}

/// What an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// No call, or nothing at all.
    None,
    Call,
    /// A call that changes nothing, all of whose events are of the same kind.
    Plain,
}

impl Steps {
    pub fn of(plan: &Plan) -> Self {
        let (mut steps, mut first) = (Vec::new(), Vec::new());
        for story in &plan.stories {
            first.push(steps.len() as u32);
            steps.extend(story.operations.iter().map(|operation| match operation {
                Operation::Call(call) => Step::of(plan, story, call),
                _ => Step::NONE,
            }));
            steps.push(Step::NONE);
        }
        Steps { steps: steps.into(), first: first.into() }
    }

    /// An operation of a story, or what is behind its last.
    #[inline]
    pub fn at(&self, story: u16, operation: usize) -> &Step {
        &self.steps[self.first[usize::from(story)] as usize + operation]
    }
}

impl Step {
    const NONE: Step = Step {
        after: DurationRange { low: 0, high: 0 },
        every: DurationRange { low: 0, high: 0 },
        salt: 0,
        emission: 0,
        turns: [0; 2],
        at: 0,
        stride: 0,
        other: [0; 2],
        ahead: [0; 2],
        sort: Sort::None,
        sure: false,
        each: false,
        shows: false,
    };

    fn of(plan: &Plan, story: &Story, call: &Call) -> Self {
        let turns = match call.turns {
            Turns::Repeat(times) => [times.low, times.high],
            Turns::Each => [call.target.map_or(0, |target| story.resources[target].count.into()); 2],
        };
        let few = turns.map(u16::try_from);
        let step = Step {
            after: call.after,
            every: call.every,
            salt: call.salt,
            turns: [few[0].unwrap_or(0), few[1].unwrap_or(0)],
            // A hint need not be right where there is very much state.
            ahead: [call.state.map_or(call.beside, |place| place.at), call.beside].map(|at| at as u16),
            stride: call.state.map_or(0, |place| place.stride as u16),
            sort: Sort::Call,
            sure: call.chance.is_none() && few.iter().all(Result::is_ok),
            each: call.turns == Turns::Each,
            ..Step::NONE
        };
        step.plain(plan, story, call).unwrap_or(step)
    }

    /// The same for a call that is plain.
    fn plain(self, plan: &Plan, story: &Story, call: &Call) -> Option<Self> {
        let changes = call.state.is_some() && !matches!(call.does, Effect::Get | Effect::List);
        let [(_, emission)] = call.emissions[..] else { return None };
        let snapshot = &plan.emissions[emission as usize].snapshot;
        let is_short = snapshot.asks == 0 && snapshot.listed.is_empty() && snapshot.others.len() < 2;
        if changes || call.outcome == Outcome::Auto || !call.asks.is_empty() || !is_short {
            return None;
        }
        let at = match (snapshot.target, call.state) {
            (Some(target), Some(place)) if call.target == Some(target) => {
                u16::try_from(place.stride).ok()?;
                u16::try_from(place.at).ok()?
            }
            (Some(_), _) => return None,
            (None, _) => 0,
        };
        let other = match snapshot.others[..] {
            [other] => {
                let resource = &story.resources[other];
                [u16::try_from(resource.state_at).ok()?, u16::try_from(resource.stride).ok()?]
            }
            _ => [0; 2],
        };
        Some(Step { emission, at, other, sort: Sort::Plain, shows: snapshot.target.is_some(), ..self })
    }

    /// How often it happens, if it is sure.
    #[inline]
    pub fn turns(&self, key: Key) -> u32 {
        let [low, high] = self.turns.map(u32::from);
        if low == high { low } else { key.number(draws::TIMES).between(low.into(), high.into()) as u32 }
    }

    /// Where the words are that the event of a plain call shows: its resource's, and another's.
    #[inline]
    pub fn shown(&self, element: u32) -> [std::ops::Range<usize>; 2] {
        let (stride, at) = (usize::from(self.stride), usize::from(self.at));
        let own = at + stride * element as usize;
        let [other, words] = self.other.map(usize::from);
        [own..own + if self.shows { stride } else { 0 }, other..other + words]
    }
}

const _: () = assert!(size_of::<Step>() == 64, "an operation is one line of memory");
