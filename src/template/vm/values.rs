//! Inputs of a template: the values of one event, each formatted once however often the template uses it.

use serde_json::Value;

use crate::{
    bytes::{Padded, PaddedSlice, PaddedSlices, escape_into},
    template::{
        program::Program,
        shape::{Shape, Slot},
    },
};

/// The values that an event supplies for a template's slots.
///
/// In the order of [`Program::slots`], then for each of [`Program::lists`] the values of its items. Text: escaped as by
/// [`escape_into`], without the quotes. Integer: decimal digits without leading zeros, with `-` if negative. Boolean:
/// `true` or `false`. Presence of an object or list: `{}` or `[]`. Null: [`PaddedSlice::NULL`].
#[derive(Debug)]
pub(crate) struct Slots<'s, 'e> {
    /// Values of the event, then of the lists' items.
    pub(crate) values: &'s mut PaddedSlices<'e>,
    /// For each list the index of its first value and the number of items.
    pub(crate) lists: &'s mut Vec<(u32, u32)>,
}

impl Slots<'_, '_> {
    /// Begins a list of `items` items: the values added next are theirs.
    #[inline]
    pub(crate) fn begin_list(&mut self, items: usize) {
        self.lists.push((self.values.count() as u32, items as u32));
    }
}

const NULL: &[u8] = b"null";
const NULL_SPAN: (u32, u32) = (0, NULL.len() as u32);

/// The values of one event in an owned buffer, for tests and oracles; a run renders from [`Slots`]. The buffer begins
/// with the bytes `null`, and a span at its start means null.
///
/// Fill in the order of [`Program::slots`], then, for each of [`Program::lists`], call [`begin_list`] and add for each
/// item the list's slots in their order. A value is either bytes (append them to [`bytes`], then call [`end`]) or
/// [`null`]. All values of an event together have at most 4 GiB.
///
/// [`begin_list`]: Values::begin_list
/// [`bytes`]: Values::bytes
/// [`end`]: Values::end
/// [`null`]: Values::null
#[derive(Debug, Clone)]
pub struct Values {
    bytes: Vec<u8>,
    /// start and length in `bytes`
    spans: Vec<(u32, u32)>,
    /// index of the first span, and number of items
    lists: Vec<(u32, u32)>,
    /// start of the value that `end` will finish
    begun: u32,
}

impl Default for Values {
    fn default() -> Self {
        Self { bytes: NULL.to_vec(), spans: Vec::new(), lists: Vec::new(), begun: NULL_SPAN.1 }
    }
}

impl Values {
    /// Removes all values, for the next event.
    pub fn clear(&mut self) {
        self.bytes.truncate(NULL.len());
        self.spans.clear();
        self.lists.clear();
        self.begun = NULL_SPAN.1;
    }

    /// The buffer to append the next value's bytes to, in the form that [`Slots`] describes; then call
    /// [`end`](Self::end).
    pub fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Finishes the value whose bytes were appended since the previous value.
    pub fn end(&mut self) {
        let end = self.bytes.len() as u32;
        self.spans.push((self.begun, end.saturating_sub(self.begun)));
        self.begun = end;
    }

    /// Adds a null.
    pub fn null(&mut self) {
        self.spans.push(NULL_SPAN);
    }

    /// Begins a list of `items` items: the values added next are theirs.
    pub(crate) fn begin_list(&mut self, items: usize) {
        self.lists.push((self.spans.len() as u32, items as u32));
    }

