//! What the simulation looks at for every event: one line of memory for each operation of a story.
//!
//! A call says much that few events need, and where it says the rest is several lines apart. Most calls show something
//! and change nothing; what their events are is settled before the first of them.

use crate::simulation::draws;
use crate::{
    catalog::Effect,
    plan::{
        Plan,
        story::{Call, Operation, Outcome, Story, Turns},
    },
    units::DurationRange,
    value::{Key, Salt},
};

/// The operations of all stories, one story's behind another's. Behind the last of each there is one that is none.
#[derive(Debug)]
pub(super) struct Steps {
    all: Box<[Step]>,
    /// Where those of each story begin.
    first: Box<[u32]>,
    lists: Box<[Listed]>,
}

/// Resources of a story that an event lists.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listed {
    /// Which resource, as the event is handed it for its first element.
    pub code: u64,
    pub count: u32,
    /// Where the state of its first element begins, and how many words each has.
    pub at: u32,
    pub stride: usize,
}

/// Words of a resource at most that a plain call's event shows.
pub(super) const MOST_SHOWN: usize = 5;

/// An operation.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(super) struct Step {
    /// Nanoseconds to wait before it, and between turns.
    pub after: DurationRange,
    pub every: DurationRange,
    /// What its draws grow from.
    pub salt: Salt,
    /// If its events are all of one kind: which.
    pub emission: u32,
    turns: [u16; 2],
    /// Where the state of its resource begins, and how many words each element has.
    at: u16,
    stride: u16,
    /// Words of another resource that its events show: where they begin, and how many. Or which resources they list,
    /// and how many.
    other: u16,
    others: u8,
    /// How many words its events show of what it asks for.
    pub asks: u8,
    /// The operation after it that is no jump.
    pub next: u32,
    pub sort: Sort,
    pub times: Times,
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
    /// A call all of whose events are of one kind, and show little.
    Short,
    /// The same, and it changes nothing.
    Plain,
    /// The same, and all that it does is to make or to delete its resource.
    Make,
    Delete,
    /// A call that changes nothing, and whose events list elements of resources and show nothing else.
    List,
}

/// How often a call happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    /// Always as often, and at least once.
    Fixed,
    /// As often as is drawn, or never.
    Drawn,
    /// Perhaps not at all, or too often for a step to say.
    Unsure,
}

impl Steps {
    pub fn of(plan: &Plan) -> Self {
        let (mut steps, mut first, mut lists) = (Vec::new(), Vec::new(), Vec::new());
        for story in &plan.stories {
            let begin = steps.len() as u32;
            first.push(begin);
            steps.extend(story.operations.iter().enumerate().map(|(at, operation)| match operation {
                Operation::Call(call) => {
                    Step { next: begin + beyond_jumps(story, at + 1), ..Step::of(plan, story, call, &mut lists) }
                }
                _ => Step::NONE,
            }));
            steps.push(Step::NONE);
        }
        Steps { all: steps.into(), first: first.into(), lists: lists.into() }
    }

    /// An operation, or what is behind a story's last.
    #[inline]
    pub fn at(&self, at: u32) -> &Step {
        &self.all[at as usize]
    }

    /// What the events of a [`Sort::List`] list.
    #[inline]
    pub fn listed(&self, step: &Step) -> &[Listed] {
        &self.lists[usize::from(step.other)..][..usize::from(step.others)]
    }

    /// Where the operations of a story begin.
    pub fn first(&self, story: u16) -> u32 {
        self.first[usize::from(story)]
    }

    /// Which operation of its story that is.
    pub fn operation<'p>(&self, plan: &'p Plan, story: u16, at: u32) -> Option<&'p Operation> {
        plan.stories[usize::from(story)].operations.get((at - self.first(story)) as usize)
    }
}

/// Where a story goes on from an operation on, if that is a jump.
fn beyond_jumps(story: &Story, mut at: usize) -> u32 {
    // Jumps lead forward.
    while let Some(Operation::Jump(to)) = story.operations.get(at) {
        at = *to;
    }
    at as u32
}

impl Listed {
    fn of(story: &Story, listed: usize) -> Option<Self> {
        let resource = &story.resources[listed];
        let (at, stride) = (u32::try_from(resource.state_at).ok()?, resource.stride);
        let listed = Listed { code: (listed as u64) << 32, count: resource.count, at, stride };
        (stride <= MOST_SHOWN).then_some(listed)
    }
}

impl Step {
    const NONE: Step = Step {
        after: DurationRange { low: 0, high: 0 },
        every: DurationRange { low: 0, high: 0 },
        salt: Salt::NONE,
        emission: 0,
        turns: [0; 2],
        at: 0,
        stride: 0,
        other: 0,
        others: 0,
        asks: 0,
        next: 0,
        sort: Sort::None,
        times: Times::Unsure,
        each: false,
        shows: false,
    };

