//! Resolution of a scenario's resources: the target of each call, the owner of each resource, and its location.

use crate::{
    catalog::{Effect, KindId, Method},
    error::{Diagnostic, a, list_of},
    plan::{
        resolved::{Asked, Call, Initial, Operation, Owner, Pin, Place, Reference, Resource, Row, ScopePin},
        state_slots,
    },
    planner::{
        overrides::SET,
        pins,
        resolve::{Draft, Reported, Resolver, kinds::first_uses},
    },
    scenario::{self, Override, Step},
    value::Lane,
};

impl Resolver<'_, '_> {
    pub(super) fn resources(&mut self, steps: &[Step]) {
        let uses = first_uses(steps);
        let mut left = MOST_RESOURCES;
        for written in &self.written.resources {
            let Some(kind) = self.kind_of(written, &uses) else {
                self.unread.push(written.name.value.clone());
                continue;
            };
            let mut fields = Override::from_fields(&self.written.source, &written.fields);
            fields.extend(self.around.settings.take(&written.name.value));
            let acted_on = self.used_as(&written.name, &uses) == Some(kind);
            if self.surrounds(kind) && !acted_on {
                self.surround(written, kind, fields);
                continue;
            }
            if self.catalog.kinds[kind].principal && !acted_on {
                let label = a(&self.catalog.kinds[kind].label);
                self.wrong(&written.name.span, format!("{label} is an actor"), "put it under `actors`");
                self.unread.push(written.name.value.clone());
                continue;
            }
            let count = written.count.as_ref().map_or(1, |count| count.value);
            let count = u32::try_from(count).ok().filter(|count| u64::from(*count) <= left);
            left -= count.map_or(0, u64::from);
            let Some(count) = count else {
                let span = written.count.as_ref().map_or(written.name.span.clone(), |count| count.span.clone());
                self.wrong(&span, "a scenario has at most a million resources", "start more instances instead");
                self.unread.push(written.name.value.clone());
                continue;
            };
            let draft = Draft {
                fields,
                existing: written.existing.clone(),
                span: written.name.span.clone(),
                ..Draft::default()
            };
            self.push_resource(written.name.value.clone(), kind, count, draft);
        }
        // Identities of the surrounding scope: `--set organization.id=…`.
        let surrounding: Vec<KindId> = (0..self.catalog.kinds.len()).filter(|kind| self.surrounds(*kind)).collect();
        for kind in surrounding {
            let name = self.catalog.kinds[kind].variable.clone();
            let fields = self.around.settings.take(&name);
            if !fields.is_empty() {
                self.pin_scope(kind, fields);
            }
        }
    }

    /// Whether members of a kind surround scenarios and are not targets of calls.
    pub(super) fn surrounds(&self, kind: KindId) -> bool {
        let of = &self.catalog.kinds[kind];
        !of.principal && (of.table.is_some() || self.catalog.kinds.iter().any(|other| other.scope.contains(&kind)))
    }

    pub(super) fn pin_scope(&mut self, kind: KindId, fields: Vec<Override>) {
        if self.catalog.kinds[kind].table.is_some() {
            for Override { source, name: field, value } in fields {
                let row = (field.value == "id").then(|| pins::row(self.catalog, kind, &value, &source));
                match row {
                    Some(Ok(row)) => {
                        self.set_row(kind, Row::Fixed(row));
                        if source.name == SET {
                            self.forced.push(kind);
                        }
                    }
                    Some(Err(diagnostic)) => self.diagnostics.push(diagnostic),
                    None => self.diagnostics.push(Diagnostic::new(
                        &source,
                        field.span.clone(),
                        format!("{} is chosen by its `id`", a(&self.catalog.kinds[kind].label)),
                    )),
                }
            }
            return;
        }
        for (field, bytes) in self.scalar_pins(kind, fields) {
            self.resolved.scope_pins.push(ScopePin { kind, field, bytes });
        }
    }

    pub(super) fn set_row(&mut self, kind: KindId, row: Row) {
        if let Some(place) = self.resolved.rows.iter_mut().find(|(other, _)| *other == kind) {
            place.1 = row;
        }
    }

