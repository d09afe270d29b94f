//! Rules over the sources that no compiler checks: who names whom, and that the engine knows no audited system.
//!
//! What counts is code: names and texts outside comments (documentation is comment, too) and outside
//! `#[cfg(test)]` modules.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use falsetrail::machinery::catalog::{Catalog, Scalar, Text, TextPart};

use super::trail;

/// Words that a catalog shares with the engine, whose words they are first: of its language, of its types, of Kafka.
const OUR_OWN: [&str; 21] = [
    "cli",
    "cloud",
    "default",
    "digits",
    "email",
    "false",
    "id",
    "identity",
    "ip",
    "name",
    "null",
    "number",
    "principal",
    "provider",
    "resource",
    "self",
    "short",
    "stamp",
    "style",
    "user",
    "uuid",
];

/// Words that are not names in the catalog, but that nobody else uses.
const ALWAYS_THEIRS: [&str; 9] = ["aws", "azure", "cfu", "confluent", "cpdev", "crn", "flink", "gcp", "lfcp"];

/// Texts that show people what to write: by the file and the phrase that stands in it. Below `src/cli` examples may
/// stand in any text.
const EXAMPLES: [(&str, &str); 14] = [
    ("src/catalog/read_common.rs", "${region.id}"),
    ("src/planner/load.rs", "'create-pool -> delete-pool'"),
    ("src/planner/load.rs", "(create-pool,delete-pool)"),
    ("src/planner/loader.rs", "`create-pool,delete-pool`"),
    ("src/planner/overrides.rs", "`--set pool.max_cfu=20`"),
    ("src/scenario/one_line.rs", "`'create-pool -> delete-pool'`"),
    ("src/scenario/one_line.rs", "`create-pool -> delete-pool`"),
    ("src/scenario/one_line.rs", "`create-pool,delete-pool`"),
    ("src/scenario/one_line.rs", "`{name}:not-found`"),
    ("src/scenario/read.rs", "`steps: [create-pool, delete-pool]`"),
    ("src/scenario/steps.rs", "call: create-pool"),
    ("src/scenario/steps.rs", "`- create-pool`"),
    ("src/run_file/options.rs", "`pool.max_cfu=20`"),
    ("src/run_file/options.rs", "`organization.id=…`"),
];

/// What stands in code.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Name(String),
    Text(String),
    Sign(char),
}

/// The tokens of Rust code with their lines, without comments and `#[cfg(test)]` modules.
fn tokens(source: &str) -> Vec<(usize, Token)> {
    let mut lexer = Lexer { text: source.chars().collect(), at: 0, line: 1 };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next() {
        tokens.push(token);
    }
    without_tests(&tokens)
}

struct Lexer {
    text: Vec<char>,
    at: usize,
    line: usize,
}

impl Lexer {
    fn next(&mut self) -> Option<(usize, Token)> {
        loop {
            let character = *self.text.get(self.at)?;
            let line = self.line;
            if self.starts_with("//") {
                self.skip_while(|character| character != '\n');
            } else if self.starts_with("/*") {
                self.block_comment();
            } else if character.is_whitespace() {
                self.step();
            } else if let Some(hashes) = self.raw_text() {
                return Some((line, Token::Text(self.until(&format!("\"{}", "#".repeat(hashes)), false))));
            } else if character == '"' {
                self.step();
                return Some((line, Token::Text(self.until("\"", true))));
            } else if character == '\'' && self.is_character() {
                self.step();
                return Some((line, Token::Text(self.until("'", true))));
            } else if character.is_alphanumeric() || character == '_' {
                let start = self.at;
                self.skip_while(|character| character.is_alphanumeric() || character == '_');
                return Some((line, Token::Name(self.text[start..self.at].iter().collect())));
            } else {
                self.step();
                return Some((line, Token::Sign(character)));
            }
        }
    }

    fn step(&mut self) {
        self.line += usize::from(self.text.get(self.at) == Some(&'\n'));
        self.at += 1;
    }

    fn skip_while(&mut self, wanted: impl Fn(char) -> bool) {
        while self.text.get(self.at).is_some_and(|character| wanted(*character)) {
            self.step();
        }
    }

    fn starts_with(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(index, character)| self.text.get(self.at + index) == Some(&character))
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        while self.at < self.text.len() {
            if self.starts_with("/*") {
                depth += 1;
                self.step();
            } else if self.starts_with("*/") {
                depth -= 1;
                self.step();
            }
            self.step();
            if depth == 0 {
                return;
            }
        }
    }

    /// Steps over `r#"`, `b"` and the like; how many `#` there are, if the text is a raw one.
    fn raw_text(&mut self) -> Option<usize> {
        let rest: String = self.text[self.at..].iter().take(16).collect();
        let prefix = ["br", "cr", "r"].into_iter().find(|prefix| rest.starts_with(prefix))?;
        let after = &rest[prefix.len()..];
        let hashes = after.len() - after.trim_start_matches('#').len();
        if !after[hashes..].starts_with('"') {
            return None;
        }
        self.at += prefix.len() + hashes + 1;
        Some(hashes)
    }

    /// Whether a `'` begins a character rather than a lifetime.
    fn is_character(&self) -> bool {
        self.text.get(self.at + 1) == Some(&'\\') || self.text.get(self.at + 2) == Some(&'\'')
    }

    fn until(&mut self, end: &str, escapes: bool) -> String {
        let mut out = String::new();
        while self.at < self.text.len() && !self.starts_with(end) {
            if escapes && self.text[self.at] == '\\' {
                self.step();
            }
            out.extend(self.text.get(self.at));
            self.step();
        }
        self.at += end.len();
        out
    }
}

