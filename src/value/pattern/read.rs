//! Reads patterns as they are written.

use super::{PatternError, Position, class::Class};
use std::ops::Range;

/// Characters that mean something else in regular expressions: taken for themselves only within a class.
const SPECIAL: &[u8] = b".*+?()|^$";

/// The characters and classes of a pattern, as often as they are written or counted.
pub fn positions(text: &str) -> Result<Vec<Position>, PatternError> {
    let mut positions = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        if bytes[at] != b'[' && SPECIAL.contains(&bytes[at]) {
            let mut found: Vec<char> = Vec::new();
            for byte in bytes[at..].iter().filter(|byte| SPECIAL.contains(byte)) {
                if !found.contains(&char::from(*byte)) {
                    found.push(char::from(*byte));
                }
            }
            let names: Vec<String> = found.iter().map(|sign| format!("`{sign}`")).collect();
            let ways: Vec<String> = found.iter().map(|sign| format!("`[{sign}]`")).collect();
            let verb = if found.len() == 1 { "means itself" } else { "mean themselves" };
            let message = format!("{} {verb} only as {}", names.join(" and "), ways.join(" and "));
            return Err(error(at..at + 1, &message));
        }
        let position = match bytes[at] {
            b'[' => {
                let end = find(bytes, at, b']').ok_or_else(|| error(at..bytes.len(), "`[` without `]`"))?;
                at = end + 1;
                let members = class(&bytes[start + 1..end]);
                Position::Class(Class::new(&members.ok_or_else(|| error(start..at, "not a character class"))?))
            }
            b'{' | b'}' | b']' | b'"' | b'\\' | 0..=31 | 127..=255 => {
                return Err(error(at..at + 1, "a pattern has printable ASCII, `[a-z]` and `{6}` only"));
            }
            other => {
                at += 1;
                Position::Fixed(other)
            }
        };
        let times = if bytes.get(at) == Some(&b'{') {
            let end = find(bytes, at, b'}').ok_or_else(|| error(at..bytes.len(), "`{` without `}`"))?;
            let times = text[at + 1..end].parse().ok().filter(|times| (1..=64).contains(times));
            let times = times.ok_or_else(|| error(at..end + 1, "a count is `{1}` to `{64}`"))?;
            at = end + 1;
            times
        } else {
            1
        };
        positions.extend(std::iter::repeat_n(position, times));
    }
    Ok(positions)
}

fn find(bytes: &[u8], from: usize, wanted: u8) -> Option<usize> {
    bytes[from..].iter().position(|byte| *byte == wanted).map(|offset| from + offset)
}

fn error(span: Range<usize>, message: &str) -> PatternError {
    PatternError { span, message: message.to_owned() }
}

/// The members of a class, without repetition, in the order written.
fn class(inside: &[u8]) -> Option<Vec<u8>> {
    let mut members = Vec::new();
    let mut at = 0;
    while at < inside.len() {
        let low = inside[at];
        let range = inside.get(at + 1) == Some(&b'-') && at + 2 < inside.len();
        let high = if range { inside[at + 2] } else { low };
        at += if range { 3 } else { 1 };
        if low > high || !low.is_ascii_graphic() || !high.is_ascii_graphic() {
            return None;
        }
        for byte in low..=high {
            if matches!(byte, b'"' | b'\\') {
                return None;
            }
            if !members.contains(&byte) {
                members.push(byte);
            }
        }
    }
    (!members.is_empty()).then_some(members)
}
