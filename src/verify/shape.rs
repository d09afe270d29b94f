//! Where the body of an event is in a record: nested, in a string, as an OTLP tree, flattened, as columns, without its
//! envelope; or cut, in pieces, or only mentioned.
//!
//! Nothing is configured. The ids lead to the body: an id's path in the record and its path in the event end alike, and
//! where they begin to differ, the body begins.

use super::{
    comparison::{Change, Comparison, Forms, compare, same_scalar, scalars},
    json::{Broken, Json, Node, parse},
    otlp,
};
use std::borrow::Cow;

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

impl Rules {
    fn allow(&self, change: &Change) -> bool {
        self.may_change.iter().any(|path| {
            change.path.strip_prefix(path.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        })
    }
}

/// An event that records are judged against.
pub(super) struct Target<'e> {
    body: &'e [u8],
    tree: Node<'e>,
    scalars: usize,
    /// Where the event's id and its request's are in it.
    ids: Vec<(Vec<Cow<'e, str>>, Cow<'e, str>)>,
    /// The id at the top.
    id: Option<Cow<'e, str>>,
}

/// How much of an event a record has to have, in percent of its scalars, to have its body.
const ENOUGH: usize = 50;

/// As [`ENOUGH`], for a text of no known form, which is compared no further.
const ENOUGH_OF_TEXT: usize = 90;

/// Texts in texts in texts are read as JSON so deep.
const DEEPEST: usize = 3;

/// Places of ids that are looked at in one record.
const MOST_PLACES: usize = 16;

impl<'e> Target<'e> {
    /// An event's body; `is_id` says of a text whether it is the event's id or its request's. `None` if it is no JSON.
    pub fn new(body: &'e [u8], is_id: impl Fn(&str) -> bool) -> Option<Self> {
        let tree = parse(body).ok()?;
        let mut ids = Vec::new();
        id_paths(&tree, &mut Vec::new(), &is_id, &mut ids);
        let id = tree.get("id").and_then(Node::text).map(|text| Cow::Owned(text.to_owned()));
        let scalars = scalars(&tree);
        Some(Target { body, tree, scalars, ids, id })
    }

    /// Judges a record that has some id of the event.
    pub fn judge(&self, record: &[u8], rules: &Rules) -> Judgement {
        let record = record.trim_ascii();
        // Also with something before and after it.
        if rules.body_at.is_none() && memchr::memmem::find(record, self.body).is_some() {
            return Judgement::Carries(Class::Unchanged, Forms::default(), Vec::new());
        }
        let mut is_cut = false;
        for start in starts(record) {
            match parse(&record[start..]) {
                Ok(tree) => return self.judge_tree(&tree, &record[start..], rules),
                Err(Broken::Cut) => is_cut = true,
                Err(Broken::Syntax(_)) => {}
            }
        }
        if let Some(cells) = cells(record) {
            let items = cells.into_iter().map(|cell| Node::made(Json::Text(cell.into()))).collect();
            let judged = self.judge_tree(&Node::made(Json::List(items)), record, rules);
            if matches!(judged, Judgement::Carries(..)) {
                return judged;
            }
        }
        self.judge_text(record, is_cut)
    }

    fn judge_tree(&self, tree: &Node<'_>, record: &[u8], rules: &Rules) -> Judgement {
        let decoded;
        let tree = if otlp::is_likely(record) {
            decoded = otlp::decoded(tree);
            &decoded
        } else {
            tree
        };
        let parsed;
        let place = match rules.body_at.as_deref().map(|path| tree.at_path(path)) {
            None => tree,
            Some(None) => return Judgement::Mentions,
            Some(Some(at)) => match at.text().map(|text| parse(text.trim().as_bytes())) {
                Some(Ok(inner)) => {
                    parsed = inner;
                    &parsed
                }
                _ => at,
            },
        };
        let mut search = Search { target: self, outer: tree, left: MOST_PLACES, best: None };
        if rules.body_at.is_some() {
            search.consider(&self.tree, place, "", &[]);
        }
        search.visit(place, &mut Vec::new(), 0);
        let Some(best) = search.best.filter(|best| best.present * 100 >= self.scalars * ENOUGH) else {
            let is_whole = self.has_texts(record);
            return if is_whole { uncompared() } else { Judgement::Mentions };
        };
        best.judgement(rules)
    }

