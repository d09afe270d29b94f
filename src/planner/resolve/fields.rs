//! Resolution of a resource's pinned fields, and of the targets of its references.

use crate::{
    bytes::Padded,
    catalog::{FieldId, Generator, KindId, ReferDefault},
    error::Diagnostic,
    plan::resolved::{Initial, Pin, Reference, Row},
    planner::{
        overrides::SET,
        pins::{self, Value},
        resolve::{Draft, Resolver},
    },
    scenario::Override,
    yaml::Spanned,
};

impl Resolver<'_, '_> {
    /// Resolves pinned fields and references of all resources.
    pub(super) fn fields(&mut self) {
        let mut index = 0;
        // The list may grow, because a reference may add a resource that no step names.
        while index < self.resolved.resources.len() {
            let mut fields = std::mem::take(&mut self.drafts[index].fields);
            // Overrides from the command line come last, so that they take precedence over the file.
            fields.sort_by_key(|field| field.source.name == SET);
            self.drafts[index].changed |= !fields.is_empty();
            let mut given: Vec<(FieldId, Pin)> = Vec::new();
            for field in fields {
                self.field(index, &field, &mut given);
            }
            self.references(index, &mut given);
            self.settle(index, given);
            index += 1;
        }
    }

    pub(super) fn field(&mut self, index: usize, field: &Override, given: &mut Vec<(FieldId, Pin)>) {
        let Override { source, name, value: node } = field;
        let kind_id = self.resolved.resources[index].kind;
        let kind = &self.catalog.kinds[kind_id];
        let table = kind.scope.iter().copied().find(|scope| {
            let scope = &self.catalog.kinds[*scope];
            scope.table.is_some() && (scope.variable == name.value || scope.name == name.value)
        });
        if let Some(table) = table {
            if self.forced.contains(&table) && source.name != SET {
                return;
            }
            match pins::row(self.catalog, table, node, source) {
                Ok(row) => {
                    let rows = &mut self.resolved.resources[index].rows;
                    rows.retain(|(kind, _)| *kind != table);
                    rows.push((table, Row::Fixed(row)));
                }
                Err(diagnostic) => self.diagnostics.push(diagnostic),
            }
            return;
        }
        if name.value == "id" && self.resolved.resources[index].count > 1 {
            self.diagnostics.push(
                Diagnostic::new(source, name.span.clone(), "several resources cannot have one `id`")
                    .help("leave `count` or `id` out"),
            );
            return;
        }
        match pins::read(self.catalog, kind_id, field) {
            Ok((field, value)) => {
                if given.iter().any(|(other, _)| *other == field) {
                    given.retain(|(other, _)| *other != field);
                }
                let pin = match value {
                    Value::Bytes(bytes) => Some(Pin::Bytes(bytes)),
                    Value::Choice(choice) => Some(Pin::Choice(choice)),
                    Value::Null => Some(Pin::Reference(Reference::Null)),
                    Value::Name(name) => self.reference(kind_id, field, &name).map(Pin::Reference),
                };
                given.extend(pin.map(|pin| (field, pin)));
            }
            Err(diagnostic) => self.diagnostics.push(diagnostic),
        }
    }

    /// Resolves references that the scenario does not give.
    pub(super) fn references(&mut self, index: usize, given: &mut Vec<(FieldId, Pin)>) {
        let kind = &self.catalog.kinds[self.resolved.resources[index].kind];
        for (field_id, field) in kind.fields.iter().enumerate() {
            let Generator::Refer { kinds, default, .. } = &field.generator else { continue };
            if !self.drafts[index].changed && self.drafts[index].live == Some(true)
                || given.iter().any(|(other, _)| *other == field_id)
            {
                continue;
            }
            let reference = match default {
                ReferDefault::Null => Reference::Null,
                ReferDefault::Caller => match self.drafts[index].creator {
                    Some(actor) if kinds.contains(&self.resolved.actors[actor].kind) => Reference::Actor(actor),
                    _ => self.somebody(kinds),
                },
                ReferDefault::ResolvedScenario => {
                    // A resource that existed before the instance cannot refer to one created later.
                    let existing = self.drafts[index].exists_at_first();
                    let own = self.resolved.resources.iter().zip(&self.drafts).position(|(resource, draft)| {
                        kinds.contains(&resource.kind) && resource.count == 1 && (!existing || draft.exists_at_first())
                    });
                    Reference::Resource(own.unwrap_or_else(|| self.implied(kinds[0])))
                }
            };
            given.push((field_id, Pin::Reference(reference)));
        }
        for field in needed_references(kind, given) {
            let span = self.drafts[index].span.clone();
            let name = &kind.fields[field].name;
            self.wrong(
                &span,
                format!("`{}` needs `{name}`", self.resolved.resources[index].name),
                format!("give it a `{name}`: its id is made from it"),
            );
        }
    }

