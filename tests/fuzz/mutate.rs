//! Mutations of seeds: the same sequence for the same number, on every machine.

/// Numbers and marks at which readers differ.
const EDGES: [&str; 48] = [
    "0",
    "1",
    "-1",
    "2",
    "255",
    "256",
    "65536",
    "2147483648",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775809",
    "1e308",
    "1e999",
    "-0.0",
    "0.1",
    "NaN",
    ".inf",
    "0x1F",
    "010",
    "1_000",
    "1..0",
    "0..18446744073709551615",
    "1ns",
    "106752d",
    "300y",
    "0/s",
    "1000000000/s",
    "null",
    "~",
    "true",
    "\"\"",
    "''",
    "[]",
    "{}",
    "${",
    "$${",
    "\\u0000",
    "\u{0}",
    "\u{feff}",
    "é",
    "𝄞",
    "\r\n",
    "\t",
    "\\",
];

/// Bytes that an input has at most.
const LONGEST: usize = 64 * 1024;

/// Pseudo-random numbers (`SplitMix64`).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Random(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `end`; 0 if that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// Below a power of two with that exponent at most: small numbers are more likely.
    fn small(&mut self, exponent: usize) -> usize {
        let end = 1 << self.below(exponent + 1);
        self.below(end)
    }
}

/// One of the seeds, changed in some places.
pub fn mutated(seeds: &[(String, Vec<u8>)], words: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut input = seeds[random.below(seeds.len())].1.clone();
    for _ in 0..1 << random.below(5) {
        change(&mut input, seeds, words, random);
    }
    input.truncate(LONGEST);
    input
}

fn change(input: &mut Vec<u8>, seeds: &[(String, Vec<u8>)], words: &[Vec<u8>], random: &mut Random) {
    let at = random.below(input.len() + 1);
    let length = random.small(8).min(input.len() - at);
    match random.below(10) {
        0 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        1 => {
            input.splice(at..at + length, []);
        }
        2 => {
            let piece = input[at..at + length].to_vec();
            let times = 1 << random.below(6);
            input.splice(at..at, piece.repeat(times));
        }
        3 => {
            let edge = EDGES[random.below(EDGES.len())];
            input.splice(at..at, edge.bytes());
        }
        4 | 5 => {
            let token = token(input, at);
            let edge = EDGES[random.below(EDGES.len())];
            input.splice(token, edge.bytes());
        }
        6 => {
            let word = words[random.below(words.len())].clone();
            input.splice(token(input, at), word);
        }
        7 => {
            let line = line(input, at);
            let piece = input[line].to_vec();
            let other = random.below(input.len() + 1);
            let other = self::line(input, other).start;
            input.splice(other..other, piece);
        }
        8 => {
            let line = line(input, at);
            input.drain(line);
        }
        _ => {
            let other = &seeds[random.below(seeds.len())].1;
            let from = line(other, random.below(other.len() + 1));
            input.splice(at..at, other[from].iter().copied());
        }
    }
}

/// The word at a place.
fn token(input: &[u8], at: usize) -> std::ops::Range<usize> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.$".contains(byte);
    let start = input[..at].iter().rposition(|byte| !is_part(byte)).map_or(0, |before| before + 1);
    let end = input[at..].iter().position(|byte| !is_part(byte)).map_or(input.len(), |length| at + length);
    start..end
}

/// The line at a place, with its end.
fn line(input: &[u8], at: usize) -> std::ops::Range<usize> {
    let start = input[..at].iter().rposition(|&byte| byte == b'\n').map_or(0, |before| before + 1);
    let end = input[at..].iter().position(|&byte| byte == b'\n').map_or(input.len(), |length| at + length + 1);
    start..end
}
