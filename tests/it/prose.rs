//! The words that WRITING.md lists, because sentences with them often need a second reading: counted in comments,
//! messages and pages, where their number may only fall.

use std::{
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{TokenStream, TokenTree};

/// The most of the listed words, by where they stand: the counts of today. Lower them when there are fewer.
const MOST_IN_COMMENTS: usize = 0;
const MOST_IN_MESSAGES: usize = 0;
const MOST_IN_PAGES: usize = 0;

/// The words in the list of WRITING.md.
fn listed() -> Vec<Vec<String>> {
    let page = fs::read_to_string(root().join("WRITING.md")).unwrap();
    let list = page.split_once("\n## Words that are counted\n").and_then(|(_, rest)| rest.split("```").nth(1));
    let list = list.and_then(|block| block.strip_prefix("text\n")).expect("a list of words in WRITING.md");
    let words = |phrase: &str| phrase.split_whitespace().map(str::to_owned).collect();
    list.split(',').map(words).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The places of listed words in a text, and of sentences that begin with "What", each with the words around it.
fn found(text: &str, listed: &[Vec<String>]) -> Vec<String> {
    let written: Vec<&str> = text.split_whitespace().collect();
    let plain = |word: &str| word.trim_matches(|character: char| !character.is_alphanumeric()).to_lowercase();
    let words: Vec<String> = written.iter().map(|word| plain(word)).collect();
    let begins_sentence = |at: usize| at == 0 || written[at - 1].ends_with(['.', '?', '!']);
    let is_marker = |at: &usize| {
        let begins_with_what = begins_sentence(*at) && written[*at].trim_start_matches(['"', '(']).starts_with("What");
        (begins_with_what && words[*at] == "what") || listed.iter().any(|phrase| words[*at..].starts_with(phrase))
    };
    let around = |at: usize| written[at.saturating_sub(4)..(at + 6).min(written.len())].join(" ");
    (0..words.len()).filter(is_marker).map(around).collect()
}

/// The comments of a source file, one text for each paragraph.
fn comments(text: &str) -> Vec<String> {
    let mut paragraphs = vec![String::new()];
    for line in text.lines() {
        let comment = line.trim_start().strip_prefix("//").map(|rest| rest.trim_start_matches(['/', '!']).trim());
        match comment.filter(|comment| !comment.is_empty()) {
            Some(comment) => paragraphs.last_mut().unwrap().extend([comment, " "]),
            None => paragraphs.push(String::new()),
        }
    }
    paragraphs
}

/// The texts between quotes in a source file, without those of its tests.
fn messages(tokens: TokenStream, found: &mut Vec<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        let follows = |words: &[&str]| {
            let before = &tokens[at.saturating_sub(words.len())..at];
            before.iter().map(ToString::to_string).eq(words.iter().copied().map(str::to_owned))
        };
        match token {
            TokenTree::Group(_) if follows(&["mod", "tests"]) => {}
            // A documentation comment is an attribute here.
            TokenTree::Group(group) if !group.stream().to_string().starts_with("doc =") => {
                messages(group.stream(), found);
            }
            TokenTree::Literal(literal) if literal.to_string().contains('"') => {
                found.push(literal.to_string().replace("\\n", " ").replace('\\', " "));
            }
            _ => {}
        }
    }
}

/// The paragraphs of a page, without its blocks of code.
fn paragraphs(page: &str) -> Vec<String> {
    let text: Vec<&str> = page.split("```").step_by(2).collect();
    text.iter().flat_map(|part| part.split("\n\n")).map(str::to_owned).collect()
}

/// The files below a folder whose names end in one of `endings`; those of tests left out.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path, endings));
        } else if path.extension().is_some_and(|ending| endings.iter().any(|wanted| ending == *wanted)) {
            files.push(path);
        }
    }
    files.retain(|path| path.file_stem().is_some_and(|name| name != "tests"));
    files.sort();
    files
}

/// Fails if the files have more of the listed words than `most`, and shows where they are.
fn check(files: &[PathBuf], texts: impl Fn(&str) -> Vec<String>, most: usize) {
    assert!(!files.is_empty());
    let listed = listed();
    let mut all = Vec::new();
    for file in files {
        let name = file.strip_prefix(root()).unwrap().display();
        let text = fs::read_to_string(file).unwrap();
        let places = texts(&text).into_iter().flat_map(|text| found(&text, &listed));
        all.extend(places.map(|place| format!("{name}: … {place} …")));
    }
    assert!(all.len() <= most, "{} of the words that WRITING.md lists, and at most {most}: {all:#?}", all.len());
}

#[test]
fn comments_use_few_words_that_are_read_twice() {
    check(&files(&root().join("src"), &["rs"]), comments, MOST_IN_COMMENTS);
}

#[test]
fn messages_use_few_words_that_are_read_twice() {
    let of_source = |text: &str| {
        let mut found = Vec::new();
        messages(text.parse().unwrap(), &mut found);
        found
    };
    check(&files(&root().join("src"), &["rs"]), of_source, MOST_IN_MESSAGES);
}

#[test]
fn pages_use_few_words_that_are_read_twice() {
    let mut pages = files(&root().join("docs"), &["md"]);
    pages.extend(files(&root().join("src"), &["txt"]));
    pages.extend(["README.md", "CONTRIBUTING.md"].map(|name| root().join(name)));
    check(&pages, paragraphs, MOST_IN_PAGES);
}

#[test]
fn listed_words_are_found_in_sentences() {
    let listed = listed();
    assert!(listed.len() > 10, "{listed:?}");
    for (text, count) in [
        ("The queue is behind.", 1),
        ("There are so\nmany of them, and it goes  on.", 2),
        ("What is left? What remains.", 2),
        ("It says what it is, on which grounds, and how many.", 0),
        ("(What) a `whoever`", 2),
        ("Whatever is there, it is of its owner.", 0),
    ] {
        assert_eq!(found(text, &listed).len(), count, "{text}: {:?}", found(text, &listed));
    }
    let source =
        "//! It goes\n//! on.\n\n/// Behind.\nfn f() { g(\"told anew\"); }\nmod tests { fn h() { g(\"anew\"); } }";
    let comments: Vec<String> = comments(source).iter().flat_map(|text| found(text, &listed)).collect();
    assert_eq!(comments.len(), 2, "{comments:?}");
    let mut texts = Vec::new();
    messages(source.parse().unwrap(), &mut texts);
    assert_eq!(texts, ["\"told anew\""]);
    assert_eq!(paragraphs("One.\n\nTwo.\n```sh\nanew\n```\nThree.").concat(), "One.Two.\n\nThree.");
}
