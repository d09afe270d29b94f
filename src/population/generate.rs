//! Generator of the population: each kind after the kinds in which it lies or to which it refers.

use super::{Members, Population, within::Places};
use crate::{
    bytes::{PaddedSlice, TextTableBuilder},
    catalog::{Catalog, Field, FieldId, Generator, Kind, KindId, Moment, ReferDefault, Table, Text, TextPart},
    identity::Identities,
    units::{DAY, SECOND},
    value::{Key, Lane, WeightedIndex, write_time},
};

impl Population {
    /// Generates `counts[kind]` members of each kind, as of `from` (nanoseconds since the Unix epoch).
    pub(crate) fn new(
        catalog: &Catalog,
        counts: &[u64],
        skew: f64,
        key: Key,
        from: i64,
        identities: &Identities,
    ) -> Self {
        let mut maker = Maker {
            catalog,
            counts,
            skew,
            key,
            from,
            identities,
            members: Vec::new(),
            texts: Vec::new(),
            done: vec![false; catalog.kinds.len()],
        };
        maker.members.resize_with(catalog.kinds.len(), Members::default);
        maker.texts.resize_with(catalog.kinds.len(), TextTableBuilder::default);
        for kind in 0..catalog.kinds.len() {
            maker.make(kind);
        }
        Population { members: maker.members, ..Population::default() }
    }
}

/// The rows of a table as members of its kind, in their order. Stores only columns: a row's other texts depend on the
/// entity around it and are generated where they are used.
fn rows(kind: &Kind, table: &Table) -> Members {
    let mut texts = TextTableBuilder::default();
    for columns in &table.rows {
        for field in &kind.fields {
            let shown = column_of(field).and_then(|column| columns[column].bytes());
            texts.push(shown.as_deref());
        }
    }
    let rows: Vec<Option<u32>> = (0..table.rows.len()).map(|row| Some(row as u32)).collect();
    let dealt = (table.rows.len(), 0);
    Members {
        texts: texts.finish(),
        fields: kind.fields.len(),
        places: Places::new(&rows, 1),
        rows,
        parents: 1,
        dealt,
        ..Members::default()
    }
}

fn column_of(field: &Field) -> Option<usize> {
    match field.generator {
        Generator::Column(column) => Some(column),
        _ => None,
    }
}

/// The kinds that are generated so far, and what they are generated from.
struct Maker<'a> {
    catalog: &'a Catalog,
    counts: &'a [u64],
    skew: f64,
    key: Key,
    from: i64,
    identities: &'a Identities,
    members: Vec<Members>,
    /// Values of the kinds in progress.
    texts: Vec<TextTableBuilder>,
    done: Vec<bool>,
}

/// Inputs of a member's values, apart from its fields.
struct Around {
    index: u32,
    parent: u32,
    row: Option<u32>,
    created: i64,
    key: Key,
}

