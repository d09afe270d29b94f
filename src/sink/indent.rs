//! Pretty-printer for compact JSON.
//!
//! It works on bytes in one pass, without building a tree: key order, numbers and escapes are preserved exactly, and
//! nesting depth takes no stack.

/// Appends `compact`, one valid JSON text, to `out` with line breaks and an indentation of two spaces per level, as
/// `serde_json::to_string_pretty` would. It ends without a line feed.
pub(super) fn indent(compact: &[u8], out: &mut Vec<u8>) {
    let mut depth = 0;
    let mut at = 0;
    while let Some(&byte) = compact.get(at) {
        let start = at;
        at += 1;
        match byte {
            b'{' | b'[' => {
                out.push(byte);
                at = skip_space(compact, at);
                // Empty objects and arrays stay on one line: `{}`, `[]`.
                if let Some(&close @ (b'}' | b']')) = compact.get(at) {
                    out.push(close);
                    at += 1;
                } else {
                    depth += 1;
                    new_line(depth, out);
                }
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                new_line(depth, out);
                out.push(byte);
            }
            b',' => {
                out.push(byte);
                new_line(depth, out);
            }
            b':' => out.extend_from_slice(b": "),
            b'"' => {
                at = string_end(compact, at);
                out.extend_from_slice(&compact[start..at]);
            }
            _ if byte.is_ascii_whitespace() => {}
            // A digit, or a letter of `true`, `false` or `null`.
            _ => out.push(byte),
        }
    }
}

/// Starts a line with the indentation of this depth.
fn new_line(depth: usize, out: &mut Vec<u8>) {
    out.push(b'\n');
    out.resize(out.len() + 2 * depth, b' ');
}

/// The end of the white space, if any, at `at`.
fn skip_space(text: &[u8], at: usize) -> usize {
    let space = text[at..].iter().take_while(|b| b.is_ascii_whitespace());
    at + space.count()
}

/// The end of a string, after its closing quote; `at` is its first character.
fn string_end(text: &[u8], mut at: usize) -> usize {
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => return at + 1,
            // An escaped character, such as a quote, does not end the string.
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}