    /// Resolves a declared resource that no call is about: it defines where the scenario takes place.
    fn surround(&mut self, written: &scenario::Resource, kind: KindId, fields: Vec<Override>) {
        let label = self.catalog.kinds[kind].label.clone();
        if let Some(count) = written.count.as_ref().filter(|count| count.value > 1) {
            let message = format!("a scenario takes place in one {label}");
            self.wrong(&count.span, message, "leave `count` out");
        }
        if let Some(existing) = written.existing.as_ref().filter(|existing| !existing.value) {
            let message = format!("the {label} in which a scenario takes place exists before it");
            self.wrong(&existing.span, message, "leave `existing` out");
        }
        self.surrounding.push((written.name.value.clone(), kind));
        self.pin_scope(kind, fields);
    }

    /// An unused name for a resource that the scenario does not name.
    pub(super) fn free_name(&self, wanted: &str) -> String {
        let taken = |name: &str| self.resource_names.contains_key(name);
        let numbered = (2..).map(|number| format!("{wanted}#{number}"));
        [wanted.to_owned()].into_iter().chain(numbered).find(|name| !taken(name)).unwrap_or_default()
    }

    pub(super) fn push_resource(&mut self, name: String, kind: KindId, count: u32, draft: Draft) -> usize {
        let of = &self.catalog.kinds[kind];
        let family = self.around.tags.family(&format!("lane of {}", of.name));
        let what = format!("resources of the kind `{}`", of.name);
        let lane = Lane(self.tag(family, &what, &format!("{}/{name}", self.resolved.name), Lane::COUNT));
        let owner = Owner::Instance { existing: false, lane };
        self.resource_names.entry(name.clone()).or_insert(self.resolved.resources.len());
        self.resolved.resources.push(Resource {
            key: self.resolved.key.name(&name),
            name,
            kind,
            count,
            owner,
            lane,
            made: false,
            pins: Vec::new(),
            rows: Vec::new(),
            state_at: 0,
            stride: state_slots::count(&self.catalog.kinds[kind]),
            initial: Vec::new(),
            shared: None,
        });
        self.drafts.push(draft);
        self.resolved.resources.len() - 1
    }

    /// The target of a call, if it has one.
    pub(super) fn target(&mut self, written: &scenario::Call, method: &Method) -> Result<Option<usize>, Reported> {
        let each = written.each.as_ref().map(|each| &each.resources);
        if method.does == Effect::List {
            if let Some(target) = written.target.as_ref().or(each) {
                let message = format!("`{}` shows all there are and takes no target", method.short);
                self.wrong(&target.span, message, "leave `target` out");
                return Err(Reported);
            }
            return Ok(None);
        }
        let Some(name) = written.target.as_ref().or(each) else {
            return self.only_resource(written, method).map(Some).ok_or(Reported);
        };
        let Some(index) = self.resource_names.get(&name.value).copied() else {
            if let Some((_, kind)) = self.surrounding.iter().find(|(around, _)| *around == name.value) {
                let (found, wanted) = (&self.catalog.kinds[*kind].label, &self.catalog.kinds[method.kind].label);
                let message = format!("`{}` is {}, but `{}` needs {}", name.value, a(found), method.short, a(wanted));
                let help = format!("declare {} under `resources`, or leave `target` out", a(wanted));
                self.wrong(&name.span, message, help);
            } else if !self.is_unread(&name.value) {
                let names = self.resolved.resources.iter().map(|resource| resource.name.as_str());
                let help = self.suggestion(&name.value, names);
                self.wrong(&name.span, format!("no resource is called `{}`", name.value), help);
                let last =
                    self.diagnostics.pop().map(|diagnostic| diagnostic.help("resources stand under `resources`"));
                self.diagnostics.extend(last);
            }
            return Err(Reported);
        };
        let resource = &self.resolved.resources[index];
        if resource.kind != method.kind {
            let (found, wanted) = (&self.catalog.kinds[resource.kind].label, &self.catalog.kinds[method.kind].label);
            let message = format!("`{}` is {}, but `{}` needs {}", name.value, a(found), method.short, a(wanted));
            let right = self
                .resolved
                .resources
                .iter()
                .filter(|other| other.kind == method.kind)
                .map(|other| other.name.as_str());
            let help = self.suggestion(&name.value, right);
            self.wrong(&name.span, message, help);
            return Err(Reported);
        }
        if resource.count != 1 && each.is_none() {
            let message = format!("`{}` is {} resources, and a step is about one", name.value, resource.count);
            self.wrong(&name.span, message, format!("write `each: {}` instead of `target`", name.value));
            return Err(Reported);
        }
        Ok(Some(index))
    }