impl Maker<'_> {
    /// Generates a kind, after the kinds in which it lies or to which it refers.
    fn make(&mut self, kind_id: KindId) {
        if std::mem::replace(&mut self.done[kind_id], true) {
            return;
        }
        let catalog = self.catalog;
        let kind = &catalog.kinds[kind_id];
        if let Some(table) = &kind.table {
            self.members[kind_id] = rows(kind, table);
            return;
        }
        for other in &kind.scope {
            self.make(*other);
        }
        for field in &kind.fields {
            if let Generator::Refer { kinds, default, .. } = &field.generator
                && *default != ReferDefault::Null
            {
                for other in kinds {
                    self.make(*other);
                }
            }
        }
        let parent = catalog.parent(kind_id);
        let parents = parent.map_or(1, |parent| self.members[parent].len().max(1));
        let count = self.counts[kind_id] as usize;
        let ranks =
            if count > 0 { WeightedIndex::new(count.div_ceil(parents), self.skew) } else { WeightedIndex::default() };
        self.members[kind_id] = Members {
            fields: kind.fields.len(),
            parent,
            parents,
            dealt: (count / parents, count % parents),
            ranks,
            ..Members::default()
        };
        for index in 0..count {
            self.add(kind_id, index as u32);
        }
        self.members[kind_id].texts = std::mem::take(&mut self.texts[kind_id]).finish();
        let members = &mut self.members[kind_id];
        members.places = Places::new(&members.rows, members.parents);
    }

    fn add(&mut self, kind_id: KindId, index: u32) {
        let kind = &self.catalog.kinds[kind_id];
        let key = self.key.name(&kind.name).number(index.into());
        let parent = self.members[kind_id].parent_of(index);
        let mut around = Around { index, parent, row: None, created: self.created(kind_id, index, key), key };
        let table = kind.scope.iter().find(|scope| self.catalog.kinds[**scope].table.is_some());
        if let Some(table) = table.and_then(|scope| self.catalog.kinds[*scope].table.as_ref()) {
            around.row =
                self.row_of_reference(kind_id, &around).or_else(|| Some(table.weights.draw(key.name("row")) as u32));
        }
        let mut bytes = Vec::new();
        for field in 0..kind.fields.len() {
            bytes.clear();
            let is_there = self.value(kind_id, field, &around, &mut bytes);
            self.texts[kind_id].push(is_there.then_some(bytes.as_slice()));
        }
        self.members[kind_id].rows.push(around.row);
    }

    /// Creation times are spread over the month before the run, at least two seconds apart, so that names that contain
    /// a second differ.
    fn created(&self, kind: KindId, index: u32, key: Key) -> i64 {
        let step = (30 * DAY / (self.counts[kind] as i64).max(1)).max(2 * SECOND);
        let jitter = key.name("created").below(step as u64 / 2) as i64;
        (self.from - DAY / 24 - i64::from(index) * step - jitter) / 1000 * 1000
    }

    /// The row of an entity that refers to a resource: that of the resource.
    fn row_of_reference(&self, kind: KindId, around: &Around) -> Option<u32> {
        let fields = &self.catalog.kinds[kind].fields;
        (0..fields.len()).find_map(|field| {
            let (kind, index) = self.referred(&fields[field].generator, field, around)?;
            *self.members[kind].rows.get(index as usize)?
        })
    }

    fn referred(&self, generator: &Generator, field: FieldId, around: &Around) -> Option<(KindId, u32)> {
        let Generator::Refer { kinds, default, .. } = generator else { return None };
        let kind = kinds.iter().copied().find(|kind| !self.members[*kind].is_empty())?;
        if *default == ReferDefault::Null {
            return None;
        }
        // A principal belongs to the organization, a resource to the same parent as the entity that refers to it.
        let parent = around.parent % self.members[kind].parents as u32;
        Some((kind, self.members[kind].draw(parent, around.key.number(field as u64), 0)))
    }

    /// Appends a value; returns `false` if it is null.
    fn value(&self, kind_id: KindId, field: FieldId, around: &Around, out: &mut Vec<u8>) -> bool {
        let kind = &self.catalog.kinds[kind_id];
        match &kind.fields[field].generator {
            Generator::Pattern { .. } | Generator::Email(_) | Generator::Address(_) => {
                self.identities.write(kind_id, field, Lane(0), around.index.into(), out);
            }
            Generator::Text(text) => self.text(kind_id, text, around, out),
            Generator::By { field: by, cases } => {
                let Generator::Choose { weights, .. } = &kind.fields[*by].generator else { return false };
                self.text(kind_id, &cases[weights.draw(around.key.number(*by as u64))], around, out);
            }
            Generator::Choose { choices, weights, .. } => {
                let Some(shown) = choices[weights.draw(around.key.number(field as u64))].bytes() else { return false };
                out.extend(shown);
            }
            Generator::Time(moment) => {
                let ready = kind.ready_after.filter(|_| *moment == Moment::Updated).map_or(0, |range| range.low);
                write_time(around.created + (ready / 1000 * 1000) as i64, 6, out);
            }
            Generator::Clock { clock, .. } => clock.write(around.created.div_euclid(SECOND), out),
            Generator::Stage { ready, .. } => out.extend_from_slice(ready),
            Generator::Ramp { up_to, .. } => return self.value(kind_id, *up_to, around, out),
            generator @ Generator::Refer { .. } => match self.referred(generator, field, around) {
                // One of its kind that is made later: the member refers to itself.
                Some((kind, index)) if kind == kind_id && index >= around.index => {
                    return self.value(kind_id, self.catalog.kinds[kind].id(), around, out);
                }
                Some((kind, index)) => out.extend(self.shown(kind, index, self.catalog.kinds[kind].id())),
                None => return false,
            },
            Generator::Column(column) => out.extend(self.column(kind_id, around.row, *column)),
        }
        true
    }

    fn text(&self, kind_id: KindId, text: &Text, around: &Around, out: &mut Vec<u8>) {
        for part in &text.parts {
            match part {
                TextPart::Literal(bytes) => out.extend_from_slice(bytes),
                TextPart::Name(name) => self.name(kind_id, name, around, out),
            }
        }
    }

    fn name(&self, kind_id: KindId, name: &[String], around: &Around, out: &mut Vec<u8>) {
        let kind = &self.catalog.kinds[kind_id];
        if name[0] == kind.variable {
            if let Some(field) = kind.field(&name[1]) {
                self.value(kind_id, field, around, out);
            }
            return;
        }
        let Some(scope) = kind.scope.iter().copied().find(|scope| self.catalog.kinds[*scope].variable == name[0])
        else {
            return;
        };
        let scope_kind = &self.catalog.kinds[scope];
        let Some(field) = scope_kind.field(&name[1]) else { return };
        if scope_kind.table.is_some() {
            // Texts of a row may name what surrounds the row, which is the same as what surrounds the entity.
            match &scope_kind.fields[field].generator {
                Generator::Column(column) => out.extend(self.column(scope, around.row, *column)),
                Generator::Text(text) => self.text(kind_id, text, around, out),
                _ => {}
            }
            return;
        }
        let mut index = around.parent;
        let mut at = self.catalog.parent(kind_id);
        while let Some(parent) = at {
            if parent == scope {
                out.extend(self.shown(scope, index, field));
                return;
            }
            index = self.members[parent].parent_of(index);
            at = self.members[parent].parent;
        }
    }

    fn shown(&self, kind: KindId, index: u32, field: FieldId) -> &[u8] {
        let members = &self.members[kind];
        if index as usize >= members.len() {
            return &[];
        }
        // An entity of the same kind, whose values are still being generated.
        let unfinished = self.texts[kind].get(index as usize * members.fields + field);
        unfinished
            .or_else(|| members.texts.get(index as usize * members.fields + field).map(PaddedSlice::bytes))
            .unwrap_or_default()
    }

    /// A column as events show it; no text names one that may be null.
    fn column(&self, kind: KindId, row: Option<u32>, column: usize) -> Vec<u8> {
        let table = self.catalog.kinds[kind].table.as_ref();
        let value = table.zip(row).and_then(|(table, row)| table.rows[row as usize][column].bytes());
        value.unwrap_or_default()
    }
}
