//! Evaluates the values of list items.

use crate::{
    bytes::{PaddedSlice, PaddedSlices},
    plan::{
        event_kind::{Beside, EventKind, ItemList, OwnItem},
        snapshot,
    },
    population::Within,
    render::make::{About, Context},
    template::Slots,
};

impl EventKind {
    /// The subject of the first listed item.
    pub(super) fn subject_of_first<'e>(
        &'e self,
        context: &Context<'e>,
        event: &[PaddedSlice<'e>],
        items: &mut PaddedSlices<'e>,
    ) -> Option<PaddedSlice<'e>> {
        let list = self.lists.first()?;
        if let Some(beside) = &list.beside
            && let Some(field) = beside.subject
            && let Some(entity) = context.beside(beside).next()
        {
            return context.given.population.value(beside.kind, entity, field);
        }
        let (own, about) = context.own_items(self, list).next()?;
        context.make_item(own, about, event, items);
        own.subject.map(|subject| items.get(subject))
    }
}

impl<'e> Context<'e> {
    /// Evaluates the values of all items of a list.
    pub(super) fn list(
        &self,
        event_kind: &'e EventKind,
        number: usize,
        slots: &mut Slots<'_, 'e>,
        items: &mut PaddedSlices<'e>,
    ) {
        let list = &event_kind.lists[number];
        if let Some(count) = list.placed {
            slots.begin_list(count);
            return;
        }
        let beside = list.beside.as_ref().map(|of| (of, self.beside(of)));
        let count = beside.as_ref().map_or(0, |(_, members)| members.len().min(list.page));
        let own = self.own_items(event_kind, list).take(list.page - count);
        slots.begin_list(count + own.clone().count());
        if let Some((of, walk)) = beside {
            let members = self.given.population.members(of.kind);
            for entity in walk.take(count) {
                let (texts, first) = (members.texts(entity), slots.values.count());
                slots.values.extend(of.fields.iter().map(|(field, presence)| {
                    let value = texts[*field];
                    if *presence && !value.is_null() { PaddedSlice::PRESENT } else { value }
                }));
                event_kind.program.choose_for_item(number, first, slots.values);
            }
        }
        for (own, about) in own {
            self.make_item(own, about, slots.values.all(), items);
            let first = slots.values.count();
            slots.values.extend(own.slots.iter().map(|slot| items.get(*slot)));
            event_kind.program.choose_for_item(number, first, slots.values);
        }
    }

    /// Evaluates the values of an item that belongs to the scenario; they may use those of the event.
    fn make_item(&self, own: &'e OwnItem, about: About, event: &[PaddedSlice<'e>], items: &mut PaddedSlices<'e>) {
        items.clear();
        items.make_each(&own.value_sources, |make, values| self.make(make, event, values, about));
    }

    /// The members of the population that a list shows in addition to the scenario's resources.
    fn beside(&self, beside: &Beside) -> Within<'e> {
        let parent = beside.parent.map_or(0, |parent| self.roles.scope(parent));
        let row = beside.table.map(|table| self.roles.scope(table));
        self.given.population.members(beside.kind).within(parent, row)
    }

    /// The items that belong to the scenario: their value sources, and what they are about.
    fn own_items(&self, event_kind: &EventKind, list: &'e ItemList) -> OwnItems<'e> {
        OwnItems { list, state_slots: self.state_slots, at: event_kind.listed_at }
    }
}

/// Iterates over the existing elements that the simulation copied.
#[derive(Clone)]
struct OwnItems<'e> {
    list: &'e ItemList,
    state_slots: &'e [u64],
    at: usize,
}

impl<'e> Iterator for OwnItems<'e> {
    type Item = (&'e OwnItem, About);

    fn next(&mut self) -> Option<Self::Item> {
        let header = *self.state_slots.get(self.at)?;
        let (resource, element) = snapshot::read_header(header);
        let own = self.list.own.iter().find(|own| own.resource == resource)?;
        let at = self.at + 1;
        self.at = at + own.stride;
        Some((own, About::new(at, element)))
    }
}
