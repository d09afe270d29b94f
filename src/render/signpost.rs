//! Lets the processor know which kind of event comes.
//!
//! A processor guesses where a branch goes by where the branches before it went. Kinds of events follow each other at
//! random, so that what it saw of the last event tells it nothing, and it guesses wrong several times until it has found
//! out what this one is. A jump to a place of the kind's own tells it at once: one wrong guess instead of some, which is
//! a twenty-fifth of rendering by `benches/ratios`.

use std::hint::black_box;

/// Goes to a place that is the emission's own, and back.
#[inline]
pub fn pass(emission: u32) {
    SIGNPOSTS[emission as usize % SIGNPOSTS.len()]();
}

/// One of the places: different numbers keep the compiler from making them one.
#[inline(never)]
fn signpost<const NUMBER: u8>() {
    black_box(NUMBER);
}

/// One for each number.
macro_rules! signposts {
    ($($number:literal)*) => { [$(signpost::<$number>),*] };
}

const SIGNPOSTS: [fn(); 64] = signposts!(
    0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
    32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63
);
