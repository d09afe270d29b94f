//! Spelling suggestions: the known name nearest to a mistyped one, so that an error contains its correction.

/// The candidate nearest to `word`, if one is near enough to be a likely correction. Never `word` itself, which would
/// be no correction.
///
/// Spelling styles do not matter: `create_pool`, `CreatePool` and `create-pool` are equal.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = fold(word);
    let longest = folded.chars().count().max(1);
    candidates
        .into_iter()
        .filter(|candidate| *candidate != word)
        .map(|candidate| (similarity(&folded, &fold(candidate)), candidate))
        .filter(|(similarity, _)| *similarity >= threshold(longest))
        // The first among equals, so that the result is deterministic.
        .reduce(|best, next| if next.0 > best.0 { next } else { best })
        .map(|(_, candidate)| candidate)
}

/// A help line with the nearest candidate, or else with all of them; empty if there are no candidates.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(found) = nearest(word, candidates.clone()) {
        return format!("did you mean `{found}`?");
    }
    let known: Vec<&str> = candidates.into_iter().filter(|candidate| *candidate != word).collect();
    match known.as_slice() {
        [] => String::new(),
        [only] => format!("there is only `{only}`"),
        _ => format!("there are {}", list_of(known)),
    }
}

/// Names in backticks, separated by commas; at most eighteen, followed by the number of the others.
pub fn list_of<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const MOST: usize = 18;
    let mut names = names.into_iter();
    let mut shown: Vec<String> = names.by_ref().take(MOST).map(|name| format!("`{name}`")).collect();
    match (names.next(), names.count()) {
        (None, _) => shown.join(", "),
        (Some(last), 0) => {
            shown.push(format!("`{last}`"));
            shown.join(", ")
        }
        (Some(_), more) => format!("{} and {} more", shown.join(", "), more + 1),
    }
}

/// A word with its indefinite article; the word may be any name of a catalog.
pub(crate) fn a(word: &str) -> String {
    // `u` is usually that of `user` or `unit`.
    let article = if word.starts_with(['a', 'e', 'i', 'o', 'A', 'E', 'I', 'O']) { "an" } else { "a" };
    format!("{article} {word}")
}

/// Normalizes all spelling styles to lower case with `-` between words.
fn fold(word: &str) -> String {
    let mut folded = String::with_capacity(word.len() + 4);
    let mut before_lower = false;
    // Limits the cost, which is quadratic; no name is longer than this.
    for character in word.chars().take(100) {
        if matches!(character, '_' | ' ' | '-' | '.') {
            folded.push('-');
            before_lower = false;
            continue;
        }
        if character.is_uppercase() && before_lower {
            folded.push('-');
        }
        before_lower = character.is_lowercase() || character.is_numeric();
        folded.extend(character.to_lowercase());
    }
    folded
}

/// Similarity from 0 to 1; a word is similar to its beginnings and ends.
fn similarity(word: &str, candidate: &str) -> f64 {
    let part =
        word.len() >= 3 && (candidate.starts_with(word) || candidate.ends_with(word) || word.starts_with(candidate));
    let edits = if is_far(word, candidate) { 0.0 } else { strsim::normalized_damerau_levenshtein(word, candidate) };
    if part { edits.max(0.7) } else { edits }
}

/// Whether two words are too many edits apart for one to be meant by the other: each edit adds or takes at most one
/// character, and counting them costs a hundredth of the distance itself. A file may have thousands of mistakes.
fn is_far(word: &str, candidate: &str) -> bool {
    let mut surplus = [0_i32; 128];
    let mut lengths = [0_usize; 2];
    for (text, sign, length) in [(word, 1, 0), (candidate, -1, 1)] {
        for character in text.chars() {
            surplus[character as usize % surplus.len()] += sign;
            lengths[length] += 1;
        }
    }
    let more: i32 = surplus.iter().filter(|surplus| **surplus > 0).sum();
    let less: i32 = -surplus.iter().filter(|surplus| **surplus < 0).sum::<i32>();
    let longer = lengths[0].max(lengths[1]).max(1);
    f64::from(more.max(less)) > (1.0 - LEAST) * longer as f64
}

/// The least similarity of any two words of which one is meant by the other.
const LEAST: f64 = 0.5;

/// Short words have many neighbours, so they must be nearer.
fn threshold(length: usize) -> f64 {
    match length {
        0..=2 => LEAST,
        3..=5 => 0.59,
        _ => 0.6,
    }
}
