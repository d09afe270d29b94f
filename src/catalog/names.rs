//! Names derived from a method's full name: its short name, and the file name of its template.
//!
//! A full name belongs to the audited system (`s3:PutObject`, `pods/exec`) and may contain any character. A short name
//! must be easy to type in a shell and to separate from suffixes, and a file name must be valid on every file system.

use super::{Catalog, MethodId};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::collections::HashMap;

/// Characters that are percent-encoded in a file name: all but the unreserved ones of RFC 3986.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Whether a text can be a short name: `[a-z0-9-]+`, with a letter or digit at both ends.
pub(super) fn is_short(text: &str) -> bool {
    let ends = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    ends(text.bytes().next())
        && ends(text.bytes().last())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// The short name of a method for which the catalog gives none: its words in lower case, joined with `-`. Empty if no
/// character of the name is allowed in a short name.
pub(super) fn derived_short(name: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    let mut short = String::with_capacity(name.len() + 4);
    for (at, character) in characters.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| characters[before]);
        let after = characters.get(at + 1);
        // `PutObject` and `DBCluster` have two words each.
        let begins = character.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || before.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase)
            });
        let fits = character.is_ascii_alphanumeric();
        if (begins || !fits) && !short.is_empty() && !short.ends_with('-') {
            short.push('-');
        }
        if fits {
            short.push(character.to_ascii_lowercase());
        }
    }
    short.truncate(short.trim_end_matches('-').len());
    short
}

/// The name of the file that holds a method's template: `s3%3APutObject.json`.
pub fn template_file(method: &str) -> String {
    format!("{}.json", utf8_percent_encode(method, ENCODED))
}

/// Maps template files to methods.
pub(super) struct TemplateFiles<'c> {
    methods: HashMap<&'c str, MethodId>,
}

impl<'c> TemplateFiles<'c> {
    pub(super) fn new(catalog: &'c Catalog) -> Self {
        let methods = catalog.methods.iter().enumerate().map(|(id, method)| (method.name.as_str(), id));
        TemplateFiles { methods: methods.collect() }
    }

    /// The method of a file name without `.json`: the file name is percent-decoded, and used literally if no method
    /// matches.
    pub(super) fn method(&self, stem: &str) -> Option<MethodId> {
        let decoded = percent_decode_str(stem).decode_utf8().ok();
        let method = decoded.and_then(|name| self.methods.get(name.as_ref()));
        method.or_else(|| self.methods.get(stem)).copied()
    }
}