    /// A record that is no JSON.
    fn judge_text(&self, record: &[u8], is_cut: bool) -> Judgement {
        let start = memchr::memchr(b'{', record).unwrap_or(0);
        for piece in [&record[start..], record] {
            let same = piece.iter().zip(self.body).take_while(|(one, other)| one == other).count();
            // A program that cuts may append a mark.
            if same >= 16 && same < self.body.len() && same * 10 >= piece.len() * 9 {
                return Judgement::Truncated(if same == piece.len() { same } else { piece.len() } as u64);
            }
            if piece.len() < self.body.len() && memchr::memmem::find(self.body, piece).is_some() {
                return Judgement::Fragment;
            }
        }
        if let Some(piece) = self.piece_at_end(record) {
            return piece;
        }
        if is_cut {
            let is_event = self.share_of_texts(record) >= 10;
            return if is_event { Judgement::Truncated(record.len() as u64) } else { Judgement::Mentions };
        }
        if self.has_texts(record) { uncompared() } else { Judgement::Mentions }
    }

    /// A piece of the event with something before it, such as the header that syslog puts before each line.
    fn piece_at_end(&self, record: &[u8]) -> Option<Judgement> {
        const ANCHOR: usize = 24;
        let anchor = record.get(record.len().checked_sub(ANCHOR)?..)?;
        memchr::memmem::find_iter(self.body, anchor).find_map(|at| {
            let before = self.body[..at].iter().rev();
            let same = record[..record.len() - ANCHOR].iter().rev().zip(before).take_while(|(a, b)| a == b).count();
            let begins = at - same;
            let is_piece = (same + ANCHOR) * 2 >= record.len() && same + ANCHOR < self.body.len();
            is_piece.then_some(if begins == 0 {
                Judgement::Truncated((same + ANCHOR) as u64)
            } else {
                Judgement::Fragment
            })
        })
    }

    /// Whether a text of no known form has the event in it: nearly all of its values, and in whole.
    fn has_texts(&self, record: &[u8]) -> bool {
        record.len() * 10 >= self.body.len() * 6 && self.share_of_texts(record) >= ENOUGH_OF_TEXT && is_balanced(record)
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

/// The best place for the body found so far.
struct Best {
    present: usize,
    forms: Forms,
    added: bool,
    changes: Vec<Change>,
    is_same_bytes: bool,
}

impl Best {
    fn judgement(self, rules: &Rules) -> Judgement {
        if self.is_same_bytes {
            return Judgement::Carries(Class::Unchanged, Forms::default(), Vec::new());
        }
        if rules.by_ids {
            return uncompared();
        }
        let class = match () {
            () if rules.by_bytes || self.changes.iter().any(|change| !rules.allow(change)) => Class::Changed,
            () if !self.changes.is_empty() => Class::ChangedAsAllowed,
            () if self.added => Class::Added,
            () => Class::Reformatted,
        };
        Judgement::Carries(class, self.forms, self.changes)
    }
}

struct Search<'t, 'e> {
    target: &'t Target<'e>,
    /// The whole record.
    outer: &'t Node<'t>,
    /// How many places may still be looked at.
    left: usize,
    best: Option<Best>,
}

/// Separators that flattening puts between keys.
const SEPARATORS: [char; 3] = ['.', '_', '/'];

/// The member or item of a value.
fn child<'n, 'a>(node: &'n Node<'a>, token: &str) -> Option<&'n Node<'a>> {
    match &node.value {
        Json::List(items) => items.get(token.parse::<usize>().ok()?),
        _ => node.get(token),
    }
}

/// A step from the record's top: the value, and the key or index that leads on.
type Step<'a> = (&'a Node<'a>, Cow<'a, str>);

impl Search<'_, '_> {
    fn visit<'a>(&mut self, node: &'a Node<'a>, stack: &mut Vec<Step<'a>>, in_texts: usize) {
        if self.left == 0 || self.best.as_ref().is_some_and(|best| best.is_same_bytes) {
            return;
        }
        match &node.value {
            Json::Object(members) => {
                if node.raw == self.target.body {
                    self.found_same();
                    return;
                }
                for (key, member) in members {
                    stack.push((node, Cow::Borrowed(key)));
                    self.visit(member, stack, in_texts);
                    stack.pop();
                }
            }
            Json::List(items) => {
                for (number, item) in items.iter().enumerate() {
                    stack.push((node, number.to_string().into()));
                    self.visit(item, stack, in_texts);
                    stack.pop();
                }
            }
            Json::Text(text) => self.text(text, stack, in_texts),
            _ => {}
        }
    }

