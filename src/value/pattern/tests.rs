use super::*;
use proptest::prelude::*;
use std::collections::HashSet;

fn unique(pattern: &Pattern, lane: u16, number: u64) -> String {
    let mut out = Vec::new();
    pattern.write_unique(Lane(lane), number, &mut out);
    String::from_utf8(out).unwrap_or_default()
}

#[test]
fn ids_are_unique_over_lanes_and_lengths() {
    let pattern = Pattern::parse("x-[a-z0-9]{2}9").map(|pattern| pattern.keyed(Key::root(3))).expect("valid");
    let mut seen = HashSet::new();
    for lane in 0..64 {
        for number in 0..2000 {
            let id = unique(&pattern, lane, number);
            assert!(pattern.matches(&id), "{id}");
            assert!(seen.insert(id));
        }
    }
}

proptest! {
    #[test]
    fn texts_are_digits_of_their_numbers(number: u128, narrow in 0..128_u32) {
        let number = number >> narrow;
        for text in ["x-[a-z0-9]{6}", "[0-9]{4}", "[a-z]-[ab][0-9]{3}y", "[a-z0-9]{16}", "[0-9a-f]{32}", "[!-!#-+]{9}"] {
            let pattern = Pattern::parse(text).expect("valid");
            let arena = Arena::default();
            let out = pattern.make(Nth { number, longer: 0 }, &arena).bytes();
            prop_assert_eq!(out.len(), pattern.positions.len());
            let mut left = number;
            for (position, shown) in pattern.positions.iter().zip(out).rev() {
                let expected = match position {
                    Position::Fixed(byte) => *byte,
                    Position::Class(class) => {
                        let size = class.members.len() as u128;
                        let digit = left % size;
                        left /= size;
                        class.members[digit as usize]
                    }
                };
                prop_assert_eq!(*shown, expected, "{} in {}", number, text);
            }
        }
    }
}

#[test]
fn what_stands_around_a_pattern_changes_nothing_in_it() {
    let arena = Arena::default();
    for text in ["x-[a-z0-9]{6}y", "[0-9a-f]{32}", "a[b]c", "[ab]"] {
        let pattern = Pattern::parse(text).expect("valid");
        let within = pattern.within(b"before.", b".after");
        assert!(within != pattern && within == pattern.within(b"before.", b".after"));
        for number in 0..100 {
            let nth = pattern.random(Key::root(number));
            let expected = [b"before.", pattern.make(nth, &arena).bytes(), b".after"].concat();
            assert_eq!(within.make(nth, &arena).bytes(), expected);
        }
    }
}

#[test]
fn a_uuid_pattern_gives_uuids_of_version_four() {
    let text = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";
    let pattern = Pattern::parse(text).map(|pattern| pattern.keyed(Key::root(3))).expect("valid");
    let id: uuid::Uuid = unique(&pattern, 5, 77).parse().expect("a UUID");
    assert_eq!(id.get_version_num(), 4);
    assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
}

/// Those of which a number of 128 bits says just all characters, all but some, and few.
const LONG: [&str; 5] = ["[0-9a-f]{32}", "[0-9a-f]{33}", "[a-z0-9]{24}[ab]{9}", "x[01]{129}y", "[A-Za-z0-9]{1000}"];

#[test]
fn long_ids_are_unique_and_vary_in_every_place() {
    for text in LONG {
        let pattern = Pattern::parse(text).map(|pattern| pattern.keyed(Key::root(3))).expect("valid");
        let mut seen = HashSet::new();
        for lane in [0, 1, 4095] {
            for number in 0..300 {
                let id = unique(&pattern, lane, number);
                assert!(pattern.matches(&id) && pattern.accepts(&id), "{id}");
                assert!(seen.insert(id));
            }
        }
        for (place, position) in pattern.positions.iter().enumerate() {
            let shown: HashSet<u8> = seen.iter().map(|id| id.as_bytes()[place]).collect();
            assert_eq!(shown.len() as u128, position.size(), "{text} at {place}");
        }
    }
}

#[test]
fn a_number_says_what_it_can_and_the_rest_is_drawn_from_it() {
    for (text, far) in LONG.into_iter().zip([false, true, true, true, true]) {
        let pattern = Pattern::parse(text).expect("valid");
        let digits = |groups: &[Group]| groups.iter().map(|group| (group.size() as f64).log2()).sum::<f64>();
        let (near, left) = (digits(&pattern.near), digits(&pattern.far));
        assert!(near <= 128.0 && far == (left > 0.0), "{text}: {near} and {left}");
        assert!(!far || near > 116.0, "{text}: {near}");
    }
}

#[test]
fn mistakes_are_named() {
    for (text, message) in
        [("a[", "without"), ("a[]", "class"), ("a[z-a]", "backwards"), ("a{0}", "count"), ("a\"", "cannot give")]
    {
        let error = Pattern::parse(text).expect_err(text);
        assert!(error.message.contains(message) && !error.help.is_empty(), "{text}: {}", error.message);
    }
}
