//! Runs of characters that look like ids, found at the speed of a search for one byte.

/// A run of characters that may be an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// Where it begins.
    pub at: usize,
    /// Its 128 bits.
    pub bits: u128,
}

/// Characters of a UUID, and of a request id.
pub(crate) const UUID: usize = 36;
pub(crate) const DIGITS: usize = 32;

/// Where a UUID has its first hyphen.
const FIRST_HYPHEN: usize = 8;

/// For each byte the value of its hexadecimal digit, or 0xFF.
const HEX: [u8; 256] = {
    let mut table = [0xFF; 256];
    let mut digit = 0;
    while digit < 10 {
        table[b'0' as usize + digit] = digit as u8;
        digit += 1;
    }
    let mut letter = 0;
    while letter < 6 {
        table[b'a' as usize + letter] = 10 + letter as u8;
        table[b'A' as usize + letter] = 10 + letter as u8;
        letter += 1;
    }
    table
};

/// Each UUID of a text, in order.
pub(crate) fn uuids(text: &[u8]) -> impl Iterator<Item = Candidate> + '_ {
    // Where the first hyphen of the next one is at the earliest.
    let mut from = FIRST_HYPHEN;
    std::iter::from_fn(move || {
        loop {
            let hyphen = from + memchr::memchr(b'-', text.get(from..)?)?;
            let at = hyphen - FIRST_HYPHEN;
            from = hyphen + 1;
            if let Some(bits) = uuid(text.get(at..at + UUID)?) {
                from = at + UUID + FIRST_HYPHEN;
                return Some(Candidate { at, bits });
            }
        }
    })
}

/// The 128 bits of a UUID with hyphens.
pub(crate) fn uuid(text: &[u8]) -> Option<u128> {
    if text.len() != UUID || text[8] != b'-' || text[13] != b'-' || text[18] != b'-' || text[23] != b'-' {
        return None;
    }
    let high = digits(&text[..8])? << 32 | digits(&text[9..13])? << 16 | digits(&text[14..18])?;
    let low = digits(&text[19..23])? << 48 | digits(&text[24..])?;
    Some(u128::from(high) << 64 | u128::from(low))
}

/// Each run of exactly 32 hexadecimal digits of a text, in order.
pub(crate) fn digit_runs(text: &[u8]) -> impl Iterator<Item = Candidate> + '_ {
    let is_digit = |at: usize| text.get(at).is_some_and(|byte| HEX[usize::from(*byte)] != 0xFF);
    // Where a run of that length could begin; of its last digit is looked at first, since most are none.
    let mut from = 0;
    std::iter::from_fn(move || {
        while from + DIGITS <= text.len() {
            let last = from + DIGITS - 1;
            let mut first = last + 1;
            while first > from && is_digit(first - 1) {
                first -= 1;
            }
            if first > from {
                // The character before `first` is no digit: the next run begins there at the earliest.
                from = first;
                continue;
            }
            if is_digit(last + 1) {
                // Longer than an id: pass over all of it.
                from = (last + 1..text.len()).find(|at| !is_digit(*at)).unwrap_or(text.len());
                continue;
            }
            let at = from;
            from = last + 1;
            let (high, low) = text[at..at + DIGITS].split_at(DIGITS / 2);
            if let (Some(high), Some(low)) = (digits(high), digits(low)) {
                return Some(Candidate { at, bits: u128::from(high) << 64 | u128::from(low) });
            }
        }
        None
    })
}

/// The value of up to 16 digits. That all of them are digits is tested once, which is faster than for each.
fn digits(text: &[u8]) -> Option<u64> {
    let (mut bits, mut all) = (0, 0);
    for byte in text {
        let digit = HEX[usize::from(*byte)];
        all |= digit;
        bits = bits << 4 | u64::from(digit & 0xF);
    }
    (all <= 0xF).then_some(bits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_are_found_wherever_they_stand() {
        let text = b"x-0123-a7e93948-e0bb-42b2-8199-c52f3108ecb6-A7E93948-E0BB-42B2-8199-C52F3108ECB6 \
            c7a06c587460fb48aa8f32d49919aaa5,c7a06c587460fb48aa8f32d49919aaa51";
        let found: Vec<Candidate> = uuids(text).collect();
        assert_eq!(found.iter().map(|found| found.at).collect::<Vec<_>>(), [7, 44]);
        assert!(found.iter().all(|found| found.bits == 0xa7e9_3948_e0bb_42b2_8199_c52f_3108_ecb6));
        let found: Vec<Candidate> = digit_runs(text).collect();
        assert_eq!(found, [Candidate { at: 81, bits: 0xc7a0_6c58_7460_fb48_aa8f_32d4_9919_aaa5 }]);
        assert_eq!(uuids(&[b'-'; 500]).count() + digit_runs(&[b'0'; 500]).count() + digit_runs(b"").count(), 0);
    }

    proptest! {
        #[test]
        fn runs_are_those_of_a_plain_search(parts in proptest::collection::vec(("[0-9a-f]{0,40}", "[g-z,\" -]{0,3}"), 0..12)) {
            let text: String = parts.into_iter().flat_map(|(digits, other)| [digits, other]).collect();
            let plain = text.split(|c: char| !c.is_ascii_hexdigit()).filter(|run| run.len() == DIGITS);
            let plain: Vec<u128> = plain.map(|run| u128::from_str_radix(run, 16).unwrap()).collect();
            prop_assert_eq!(digit_runs(text.as_bytes()).map(|found| found.bits).collect::<Vec<_>>(), plain);
        }
    }
}