    fn text(&mut self, text: &str, stack: &[Step<'_>], in_texts: usize) {
        let is_id = |(_, id): &&(Vec<Cow<'_, str>>, Cow<'_, str>)| id.eq_ignore_ascii_case(text);
        let target = self.target;
        for (path, _) in target.ids.iter().filter(is_id) {
            self.align(path, stack);
        }
        let text = text.trim();
        if text.len() < 2 || in_texts == DEEPEST || !text.starts_with(['{', '[', '"']) {
            return;
        }
        if text.as_bytes() == self.target.body {
            self.found_same();
        } else if let Ok(inner) = parse(text.as_bytes()) {
            // A separate tree: its place in the record says nothing about its content.
            let outer = Search { target, outer: &inner, left: self.left, best: self.best.take() };
            let mut search = outer;
            search.visit(&inner, &mut Vec::new(), in_texts + 1);
            (self.left, self.best) = (search.left, search.best);
        }
    }

    fn found_same(&mut self) {
        self.best = Some(Best {
            present: self.target.scalars,
            forms: Forms::default(),
            added: false,
            changes: Vec::new(),
            is_same_bytes: true,
        });
    }

    /// An id was found: follows its path and the event's back as long as they are the same.
    fn align(&mut self, path: &[Cow<'_, str>], stack: &[Step<'_>]) {
        let target = self.target;
        let mut left = path;
        for (node, token) in stack.iter().rev() {
            // A flat object's key stands for several.
            let mut rest: &str = token;
            while let Some((key, before)) = left.split_last() {
                let Some(shorter) = rest.strip_suffix(&**key) else {
                    let is_whole = rest.len() == token.len();
                    let inner = if is_whole { child(node, token) } else { Some(*node) };
                    let prefix =
                        if is_whole { String::new() } else { format!("{rest}{}", &token[rest.len()..=rest.len()]) };
                    return self.consider_part(path.len(), left, inner, &prefix);
                };
                left = before;
                if shorter.is_empty() {
                    rest = shorter;
                    break;
                }
                if !shorter.ends_with(SEPARATORS) {
                    return;
                }
                if left.is_empty() {
                    return self.consider(&target.tree, node, shorter, &[]);
                }
                rest = &shorter[..shorter.len() - 1];
            }
            if left.is_empty() {
                return self.consider(&target.tree, node, "", &[]);
            }
            debug_assert!(rest.is_empty(), "a key is followed to its beginning");
        }
        self.consider_part(path.len(), left, stack.first().map(|(node, _)| *node), "");
    }

    /// A part of the event, `left` being the path to it: its data without the envelope.
    fn consider_part(&mut self, whole: usize, left: &[Cow<'_, str>], place: Option<&Node<'_>>, prefix: &str) {
        let Some(place) = place.filter(|_| !left.is_empty() && left.len() < whole) else { return };
        let target = self.target;
        let part = left.iter().try_fold(&target.tree, |part, key| part.get(key));
        let left: Vec<&str> = left.iter().map(|key| &**key).collect();
        if let Some(part) = part {
            self.consider(part, place, prefix, &left);
        }
    }

    /// Compares a place; `at` is where in the event that part is which the place has.
    fn consider(&mut self, part: &Node<'_>, place: &Node<'_>, prefix: &str, at: &[&str]) {
        self.left = self.left.saturating_sub(1);
        let Comparison { mut forms, added, mut changes, mut present } = compare(part, place, prefix);
        if let [first, ..] = at {
            for change in &mut changes {
                change.path = format!("{}.{}", at.join("."), change.path);
            }
            present += self.envelope(first, place, &mut forms, &mut changes);
        }
        if forms.is_empty() && changes.is_empty() && !added {
            forms.add(Forms::KEYS);
        }
        let is_better = self
            .best
            .as_ref()
            .is_none_or(|best| (present, usize::MAX - changes.len()) > (best.present, usize::MAX - best.changes.len()));
        if is_better {
            self.best = Some(Best { present, forms, added, changes, is_same_bytes: false });
        }
    }

    /// Looks for the attributes around the data, which is all that a place has; how many are there.
    fn envelope(&self, data: &str, place: &Node<'_>, forms: &mut Forms, changes: &mut Vec<Change>) -> usize {
        let Json::Object(attributes) = &self.target.tree.value else { return 0 };
        let mut beside = Vec::new();
        attributes_beside(self.outer, place, "", &mut beside);
        let is_marked = beside.iter().any(|(_, is_marked, _)| *is_marked);
        let has_id = beside.iter().any(|(name, _, node)| name == "id" && node.text() == self.target.id.as_deref());
        let mut found = 0;
        for (name, expected) in attributes.iter().filter(|(name, _)| name != data) {
            // Names without a mark are anybody's, unless the event's id is among them.
            let of = |(beside, marked, _): &&(String, bool, &Node<'_>)| {
                beside.eq_ignore_ascii_case(name) && (*marked || has_id && !is_marked)
            };
            let Some((_, _, node)) = beside.iter().find(of) else {
                forms.add(Forms::GONE);
                continue;
            };
            forms.add(Forms::APART);
            found += 1;
            match same_scalar(expected, node) {
                Some(differs) => forms.add(differs),
                None => changes.push(Change {
                    path: name.to_string(),
                    expected: expected.scalar().unwrap_or_default().into_owned(),
                    found: Some(node.scalar().unwrap_or_default().into_owned()),
                }),
            }
        }
        found
    }
}

/// The scalars of a record outside of one place: name, whether it is marked as an attribute of an event, value.
fn attributes_beside<'a>(
    node: &'a Node<'a>,
    place: &Node<'_>,
    name: &str,
    found: &mut Vec<(String, bool, &'a Node<'a>)>,
) {
    if std::ptr::eq(std::ptr::from_ref(node).cast::<()>(), std::ptr::from_ref(place).cast::<()>()) {
        return;
    }
    match &node.value {
        Json::Object(members) => members.iter().for_each(|(key, member)| attributes_beside(member, place, key, found)),
        Json::List(items) => items.iter().for_each(|item| attributes_beside(item, place, name, found)),
        _ => {
            let last = name.rsplit('.').next().unwrap_or(name);
            let unmarked =
                ["ce_", "ce-", "cloudEvents_", "cloudEvents:"].iter().find_map(|mark| last.strip_prefix(mark));
            match unmarked {
                Some(unmarked) => found.push((unmarked.to_owned(), true, node)),
                None if last.eq_ignore_ascii_case("content-type") => {
                    found.push(("datacontenttype".to_owned(), true, node));
                }
                None => found.push((last.to_owned(), false, node)),
            }
        }
    }
}
