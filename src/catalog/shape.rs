//! Types of the names that a method's template may use.

use super::{Catalog, Effect, InputValue, Kind, Method, Unset};
use crate::template::Shape;
use std::collections::BTreeMap;

impl Catalog {
    /// All names available in the method's template, with their types.
    pub fn shape(&self, method: &Method) -> Shape {
        let mut names = BTreeMap::from([
            ("event".to_owned(), texts(&["id", "time"])),
            ("request".to_owned(), texts(&["id"])),
            ("success".to_owned(), Shape::Boolean),
            ("as_documented".to_owned(), Shape::Boolean),
            ("failure".to_owned(), texts(&["name", "status", "detail"])),
            ("principal".to_owned(), self.principal_shape()),
            ("subject".to_owned(), Shape::Text),
        ]);
        for kind in &method.scope {
            let kind = &self.kinds[*kind];
            names.insert(kind.variable.clone(), kind_shape(kind));
        }
        let target = &self.kinds[method.kind];
        if method.does == Effect::List {
            names.insert("items".to_owned(), Shape::List(Box::new(kind_shape(target))));
        } else {
            names.insert(target.variable.clone(), kind_shape(target));
        }
        if !method.input.is_empty() {
            let shapes = method.input.iter().map(|input| (input.name.clone(), input_shape(target, &input.value)));
            names.insert("input".to_owned(), Shape::Object(shapes.collect()));
        }
        Shape::Object(names)
    }

    /// The fields of all kinds of principals together. A field that the acting kind lacks is an empty text, or null if
    /// its type is not text; so templates test `kind` first.
    fn principal_shape(&self) -> Shape {
        let mut all = BTreeMap::from([("kind".to_owned(), Shape::Text)]);
        let principals = || self.kinds.iter().filter(|kind| kind.principal);
        for (name, shape) in principals().flat_map(fields) {
            let is_lacking = shape != Shape::Text && principals().any(|kind| kind.field(&name).is_none());
            let before = all.get(&name);
            let shape = match (before, shape) {
                (Some(before @ Shape::Nullable(_)), _) => before.clone(),
                (_, shape @ Shape::Nullable(_)) => shape,
                (_, shape) if is_lacking => Shape::Nullable(Box::new(shape)),
                (_, shape) => shape,
            };
            all.insert(name, shape);
        }
        Shape::Object(all)
    }
}

fn input_shape(target: &Kind, value: &InputValue) -> Shape {
    match value {
        InputValue::Always(scalar) => super::Scalar::shape_of([scalar]),
        InputValue::Changes { field, unset, .. } => {
            let shape = target.fields[*field].shape(target.table.as_ref());
            match (unset, shape) {
                (Unset::Clears | Unset::Fixed(super::Scalar::Null), shape @ Shape::Nullable(_)) => shape,
                (Unset::Clears | Unset::Fixed(super::Scalar::Null), shape) => Shape::Nullable(Box::new(shape)),
                (_, shape) => shape,
            }
        }
    }
}

fn kind_shape(kind: &Kind) -> Shape {
    Shape::Object(fields(kind))
}

fn fields(kind: &Kind) -> BTreeMap<String, Shape> {
    kind.fields.iter().map(|field| (field.name.clone(), field.shape(kind.table.as_ref()))).collect()
}

fn texts(names: &[&str]) -> Shape {
    Shape::Object(names.iter().map(|name| ((*name).to_owned(), Shape::Text)).collect())
}
