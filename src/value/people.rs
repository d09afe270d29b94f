//! People and their addresses, from ranges that belong to nobody. The only file that names `fake`.

use super::{Key, Permutation};
use fake::locales::{Data, EN};
use std::{collections::BTreeSet, net::Ipv4Addr, sync::LazyLock};

/// Mail addresses of a population: as many different ones as there are people.
#[derive(Debug, Clone)]
pub struct People {
    domains: Vec<String>,
    pairs: Permutation,
}

impl People {
    /// People with mail addresses under `domains` (at least one), in the run that `key` belongs to.
    pub fn new(key: Key, domains: Vec<String>) -> Self {
        let pairs = Permutation::new(key, FIRST.len() as u128 * LAST.len() as u128);
        People { domains, pairs }
    }

    /// Appends the mail address of the `number`th person: `given.family@domain`, with a number once names repeat.
    pub fn write_email(&self, number: u64, out: &mut Vec<u8>) {
        let (round, place) = (number / self.pairs.bound() as u64, number % self.pairs.bound() as u64);
        let pair = self.pairs.apply(u128::from(place)) as usize;
        let (first, last) = (pair % FIRST.len(), pair / FIRST.len());
        out.extend_from_slice(FIRST[first].as_bytes());
        out.push(b'.');
        out.extend_from_slice(LAST[last].as_bytes());
        if round > 0 {
            out.extend_from_slice((round + 1).to_string().as_bytes());
        }
        out.push(b'@');
        out.extend_from_slice(self.domains[pair % self.domains.len()].as_bytes());
    }
}

/// Made once: a tenth of the time that a short run takes.
static FIRST: LazyLock<Vec<String>> = LazyLock::new(|| mail_words(EN::NAME_FIRST_NAME));
static LAST: LazyLock<Vec<String>> = LazyLock::new(|| mail_words(EN::NAME_LAST_NAME));

/// The names as they stand in mail addresses: lower-case ASCII letters, each once.
fn mail_words(names: &[&str]) -> Vec<String> {
    let words: BTreeSet<String> = names
        .iter()
        .map(|name| name.chars().filter(char::is_ascii_alphabetic).map(|letter| letter.to_ascii_lowercase()).collect())
        .filter(|word: &String| word.len() > 1)
        .collect();
    words.into_iter().collect()
}

/// IPv4 ranges to take client addresses from.
#[derive(Debug, Clone)]
pub struct AddressRanges {
    ranges: Vec<(u32, u32)>,
    order: Permutation,
}

impl AddressRanges {
    /// Reads ranges such as `192.0.2.0/24`; network and broadcast addresses are left out.
    ///
    /// # Errors
    ///
    /// The text that is not such a range.
    pub fn parse(key: Key, texts: &[String]) -> Result<Self, String> {
        let mut ranges = Vec::new();
        for text in texts {
            ranges.push(range(text).ok_or_else(|| text.clone())?);
        }
        let total: u128 = ranges.iter().map(|(_, size)| u128::from(*size)).sum();
        Ok(AddressRanges { ranges, order: Permutation::new(key, total.max(1)) })
    }

    /// Whether an address lies in one of these ranges.
    pub fn contain(ranges: &[String], address: Ipv4Addr) -> bool {
        let address = u32::from(address);
        ranges.iter().filter_map(|text| range(text)).any(|(start, size)| (start..start + size).contains(&address))
    }

    /// Appends the address of the `number`th client: different ones until the ranges are used up.
    pub fn write(&self, number: u64, out: &mut Vec<u8>) {
        let mut place = self.order.apply(u128::from(number) % self.order.bound()) as u32;
        for (start, size) in &self.ranges {
            if place < *size {
                out.extend_from_slice(Ipv4Addr::from(start + place).to_string().as_bytes());
                return;
            }
            place -= size;
        }
    }
}

fn range(text: &str) -> Option<(u32, u32)> {
    let (address, bits) = text.split_once('/')?;
    let address = u32::from(address.parse::<Ipv4Addr>().ok()?);
    let bits: u32 = bits.parse().ok().filter(|bits| (1..=30).contains(bits))?;
    let size = 1_u32 << (32 - bits);
    (address % size == 0).then_some((address + 1, size - 2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn mails_are_unique_beyond_the_names() {
        let people = People::new(Key::root(1), vec!["example.com".to_owned()]);
        let step = people.pairs.bound() as u64 / 1000;
        let mut seen = HashSet::new();
        for number in (0..3000).map(|n| n * step + n % 7) {
            let mut out = Vec::new();
            people.write_email(number, &mut out);
            let text = String::from_utf8(out).unwrap_or_default();
            assert!(text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || ".@".contains(c)), "{text}");
            assert!(seen.insert(text));
        }
    }

    #[test]
    fn addresses_stay_in_their_ranges() {
        let ranges = AddressRanges::parse(Key::root(1), &["192.0.2.0/24".to_owned(), "198.18.0.0/15".to_owned()])
            .expect("valid");
        let mut seen = HashSet::new();
        for number in 0..254 + 131_070 {
            let mut out = Vec::new();
            ranges.write(number, &mut out);
            assert!(out.starts_with(b"192.0.2.") || out.starts_with(b"198.18.") || out.starts_with(b"198.19."));
            assert!(seen.insert(out));
        }
        assert_eq!(
            AddressRanges::parse(Key::root(1), &["192.0.2.1/24".to_owned()]).err().as_deref(),
            Some("192.0.2.1/24")
        );
    }
}
