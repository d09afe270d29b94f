//! Names of files as messages and commands show them: nothing in them can drive a terminal, and nothing is lost.

use std::{ffi::OsStr, fmt::Write as _, path::Path};

/// A file's name for a message: control characters and bytes that are not UTF-8 are escaped.
pub(crate) fn shown(path: &Path) -> String {
    let mut out = String::new();
    for part in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        for character in part.valid().chars() {
            if is_safe(character) {
                out.push(character);
            } else {
                out.extend(character.escape_default());
            }
        }
        for byte in part.invalid() {
            // Writing to a string does not fail.
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// A word as a shell reads it. One that cannot be shown as it is becomes `$'…'`, which bash, zsh, ksh and POSIX.1-2024
/// read.
pub(crate) fn shell_word(word: &OsStr) -> String {
    let Some(text) = word.to_str().filter(|text| text.chars().all(is_safe)) else { return escaped(word) };
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_./:=,@%+…".contains(character);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

fn escaped(word: &OsStr) -> String {
    let mut out = "$'".to_owned();
    for part in word.as_encoded_bytes().utf8_chunks() {
        for character in part.valid().chars() {
            match character {
                '\'' | '\\' => out.extend(['\\', character]),
                '\n' => out.push_str("\\n"),
                '\t' => out.push_str("\\t"),
                _ if is_safe(character) => out.push(character),
                _ => octal(character.encode_utf8(&mut [0; 4]).as_bytes(), &mut out),
            }
        }
        octal(part.invalid(), &mut out);
    }
    out.push('\'');
    out
}

/// Three octal digits end by themselves; hexadecimal ones would take a digit that follows.
fn octal(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        let _ = write!(out, "\\{byte:03o}");
    }
}

/// Not a control character, and none that turns the direction of text or hides.
pub(super) fn is_safe(character: char) -> bool {
    !(character.is_control()
        || matches!(character,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStrExt as _;

    fn os(bytes: &[u8]) -> &OsStr {
        OsStr::from_bytes(bytes)
    }

    #[test]
    fn names_keep_what_can_be_shown_and_escape_the_rest() {
        let name = |bytes| shown(Path::new(os(bytes)));
        assert_eq!(name(b"a b/\xc3\xa9\\x.ndjson"), "a b/é\\x.ndjson");
        assert_eq!(name(b"\x1b[31m\n\xff\xc3"), "\\u{1b}[31m\\n\\xff\\xc3");
        assert_eq!(name("a\u{202e}b".as_bytes()), "a\\u{202e}b");
    }

    #[test]
    fn words_are_quoted_only_if_they_have_to_be() {
        let word = |bytes| shell_word(os(bytes));
        assert_eq!(word(b"a/b.ndjson"), "a/b.ndjson");
        assert_eq!(word(b""), "''");
        assert_eq!(word(b"it's"), r"'it'\''s'");
        assert_eq!(word(b"it's\\\x1b1\xff\n"), r"$'it\'s\\\0331\377\n'");
    }
}
