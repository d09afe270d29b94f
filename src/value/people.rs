//! People and their mail addresses, at domains that belong to nobody. The only file that names `fake`.

use super::{Key, Permutation};
use fake::locales::{Data, EN};
use std::{collections::BTreeSet, sync::LazyLock};

/// Mail addresses of a population, unique for each person.
#[derive(Debug, Clone)]
pub(crate) struct People {
    domains: Vec<String>,
    pairs: Permutation,
}

impl People {
    /// People with addresses at `domains` (at least one), in the run of `key`.
    pub(crate) fn new(key: Key, domains: Vec<String>) -> Self {
        let pairs = Permutation::new(key, FIRST.len() as u128 * LAST.len() as u128);
        People { domains, pairs }
    }

    /// Appends the mail address of the `number`th person: `given.family@domain`, numbered once all names are used.
    pub(crate) fn write_email(&self, number: u64, out: &mut Vec<u8>) {
        let (round, place) = (number / self.pairs.bound() as u64, number % self.pairs.bound() as u64);
        let pair = self.pairs.apply(u128::from(place)) as usize;
        let (first, last) = (pair % FIRST.len(), pair / FIRST.len());
        out.extend_from_slice(FIRST[first].as_bytes());
        out.push(b'.');
        out.extend_from_slice(LAST[last].as_bytes());
        if round > 0 {
            out.extend_from_slice((round + 1).to_string().as_bytes());
        }
        out.push(b'@');
        out.extend_from_slice(self.domains[pair % self.domains.len()].as_bytes());
    }
}

/// Computed once: it is a tenth of the time of a short run.
static FIRST: LazyLock<Vec<String>> = LazyLock::new(|| mail_words(EN::NAME_FIRST_NAME));
static LAST: LazyLock<Vec<String>> = LazyLock::new(|| mail_words(EN::NAME_LAST_NAME));

/// Names as used in mail addresses: lower-case ASCII letters, without duplicates.
fn mail_words(names: &[&str]) -> Vec<String> {
    let words: BTreeSet<String> = names
        .iter()
        .map(|name| name.chars().filter(char::is_ascii_alphabetic).map(|letter| letter.to_ascii_lowercase()).collect())
        .filter(|word: &String| word.len() > 1)
        .collect();
    words.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn mails_are_unique_beyond_the_names() {
        let people = People::new(Key::root(1), vec!["example.com".to_owned()]);
        let step = people.pairs.bound() as u64 / 1000;
        let mut seen = HashSet::new();
        for number in (0..3000).map(|n| n * step + n % 7) {
            let mut out = Vec::new();
            people.write_email(number, &mut out);
            let text = String::from_utf8(out).unwrap_or_default();
            assert!(text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || ".@".contains(c)), "{text}");
            assert!(seen.insert(text));
        }
    }
}
