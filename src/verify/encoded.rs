//! Texts that hold JSON in another encoding: base64, as binary fields are written in JSON (OTLP's `bytesValue`,
//! `data_base64`, the records of a delivery stream), escaped once more, or escaped for XML.

use super::records::LONGEST;
use base64::{
    alphabet,
    engine::{DecodePaddingMode, Engine, GeneralPurpose, GeneralPurposeConfig},
};
use std::{borrow::Cow, io::Read};

const ANY_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, ANY_PADDING);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, ANY_PADDING);

/// Characters of an encoded document at least.
const SHORTEST: usize = 64;

/// How the base64 text of `{`, `[` or a gzip stream begins.
const BEGINNINGS: [&[u8]; 6] = [b"ey", b"ew", b"W3", b"Wy", b"Ww", b"H4sI"];

/// The JSON document that a base64 text encodes, if it does.
pub(super) fn document(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.trim_ascii();
    if text.len() < SHORTEST || !BEGINNINGS.iter().any(|beginning| text.starts_with(beginning)) {
        return None;
    }
    let mut plain = STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()?;
    if plain.starts_with(&[0x1F, 0x8B]) {
        let mut unpacked = Vec::new();
        let reader = flate2::read::MultiGzDecoder::new(plain.as_slice());
        reader.take(LONGEST as u64).read_to_end(&mut unpacked).ok()?;
        plain = unpacked;
    }
    let is_document = matches!(plain.trim_ascii_start().first(), Some(b'{' | b'['));
    is_document.then_some(plain)
}

/// The text that a text holds as JSON, also in base64; `None` if it is too short, or begins otherwise.
pub(super) fn inner(text: &str) -> Option<Cow<'_, [u8]>> {
    let text = text.trim();
    match text.as_bytes() {
        [b'{' | b'[' | b'"', _, ..] => Some(Cow::Borrowed(text.as_bytes())),
        text => document(text).map(Cow::Owned),
    }
}

/// A record in which every document in base64 is replaced by its text; `None` if there is none.
pub(super) fn record(record: &[u8]) -> Option<Vec<u8>> {
    if let Some(plain) = document(record) {
        return Some(plain);
    }
    let mut replaced = Vec::new();
    let mut copied = 0;
    for quote in memchr::memchr_iter(b'"', record) {
        let from = quote + 1;
        let is_beginning = |beginning: &&[u8]| record[from..].starts_with(beginning);
        if from < copied || !BEGINNINGS.iter().any(is_beginning) {
            continue;
        }
        let Some(length) = memchr::memchr2(b'"', b'\\', &record[from..]) else { break };
        let Some(plain) = document(&record[from..from + length]) else { continue };
        let text = serde_json::Value::from(String::from_utf8_lossy(&plain)).to_string();
        replaced.extend_from_slice(&record[copied..quote]);
        replaced.extend_from_slice(text.as_bytes());
        copied = from + length + 1;
    }
    if copied == 0 {
        return None;
    }
    replaced.extend_from_slice(&record[copied.min(record.len())..]);
    Some(replaced)
}

/// A text without one level of escapes, as in a quoted field of a log line or in XML; `None` if it has none.
pub(super) fn unescaped(text: &[u8]) -> Option<Vec<u8>> {
    if memchr::memmem::find(text, b"\\\"").is_some() || memchr::memmem::find(text, b"\\x22").is_some() {
        return Some(without_backslashes(text));
    }
    let is_markup = memchr::memmem::find(text, b"&quot;").is_some() || memchr::memmem::find(text, b"&#34;").is_some();
    is_markup.then(|| without_entities(text))
}

fn without_backslashes(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        plain.extend_from_slice(&rest[..at]);
        let escaped = rest.get(at + 1).copied();
        rest = rest.get(at + 2..).unwrap_or_default();
        match escaped {
            Some(b'n') => plain.push(b'\n'),
            Some(b't') => plain.push(b'\t'),
            Some(b'r') => plain.push(b'\r'),
            Some(b'x') => {
                let digits = rest.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
                let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
                plain.extend(byte);
                rest = rest.get(2..).unwrap_or_default();
            }
            // Escapes of characters stay as they are: JSON reads them.
            Some(b'u') => plain.extend_from_slice(b"\\u"),
            Some(byte) => plain.push(byte),
            // The text was cut within an escape.
            None => {}
        }
    }
    plain.extend_from_slice(rest);
    plain
}

fn without_entities(text: &[u8]) -> Vec<u8> {
    const ENTITIES: [(&str, &str); 8] = [
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&apos;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&#x2F;", "/"),
        ("&amp;", "&"),
    ];
    let text = String::from_utf8_lossy(text);
    let plain = ENTITIES.iter().fold(text, |text, (entity, character)| {
        if text.contains(entity) { Cow::Owned(text.replace(entity, character)) } else { text }
    });
    plain.into_owned().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_in_base64_become_texts() {
        let event = r#"{"id":"6641c44f-d0d5-4b1b-9f30-dac01b6eefb7","source":"crn://x?~é","n":[1,2,3]}"#;
        for encoded in [STANDARD.encode(event), URL_SAFE.encode(event), STANDARD.encode(event).replace('=', "")] {
            assert_eq!(document(encoded.as_bytes()).unwrap(), event.as_bytes());
            let wrapped = format!(r#"{{"a":"eyJ","data":"{encoded}","b":"x"}}"#);
            let plain: serde_json::Value = serde_json::from_slice(&record(wrapped.as_bytes()).unwrap()).unwrap();
            assert_eq!((plain["data"].as_str(), &plain["a"], &plain["b"]), (Some(event), &"eyJ".into(), &"x".into()));
        }
        for plain in [
            "",
            "{}",
            event,
            "ey",
            r#"{"token":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"}"#,
        ] {
            assert_eq!(record(plain.as_bytes()), None, "{plain}");
        }
    }

    #[test]
    fn one_level_of_escapes_is_undone() {
        for (escaped, plain) in [
            (r#"m={\"a\":\"x\\\"y\u00e9\"}"#, r#"m={"a":"x\"y\u00e9"}"#),
            (r"{\x22a\x22:1}", r#"{"a":1}"#),
            ("<m>{&quot;a&quot;:&quot;&amp;lt;&quot;}</m>", "<m>{\"a\":\"&lt;\"}</m>"),
            (r#"{\"a\":\"#, r#"{"a":"#),
        ] {
            assert_eq!(String::from_utf8(unescaped(escaped.as_bytes()).unwrap()).unwrap(), plain);
        }
        assert_eq!(unescaped(br#"{"a":"x"}"#), None);
    }
}
