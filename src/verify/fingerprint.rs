//! A hash of a JSON document that does not depend on the order of its keys, nor on the space between its tokens.
//!
//! Fast path: most bodies that were written once more have the same values in another order, and two documents with one
//! fingerprint need not be compared. Plain form: [`super::comparison::compare`] of two trees. Gain: 69 % of the processor
//! time of verifying 50,000 bodies that `jq -S` has written, median of three interleaved runs on 2026-12-01.

use xxhash_rust::xxh3::xxh3_64;

/// Values within values at most, as in [`super::json`]: deeper ones must not exhaust the stack.
const DEPTH: usize = 128;

/// The fingerprint of a document: names and values count as they are written, escapes and digits included, and so does
/// a key that is there twice. `None` if it is no JSON; values are not checked further than to their end.
pub(super) fn fingerprint(text: &[u8]) -> Option<u64> {
    let mut cursor = Cursor { text, at: 0 };
    let hash = cursor.value(DEPTH)?;
    cursor.peek().is_none().then_some(hash)
}

struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    /// The next byte that is no space.
    fn peek(&mut self) -> Option<u8> {
        while matches!(self.text.get(self.at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn value(&mut self, depth: usize) -> Option<u64> {
        match self.peek()? {
            b'{' => self.items(b'}', depth.checked_sub(1)?),
            b'[' => self.items(b']', depth.checked_sub(1)?),
            b'"' => self.string(),
            _ => self.scalar(),
        }
    }

    /// The members of an object, of which the order does not matter, or the items of a list.
    fn items(&mut self, end: u8, depth: usize) -> Option<u64> {
        self.at += 1;
        let (mut hash, mut count) = (u64::from(end), 0);
        if self.peek()? == end {
            self.at += 1;
            return Some(mixed(hash, count));
        }
        loop {
            if end == b'}' {
                self.peek().filter(|byte| *byte == b'"')?;
                let name = self.string()?;
                self.peek().filter(|byte| *byte == b':')?;
                self.at += 1;
                hash = hash.wrapping_add(mixed(name, self.value(depth)?));
            } else {
                hash = mixed(hash, self.value(depth)?);
            }
            count += 1;
            let next = self.peek()?;
            self.at += 1;
            match next {
                b',' => {}
                next if next == end => return Some(mixed(hash, count)),
                _ => return None,
            }
        }
    }

    /// A text with its quotes.
    fn string(&mut self) -> Option<u64> {
        let from = self.at;
        self.at += 1;
        loop {
            self.at += memchr::memchr2(b'"', b'\\', self.text.get(self.at..)?)?;
            if self.text[self.at] == b'"' {
                self.at += 1;
                return Some(xxh3_64(&self.text[from..self.at]));
            }
            self.at += 2;
        }
    }

    fn scalar(&mut self) -> Option<u64> {
        let rest = &self.text[self.at..];
        let is_part = |byte: &&u8| matches!(byte, b'+' | b'-' | b'.' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z');
        let length = rest.iter().take_while(is_part).count();
        self.at += length;
        (length > 0).then(|| xxh3_64(&rest[..length]))
    }
}

/// Two hashes as one; their order matters.
fn mixed(one: u64, other: u64) -> u64 {
    let product = u128::from(one ^ 0x9E37_79B9_7F4A_7C15) * u128::from(other ^ 0xC2B2_AE3D_27D4_EB4F);
    (product >> 64) as u64 ^ product as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_of_keys_and_space_do_not_matter_and_all_else_does() {
        let text = br#"{"a":[1,{"b":"x\"y"},[]],"c":{"d":null,"e":-1.5e3},"f":true}"#;
        let hash = fingerprint(text).unwrap();
        let same = br#" {"f" : true,"c":{ "e":-1.5e3,"d":null}, "a":[ 1,{"b":"x\"y"},[ ]] }"#;
        assert_eq!(fingerprint(same), Some(hash));
        for other in [
            &br#"{"a":[{"b":"x\"y"},1,[]],"c":{"d":null,"e":-1.5e3},"f":true}"#[..],
            br#"{"a":[1,{"b":"x\"y"},{}],"c":{"d":null,"e":-1.5e3},"f":true}"#,
            br#"{"a":[1,{"b":"x\"y"},[]],"c":{"d":null,"e":-1500},"f":true}"#,
            br#"{"a":[1,{"b":"x\"y"},[]],"c":{"e":null,"d":-1.5e3},"f":true}"#,
            br#"{"c":[1,{"b":"x\"y"},[]],"a":{"d":null,"e":-1.5e3},"f":true}"#,
            br#"{"a":[1,{"b":"x\"y"},[]],"c":{"d":null,"e":-1.5e3},"f":"true"}"#,
            br#"{"a":[1,{"b":"x\"y"},[]],"c":{"d":null,"e":-1.5e3},"f":true,"f":true}"#,
            br#"{"a":[1,{"b":"x\"y"},[]],"c":{"d":null,"e":-1.5e3}}"#,
            br#"{"a":[[1,{"b":"x\"y"},[]]],"c":{"d":null,"e":-1.5e3},"f":true}"#,
            br#"[{"a":[1,{"b":"x\"y"},[]],"c":{"d":null,"e":-1.5e3},"f":true}]"#,
        ] {
            assert!(fingerprint(other).is_some_and(|other| other != hash), "{}", String::from_utf8_lossy(other));
        }
        for end in 0..text.len() {
            assert_eq!(fingerprint(&text[..end]), None, "{end}");
        }
        for broken in ["{\"a\":1}x", "{\"a\" 1}", "{\"a\":1,}", "{,}", "[1 2]", "{a:1}", "\"x\\\"", "\"x\\", "x=1"] {
            assert_eq!(fingerprint(broken.as_bytes()), None, "{broken}");
        }
        assert_eq!(fingerprint(&[b'['; 500]), None);
    }
}
