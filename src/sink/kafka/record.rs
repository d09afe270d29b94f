//! The content of a record: which part of an event becomes its value, and which its headers.
//!
//! Structured and binary mode are those of the `CloudEvents` binding for Kafka:
//! <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md>

use std::borrow::Cow;
use std::ffi::CStr;

use super::members::{members, text, unescaped};
use crate::error::{Error, quoted};
use base64::prelude::{BASE64_STANDARD, Engine as _};

/// The header with the value's media type.
const CONTENT_TYPE: &str = "content-type";

/// Its value in structured mode.
const STRUCTURED: &str = "application/cloudevents+json; charset=UTF-8";

/// The prefix of the headers that contain attributes.
const PREFIX: &str = "ce_";

/// How the parts of an event are distributed over its record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// Value: the whole event. Header `content-type:
    /// application/cloudevents+json; charset=UTF-8`.
    #[default]
    Structured,
    /// Value: the event's `data`. Each attribute of the event is a header `ce_…`, except `datacontenttype`, which is
    /// the header `content-type`.
    Binary,
    /// Value: the whole event. No headers.
    Bare,
}

/// Which time a record has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RecordTime {
    /// The time of sending.
    #[default]
    Wall,
    /// The event's time, in milliseconds.
    Event,
}

/// Headers of a record: all names and values, concatenated.
#[derive(Debug, Default, Clone)]
pub(super) struct Headers {
    /// Each name, followed by a NUL as librdkafka requires, and its value.
    text: Vec<u8>,
    /// The end of each name and of each value.
    ends: Vec<(usize, usize)>,
}

impl Headers {
    /// Names and values, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&CStr, &[u8])> {
        let mut at = 0;
        self.ends.iter().map(move |&(name, value)| {
            let begin = std::mem::replace(&mut at, value);
            let shown = CStr::from_bytes_until_nul(&self.text[begin..name]).unwrap_or_default();
            (shown, &self.text[name..value])
        })
    }

    fn add(&mut self, name: &[&str], value: &[u8]) {
        for part in name {
            self.text.extend_from_slice(part.as_bytes());
        }
        self.text.push(0);
        let name = self.text.len();
        self.text.extend_from_slice(value);
        self.ends.push((name, self.text.len()));
    }

    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }
}

/// Converts events to records.
pub(super) struct Form {
    mode: Mode,
    given: Vec<(String, String)>,
    /// The headers: in binary mode those of the current event, else those of every record.
    headers: Headers,
}

/// Value (`None` for a null value) and headers of a record.
pub(super) type Parts<'a> = (Option<Cow<'a, [u8]>>, &'a Headers);

impl Form {
    /// Records in this mode, with additional headers that follow the mode's own.
    pub(super) fn new(mode: Mode, given: &[(String, String)]) -> Result<Self, Error> {
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
        let mut headers = Headers::default();
        if mode == Mode::Structured {
            headers.add(&[CONTENT_TYPE], STRUCTURED.as_bytes());
        }
        if mode != Mode::Binary {
            for (name, value) in given {
                headers.add(&[name], value.as_bytes());
            }
        }
        Ok(Self { mode, given: given.to_vec(), headers })
    }

    /// The value and the headers for an event's body.
    ///
    /// # Errors
    /// If `data_base64` is not base64, in binary mode.
    pub(super) fn parts<'a>(&'a mut self, body: &'a [u8]) -> Result<Parts<'a>, Error> {
        let value = match self.mode {
            Mode::Structured | Mode::Bare => Some(Cow::Borrowed(body)),
            Mode::Binary => self.binary(body)?,
        };
        Ok((value, &self.headers))
    }

    fn binary<'a>(&mut self, body: &'a [u8]) -> Result<Option<Cow<'a, [u8]>>, Error> {
        let headers = &mut self.headers;
        headers.clear();
        let mut content_type = None;
        let (mut data, mut encoded) = (None, None);
        for (name, value) in members(body) {
            match name {
                b"data" => data = Some(value),
                // Attributes that are null count as absent.
                b"data_base64" if value != b"null" => encoded = Some(value),
                _ if value == b"null" => {}
                b"datacontenttype" => content_type = text(value),
                _ => {
                    let name = unescaped(name).unwrap_or_default();
                    let text = text(value);
                    headers.add(&[PREFIX, &name], text.as_ref().map_or(value, |text| text.as_bytes()));
                }
            }
        }
        if let Some(content_type) = &content_type {
            headers.add(&[CONTENT_TYPE], content_type.as_bytes());
        }
        for (name, value) in &self.given {
            headers.add(&[name], value.as_bytes());
        }
        Ok(match (data, encoded) {
            (Some(data), _) => Some(decoded(data, content_type.as_deref())),
            (None, Some(encoded)) => Some(Cow::Owned(from_base64(encoded)?)),
            (None, None) => None,
        })
    }
}

/// `data` as bytes: JSON as it is in the text; for any other media type the content of the string.
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

/// Decodes the base64 text in a JSON value.
fn from_base64(value: &[u8]) -> Result<Vec<u8>, Error> {
    let read = text(value).and_then(|text| BASE64_STANDARD.decode(text.as_bytes()).ok());
    read.ok_or_else(|| {
        let shown = quoted(&String::from_utf8_lossy(value));
        let message = format!("an event has the `data_base64` {shown}, which is not base64");
        let help = "correct the template: letters, digits, `+` and `/`, with `=` up to four characters in each group";
        Error::usage(message).help(help)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Value and headers of an event in binary mode.
    fn binary(body: &str) -> (Option<String>, Vec<String>) {
        let given = [("origin".to_owned(), "größer".to_owned())];
        let mut form = Form::new(Mode::Binary, &given).unwrap();
        // The headers of the previous event are discarded.
        form.parts(br#"{"id":"other","data":7}"#).unwrap();
        let (value, headers) = form.parts(body.as_bytes()).unwrap();
        let shown = |(name, value): (&CStr, &[u8])| {
            format!("{}: {}", name.to_str().unwrap(), std::str::from_utf8(value).unwrap())
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
    fn what_is_no_base64_is_refused() {
        let mut form = Form::new(Mode::Binary, &[]).unwrap();
        for wrong in [r#""Zm9v!""#, r#""Zm9""#, r#""Zg=""#, r#""Zh==""#, r#""Zm9v\n""#, "7", r#"["Zg=="]"#, r#""Zm-_""#]
        {
            let body = format!(r#"{{"id":"x","data_base64":{wrong}}}"#);
            let error = form.parts(body.as_bytes()).map(|_| ()).expect_err(wrong);
            assert!(error.to_string().contains("which is not base64"), "{error}");
        }
        // Accepted: the empty text, correct base64, and null, which counts as absent.
        for right in [r#""""#, r#""Zg==""#, "null"] {
            assert!(form.parts(format!(r#"{{"data_base64":{right}}}"#).as_bytes()).is_ok(), "{right}");
        }
        let mut whole = Form::new(Mode::Structured, &[]).unwrap();
        assert!(whole.parts(br#"{"data_base64":"!"}"#).is_ok());
    }

    #[test]
    fn the_other_modes_hold_the_event_as_it_is() {
        let body = br#"{"id":"x"}"#;
        for (mode, headers) in [(Mode::Structured, 1), (Mode::Bare, 0)] {
            let mut form = Form::new(mode, &[]).unwrap();
            let (value, found) = form.parts(body).unwrap();
            assert_eq!(value.as_deref(), Some(body.as_slice()));
            assert_eq!(found.iter().count(), headers);
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
