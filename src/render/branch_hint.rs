//! A branch hint: tells the processor's branch predictor which event kind comes next.
//!
//! A predictor uses the history of recent branches. Event kinds follow each other at random, so the history of the last
//! event is useless, and several branches are mispredicted until it identifies the new one. An indirect call through an
//! address per event kind identifies it at once: one misprediction instead of several, which saves 4 % of rendering
//! (`benches/ratios`).

use std::hint::black_box;

/// Calls a function that is specific to the event kind, modulo 64.
#[inline]
pub fn pass(event_kind: u32) {
    SIGNPOSTS[event_kind as usize % SIGNPOSTS.len()]();
}

/// One of the functions; different numbers keep the compiler from merging them.
#[inline(never)]
fn branch_hint<const NUMBER: u8>() {
    black_box(NUMBER);
}

/// An array with one function per number.
macro_rules! signposts {
    ($($number:literal)*) => { [$(branch_hint::<$number>),*] };
}

const SIGNPOSTS: [fn(); 64] = signposts!(
    0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
    32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63
);
