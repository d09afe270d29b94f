//! Value sources for the resources that surround a scenario (its scope) and for its principals.

use crate::{
    catalog::{FieldId, Generator, KindId},
    plan::{
        event_kind::{Role, ValueSource},
        resolved::Row,
    },
    planner::compile::{CallCompiler, Whose, fixed, pinned, pinned_choice, scalar_source},
    template::Shape,
    value::Key,
};

impl CallCompiler<'_> {
    /// A field of a resource in the scope.
    pub(super) fn scope(&mut self, kind_id: KindId, name: &str) -> ValueSource {
        let kind = &self.catalog.kinds[kind_id];
        let Some(field) = kind.field(name) else { return ValueSource::Null };
        if let Some(pin) = self.scenario.scope_pins.iter().find(|pin| pin.kind == kind_id && pin.field == field) {
            return pinned(pin.bytes.as_deref());
        }
        match &kind.fields[field].generator {
            Generator::Column(column) => {
                let row = self.rows.iter().find(|(kind, _)| *kind == kind_id).map(|(_, row)| *row);
                match (row, &kind.table) {
                    (Some(Row::Fixed(row)), Some(table)) => scalar_source(&table.rows[row as usize][*column]),
                    _ => ValueSource::Member { role: Role::Scope(kind_id), field },
                }
            }
            Generator::Text(text) if kind.table.is_some() || self.pinned(kind_id) => self.text(text, None),
            _ => self.member(Role::Scope(kind_id), field),
        }
    }

    /// A field of a member of the population. It is a constant if only one member is possible.
    fn member(&self, role: Role, field: FieldId) -> ValueSource {
        let kind = role.kind(self.scenario);
        let members = self.population.members(kind);
        if members.len() != 1 {
            return ValueSource::Member { role, field };
        }
        members.value(0, field).map_or(ValueSource::Null, |text| fixed(text.bytes()))
    }

    /// Whether the scenario pins a field of this kind or of a kind in its scope, so that the population's texts do not
    /// apply.
    pub(super) fn pinned(&self, kind: KindId) -> bool {
        let scope = &self.catalog.kinds[kind].scope;
        self.scenario.scope_pins.iter().any(|pin| pin.kind == kind || scope.contains(&pin.kind))
    }

    /// The value of a field that other kinds of principals have and this one lacks: an empty text, or null for other
    /// types.
    fn lacking(&self, name: &str) -> ValueSource {
        let mut principals = self.catalog.kinds.iter().filter(|kind| kind.principal);
        let field = principals.find_map(|kind| kind.field(name).map(|field| &kind.fields[field]));
        match field.map(|field| field.shape(None)) {
            None | Some(Shape::Text) => fixed(b""),
            _ => ValueSource::Null,
        }
    }

    pub(super) fn actor(&mut self, index: usize, name: &str) -> ValueSource {
        let actor = &self.scenario.actors[index];
        let kind = &self.catalog.kinds[actor.kind];
        let Some(field) = kind.field(name) else { return self.lacking(name) };
        if let Some((_, bytes)) = actor.pins.iter().find(|(pinned, _)| *pinned == field) {
            return pinned(bytes.as_deref());
        }
        match &kind.fields[field].generator {
            Generator::Text(text) if !actor.pins.is_empty() || self.pinned(actor.kind) => {
                self.text(text, Some(Whose::Actor(index)))
            }
            generator => match (actor.external, generator) {
                (Some(number), Generator::Pattern { .. } | Generator::Email(_) | Generator::Address(_)) => {
                    ValueSource::External { kind: actor.kind, field, number }
                }
                (Some(number), Generator::Choose { weights, .. }) => {
                    pinned_choice(kind, field, weights.draw(Key::root(number).number(field as u64)))
                }
                (None, Generator::Address(_)) if self.population.roaming.is_some() => self
                    .population
                    .roaming
                    .map_or(ValueSource::Null, |roaming| ValueSource::Roaming { actor: index, field, roaming }),
                _ => self.member(Role::Principal(index), field),
            },
        }
    }
}
