//! What a record holds: which part of an event is its value, which its headers.
//!
//! Structured and binary mode are those of the `CloudEvents` binding for Kafka:
//! <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md>

use std::borrow::Cow;

use rdkafka::message::{Header, OwnedHeaders, ToBytes};

use super::members::{members, text, unescaped};
use crate::error::Error;

/// The header that says what the value is.
const CONTENT_TYPE: &str = "content-type";

/// Its value in structured mode.
const STRUCTURED: &str = "application/cloudevents+json; charset=UTF-8";

/// What begins the name of an attribute's header.
const PREFIX: &str = "ce_";

/// Which part of an event is where in its record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// Value: the whole event. Header `content-type:
    /// application/cloudevents+json; charset=UTF-8`.
    #[default]
    Structured,
    /// Value: the event's `data`. Each attribute that the event has is a header
    /// `ce_…`, but `datacontenttype`, which is the header `content-type`.
    Binary,
    /// Value: the whole event. No headers.
    Bare,
}

/// What time a record has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RecordTime {
    /// When it is sent.
    #[default]
    Wall,
    /// When the event happened, in milliseconds.
    Event,
}

/// Makes records of events.
pub(super) struct Form {
    mode: Mode,
    /// Headers of every record, if there are any: all of them, but in binary
    /// mode those that do not depend on the event.
    common: Option<OwnedHeaders>,
    given: Vec<(String, String)>,
    /// The name of a header that is being made.
    name: String,
}

/// Value (`None` is no value) and headers of a record.
pub(super) type Parts<'a> = (Option<Cow<'a, [u8]>>, Option<OwnedHeaders>);

impl Form {
    /// Records of a mode with additional headers, which come behind the mode's
    /// own.
    pub fn new(mode: Mode, given: &[(String, String)]) -> Result<Self, Error> {
        for (name, _) in given {
            let ours = mode != Mode::Bare && (name == CONTENT_TYPE || name.starts_with(PREFIX));
            if ours {
                let help = "name it otherwise, or leave out all others by `--mode bare`";
                return Err(Error::usage(format!("the header `{name}` is the event's own")).help(help));
            }
            if name.is_empty() || name.contains('\0') {
                return Err(Error::usage("a header needs a name").help("write `--header origin=synthetic`"));
            }
        }
        let mut common = None;
        if mode == Mode::Structured {
            common = Some(insert(OwnedHeaders::new(), CONTENT_TYPE, STRUCTURED));
        }
        if mode != Mode::Binary {
            for (name, value) in given {
                common = Some(insert(common.unwrap_or_default(), name, value.as_str()));
            }
        }
        Ok(Self { mode, common, given: given.to_vec(), name: PREFIX.to_owned() })
    }

    /// What becomes of an event's body.
    pub fn parts<'a>(&mut self, body: &'a [u8]) -> Parts<'a> {
        match self.mode {
            Mode::Structured | Mode::Bare => (Some(Cow::Borrowed(body)), self.common.clone()),
            Mode::Binary => self.binary(body),
        }
    }

    fn binary<'a>(&mut self, body: &'a [u8]) -> Parts<'a> {
        let mut headers = OwnedHeaders::new_with_capacity(10 + self.given.len());
        let mut content_type = None;
        let (mut data, mut encoded) = (None, None);
        for (name, value) in members(body) {
            match name {
                b"data" => data = Some(value),
                b"data_base64" => encoded = text(value),
                // Attributes that are null are those that the event has not.
                _ if value == b"null" => {}
                b"datacontenttype" => content_type = text(value),
                _ => {
                    self.name.truncate(PREFIX.len());
                    self.name.push_str(&unescaped(name).unwrap_or_default());
                    headers = match text(value) {
                        Some(text) => insert(headers, &self.name, text.as_ref()),
                        None => insert(headers, &self.name, value),
                    };
                }
            }
        }
        if let Some(content_type) = &content_type {
            headers = insert(headers, CONTENT_TYPE, content_type.as_ref());
        }
        for (name, value) in &self.given {
            headers = insert(headers, name, value.as_str());
        }
        let value = match (data, encoded) {
            (Some(data), _) => Some(decoded(data, content_type.as_deref())),
            (None, Some(encoded)) => Some(Cow::Owned(from_base64(&encoded))),
            (None, None) => None,
        };
        (value, Some(headers))
    }
}

