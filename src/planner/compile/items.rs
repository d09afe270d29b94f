//! Value sources for the items of a list.

use crate::{
    catalog::{FieldId, Generator, KindId},
    plan::{
        event_kind::{Beside, ItemList, OwnItem, StateSlot},
        resolved::{Owner, Row},
    },
    planner::compile::{CallCompiler, ItemCompiler, Own},
    template::{FixedItems, ListSlot},
};

impl CallCompiler<'_> {
    /// Compiles the items of the template's list.
    pub(super) fn list(&mut self, list: &ListSlot) -> ItemList {
        let subject = self.method.subject_of_first.filter(|_| self.failure.is_none());
        let mut own = Vec::new();
        if self.failure.is_none() {
            for (index, resource) in self.scenario.resources.iter().enumerate() {
                let here = resource.kind == self.method.kind && matches!(resource.owner, Owner::Instance { .. });
                if here && self.same_place(resource.rows.as_slice()) {
                    own.push(self.own_item(index, list, subject));
                    self.snapshot.listed.push(index);
                }
            }
        }
        let beside = self.beside(list, subject).filter(|_| self.failure.is_none());
        ItemList { own, beside, page: self.method.page, placed: None }
    }

    /// The items of a list that is the same in all events: a table's rows, without resources of the instance.
    pub(super) fn fixed_items(&self, list: &ItemList) -> Option<FixedItems> {
        let beside = list.beside.as_ref().filter(|_| list.own.is_empty())?;
        self.catalog.kinds[beside.kind].table.as_ref()?;
        let members = self.population.members(beside.kind);
        let text = |row, (field, presence): (FieldId, bool)| {
            // A field that is not in the row depends on where the list is called.
            members.value(row, field).filter(|_| !presence).map(|text| text.bytes().to_vec())
        };
        let item = |row| beside.fields.iter().map(|field| text(row, *field)).collect();
        members.within(0, None).take(list.page).map(item).collect()
    }

    /// Whether a resource is in the scope of the list.
    fn same_place(&self, rows: &[(KindId, Row)]) -> bool {
        self.rows.iter().filter(|(kind, _)| self.method.scope.contains(kind)).all(|(kind, looked)| {
            let of = |rows: &[(KindId, Row)]| rows.iter().find(|(other, _)| other == kind).map(|(_, row)| *row);
            of(rows).or(of(&self.scenario.rows)) == Some(*looked)
        })
    }

    pub(super) fn own_item(&mut self, index: usize, list: &ListSlot, subject: Option<FieldId>) -> OwnItem {
        let kind = &self.catalog.kinds[self.method.kind];
        let own = Own { resource: index, at: StateSlot::per_item(0), element: true };
        self.item = Some(ItemCompiler::default());
        let mut slots = Vec::new();
        for slot in &list.slots {
            let mut name = vec![kind.variable.clone()];
            name.extend(slot.path.iter().cloned());
            let rest: Vec<&str> = slot.path[1..].iter().map(String::as_str).collect();
            slots.push(self.own_value(own, &name, &rest));
        }
        let subject = subject.map(|field| {
            let name = [kind.variable.clone(), kind.fields[field].name.clone()];
            self.own_value(own, &name, &[])
        });
        let item = self.item.take().unwrap_or_default();
        OwnItem {
            resource: index,
            stride: self.scenario.resources[index].stride,
            value_sources: item.value_sources,
            slots,
            subject,
        }
    }

    /// The population's members in the scope of the list. `None` if the scenario pins fields of the kind or its scope.
    pub(super) fn beside(&self, list: &ListSlot, subject: Option<FieldId>) -> Option<Beside> {
        let kind_id = self.method.kind;
        let kind = &self.catalog.kinds[kind_id];
        if kind.table.is_none() && self.pinned(kind_id) {
            return None;
        }
        let fields = list.slots.iter().filter_map(|slot| {
            let field = kind.field(slot.path.first()?)?;
            Some((field, slot.path.len() == 1 && matches!(kind.fields[field].generator, Generator::Refer { .. })))
        });
        let table = kind
            .scope
            .iter()
            .copied()
            .find(|scope| self.catalog.kinds[*scope].table.is_some() && self.method.scope.contains(scope));
        let parent = self.catalog.parent(kind_id).filter(|_| kind.table.is_none());
        Some(Beside { kind: kind_id, parent, table, fields: fields.collect(), subject })
    }
}
