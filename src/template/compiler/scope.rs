//! Name resolution: the meaning of a name at one place of a template, which depends on the enclosing `$map` and on the
//! tests for null around it.

use std::{collections::HashMap, ops::Range};

use super::diagnostics::{UnplacedDiagnostic, shortened};
use crate::template::shape::{Constant, Shape};

/// Root of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    Global,
    /// the item of the enclosing `$map`
    Item,
}

/// A value that the caller supplies.
#[derive(Debug, Clone)]
pub(super) struct Reference<'a> {
    pub(crate) base: Base,
    pub(crate) path: Vec<String>,
    /// as declared by the catalog
    pub(crate) shape: &'a Shape,
}

/// The resolved meaning of an operand.
#[derive(Debug, Clone)]
pub(super) enum Operand<'a> {
    Constant(Constant),
    /// index of the item, from 0
    Index,
    Value(Reference<'a>),
}

/// A resolved name.
pub(super) struct Named<'a> {
    pub(crate) operand: Operand<'a>,
    /// type as declared by the catalog
    pub(crate) declared: &'a Shape,
    /// type at this place: not nullable where a surrounding condition excludes null
    pub(crate) here: &'a Shape,
}

/// The names in scope at the node being checked.
pub(super) struct Scope<'a> {
    root: &'a Shape,
    constants: HashMap<&'a str, &'a Constant>,
    each: Option<Each<'a>>,
    /// paths that are not null here
    present: Vec<(Base, Vec<String>)>,
}

struct Each<'a> {
    item: &'a str,
    index: Option<&'a str>,
    shape: &'a Shape,
}

static INDEX: Shape = Shape::Integer;

impl<'a> Scope<'a> {
    pub(super) fn new(root: &'a Shape, constants: &'a [(&'a str, Constant)]) -> Self {
        let constants = constants.iter().map(|(name, value)| (*name, value)).collect();
        Self { root, constants, each: None, present: Vec::new() }
    }

    pub(super) fn is_in_list(&self) -> bool {
        self.each.is_some()
    }

    pub(super) fn enter_list(&mut self, item: &'a str, index: Option<&'a str>, shape: &'a Shape) {
        self.each = Some(Each { item, index, shape });
    }

    pub(super) fn leave_list(&mut self) {
        self.each = None;
    }

    /// Marks the current state, for [`forget`](Self::forget).
    pub(super) fn mark(&self) -> usize {
        self.present.len()
    }

    /// Drops all assumptions made since the mark.
    pub(super) fn forget(&mut self, mark: usize) {
        self.present.truncate(mark);
    }

    /// Assumes that the name is not null from here on. No effect if it is unknown or not nullable.
    pub(super) fn assume(&mut self, name: &[String]) {
        let nullable = self.resolve(name, 0..0).is_ok_and(|named| matches!(named.here, Shape::Nullable(_)));
        if nullable {
            let (base, path, _) = self.base(name);
            self.present.push((base, path.to_vec()));
        }
    }

    /// Resolves a name.
    pub(super) fn resolve(&self, name: &[String], span: Range<usize>) -> Result<Named<'a>, UnplacedDiagnostic> {
        if let (Some(each), [only]) = (&self.each, name)
            && each.index == Some(only)
        {
            return Ok(Named { operand: Operand::Index, declared: &INDEX, here: &INDEX });
        }
        let (base, path, root) = self.base(name);
        let mut declared = root;
        for (depth, member) in path.iter().enumerate() {
            let outer = &name[..name.len() - path.len() + depth];
            declared = match self.without_null(base, &path[..depth], declared) {
                Shape::Object(members) => match members.get(member) {
                    Some(shape) => shape,
                    None => return Err(self.unknown(name, outer, members.keys(), span)),
                },
                other => return Err(not_an_object(name, outer, other, span)),
            };
        }
        let here = self.without_null(base, path, declared);
        let constant = if base == Base::Global { self.constants.get(name.join(".").as_str()) } else { None };
        let operand = match constant {
            Some(constant) if !declared.fits(constant) => {
                let message = format!("`{}` is {}, but set to {constant:?}", name.join("."), declared.describe());
                return Err(UnplacedDiagnostic::new(span, message));
            }
            Some(constant) => Operand::Constant((*constant).clone()),
            None => Operand::Value(Reference { base, path: path.to_vec(), shape: declared }),
        };
        Ok(Named { operand, declared, here })
    }

    fn base<'n>(&self, name: &'n [String]) -> (Base, &'n [String], &'a Shape) {
        match (&self.each, name) {
            (Some(each), [first, rest @ ..]) if each.item == first => (Base::Item, rest, each.shape),
            _ => (Base::Global, name, self.root),
        }
    }

