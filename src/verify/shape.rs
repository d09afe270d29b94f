//! Where the body of an event is in a record: nested, in a string, in base64, as an OTLP tree, flattened, as columns,
//! without its envelope; or cut, in pieces, or only mentioned.
//!
//! Nothing is configured. The ids lead to the body: an id's path in the record and its path in the event end alike, and
//! where they begin to differ, the body begins.

mod pieces;
mod search;

use super::{
    comparison::{Change, Forms, scalars},
    encoded::{self, inner},
    fingerprint::fingerprint,
    json::{Broken, Json, Node, parse},
    otlp,
};
pub(super) use pieces::could_be_piece;
use search::Search;
use std::{borrow::Cow, cell::OnceCell};

/// The relation of a record to an event.
#[derive(Debug, Clone)]
pub(super) enum Judgement {
    /// It has the event's body.
    Carries(Class, Forms, Vec<Change>),
    /// It is the beginning of the event, with its length in bytes.
    Truncated(u64),
    /// It is a later piece of the event.
    Fragment,
    /// It has the event's id, and not its body.
    Mentions,
}

/// Outcomes of comparing a body, from the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    Unchanged,
    Reformatted,
    Added,
    Uncompared,
    /// Only where changes are allowed.
    ChangedAsAllowed,
    Changed,
}

/// How records are judged.
#[derive(Debug, Clone, Default)]
pub(super) struct Rules {
    /// Whether other bytes are a change.
    pub by_bytes: bool,
    /// Whether values do not matter, only that there is a body.
    pub by_ids: bool,
    /// The path of the body in a record, if it is to be nowhere else.
    pub body_at: Option<String>,
    /// Paths at and below which values may be others.
    pub may_change: Vec<String>,
}

impl Judgement {
    /// Whether it has the body with the envelope around the data.
    fn has_envelope(&self) -> bool {
        let is_apart = |forms: &Forms| forms.has(Forms::GONE) || forms.has(Forms::APART);
        matches!(self, Judgement::Carries(_, forms, _) if !is_apart(forms))
    }
}

impl Rules {
    fn allow(&self, change: &Change) -> bool {
        self.may_change.iter().any(|path| {
            change.path.strip_prefix(path.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        })
    }
}

/// An event that records are judged against.
pub(super) struct ExpectedEvent<'e> {
    body: &'e [u8],
    tree: Node<'e>,
    scalars: usize,
    /// Where the event's id and its request's are in it.
    ids: Vec<(Vec<Cow<'e, str>>, Cow<'e, str>)>,
    /// The id at the top.
    id: Option<Cow<'e, str>>,
}

/// A first look at whether a record is the event with its keys in another order or with other space between them.
pub(super) struct SameValues<'e> {
    body: &'e [u8],
    /// The body's fingerprint, if it has one; calculated when it is first needed.
    fingerprint: OnceCell<Option<u64>>,
}

impl<'e> SameValues<'e> {
    pub(super) fn new(body: &'e [u8]) -> Self {
        SameValues { body, fingerprint: OnceCell::new() }
    }

    /// The judgement if it is; `None` says nothing.
    pub(super) fn judge(&self, record: &[u8], rules: &Rules) -> Option<Judgement> {
        let is_usual = !rules.by_bytes && !rules.by_ids && rules.body_at.is_none();
        // Bodies have no space between their tokens: the same values in fewer bytes have other escapes or digits.
        let could_be = is_usual && record.starts_with(b"{") && record.len() >= self.body.len();
        if !could_be || record.trim_ascii() == self.body {
            return None;
        }
        let known = *self.fingerprint.get_or_init(|| fingerprint(self.body));
        let is_same = known.is_some() && fingerprint(record) == known;
        is_same.then(|| Judgement::Carries(Class::Reformatted, Forms::KEYS, Vec::new()))
    }
}

/// How much of an event a record has to have, in percent of its scalars, to have its body.
const ENOUGH: usize = 50;

/// As [`ENOUGH`], for a text of no known form, which is compared no further.
const ENOUGH_OF_TEXT: usize = 90;

