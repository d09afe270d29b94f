//! The search for a body in a record that was read as JSON: places of ids are aligned with the event, and the best wins.

use super::{Class, ExpectedEvent, Judgement, Rules, uncompared};
use crate::verify::{
    comparison::{Change, Comparison, Forms, compare, same_scalar},
    encoded::inner,
    json::{Json, Node, parse},
};
use std::borrow::Cow;

/// The depth to which texts in texts are read as JSON.
const DEEPEST: usize = 3;

/// The best place for the body found so far.
pub(super) struct Best {
    /// Scalars of the event that are there.
    pub present: usize,
    forms: Forms,
    added: bool,
    changes: Vec<Change>,
    is_same_bytes: bool,
}

impl Best {
    /// `is_of_id` says whether a change is that of one of the event's ids.
    pub(super) fn judgement(self, rules: &Rules, is_of_id: impl Fn(&Change) -> bool) -> Judgement {
        if self.is_same_bytes {
            return Judgement::Carries(Class::Unchanged, Forms::default(), Vec::new());
        }
        if rules.by_ids {
            // A body with the id of another event would otherwise stand for both.
            let mut other_ids = self.changes;
            other_ids.retain(|change| change.found.is_some() && is_of_id(change));
            return match other_ids[..] {
                [] => uncompared(),
                _ => Judgement::Carries(Class::Changed, self.forms, other_ids),
            };
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

pub(super) struct Search<'t, 'e> {
    pub target: &'t ExpectedEvent<'e>,
    /// The whole record.
    pub outer: &'t Node<'t>,
    /// How many places may still be looked at.
    pub left: usize,
    pub best: Option<Best>,
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

/// Whether a text is an id, also in capitals, without hyphens, or with something around it.
fn is_id(text: &str, id: &str) -> bool {
    const LONGEST: usize = 80;
    const FIRST: usize = 8;
    if text == id {
        return true;
    }
    let (Some(first), true) = (id.as_bytes().get(..FIRST), (32..=LONGEST).contains(&text.len())) else { return false };
    // Most texts of that length are something else.
    let (small, capital) = (first[0].to_ascii_lowercase(), first[0].to_ascii_uppercase());
    let begins =
        |at: usize| text.as_bytes().get(at..at + FIRST).is_some_and(|window| window.eq_ignore_ascii_case(first));
    if !memchr::memchr2_iter(small, capital, text.as_bytes()).any(begins) {
        return false;
    }
    let digits = |text: &str| text.chars().filter(|c| *c != '-').map(|c| c.to_ascii_lowercase()).collect::<String>();
    digits(text).contains(&digits(id))
}

/// A step from the record's top: the value, and the key or index that leads on.
type Step<'a> = (&'a Node<'a>, Cow<'a, str>);

impl Search<'_, '_> {
    /// Looks for the body in a value and in all that it contains.
    pub(super) fn visit<'a>(&mut self, node: &'a Node<'a>, stack: &mut Vec<Step<'a>>, in_texts: usize) {
        if self.left == 0 || self.best.as_ref().is_some_and(|best| self.cannot_be_better(best)) {
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

    /// Whether nothing better can be found: the event is there, and no room for it once more.
    pub(super) fn cannot_be_better(&self, best: &Best) -> bool {
        let is_whole = best.present >= self.target.scalars && best.changes.is_empty() && !best.added;
        best.is_same_bytes || is_whole && self.outer.raw.len() < 2 * self.target.body.len()
    }

    fn text(&mut self, text: &str, stack: &[Step<'_>], in_texts: usize) {
        let target = self.target;
        for (path, _) in target.ids.iter().filter(|(_, id)| is_id(text, id)) {
            self.align(path, stack);
        }
        let Some(text) = Some(text).filter(|_| in_texts < DEEPEST).and_then(inner) else { return };
        if text.trim_ascii() == self.target.body {
            self.found_same();
        } else if let Ok(inner) = parse(&text) {
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
    pub(super) fn consider_part(
        &mut self,
        whole: usize,
        left: &[Cow<'_, str>],
        place: Option<&Node<'_>>,
        prefix: &str,
    ) {
        let Some(place) = place.filter(|_| !left.is_empty() && left.len() < whole) else { return };
        let target = self.target;
        let part = left.iter().try_fold(&target.tree, |part, key| part.get(key));
        let left: Vec<&str> = left.iter().map(|key| &**key).collect();
        if let Some(part) = part {
            self.consider(part, place, prefix, &left);
        }
    }

    /// Compares a place; `at` is where in the event that part is which the place has.
    pub(super) fn consider(&mut self, part: &Node<'_>, place: &Node<'_>, prefix: &str, at: &[&str]) {
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
        let is_marked = beside.iter().any(|beside| beside.is_marked);
        let has_id =
            beside.iter().any(|of| of.name.eq_ignore_ascii_case("id") && of.node.text() == self.target.id.as_deref());
        let mut found = 0;
        for (name, expected) in attributes.iter().filter(|(name, _)| name != data) {
            // Names without a mark are anybody's, unless the event's id is among them.
            let of = |beside: &&Beside<'_>| {
                beside.name.eq_ignore_ascii_case(name) && (beside.is_marked || has_id && !is_marked)
            };
            let Some(Beside { node, .. }) = beside.iter().find(of) else {
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

/// A scalar of a record outside of the place of an event.
struct Beside<'a> {
    name: String,
    /// Whether its name is marked as that of an event's attribute.
    is_marked: bool,
    node: &'a Node<'a>,
}

/// The scalars of a record outside of one place.
fn attributes_beside<'a>(node: &'a Node<'a>, place: &Node<'_>, name: &str, found: &mut Vec<Beside<'a>>) {
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
            let (name, is_marked) = match unmarked {
                Some(unmarked) => (unmarked, true),
                None if last.eq_ignore_ascii_case("content-type") => ("datacontenttype", true),
                None => (last, false),
            };
            found.push(Beside { name: name.to_owned(), is_marked, node });
        }
    }
}