fn without_tests(tokens: &[(usize, Token)]) -> Vec<(usize, Token)> {
    let name = |text: &str| Token::Name(text.to_owned());
    let sign = Token::Sign;
    let start = [sign('#'), sign('['), name("cfg"), sign('('), name("test"), sign(')'), sign(']'), name("mod")];
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let begins = tokens[at..].iter().map(|(_, token)| token).take(start.len()).eq(&start);
        if !begins {
            kept.push(tokens[at].clone());
            at += 1;
            continue;
        }
        let mut depth = 0;
        for (_, token) in &tokens[at + start.len()..] {
            at += 1;
            match token {
                Token::Sign('{') => depth += 1,
                Token::Sign('}') => depth -= 1,
                _ => {}
            }
            if depth == 0 && matches!(token, Token::Sign('}' | ';')) {
                break;
            }
        }
        at += start.len();
    }
    kept
}

/// All files of the crate, by their path from its root.
fn sources() -> Vec<(String, Vec<(usize, Token)>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<PathBuf> = vec![root.join("src")];
    let mut files = vec![root.join("build.rs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.retain(|path| path.extension().is_some_and(|ending| ending == "rs"));
    files.sort();
    let read = |path: PathBuf| {
        let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
        (name, tokens(&fs::read_to_string(path).unwrap()))
    };
    files.into_iter().map(read).collect()
}

/// `CreateComputePool` and `create-compute pool` as `_create_compute_pool_`.
fn words_of(text: &str) -> String {
    let mut out = "_".to_owned();
    let mut before = ' ';
    for letter in text.chars() {
        let hump = letter.is_uppercase() && (before.is_lowercase() || before.is_ascii_digit());
        if (hump || !letter.is_alphanumeric()) && !out.ends_with('_') {
            out.push('_');
        }
        if letter.is_alphanumeric() {
            out.extend(letter.to_lowercase());
        }
        before = letter;
    }
    if !out.ends_with('_') {
        out.push('_');
    }
    out
}

/// Every name of the catalog but those of failures (which others use, too), as [`words_of`] gives it.
fn their_words(catalog: &Catalog) -> BTreeSet<String> {
    let mut names = vec![catalog.name.clone()];
    for kind in &catalog.kinds {
        names.extend([&kind.name, &kind.label, &kind.variable].map(Clone::clone));
        names.extend(kind.plural.clone());
        for field in &kind.fields {
            names.push(field.name.clone());
            names.extend(field.texts().into_iter().flat_map(literals));
            if let falsetrail::machinery::catalog::Generator::Choose { choices, .. } = &field.generator {
                names.extend(choices.iter().filter_map(|choice| match choice {
                    Scalar::Text(text) => Some(text.clone()),
                    _ => None,
                }));
            }
        }
        let rows = kind.table.iter().flat_map(|table| &table.rows);
        names.extend(rows.flatten().map(Scalar::to_string));
    }
    for method in &catalog.methods {
        names.extend([&method.name, &method.short].map(Clone::clone));
        names.extend(method.input.iter().map(|input| input.name.clone()));
        names.extend(literals(&method.subject));
    }
    names.extend(catalog.keys.iter().map(|key| key.name.clone()));
    names.extend(ALWAYS_THEIRS.map(str::to_owned));
    let ours: BTreeSet<String> = OUR_OWN.iter().map(|word| words_of(word)).collect();
    let worded = names.iter().map(|name| words_of(name));
    worded.filter(|word| !ours.contains(word) && word.chars().any(char::is_alphabetic)).collect()
}

fn literals(text: &Text) -> Vec<String> {
    let literal = |part: &TextPart| match part {
        TextPart::Literal(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        TextPart::Name(_) => None,
    };
    text.parts.iter().filter_map(literal).collect()
}

fn is_below(file: &str, module: &str) -> bool {
    file == format!("{module}.rs") || file.starts_with(&format!("{module}/"))
}

#[test]
fn the_engine_knows_no_word_of_the_audited_system() {
    let catalog = trail::catalog();
    let theirs = their_words(&catalog);
    assert!(theirs.len() > 100 && theirs.contains("_max_cfu_") && theirs.contains("_create_pool_"), "{theirs:?}");
    let mut used = BTreeSet::new();
    let mut found = Vec::new();
    for (file, tokens) in sources() {
        for (line, token) in tokens {
            let text = match token {
                Token::Name(name) => name,
                Token::Text(_) if is_below(&file, "src/cli") => continue,
                Token::Text(mut text) => {
                    for (place, phrase) in EXAMPLES.iter().filter(|(place, _)| *place == file) {
                        if text.contains(phrase) {
                            used.insert((place, phrase));
                            text = text.replace(phrase, " ");
                        }
                    }
                    let failures = catalog.failures.iter().filter(|failure| text.contains(&failure.name));
                    found.extend(failures.map(|failure| format!("{file}:{line}: `{}` in `{text}`", failure.name)));
                    text
                }
                Token::Sign(_) => continue,
            };
            let words = words_of(&text);
            found.extend(
                theirs
                    .iter()
                    .filter(|theirs| words.contains(*theirs))
                    .map(|word| format!("{file}:{line}: `{}` in `{text}`", word.trim_matches('_'))),
            );
        }
    }
    assert!(found.is_empty(), "words of the audited system belong into the catalog:\n{}", found.join("\n"));
    let unused: Vec<_> = EXAMPLES.iter().filter(|(place, phrase)| !used.contains(&(place, phrase))).collect();
    assert!(unused.is_empty(), "no such example stands there any more: {unused:?}");
}

/// The lines on which a file names a module or crate.
fn naming(tokens: &[(usize, Token)], name: &str) -> Vec<usize> {
    let name = Token::Name(name.to_owned());
    tokens.iter().filter(|(_, token)| *token == name).map(|(line, _)| *line).collect()
}

/// The lines on which a file reaches into a module: `module::…`, or `crate::module`.
fn reaching(tokens: &[(usize, Token)], module: &str) -> Vec<usize> {
    let colons = [Token::Sign(':'), Token::Sign(':')];
    let is = |at: Option<usize>, wanted: &[Token]| {
        at.and_then(|at| tokens.get(at..at + wanted.len()))
            .is_some_and(|found| found.iter().map(|(_, token)| token).eq(wanted))
    };
    let from = |root: &str| [&[Token::Name(root.to_owned())], colons.as_slice()].concat();
    let module = Token::Name(module.to_owned());
    (0..tokens.len())
        .filter(|at| tokens[*at].1 == module)
        .filter(|at| {
            let before = at.checked_sub(3);
            is(Some(at + 1), &colons) || is(before, &from("crate")) || is(before, &from("super"))
        })
        .map(|at| tokens[at].0)
        .collect()
}

#[test]
fn modules_name_only_whom_they_may() {
    let rules: [(&str, &[&str]); 3] =
        [("rdkafka", &["src/sink/kafka"]), ("fake", &["src/value/people"]), ("clap", &["src/cli"])];
    let mut seen = BTreeSet::new();
    for (file, tokens) in sources() {
        for (name, places) in rules {
            let lines = naming(&tokens, name);
            let allowed = places.iter().any(|place| is_below(&file, place));
            assert!(lines.is_empty() || allowed, "{file} names `{name}` on lines {lines:?}; only {places:?} may");
            seen.extend((!lines.is_empty()).then_some(name));
        }
        let lines = reaching(&tokens, "scenario");
        let places = ["src/planner", "src/cli", "src/scenario", "src/schema", "src/machinery"];
        let allowed = places.iter().any(|place| is_below(&file, place));
        assert!(lines.is_empty() || allowed, "{file} reaches into `scenario` on lines {lines:?}; only {places:?} may");
        seen.extend((!lines.is_empty()).then_some("scenario"));
    }
    assert_eq!(seen.len(), 4, "a rule has nothing to say any more: {seen:?}");
}

#[test]
fn comments_and_tests_are_no_code() {
    let source = r##"
//! pool
/* pool /* pool */ pool */
fn life<'a>(text: &'a str) -> char { '"' } // pool
const TEXT: &str = "a \" // b"; const RAW: &str = r#"c " d"#; const QUOTE: char = '\'';
#[cfg(test)]
mod tests { fn pool() { "}"; } }
fn after() {}
"##;
    let found = tokens(source);
    let names: Vec<&str> = found
        .iter()
        .filter_map(|(_, token)| match token {
            Token::Name(name) => Some(name.as_str()),
            _ => None,
        })
        .collect();
    assert!(!names.contains(&"pool"), "{names:?}");
    assert_eq!(names[..4], ["fn", "life", "a", "text"]);
    assert_eq!(names[names.len() - 2..], ["fn", "after"]);
    let texts: Vec<&str> = found
        .iter()
        .filter_map(|(_, token)| match token {
            Token::Text(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(texts, ["\"", "a \" // b", "c \" d", "'"]);
    assert_eq!(found.last().map(|(line, _)| *line), Some(8));
}

#[test]
fn words_are_found_however_they_are_written() {
    for text in ["CreateComputePool", "create-compute-pool", "create compute pool", "CREATE_COMPUTE_POOL"] {
        assert_eq!(words_of(text), "_create_compute_pool_");
    }
    assert_eq!(words_of("crn://"), "_crn_");
    assert_eq!(words_of(""), "_");
}