    /// The scenario's only resource of the method's kind; added if there is none.
    pub(super) fn only_resource(&mut self, written: &scenario::Call, method: &Method) -> Option<usize> {
        let same: Vec<usize> = (0..self.resolved.resources.len())
            .filter(|index| self.resolved.resources[*index].kind == method.kind)
            .collect();
        match same.as_slice() {
            [] => {
                let name = self.free_name(&self.catalog.kinds[method.kind].variable);
                let fields = self.around.settings.take(&name);
                let draft = Draft { fields, span: written.call.span.clone(), ..Draft::default() };
                Some(self.push_resource(name, method.kind, 1, draft))
            }
            [only] if self.resolved.resources[*only].count == 1 => Some(*only),
            [only] => {
                let (name, count) = (self.resolved.resources[*only].name.clone(), self.resolved.resources[*only].count);
                self.wrong(
                    &written.call.span,
                    format!("`{name}` is {count} resources, and a step is about one"),
                    format!("add `each: {name}`"),
                );
                None
            }
            several => {
                let names = list_of(several.iter().map(|index| self.resolved.resources[*index].name.as_str()));
                let label = &self.catalog.kinds[method.kind].label;
                let message = format!("`{}` does not say which {label}", method.short);
                self.wrong(&written.call.span, message, format!("add a `target`, one of {names}"));
                None
            }
        }
    }

    /// Decides the owner of each resource, and where the scenario takes place.
    pub(super) fn owners(&mut self) {
        // If the scenario fixes its location, resources needed there belong to the instance.
        let fixed = self.resolved.rows.iter().any(|(_, row)| *row != Row::Drawn)
            || self.resolved.resources.iter().any(|resource| !resource.rows.is_empty());
        let sharing = !fixed && self.resolved.scope_pins.is_empty();
        self.decide_owners(sharing);
        self.place();
        if self.first_apart().is_some() && sharing {
            self.decide_owners(false);
            self.place();
        }
        if let Some((index, other)) = self.first_apart() {
            let (name, other) = (&self.resolved.resources[index].name, &self.resolved.resources[other].name);
            let message = format!("`{name}` refers to `{other}`, which lies elsewhere");
            let span = self.drafts[index].span.clone();
            self.wrong(&span, message, "what refers to a resource lies where that lies: give both the same place");
        }
        let mut at = 0;
        for resource in self.resolved.resources.iter_mut().filter(|resource| resource.is_own()) {
            resource.state_at = at;
            at += resource.stride * resource.count as usize;
        }
        self.resolved.state_slots = at;
        for operation in &mut self.resolved.operations {
            let Operation::Call(call) = operation else { continue };
            let own = call.target.map(|target| &self.resolved.resources[target]).filter(|target| target.is_own());
            call.state = own.map(|own| Place { at: own.state_at as u32, stride: own.stride as u32 });
        }
    }

    /// Assigns each resource to the instance or, if it is only read and `sharing` is set, to the population.
    fn decide_owners(&mut self, sharing: bool) {
        // Number of resources of each kind assigned to the population so far.
        let mut shared_of_kind = vec![0; self.catalog.kinds.len()];
        for index in 0..self.resolved.resources.len() {
            let draft = &self.drafts[index];
            let resource = &self.resolved.resources[index];
            let existing = draft.exists_at_first();
            let read_only = !draft.changed
                && resource.count == 1
                && resource.pins.iter().all(|(_, pin)| matches!(pin, Pin::Reference(_)));
            let other = shared_of_kind[resource.kind];
            let enough = self.around.population[resource.kind] > 0 && self.enough(resource.kind, other + 1);
            let made = draft.creator.is_some();
            let shared = sharing && existing && read_only && enough;
            shared_of_kind[resource.kind] += usize::from(shared);
            let resource = &mut self.resolved.resources[index];
            resource.made = made;
            resource.owner =
                if shared { Owner::Population { other } } else { Owner::Instance { existing, lane: resource.lane } };
        }
    }

