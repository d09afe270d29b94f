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

#[rustfmt::skip]
const SIGNPOSTS: [fn(); 64] = [
    signpost::<0>, signpost::<1>, signpost::<2>, signpost::<3>, signpost::<4>, signpost::<5>, signpost::<6>, signpost::<7>,
    signpost::<8>, signpost::<9>, signpost::<10>, signpost::<11>, signpost::<12>, signpost::<13>, signpost::<14>, signpost::<15>,
    signpost::<16>, signpost::<17>, signpost::<18>, signpost::<19>, signpost::<20>, signpost::<21>, signpost::<22>, signpost::<23>,
    signpost::<24>, signpost::<25>, signpost::<26>, signpost::<27>, signpost::<28>, signpost::<29>, signpost::<30>, signpost::<31>,
    signpost::<32>, signpost::<33>, signpost::<34>, signpost::<35>, signpost::<36>, signpost::<37>, signpost::<38>, signpost::<39>,
    signpost::<40>, signpost::<41>, signpost::<42>, signpost::<43>, signpost::<44>, signpost::<45>, signpost::<46>, signpost::<47>,
    signpost::<48>, signpost::<49>, signpost::<50>, signpost::<51>, signpost::<52>, signpost::<53>, signpost::<54>, signpost::<55>,
    signpost::<56>, signpost::<57>, signpost::<58>, signpost::<59>, signpost::<60>, signpost::<61>, signpost::<62>, signpost::<63>,
];