    /// A member of the population, or a new resource that existed before if the population has none.
    fn somebody(&mut self, kinds: &[KindId]) -> Reference {
        if let Some(kind) = kinds.iter().find(|kind| self.around.population[**kind] > 0) {
            return Reference::Population(*kind);
        }
        let acted_on = kinds.iter().find(|kind| !self.catalog.kinds[**kind].principal);
        acted_on.map_or(Reference::Null, |kind| Reference::Resource(self.implied(*kind)))
    }

    /// Adds a resource that existed before and that no step names.
    fn implied(&mut self, kind: KindId) -> usize {
        let name = self.free_name(&self.catalog.kinds[kind].variable);
        let fields = self.around.settings.take(&name);
        self.push_resource(name, kind, 1, Draft { fields, live: Some(true), ..Draft::default() })
    }

    /// Divides the given values into pins and initial values of fields that calls change.
    pub(super) fn settle(&mut self, index: usize, given: Vec<(FieldId, Pin)>) {
        let kind = &self.catalog.kinds[self.resolved.resources[index].kind];
        let mut initial = Vec::new();
        for field in &kind.changing {
            let pin = given.iter().find(|(other, _)| other == field).map(|(_, pin)| pin);
            initial.push(match (pin, &kind.fields[*field].generator) {
                (Some(Pin::Choice(choice)), _) => Initial::Fixed(*choice as u64),
                (Some(Pin::Reference(reference)), _) => Initial::Reference(*reference),
                (Some(Pin::Bytes(bytes)), _) => {
                    self.around.literals.push(Padded::new(bytes));
                    Initial::Fixed(self.around.literals.len() as u64)
                }
                (None, Generator::Choose { weights, .. }) => Initial::Drawn(weights.clone()),
                (None, _) => Initial::Fixed(0),
            });
        }
        let resource = &mut self.resolved.resources[index];
        resource.initial = initial;
        resource.pins = given.into_iter().filter(|(field, _)| !kind.changing.contains(field)).collect();
    }

    /// Resolves a name in a reference field.
    pub(super) fn reference(&mut self, kind: KindId, field: FieldId, name: &Spanned<String>) -> Option<Reference> {
        let Generator::Refer { kinds, .. } = &self.catalog.kinds[kind].fields[field].generator else { return None };
        if let Some(index) = self
            .resolved
            .resources
            .iter()
            .position(|resource| resource.name == name.value && kinds.contains(&resource.kind))
        {
            let count = self.resolved.resources[index].count;
            if count != 1 {
                let message = format!("`{}` is {count} resources, and a field refers to one", name.value);
                self.wrong(&name.span, message, "name a resource without `count`");
                return None;
            }
            return Some(Reference::Resource(index));
        }
        if let Some(index) =
            self.resolved.actors.iter().position(|actor| actor.name == name.value && kinds.contains(&actor.kind))
        {
            return Some(Reference::Actor(index));
        }
        if self.is_unread(&name.value) {
            return None;
        }
        let names = self
            .resolved
            .resources
            .iter()
            .filter(|resource| kinds.contains(&resource.kind))
            .map(|resource| resource.name.as_str());
        let actors =
            self.resolved.actors.iter().filter(|actor| kinds.contains(&actor.kind)).map(|actor| actor.name.as_str());
        let known: Vec<&str> = names.chain(actors).collect();
        let labels = kinds.iter().map(|kind| self.catalog.kinds[*kind].label.as_str()).collect::<Vec<_>>().join(" or ");
        let help = self.suggestion(&name.value, known.iter().copied());
        self.wrong(&name.span, format!("no {labels} of the scenario is called `{}`", name.value), help);
        None
    }
}

/// References that are null although the selected form of the id contains them.
fn needed_references(kind: &crate::catalog::Kind, given: &[(FieldId, Pin)]) -> Vec<FieldId> {
    let id = &kind.fields[kind.id()];
    let Generator::By { field, cases } = &id.generator else { return Vec::new() };
    if given.iter().any(|(field, _)| *field == kind.id()) {
        return Vec::new();
    }
    let chosen: Vec<usize> = match given.iter().find(|(other, _)| other == field) {
        Some((_, Pin::Choice(choice))) => vec![*choice],
        _ => match &kind.fields[*field].generator {
            Generator::Choose { counts, .. } => (0..counts.len()).filter(|choice| counts[*choice] > 0).collect(),
            _ => Vec::new(),
        },
    };
    let names = chosen
        .iter()
        .flat_map(|choice| cases[*choice].names())
        .filter(|name| name.len() == 3 && name[0] == kind.variable);
    let fields = names.filter_map(|name| kind.field(&name[1]));
    fields
        .filter(|field| {
            given.iter().any(|(other, pin)| other == field && matches!(pin, Pin::Reference(Reference::Null)))
        })
        .collect()
}
