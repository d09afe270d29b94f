//! Texts with placeholders, such as `${environment.crn}/flink-region=${region.id}`.

/// A parsed text; each placeholder is a variable and a field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    /// Literals and placeholders in order.
    pub parts: Vec<TextPart>,
}

/// A part of a [`Text`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextPart {
    /// Characters, escaped for JSON.
    Literal(Vec<u8>),
    /// A dotted name, such as `["region", "id"]`.
    Name(Vec<String>),
}

impl Text {
    /// Parses a text.
    ///
    /// # Errors
    ///
    /// The byte offset of a `${` that is empty or not closed.
    pub(crate) fn parse(text: &str) -> Result<Text, usize> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let offset = text.len() - rest.len() + start;
            let end = rest[start..].find('}').map(|end| start + end).ok_or(offset)?;
            literal(&rest[..start], &mut parts);
            let name: Vec<String> = rest[start + 2..end].split('.').map(|word| word.trim().to_owned()).collect();
            if name.iter().any(String::is_empty) {
                return Err(offset);
            }
            parts.push(TextPart::Name(name));
            rest = &rest[end + 1..];
        }
        literal(rest, &mut parts);
        Ok(Text { parts })
    }

    /// The dotted names in the placeholders.
    pub(crate) fn names(&self) -> impl Iterator<Item = &[String]> {
        self.parts.iter().filter_map(|part| match part {
            TextPart::Name(name) => Some(name.as_slice()),
            TextPart::Literal(_) => None,
        })
    }
}

fn literal(text: &str, parts: &mut Vec<TextPart>) {
    if !text.is_empty() {
        let mut bytes = Vec::new();
        crate::bytes::escape_into(text, &mut bytes);
        parts.push(TextPart::Literal(bytes));
    }
}

impl std::fmt::Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for part in &self.parts {
            match part {
                TextPart::Literal(bytes) => f.write_str(&String::from_utf8_lossy(bytes))?,
                TextPart::Name(name) => write!(f, "${{{}}}", name.join("."))?,
            }
        }
        Ok(())
    }
}