    /// The first resource and one that it refers to which may be in different places.
    fn first_apart(&self) -> Option<(usize, usize)> {
        let row = |index: usize, kind: KindId| match self.resolved.resources[index].owner {
            Owner::Population { .. } => Some(Row::Of(index)),
            Owner::Instance { .. } => {
                let own = self.resolved.resources[index].rows.iter().chain(&self.resolved.rows);
                own.clone().find(|(other, _)| *other == kind).map(|(_, row)| *row)
            }
        };
        let tables = || self.resolved.rows.iter().map(|(kind, _)| *kind);
        let referred = self.referred();
        (0..self.resolved.resources.len()).filter(|index| self.resolved.resources[*index].is_own()).find_map(|index| {
            referred[index].iter().map(|other| (index, *other)).find(|(index, other)| {
                let lies = |index: usize, kind: &KindId| {
                    self.catalog.kinds[self.resolved.resources[index].kind].scope.contains(kind)
                };
                tables()
                    .any(|kind| lies(*index, &kind) && lies(*other, &kind) && row(*index, kind) != row(*other, kind))
            })
        })
    }

    /// Whether each parent has at least `wanted` members of a kind.
    pub(super) fn enough(&self, kind: KindId, wanted: usize) -> bool {
        let parents = self.catalog.parent(kind).map_or(1, |parent| self.around.population[parent].max(1));
        self.around.population[kind] / parents >= wanted as u64
    }

    /// Sets the scenario's rows: the first row that a resource fixes, else a random one. A resource that refers to a
    /// shared one takes the row of that; all others stay.
    fn place(&mut self) {
        for resource in &mut self.resolved.resources {
            resource.rows.retain(|(_, row)| matches!(row, Row::Fixed(_)));
        }
        for (kind, row) in &mut self.resolved.rows {
            if *row == Row::Drawn {
                let fixed =
                    self.resolved.resources.iter().flat_map(|resource| &resource.rows).find(|(other, _)| other == kind);
                *row = fixed.map_or(Row::Drawn, |(_, row)| *row);
            }
        }
        let drawn: Vec<KindId> =
            self.resolved.rows.iter().filter(|(_, row)| *row == Row::Drawn).map(|(kind, _)| *kind).collect();
        let referred = self.referred();
        // Repeat until nothing changes, so that indirect references to a shared resource count too.
        let mut changed = true;
        while std::mem::take(&mut changed) {
            for (index, referred) in referred.iter().enumerate() {
                let place = referred.iter().find_map(|other| match self.resolved.resources[*other].owner {
                    Owner::Population { .. } => Some(Row::Of(*other)),
                    Owner::Instance { .. } => self.resolved.resources[*other].rows.first().map(|(_, row)| *row),
                });
                let resource = &mut self.resolved.resources[index];
                if let Some(row) = place.filter(|_| resource.is_own() && resource.rows.is_empty()) {
                    let scope = &self.catalog.kinds[resource.kind].scope;
                    resource.rows = drawn.iter().filter(|kind| scope.contains(kind)).map(|kind| (*kind, row)).collect();
                    changed |= !resource.rows.is_empty();
                }
            }
        }
    }

    /// For each resource those that it refers to, initially or after an update.
    fn referred(&self) -> Vec<Vec<usize>> {
        let at_first = self.resolved.resources.iter().map(|resource| {
            let pinned = resource.pins.iter().filter_map(|(_, pin)| match pin {
                Pin::Reference(Reference::Resource(other)) => Some(*other),
                _ => None,
            });
            let initial = resource.initial.iter().filter_map(|initial| match initial {
                Initial::Reference(Reference::Resource(other)) => Some(*other),
                _ => None,
            });
            pinned.chain(initial).collect::<Vec<_>>()
        });
        let mut referred: Vec<_> = at_first.collect();
        for operation in &self.resolved.operations {
            let Operation::Call(Call { target: Some(target), asks, .. }) = operation else { continue };
            let asked = asks.iter().filter_map(|ask| match ask.value {
                Asked::Reference(Reference::Resource(other)) => Some(other),
                _ => None,
            });
            referred[*target].extend(asked);
        }
        referred
    }
}

/// The most resources of a scenario, counting each of a `count`, because an instance has a state for each.
const MOST_RESOURCES: u64 = 1_000_000;
