//! Which names a method's template may use, and what they stand for.

use super::{Catalog, Effect, InputValue, Kind, Method, Unset};
use crate::template::Shape;
use std::collections::BTreeMap;

impl Catalog {
    /// The names that the method's template may use.
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

    /// What any kind of principal has; a field that some kind lacks is an empty text there, so templates ask for the
    /// `kind` first.
    fn principal_shape(&self) -> Shape {
        let mut all = BTreeMap::from([("kind".to_owned(), Shape::Text)]);
        for kind in self.kinds.iter().filter(|kind| kind.principal) {
            all.extend(fields(kind));
        }
        Shape::Object(all)
    }
}

fn input_shape(target: &Kind, value: &InputValue) -> Shape {
    match value {
        InputValue::Always(scalar) => scalar_shape(scalar),
        InputValue::Changes { field, unset, .. } => {
            let shape = target.fields[*field].shape(target.table.as_ref());
            match (unset, shape) {
                (Unset::Clears, Shape::Nullable(inner)) => Shape::Nullable(inner),
                (Unset::Clears, shape) => Shape::Nullable(Box::new(shape)),
                (_, shape) => shape,
            }
        }
    }
}

fn scalar_shape(scalar: &super::Scalar) -> Shape {
    match scalar {
        super::Scalar::Null => Shape::Nullable(Box::new(Shape::Text)),
        super::Scalar::Boolean(_) => Shape::Boolean,
        super::Scalar::Integer(_) => Shape::Integer,
        super::Scalar::Text(_) => Shape::Text,
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