/// Places of ids that are looked at in one record.
const MOST_PLACES: usize = 16;

impl<'e> ExpectedEvent<'e> {
    /// An event's body; `is_id` says of a text whether it is the event's id or its request's. `None` if it is no JSON.
    pub(super) fn new(body: &'e [u8], is_id: impl Fn(&str) -> bool) -> Option<Self> {
        let tree = parse(body).ok()?;
        let mut ids = Vec::new();
        id_paths(&tree, &mut Vec::new(), &is_id, &mut ids);
        let id = tree.get("id").and_then(Node::text).map(|text| Cow::Owned(text.to_owned()));
        let scalars = scalars(&tree);
        Some(ExpectedEvent { body, tree, scalars, ids, id })
    }

    /// Judges a record that has some id of the event.
    pub(super) fn judge(&self, record: &[u8], rules: &Rules) -> Judgement {
        let record = record.trim_ascii();
        let judgement = self.judge_plain(record, rules);
        if !matches!(judgement, Judgement::Mentions | Judgement::Carries(Class::Uncompared, ..)) || rules.by_ids {
            return judgement;
        }
        // A quoted field of a log line, or an element of XML.
        let plain = encoded::unescaped(record);
        match plain.map(|plain| self.judge_plain(&plain, rules)) {
            Some(better) if !matches!(better, Judgement::Mentions) => better,
            _ => judgement,
        }
    }

    fn judge_plain(&self, record: &[u8], rules: &Rules) -> Judgement {
        // Also with something before and after it.
        if rules.body_at.is_none() && self.is_within(record) {
            return Judgement::Carries(Class::Unchanged, Forms::default(), Vec::new());
        }
        let (mut is_cut, mut has_part) = (false, false);
        for start in starts(record) {
            match parse(&record[start..]) {
                Ok(tree) => {
                    let judgement = self.judge_tree(&tree, &record[start..], rules);
                    // A part of a document that was cut is the event only if it has all of it.
                    if !is_cut || judgement.has_envelope() {
                        return judgement;
                    }
                    has_part = matches!(judgement, Judgement::Carries(..));
                    break;
                }
                Err(Broken::Cut) => is_cut = true,
                Err(Broken::Syntax(_)) => {}
            }
        }
        // Commas of a document that is cut do not make it a row of a table.
        match Some(record).filter(|_| is_cut).and_then(|record| self.piece(record)) {
            // Whole data in a document that was cut are not from the middle of the event.
            Some(Judgement::Fragment) if has_part => return Judgement::Truncated(record.len() as u64),
            Some(piece) => return piece,
            None => {}
        }
        if let Some(cells) = cells(record) {
            let items = cells.into_iter().map(|cell| Node::made(Json::Text(cell.into()))).collect();
            let judged = self.judge_tree(&Node::made(Json::List(items)), record, rules);
            if !matches!(judged, Judgement::Mentions | Judgement::Carries(Class::Uncompared, ..)) {
                return judged;
            }
        }
        self.judge_text(record, is_cut)
    }

    /// Whether a record has the event's bytes.
    fn is_within(&self, record: &[u8]) -> bool {
        // To search for all of it would cost more than the search for its beginning.
        const BEGINNING: usize = 32;
        let beginning = &self.body[..self.body.len().min(BEGINNING)];
        self.body.len() <= record.len()
            && memchr::memmem::find_iter(record, beginning).any(|at| record[at..].starts_with(self.body))
    }

