//! Scalars: resolving plain text to values, and writing values so that they are read back unchanged.

use std::{fmt::Write as _, ops::Range, sync::Arc};

use super::{Node, Value};
use crate::error::quoted;

impl Node {
    /// The value of an unquoted scalar.
    pub(crate) fn scalar(text: &str, span: Range<usize>) -> Self {
        let value = plain(text);
        // The parser has a text for what is left out, too.
        let written = Some(text).filter(|_| !matches!(value, Value::Text(_)) && !span.is_empty());
        Self { written: written.map(Arc::from), ..Self::new(value, span) }
    }

    /// The value of `name=value` on the command line: as after `name: ` in a file, but always a scalar. In quotes it is
    /// the text between them, and nothing at all is an empty text.
    ///
    /// # Errors
    /// Quotes around a text that cannot be read, with what to write.
    pub fn argument(text: &str, span: Range<usize>) -> Result<Self, &'static str> {
        let value = match unquoted(text) {
            Some(unquoted) => unquoted?,
            None if text.is_empty() => String::new(),
            None => return Ok(Self::scalar(text, span)),
        };
        Ok(Self { quoted: true, ..Self::new(Value::Text(value), span) })
    }

    /// The value as words for `found …` in a message: ``text `abc` ``, ``the number `5` ``, `a list`.
    pub(crate) fn describe(&self) -> String {
        match &self.value {
            Value::Null => "nothing".to_owned(),
            Value::Bool(value) => format!("`{value}`"),
            Value::Int(_) | Value::Float(_) => format!("the number `{}`", node_text(self)),
            Value::Text(text) if text.is_empty() => "an empty text".to_owned(),
            Value::Text(text) => format!("the text {}", quoted(text)),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a map".to_owned(),
        }
    }
}

/// The value of a plain scalar, by the core schema of YAML 1.2.
///
/// One rule is stricter: digits after a leading zero stay a text, because YAML 1.1 reads `010` as eight, and most
/// people mean an identifier.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Value::Float(f64::NAN),
        _ => {}
    }
    number(text).unwrap_or_else(|| Value::Text(text.to_owned()))
}

/// A text as YAML, quoted if it would otherwise be read as another value.
pub(crate) fn scalar_text(text: &str) -> String {
    let safe_start = text.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_');
    let safe = text.chars().all(|character| character.is_ascii_alphanumeric() || "_-./@+ ".contains(character));
    let trimmed = text.trim() == text;
    let is_text = matches!(plain(text), Value::Text(_)) && !is_yaml_1_1_special(text);
    if safe_start && safe && trimmed && is_text {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            _ if character.is_control() || is_special(character) => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04X}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out.push('"');
    out
}

/// Characters that YAML forbids, or treats as a line break or a byte order mark.
fn is_special(character: char) -> bool {
    matches!(character, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// A value as YAML on one line.
pub fn value_text(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) if value.is_nan() => ".nan".to_owned(),
        Value::Float(value) if value.is_infinite() => if *value > 0.0 { ".inf" } else { "-.inf" }.to_owned(),
        // Debug formatting keeps the point of `1.0`, so that it is read back as a float.
        Value::Float(value) => format!("{value:?}"),
        Value::Text(text) => scalar_text(text),
        Value::List(nodes) => {
            let parts: Vec<String> = nodes.iter().map(node_text).collect();
            format!("[{}]", parts.join(", "))
        }
        Value::Map(entries) if entries.is_empty() => "{}".to_owned(),
        Value::Map(entries) => {
            let parts: Vec<String> =
                entries.iter().map(|(key, node)| format!("{}: {}", scalar_text(&key.value), node_text(node))).collect();
            format!("{{ {} }}", parts.join(", "))
        }
    }
}

/// A node as YAML on one line: numbers as they are written.
pub(crate) fn node_text(node: &Node) -> String {
    match &node.written {
        Some(written) => written.to_string(),
        None => value_text(&node.value),
    }
}

/// A text without the quotes around all of it, by the rules of YAML; `None` if it is not in quotes.
fn unquoted(text: &str) -> Option<Result<String, &'static str>> {
    let quote = text.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let inner = text[1..].strip_suffix(quote)?;
    Some(if quote == '\'' {
        let is_closed_within = inner.replace("''", "").contains('\'');
        let help = "write a `'` between single quotes twice, or put the whole text between double quotes";
        if is_closed_within { Err(help) } else { Ok(inner.replace("''", "'")) }
    } else {
        let help = "write `\\\"` and `\\\\` between double quotes, or put the whole text between single quotes";
        serde_json::from_str(text).map_err(|_| help)
    })
}

/// A value as JSON: numbers that are written as JSON writes them are numbers, and others the text that is written.
pub fn json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Int(value) => match (i64::try_from(*value), u64::try_from(*value)) {
            (Ok(number), _) => as_written(number.into(), node),
            (_, Ok(number)) => as_written(number.into(), node),
            _ => node_text(node).into(),
        },
        Value::Float(value) => as_written((*value).into(), node),
        Value::Text(text) => text.as_str().into(),
        Value::List(nodes) => nodes.iter().map(json).collect(),
        Value::Map(entries) => entries.iter().map(|(key, node)| (key.value.clone(), json(node))).collect(),
    }
}

fn as_written(number: serde_json::Value, node: &Node) -> serde_json::Value {
    let plain = number.to_string();
    match &node.written {
        Some(written) if *plain != **written => (**written).into(),
        _ => number,
    }
}

/// Whether YAML 1.1, which many other tools still read, takes a plain text for a boolean.
pub(crate) fn is_yaml_1_1_boolean(text: &str) -> bool {
    ["y", "n", "yes", "no", "on", "off", "true", "false"].iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Texts that other YAML parsers read as booleans, numbers or dates.
fn is_yaml_1_1_special(text: &str) -> bool {
    is_yaml_1_1_boolean(text)
        || (text.starts_with(|first: char| first.is_ascii_digit())
            && text.chars().all(|character| character.is_ascii_digit() || "_-.:+TZeEx".contains(character)))
}

fn number(text: &str) -> Option<Value> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let negative = text.starts_with('-');
    if matches!(digits, ".inf" | ".Inf" | ".INF") {
        return Some(Value::Float(if negative { f64::NEG_INFINITY } else { f64::INFINITY }));
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(rest) = text.strip_prefix(prefix) {
            let valid = !rest.is_empty() && rest.chars().all(|digit| digit.is_digit(radix));
            return valid.then(|| i128::from_str_radix(rest, radix).ok().map(Value::Int))?;
        }
    }
    if !digits.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return None;
    }
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (digits, None),
    };
    let exponent_ok = exponent.is_none_or(|exponent| all_digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent)));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mantissa_ok = (all_digits(whole) && (fraction.is_empty() || all_digits(fraction)))
        || (whole.is_empty() && all_digits(fraction));
    let leading_zero = whole.len() > 1 && whole.starts_with('0');
    if !exponent_ok || !mantissa_ok || leading_zero {
        return None;
    }
    if exponent.is_none() && !mantissa.contains('.') {
        return text.parse().ok().map(Value::Int).or_else(|| text.parse().ok().map(Value::Float));
    }
    text.parse().ok().map(Value::Float)
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
