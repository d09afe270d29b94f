//! Compares runs with their pairs, one by one.

use super::*;
use proptest::prelude::*;

proptest! {
    #[test]
    fn runs_are_their_pairs(
        texts in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..90), 0..6_u32, 0..9_usize), 0..30),
        values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9_000), 6..8),
        already in prop::collection::vec(any::<u8>(), 0..100),
        tail in prop::option::of(prop::collection::vec(any::<u8>(), 0..90)),
    ) {
        let padded: Vec<Padded> = values.iter().map(|value| Padded::new(value)).collect();
        let mut slices = PaddedSlices::default();
        for value in &padded {
            slices.extend(std::iter::once(value.slice()));
        }
        let mut builder = LiteralsBuilder::default();
        let run = builder.begin();
        let mut expected = already.clone();
        for (text, slot, between) in &texts {
            // Other bytes in between, now and then.
            builder.push(&b"else"[..between.saturating_sub(5)]);
            let start = builder.len() as u32;
            builder.push(text);
            builder.pair(start, *slot);
            expected.extend_from_slice(text);
            expected.extend_from_slice(&values[*slot as usize]);
        }
        let end = builder.len();
        if let Some(tail) = tail {
            builder.push(&tail);
            prop_assert!(builder.lengthen(end));
            expected.extend_from_slice(&tail);
        }
        builder.push(b"else");
        prop_assert!(!builder.lengthen(builder.len()));
        let literals = builder.finish();
        let pairs: Vec<(&[u8], u32)> = literals.pairs(run).collect();
        prop_assert_eq!(pairs, texts.iter().map(|(text, slot, _)| (text.as_slice(), *slot)).collect::<Vec<_>>());
        let mut out = already;
        literals.append_run(run, &slices, 0, &mut out);
        prop_assert_eq!(&out, &expected);
        let few = std::panic::AssertUnwindSafe(|| literals.append_run(run, &slices, 5, &mut Vec::new()));
        let needed = texts.iter().map(|(_, slot, _)| *slot as usize + 1).max().unwrap_or(0);
        prop_assert_eq!(std::panic::catch_unwind(few).is_err(), needed > slices.count() - 5);
    }

    #[test]
    fn items_are_their_pairs(
        texts in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..90), any::<bool>(), 0..3_u32), 0..9),
        tail in prop::collection::vec(any::<u8>(), 0..70),
        values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..900), 15),
        (count, comma) in (0..=4_usize, any::<bool>()),
        long: bool,
    ) {
        let long = vec![b'-'; if long { MOST_ROOM } else { 0 }];
        let padded: Vec<Padded> = values.iter().chain([&long]).map(|value| Padded::new(value)).collect();
        let mut slices = PaddedSlices::default();
        for value in &padded {
            slices.extend(std::iter::once(value.slice()));
        }
        let mut builder = LiteralsBuilder::default();
        builder.push(b"before");
        let run = builder.begin();
        for (text, of_item, slot) in &texts {
            let start = builder.len() as u32;
            builder.push(text);
            if *of_item { builder.item_pair(start, *slot) } else { builder.pair(start, *slot) }
        }
        builder.push(&tail);
        builder.end_items(comma);
        builder.push(b"after");
        let literals = builder.finish();
        let item = |item: usize| {
            let pairs = texts.iter().map(|(text, of_item, slot)| {
                [text.as_slice(), &values[*slot as usize + if *of_item { 3 + 3 * item } else { 0 }]].concat()
            });
            pairs.chain([tail.clone()]).collect::<Vec<_>>().concat()
        };
        let expected = (0..count).map(item).collect::<Vec<_>>().join(if comma { &b","[..] } else { b"" });
        let mut out = b"already".to_vec();
        literals.append_items(run, &slices, Items { first: 3, width: 3, count }, &mut out);
        prop_assert_eq!(out, [b"already", expected.as_slice()].concat());
        let many = Items { first: 3, width: 3, count: 5 };
        let many = std::panic::AssertUnwindSafe(|| literals.append_items(run, &slices, many, &mut Vec::new()));
        prop_assert!(std::panic::catch_unwind(many).is_err());
        let narrow = Items { first: 3, width: 1, count };
        let narrow = std::panic::AssertUnwindSafe(|| literals.append_items(run, &slices, narrow, &mut Vec::new()));
        let needed = texts.iter().filter(|(_, of_item, _)| *of_item).map(|(_, _, slot)| *slot + 1).max();
        let alone = std::panic::AssertUnwindSafe(|| literals.append_run(run, &slices, 0, &mut Vec::new()));
        prop_assert_eq!(std::panic::catch_unwind(alone).is_err(), needed.is_some());
        prop_assert_eq!(std::panic::catch_unwind(narrow).is_err(), needed.unwrap_or(0) > 1);
    }
}