    fn without_null(&self, base: Base, path: &[String], shape: &'a Shape) -> &'a Shape {
        if matches!(shape, Shape::Nullable(_)) && self.present.iter().any(|known| known.0 == base && known.1 == path) {
            shape.not_null()
        } else {
            shape
        }
    }

    fn unknown<'n>(
        &self,
        name: &[String],
        outer: &[String],
        members: impl Iterator<Item = &'n String>,
        span: Range<usize>,
    ) -> UnplacedDiagnostic {
        let written = name.join(".");
        let mut diagnostic = UnplacedDiagnostic::new(span, format!("unknown name `{}`", shortened(&written)));
        let mut known = Vec::new();
        flatten(self.root, "", &mut known);
        let mut here: Vec<String> = Vec::new();
        if let Some(each) = &self.each {
            known.push(each.item.to_owned());
            flatten(each.shape, each.item, &mut known);
            let names = [Some(each.item), each.index];
            here.extend(names.into_iter().flatten().filter(|_| outer.is_empty()).map(str::to_owned));
        }
        here.extend(members.map(|member| outer.iter().chain([member]).cloned().collect::<Vec<_>>().join(".")));
        if let Some(close) = closest(&written, &known) {
            diagnostic = diagnostic.help(format!("did you mean `{close}`?"));
        }
        diagnostic.help(listing(&here))
    }
}

fn not_an_object(name: &[String], outer: &[String], found: &Shape, span: Range<usize>) -> UnplacedDiagnostic {
    let (name, outer) = (name.join("."), outer.join("."));
    match found {
        Shape::Nullable(_) => {
            UnplacedDiagnostic::new(span, format!("`{outer}` may be null here, so `{name}` may not exist"))
                .help(format!(r#"guard it by {{"$if": "{outer}", "then": …}} and use `{name}` there"#))
        }
        Shape::List(_) => UnplacedDiagnostic::new(span, format!("`{outer}` is a list and has no member `{name}`"))
            .help(format!(r#"walk it with {{"$map": {{"$eval": "{outer}"}}, "each(item)": …}}"#)),
        other => UnplacedDiagnostic::new(span, format!("`{outer}` is {} and has no members", other.describe())),
    }
}

fn flatten(shape: &Shape, prefix: &str, names: &mut Vec<String>) {
    if let Shape::Object(members) = shape.not_null() {
        let dot = if prefix.is_empty() { "" } else { "." };
        for (member, shape) in members {
            let name = format!("{prefix}{dot}{member}");
            flatten(shape, &name, names);
            names.push(name);
        }
    }
}

fn closest<'n>(written: &str, known: &'n [String]) -> Option<&'n String> {
    let most = (written.chars().count() / 3).max(1);
    let distances = known
        .iter()
        .filter(|name| name.len().abs_diff(written.len()) <= 4 * most)
        .map(|name| (strsim::damerau_levenshtein(written, name), name));
    distances.filter(|(distance, _)| *distance <= most).min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

fn listing(names: &[String]) -> String {
    const MOST: usize = 16;
    let shown: Vec<_> = names.iter().take(MOST).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > MOST { format!(" and {} more", names.len() - MOST) } else { String::new() };
    format!("there are {}{more}", shown.join(", "))
}
