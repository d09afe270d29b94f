//! Habits of principals: usual hours, and bursts of the same work.
//!
//! Without habits an instance draws its principals independently of the time and of other instances. A rule that looks
//! for novelty then fires on everybody at night, and never on a person who repeats something.

use crate::{
    catalog::KindId,
    units::{SECOND, Zone},
    value::{GOLDEN, Key, Salt, WeightedIndex},
};

/// Instances come in bursts: consecutive ones of a scenario that draw the same members of the population.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bursts {
    /// The share of instances that are part of one, times 2⁶⁴.
    pub(crate) share: u64,
}

/// Principals have usual hours: for each of them one stretch of the day.
#[derive(Debug)]
pub(crate) struct Hours {
    /// The share of instances outside them, times 2⁶⁴.
    pub(crate) share: u64,
    /// Weights of the middles of usual hours, by local minute.
    middles: WeightedIndex,
    zone: Zone,
    key: Key,
}

/// The usual hours that an instance asks of its actors of a kind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HoursAt<'a> {
    pub(crate) hours: &'a Hours,
    pub(crate) kind: KindId,
    /// The local minute at which it began, and whether that is to be one of their usual hours.
    pub(crate) minute: u16,
    pub(crate) is_usual: bool,
}

/// Instances in a block of bursts, and the fewest in a burst.
const BLOCK: u64 = 16;
const FEWEST: u64 = 2;

/// Salts under the key of a scenario or of an instance that no instance or other draw has.
const BURSTS: Salt = Salt::new(u64::MAX);
const UNUSUAL: Salt = Salt::new(6_000);

/// Minutes of a day, and of a principal's usual hours.
const MINUTES: u32 = 1_440;
const USUAL: u32 = 600;

impl Bursts {
    /// The first instance of the burst that instance `number` of a scenario is part of, or itself if it is in none.
    pub(crate) fn first(self, scenario: Key, number: u64) -> u64 {
        self.burst_of(scenario, number).unwrap_or(number)
    }

    /// The first instance of the burst that instance `number` of a scenario is part of.
    ///
    /// Instances are divided into blocks by their numbers, and each block into two stretches at a drawn place. Each
    /// stretch is a burst with the same probability, so this is also the probability of an instance to be in one. All
    /// follows from the number alone.
    pub(crate) fn burst_of(self, scenario: Key, number: u64) -> Option<u64> {
        let (block, within) = (number / BLOCK, number % BLOCK);
        let key = scenario.salted(BURSTS).number(block);
        let second = FEWEST + key.below(BLOCK - 2 * FEWEST + 1);
        let begin = if within < second { 0 } else { second };
        (key.number(begin).draw() < self.share).then_some(block * BLOCK + begin)
    }

    /// Of this many instances, the expected number that draw members for themselves.
    pub(crate) fn draws(self, instances: f64) -> f64 {
        // Of the instances of a block, one draws for each of the two stretches.
        let repeats = (BLOCK - 2) as f64 / BLOCK as f64;
        instances * (1.0 - repeats * self.share as f64 / 2_f64.powi(64))
    }
}

impl Hours {
    /// Usual hours whose middles are distributed by `weights`, one for each minute of the local day; evenly if there are
    /// none.
    pub(crate) fn new(share: u64, weights: &[u64], zone: Zone, key: Key) -> Self {
        let even = || WeightedIndex::new(MINUTES as usize, 0.0);
        Hours { share, middles: WeightedIndex::weighted(weights).unwrap_or_else(even), zone, key }
    }

    /// The local minute of the day at a time in nanoseconds since the Unix epoch.
    pub(crate) fn minute(&self, time: i64) -> u16 {
        let second = time.div_euclid(SECOND);
        let local = second + self.zone.offset(second);
        (local.rem_euclid(86_400) / 60) as u16
    }

    /// Whether the actors of the instance with this key are at work at a usual time.
    pub(crate) fn is_usual(&self, instance: Key) -> bool {
        instance.salted(UNUSUAL).draw() >= self.share
    }

    /// Whether a minute is one of the usual hours of a member, given its rank within its parent.
    ///
    /// The ranks follow a low-discrepancy sequence, so that among any few neighbours somebody is at work at any time.
    pub(crate) fn covers(&self, kind: KindId, rank: usize, minute: u16) -> bool {
        let place = self.key.number(kind as u64).bits().wrapping_add((rank as u64).wrapping_mul(GOLDEN));
        let apart = (self.middles.at(place) as u32).abs_diff(minute.into());
        apart.min(MINUTES - apart) <= USUAL / 2
    }

    /// The number of neighbouring ranks among which somebody is at work, and somebody is not, at any time.
    pub(crate) fn fewest_members(&self) -> u64 {
        let chances: Vec<f64> = (0..MINUTES as usize).map(|minute| self.middles.chance(minute)).collect();
        let within = |minute: u32, apart: u32| -> f64 {
            let middles = (0..=2 * apart).map(|offset| (minute + MINUTES - apart + offset) % MINUTES);
            middles.map(|middle| chances[middle as usize]).sum()
        };
        let half = USUAL / 2;
        let least = |minute| within(minute, half).min(1.0 - within(minute, half));
        let least = (0..MINUTES).map(least).fold(1.0, f64::min);
        (2..u64::from(MINUTES)).find(|ranks| widest_gap(*ranks) <= least).unwrap_or(u64::from(MINUTES))
    }
}

impl HoursAt<'_> {
    /// Whether a member of this rank is asked for.
    pub(super) fn fits(self, rank: usize) -> bool {
        self.hours.covers(self.kind, rank, self.minute) == self.is_usual
    }
}

/// The widest gap between this many multiples of the golden ratio, around the unit interval.
fn widest_gap(count: u64) -> f64 {
    let mut places: Vec<u64> = (0..count).map(|number| number.wrapping_mul(GOLDEN)).collect();
    places.sort_unstable();
    let next = places.iter().cycle().skip(1);
    let gaps = places.iter().zip(next).map(|(place, next)| next.wrapping_sub(*place));
    gaps.max().map_or(1.0, |gap| gap as f64 / 2_f64.powi(64))
}