/// `data` as bytes: JSON as it stands; of anything else what the string says.
fn decoded<'a>(data: &'a [u8], content_type: Option<&str>) -> Cow<'a, [u8]> {
    if !content_type.is_none_or(is_json)
        && let Some(text) = text(data)
    {
        return match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        };
    }
    Cow::Borrowed(data)
}

/// Whether a media type is JSON: `application/json`, `text/json`, `…/…+json`.
fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.split_once('/').is_some_and(|(_, subtype)| subtype == "json" || subtype.ends_with("+json"))
}

/// The bytes that a base64 text stands for; ends at the first other character.
fn from_base64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0u32, 0);
    for letter in text.bytes() {
        let Some(value) = ALPHABET.iter().position(|known| *known == letter) else {
            break;
        };
        bits = (bits << 6) | value as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
}

fn insert<V: ToBytes + ?Sized>(headers: OwnedHeaders, name: &str, value: &V) -> OwnedHeaders {
    headers.insert(Header { key: name, value: Some(value) })
}

#[cfg(test)]
mod tests {
    use rdkafka::message::Headers;

    use super::*;

    /// Value and headers of an event in binary mode.
    fn binary(body: &str) -> (Option<String>, Vec<String>) {
        let given = [("origin".to_owned(), "größer".to_owned())];
        let (value, headers) = Form::new(Mode::Binary, &given).unwrap().parts(body.as_bytes());
        let headers = headers.unwrap();
        let shown = |header: Header<'_, &[u8]>| {
            format!("{}: {}", header.key, std::str::from_utf8(header.value.unwrap()).unwrap())
        };
        let headers = headers.iter().map(shown).collect();
        (value.map(|value| String::from_utf8(value.into_owned()).unwrap()), headers)
    }

    #[test]
    fn binary_mode_follows_the_binding() {
        // Event, value, headers.
        let cases: [(&str, Option<&str>, &[&str]); 7] = [
            (
                r#"{"specversion":"1.0","id":"x","data":{"a":["}"]},"datacontenttype":"application/json","n":7}"#,
                Some(r#"{"a":["}"]}"#),
                &["ce_specversion: 1.0", "ce_id: x", "ce_n: 7", "content-type: application/json"],
            ),
            (r#"{"source":"é\"\u00e9","subject":null}"#, None, &["ce_source: é\"é"]),
            (r#"{"data":"t","datacontenttype":"text/plain"}"#, Some("t"), &["content-type: text/plain"]),
            (r#"{"data":"t\n","datacontenttype":"text/plain"}"#, Some("t\n"), &["content-type: text/plain"]),
            (r#"{"data":"t","datacontenttype":"a/b+JSON; c=d"}"#, Some(r#""t""#), &["content-type: a/b+JSON; c=d"]),
            (r#"{"data_base64":"ZmFsc2V0cmFpbA=="}"#, Some("falsetrail"), &[]),
            (r#"{"data":null}"#, Some("null"), &[]),
        ];
        for (body, value, headers) in cases {
            let (found, mut names) = binary(body);
            assert_eq!(found.as_deref(), value, "{body}");
            assert_eq!(names.pop().as_deref(), Some("origin: größer"), "{body}");
            assert_eq!(names, headers, "{body}");
        }
    }

    #[test]
    fn the_other_modes_hold_the_event_as_it_is() {
        let body = br#"{"id":"x"}"#;
        for (mode, headers) in [(Mode::Structured, 1), (Mode::Bare, 0)] {
            let (value, found) = Form::new(mode, &[]).unwrap().parts(body);
            assert_eq!(value.as_deref(), Some(body.as_slice()));
            assert_eq!(found.map_or(0, |found| found.count()), headers);
        }
    }

    #[test]
    fn headers_of_the_event_are_not_given_twice() {
        for name in ["content-type", "ce_id", ""] {
            let given = [(name.to_owned(), String::new())];
            assert!(Form::new(Mode::Structured, &given).is_err(), "{name}");
            assert!(Form::new(Mode::Binary, &given).is_err(), "{name}");
            assert_eq!(Form::new(Mode::Bare, &given).is_ok(), !name.is_empty(), "{name}");
        }
    }
}
