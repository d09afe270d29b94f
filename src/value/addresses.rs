//! Client addresses: a keyed permutation of the addresses in the catalog's ranges.

use super::{Key, Permutation};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Ranges to take client addresses from.
///
/// IPv4 and IPv6 have separate permutations: an IPv6 range has more addresses than all of IPv4, so a joint permutation
/// would practically never yield IPv4. If there are ranges of both, half of the clients have each.
#[derive(Debug, Clone)]
pub(crate) struct AddressRanges {
    /// IPv4, then IPv6: those that there are.
    families: Vec<Family>,
    /// Which of them a client has.
    pick: Key,
}

#[derive(Debug, Clone)]
struct Family {
    ranges: Vec<Range>,
    order: Permutation,
}

/// Addresses one after another.
#[derive(Debug, Clone, Copy)]
struct Range {
    is_v6: bool,
    start: u128,
    size: u128,
}

impl AddressRanges {
    /// Reads ranges such as `192.0.2.0/24` and `2001:db8::/32`. The network's own address is left out, and of IPv4 the
    /// one for all of its hosts.
    ///
    /// # Errors
    ///
    /// The text that is not such a range.
    pub(crate) fn parse(key: Key, texts: &[String]) -> Result<Self, String> {
        let ranges = texts.iter().map(|text| Range::parse(text).ok_or_else(|| text.clone()));
        let ranges: Vec<Range> = ranges.collect::<Result<_, _>>()?;
        let (six, four): (Vec<Range>, Vec<Range>) = ranges.into_iter().partition(|range| range.is_v6);
        let families = [(key, four), (key.name("IPv6"), six)];
        let families = families.into_iter().filter(|(_, ranges)| !ranges.is_empty());
        let families = families.map(|(key, ranges)| Family::new(key, ranges)).collect();
        Ok(AddressRanges { families, pick: key.name("family") })
    }

    /// Whether an address lies in one of these ranges.
    pub(crate) fn contain(ranges: &[String], address: IpAddr) -> bool {
        let (is_v6, number) = match address {
            IpAddr::V4(address) => (false, u32::from(address).into()),
            IpAddr::V6(address) => (true, u128::from(address)),
        };
        let holds = |range: Range| range.is_v6 == is_v6 && number >= range.start && number - range.start < range.size;
        ranges.iter().filter_map(|text| Range::parse(text)).any(holds)
    }

    /// Appends the address of the `number`th client: different ones until the ranges are used up.
    pub(crate) fn write(&self, number: u64, out: &mut Vec<u8>) {
        let family = match self.families.len() {
            0 => return,
            1 => 0,
            several => self.pick.scattered(number, several as u64) as usize,
        };
        self.families[family].write(number, out);
    }
}

impl Family {
    fn new(key: Key, ranges: Vec<Range>) -> Self {
        // The two halves of all addresses are one less than 2¹²⁸.
        let total = ranges.iter().fold(0_u128, |total, range| total.saturating_add(range.size));
        Family { ranges, order: Permutation::new(key, total.max(1)) }
    }

    fn write(&self, number: u64, out: &mut Vec<u8>) {
        let mut place = self.order.apply(u128::from(number) % self.order.bound());
        for range in &self.ranges {
            if place < range.size {
                let address = range.start + place;
                let text = if range.is_v6 {
                    Ipv6Addr::from(address).to_string()
                } else {
                    Ipv4Addr::from(address as u32).to_string()
                };
                out.extend_from_slice(text.as_bytes());
                return;
            }
            place -= range.size;
        }
    }
}

impl Range {
    fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let prefix: u32 = prefix.parse().ok().filter(|_| prefix.bytes().all(|digit| digit.is_ascii_digit()))?;
        let (is_v6, start, bits) = match address.parse().ok()? {
            IpAddr::V4(address) => (false, u32::from(address).into(), 32),
            IpAddr::V6(address) => (true, u128::from(address), 128),
        };
        let longest = if is_v6 { 128 } else { 30 };
        let free = bits - Some(prefix).filter(|prefix| (1..=longest).contains(prefix))?;
        let size = 1_u128 << free;
        if !start.is_multiple_of(size) {
            return None;
        }
        // A single address, and the two ends of a link, are hosts themselves.
        Some(match (is_v6, size) {
            (false, size) => Range { is_v6, start: start + 1, size: size - 2 },
            (true, 1 | 2) => Range { is_v6, start, size },
            (true, size) => Range { is_v6, start: start + 1, size: size - 1 },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

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

    fn written(ranges: &[&str], numbers: std::ops::Range<u64>) -> Vec<IpAddr> {
        let ranges: Vec<String> = ranges.iter().map(|range| (*range).to_owned()).collect();
        let drawn = AddressRanges::parse(Key::root(1), &ranges).expect("valid");
        let address = |number| {
            let mut out = Vec::new();
            drawn.write(number, &mut out);
            let address = String::from_utf8_lossy(&out).parse().expect("an address");
            assert!(AddressRanges::contain(&ranges, address), "{address}");
            address
        };
        numbers.map(address).collect()
    }

    #[test]
    fn ranges_of_ipv6_give_different_addresses_of_theirs() {
        for range in ["2001:db8::/32", "::/1", "2001:db8:0:1::/64", "2001:db8::/112"] {
            let addresses = written(&[range], 0..10_000);
            assert_eq!(addresses.iter().collect::<HashSet<_>>().len(), 10_000, "{range}");
        }
        assert_eq!(written(&["2001:db8::7/128"], 0..2), ["2001:db8::7".parse::<IpAddr>().expect("one"); 2]);
        assert_eq!(written(&["2001:db8::/126"], 0..3).iter().collect::<HashSet<_>>().len(), 3);
        let outside: IpAddr = "2001:db9::1".parse().expect("an address");
        assert!(!AddressRanges::contain(&["2001:db8::/32".to_owned(), "192.0.2.0/24".to_owned()], outside));
        for wrong in
            ["2001:db8::1/32", "2001:db8::/129", "2001:db8::/0", "2001:db8::/+32", "2001:db8::", "::ffff:1/31x"]
        {
            assert!(AddressRanges::parse(Key::root(1), &[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn both_families_are_drawn() {
        let addresses = written(&["192.0.2.0/24", "2001:db8::/32", "198.18.0.0/15"], 0..10_000);
        let four = addresses.iter().filter(|address| address.is_ipv4()).count();
        assert!((4_500..5_500).contains(&four), "{four}");
        assert_eq!(addresses.iter().collect::<HashSet<_>>().len(), 10_000);
    }
}