    /// The values as slices of `arena`, a padded copy of the buffer, and the lists.
    fn slices<'a>(&self, arena: &'a Padded) -> (Vec<PaddedSlice<'a>>, Vec<(u32, u32)>) {
        let slice = |span: &(u32, u32)| match *span {
            NULL_SPAN => PaddedSlice::NULL,
            (start, length) => arena.part(start as usize, length as usize),
        };
        (self.spans.iter().map(slice).collect(), self.lists.clone())
    }

    /// Takes every slot's value from a JSON context. Slow: for tests and oracles.
    ///
    /// # Errors
    /// The path that the context lacks, or whose value does not fit the slot.
    pub fn from_context(program: &Program, context: &Value) -> Result<Self, String> {
        let mut values = Self::default();
        for slot in program.slots() {
            values.fill(slot, context, "")?;
        }
        for list in program.lists() {
            let path = list.path.join(".");
            let items = match find(context, &list.path) {
                Some(Value::Array(items)) => items.as_slice(),
                Some(Value::Null) => &[],
                Some(_) => return Err(format!("`{path}` should be a list")),
                None => return Err(format!("the context has no `{path}`")),
            };
            values.begin_list(items.len());
            for (index, item) in items.iter().enumerate() {
                for slot in &list.slots {
                    values.fill(slot, item, &format!("{path}[{index}]"))?;
                }
            }
        }
        Ok(values)
    }

    fn fill(&mut self, slot: &Slot, context: &Value, list: &str) -> Result<(), String> {
        let dot = if list.is_empty() || slot.path.is_empty() { "" } else { "." };
        let path = || format!("{list}{dot}{}", slot.path.join("."));
        let value = find(context, &slot.path).ok_or_else(|| format!("the context has no `{}`", path()))?;
        if self.append(value, &slot.shape) {
            self.end();
            return Ok(());
        }
        // A slot below an object that is null is null too; otherwise null is valid only for a nullable slot.
        let outer = slot.path.len().saturating_sub(1);
        let missing_parent = find(context, &slot.path[..outer]).is_some_and(Value::is_null) && !slot.path.is_empty();
        if value.is_null() && (missing_parent || matches!(slot.shape, Shape::Nullable(_))) {
            self.null();
            return Ok(());
        }
        Err(format!("`{}` should be {}, but is {}", path(), slot.shape.describe(), kind(value)))
    }

    fn append(&mut self, value: &Value, shape: &Shape) -> bool {
        match (shape, value) {
            (Shape::Nullable(shape), value) => return self.append(value, shape),
            (Shape::Text, Value::String(text)) => escape_into(text, &mut self.bytes),
            (Shape::Integer, Value::Number(number)) if number.is_i64() || number.is_u64() => {
                self.bytes.extend_from_slice(number.to_string().as_bytes());
            }
            (Shape::Boolean, Value::Bool(true)) => self.bytes.extend_from_slice(b"true"),
            (Shape::Boolean, Value::Bool(false)) => self.bytes.extend_from_slice(b"false"),
            (Shape::Object(_), Value::Object(_)) => self.bytes.extend_from_slice(b"{}"),
            (Shape::List(_), Value::Array(_)) => self.bytes.extend_from_slice(b"[]"),
            _ => return false,
        }
        true
    }
}

impl Program {
    /// Renders from [`Values`]: slower than [`append`](Self::append), for tests and oracles.
    ///
    /// # Panics
    /// As [`append`](Self::append).
    pub fn render(&self, values: &Values, out: &mut Vec<u8>) {
        let arena = Padded::new(&values.bytes);
        let (slices, lists_at) = values.slices(&arena);
        let (mut values, mut lists) = (PaddedSlices::default(), Vec::new());
        let mut slots = Slots { values: &mut values, lists: &mut lists };
        let of_event = lists_at.first().map_or(slices.len(), |(first, _)| *first as usize);
        slots.values.extend(slices[..of_event].iter().copied());
        self.choose(slots.values);
        for (number, (first, count)) in lists_at.into_iter().enumerate() {
            slots.begin_list(count as usize);
            let (width, mut items) = (self.lists[number].slots.len(), &slices[first as usize..]);
            for _ in 0..count {
                let (item, rest) = items.split_at(width);
                let at = slots.values.count();
                slots.values.extend(item.iter().copied());
                self.choose_for_item(number, at, slots.values);
                items = rest;
            }
        }
        self.append(&slots, out);
    }
}

/// The value at a dotted path; null below a null.
fn find<'a>(context: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(context, |value, name| if value.is_null() { Some(value) } else { value.get(name) })
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