    fn of(plan: &Plan, story: &Story, call: &Call, lists: &mut Vec<Listed>) -> Self {
        let turns = match call.turns {
            Turns::Repeat(times) => [times.low, times.high],
            Turns::Each => [call.target.map_or(0, |target| story.resources[target].count.into()); 2],
        };
        let few = turns.map(u16::try_from);
        let step = Step {
            after: call.after,
            every: call.every,
            salt: Salt::of(call.salt),
            turns: [few[0].unwrap_or(0), few[1].unwrap_or(0)],
            // Where there is very much state these are no more than hints of what to fetch.
            at: call.state.map_or(call.beside, |place| place.at) as u16,
            other: call.beside as u16,
            stride: call.state.map_or(0, |place| place.stride as u16),
            sort: Sort::Call,
            times: match few {
                [Ok(low), Ok(high)] if call.chance.is_none() && low == high && low > 0 => Times::Fixed,
                [Ok(_), Ok(_)] if call.chance.is_none() => Times::Drawn,
                _ => Times::Unsure,
            },
            each: call.turns == Turns::Each,
            ..Step::NONE
        };
        step.short(plan, story, call).or_else(|| step.list(plan, story, call, lists)).unwrap_or(step)
    }

    /// The same for a call all of whose events are of one kind, and show little.
    fn short(self, plan: &Plan, story: &Story, call: &Call) -> Option<Self> {
        let [(_, emission)] = call.emissions[..] else { return None };
        let snapshot = &plan.emissions[emission as usize].snapshot;
        let at = match (snapshot.target, call.state) {
            (Some(target), Some(place)) if call.target == Some(target) => {
                (place.stride as usize <= MOST_SHOWN).then_some(())?;
                u16::try_from(place.at).ok()?
            }
            (Some(_), _) => return None,
            (None, _) => self.at,
        };
        let (other, others) = match snapshot.others[..] {
            [] => (self.other, 0),
            [other] => {
                let resource = &story.resources[other];
                (resource.stride <= MOST_SHOWN).then_some(())?;
                (u16::try_from(resource.state_at).ok()?, resource.stride as u8)
            }
            _ => return None,
        };
        if !snapshot.listed.is_empty() {
            return None;
        }
        let shows = snapshot.target.is_some();
        let does_one_thing = shows && call.asks.is_empty() && snapshot.asks == 0;
        let succeeds = matches!(call.outcome, Outcome::Success { .. }) && call.lowers.is_none();
        let is_stamped = plan.catalog.kinds[plan.catalog.methods[call.method].kind].stamp.is_some();
        let sort = match call.does {
            Effect::Create if does_one_thing && succeeds && !is_stamped => Sort::Make,
            Effect::Delete if does_one_thing && succeeds => Sort::Delete,
            _ if changes(call) || snapshot.asks > 0 => Sort::Short,
            _ => Sort::Plain,
        };
        Some(Step { emission, at, other, others, asks: snapshot.asks as u8, sort, shows, ..self })
    }

    /// The same for a call whose events list elements and show nothing else.
    fn list(self, plan: &Plan, story: &Story, call: &Call, lists: &mut Vec<Listed>) -> Option<Self> {
        let [(_, emission)] = call.emissions[..] else { return None };
        let snapshot = &plan.emissions[emission as usize].snapshot;
        let is_all = snapshot.target.is_none() && snapshot.asks == 0 && snapshot.others.is_empty();
        if changes(call) || !is_all {
            return None;
        }
        let listed = snapshot.listed.iter().map(|listed| Listed::of(story, *listed)).collect::<Option<Vec<_>>>()?;
        let (other, others) = (u16::try_from(lists.len()).ok()?, u8::try_from(listed.len()).ok()?);
        let at = listed.first()?.at as u16;
        lists.extend(listed);
        Some(Step { emission, at, other, others, sort: Sort::List, ..self })
    }

    /// How often it happens at least.
    #[inline]
    pub fn least_turns(&self) -> u32 {
        self.turns[0].into()
    }

    /// How often it happens, if it is sure.
    #[inline]
    pub fn turns(&self, key: Key) -> u32 {
        let [low, high] = self.turns.map(u32::from);
        if low == high { low } else { key.number(draws::TIMES).between(low.into(), high.into()) as u32 }
    }

    /// Where the words are that the event of a plain call shows, and how many: its resource's, and another's.
    #[inline]
    pub fn shown(&self, element: u32) -> [(u32, usize); 2] {
        let words = usize::from(self.stride) * usize::from(self.shows);
        [(self.own(element), words), (self.other.into(), self.others.into())]
    }

    /// Where the words are that its event needs, which are to be fetched.
    pub fn ahead(&self, turn: u32) -> [u32; 2] {
        let own = self.own(self.element(turn));
        [own, if self.sort == Sort::List { own } else { self.other.into() }]
    }

    /// Which element of its target a turn is about.
    #[inline]
    pub fn element(&self, turn: u32) -> u32 {
        turn * u32::from(self.each)
    }

    /// Whether an event shows just what [`Step::shown`] says.
    #[inline]
    pub fn is_shown(&self) -> bool {
        matches!(self.sort, Sort::Plain | Sort::Make | Sort::Delete)
    }

    /// Where the words of an element begin.
    #[inline]
    pub fn own(&self, element: u32) -> u32 {
        u32::from(self.at).wrapping_add(u32::from(self.stride).wrapping_mul(element))
    }
}

/// Whether what a call does or how it ends depends on the state of its resource, or changes that.
fn changes(call: &Call) -> bool {
    let changes = call.state.is_some() && !matches!(call.does, Effect::Get | Effect::List);
    changes || call.outcome == Outcome::Auto || !call.asks.is_empty()
}

const _: () = assert!(size_of::<Step>() == 64, "an operation is one line of memory");