    fn judge_tree(&self, tree: &Node<'_>, record: &[u8], rules: &Rules) -> Judgement {
        let decoded;
        let tree = if otlp::is_likely(record) {
            decoded = otlp::decoded(tree);
            &decoded
        } else {
            tree
        };
        let (text, parsed);
        let place = match rules.body_at.as_deref().map(|path| tree.at_path(path)) {
            None => tree,
            Some(None) => return Judgement::Mentions,
            Some(Some(at)) => {
                text = at.text().and_then(inner);
                match text.as_deref().map(parse) {
                    Some(Ok(tree)) => {
                        parsed = tree;
                        &parsed
                    }
                    _ => at,
                }
            }
        };
        let mut search = Search { target: self, outer: tree, left: MOST_PLACES, best: None };
        search.visit(place, &mut Vec::new(), 0);
        if rules.body_at.is_some() && !search.best.as_ref().is_some_and(|best| search.cannot_be_better(best)) {
            search.consider(&self.tree, place, "", &[]);
        }
        let Some(best) = search.best.filter(|best| best.present * 100 >= self.scalars * ENOUGH) else {
            if let Some(piece) = self.piece_in_texts(place, 0) {
                return piece;
            }
            let is_whole = self.has_texts(record);
            return if is_whole { uncompared() } else { Judgement::Mentions };
        };
        best.judgement(rules, |change| self.ids.iter().any(|(_, id)| change.expected.contains(&**id)))
    }

    /// Whether a text of no known form has the event in it: both ids, nearly all of its values, and in whole. Another
    /// event of the same instance that names this one has as many of the values.
    fn has_texts(&self, record: &[u8]) -> bool {
        let is_there = |id: &str| memchr::memmem::find(record, id.as_bytes()).is_some();
        self.ids.iter().all(|(_, id)| is_there(id))
            && record.len() * 10 >= self.body.len() * 6
            && self.share_of_texts(record) >= ENOUGH_OF_TEXT
            && is_balanced(record)
    }

    /// The share of the event's values, in percent, that stand somewhere in a text.
    fn share_of_texts(&self, record: &[u8]) -> usize {
        let (mut all, mut found) = (0, 0);
        let mut nodes = vec![&self.tree];
        while let Some(node) = nodes.pop() {
            match &node.value {
                Json::List(items) => nodes.extend(items),
                Json::Object(members) => nodes.extend(members.iter().map(|(_, member)| member)),
                // Shorter ones stand anywhere.
                Json::Text(text) if text.len() >= 4 => {
                    all += 1;
                    found += usize::from(memchr::memmem::find(record, text.as_bytes()).is_some());
                }
                _ => {}
            }
        }
        (found * 100_usize).checked_div(all).unwrap_or(0)
    }
}

fn uncompared() -> Judgement {
    Judgement::Carries(Class::Uncompared, Forms::default(), Vec::new())
}

/// Whether each bracket that a text opens is closed in it.
fn is_balanced(text: &[u8]) -> bool {
    let depth = text.iter().fold(0_i64, |depth, byte| match byte {
        b'{' | b'[' => depth + 1,
        b'}' | b']' => depth - 1,
        _ => depth,
    });
    depth == 0
}

/// Where JSON may begin in a record: at once, or after what an agent has put before it.
fn starts(record: &[u8]) -> impl Iterator<Item = usize> + '_ {
    const MOST: usize = 4;
    let first = matches!(record.first(), Some(b'{' | b'[' | b'"')).then_some(0);
    let later = memchr::memchr2_iter(b'{', b'"', record)
        .filter(|at| *at > 0 && (record[*at] == b'{' || record[*at..].starts_with(b"\"{\\\"")));
    first.into_iter().chain(later).take(MOST)
}

/// The cells of a line of comma-separated values in quotes; `None` if it has none.
fn cells(record: &[u8]) -> Option<Vec<String>> {
    memchr::memmem::find(record, b"\"\"")?;
    Some(super::columns::cells(record, b','))
}

fn id_paths<'e>(
    node: &Node<'e>,
    path: &mut Vec<Cow<'e, str>>,
    is_id: &impl Fn(&str) -> bool,
    ids: &mut Vec<(Vec<Cow<'e, str>>, Cow<'e, str>)>,
) {
    match &node.value {
        Json::Text(text) if is_id(text) => ids.push((path.clone(), text.clone())),
        Json::Object(members) => {
            for (key, member) in members {
                path.push(key.clone());
                id_paths(member, path, is_id, ids);
                path.pop();
            }
        }
        Json::List(items) => {
            for (number, item) in items.iter().enumerate() {
                path.push(number.to_string().into());
                id_paths(item, path, is_id, ids);
                path.pop();
            }
        }
        _ => {}
    }
}
