//! Type checker of templates: resolves every name and folds constants.
//!
//! The result contains references to values instead of names, and no branch that can never be taken.

use std::{ops::Range, sync::Arc};

use super::{
    ast::{Map, Node, Part},
    condition::{self, Condition},
    diagnostics::{Diagnostics, Segment, UnplacedDiagnostic},
    expression::{Expression, Kind},
    scope::{Base, Operand, Reference, Scope},
};
use crate::{
    bytes::escape_into,
    error::{Diagnostic, Source},
    template::shape::{Constant, Shape},
};

/// A checked node.
#[derive(Debug)]
pub(super) enum Checked<'a> {
    /// compact JSON
    Literal(String),
    Text(Vec<TextPart<'a>>),
    /// an integer or a boolean, or null
    Bare(Reference<'a>),
    /// a text or null
    TextOrNull(Reference<'a>),
    /// index of the item
    Index,
    If {
        condition: Condition<'a>,
        then: Box<Checked<'a>>,
        otherwise: Box<Checked<'a>>,
    },
    Array(Vec<Checked<'a>>),
    Object(Vec<(&'a str, Checked<'a>)>),
    /// the list, and the body for each item
    Map(Reference<'a>, Box<Checked<'a>>),
    /// no value: the key or item is left out
    Deleted,
}

/// A part of a text.
#[derive(Debug)]
pub(super) enum TextPart<'a> {
    /// escaped
    Literal(Vec<u8>),
    Value(Reference<'a>),
    Index,
    /// `true` or `false`
    Choice(Condition<'a>),
}

impl Checked<'_> {
    /// Whether this may leave out its key or item.
    pub(super) fn may_vanish(&self) -> bool {
        match self {
            Self::Deleted => true,
            Self::If { then, otherwise, .. } => then.may_vanish() || otherwise.may_vanish(),
            _ => false,
        }
    }
}

/// Checks a whole template.
pub(super) fn check<'a>(
    source: &Arc<Source>,
    root: &'a Node,
    shape: &'a Shape,
    constants: &'a [(&'a str, Constant)],
) -> Result<Checked<'a>, Vec<Diagnostic>> {
    let mut checker = Checker { scope: Scope::new(shape, constants), diagnostics: Diagnostics::new(source) };
    let output = checker.node(root);
    if output.may_vanish() {
        let diagnostic = UnplacedDiagnostic::new(0..source.text.len().min(1), "the whole document may be left out");
        checker.diagnostics.add(diagnostic.help("give the outermost `$if` both `then` and `else`"));
    }
    checker.diagnostics.or(output)
}

struct Checker<'a, 'm> {
    scope: Scope<'a>,
    diagnostics: Diagnostics<'m>,
}

impl<'a> Checker<'a, '_> {
    fn node(&mut self, node: &'a Node) -> Checked<'a> {
        if self.diagnostics.is_full() {
            return nothing();
        }
        match node {
            Node::Verbatim(text) => Checked::Literal(text.clone()),
            Node::Text(parts) => Checked::Text(parts.iter().map(|part| self.part(part)).collect()),
            Node::Array(items) => {
                let items = items.iter().enumerate();
                Checked::Array(items.map(|(index, item)| self.within(Segment::Item(index), item)).collect())
            }
            Node::Object(members) => {
                let member =
                    |(key, node): &'a (String, Node)| (key.as_str(), self.within(Segment::Key(key.clone()), node));
                Checked::Object(members.iter().map(member).collect())
            }
            Node::Eval(expression) => self.eval(expression),
            Node::If { condition, then, otherwise } => self.branches(condition, then.as_deref(), otherwise.as_deref()),
            Node::Map(map) => self.map(map),
        }
    }

    fn within(&mut self, segment: Segment, node: &'a Node) -> Checked<'a> {
        self.diagnostics.enter(segment);
        let checked = self.node(node);
        self.diagnostics.leave();
        checked
    }

    fn branches(
        &mut self,
        condition: &'a Expression,
        then: Option<&'a Node>,
        otherwise: Option<&'a Node>,
    ) -> Checked<'a> {
        let checked = condition::check(condition, &mut self.scope, &mut self.diagnostics);
        let mut branch = |outcome, node: Option<&'a Node>| {
            let mark = self.scope.mark();
            condition::assume(condition, outcome, &mut self.scope);
            let checked = node.map_or(Checked::Deleted, |node| self.node(node));
            self.scope.forget(mark);
            checked
        };
        let (then, otherwise) = (branch(true, then), branch(false, otherwise));
        match checked {
            Some(condition) => choice(condition, then, otherwise),
            None => nothing(),
        }
    }

    fn eval(&mut self, expression: &'a Expression) -> Checked<'a> {
        let Some((operand, shape)) = self.operand(expression) else {
            let checked = condition::check(expression, &mut self.scope, &mut self.diagnostics);
            let literal = |text: &str| Checked::Literal(text.to_owned());
            return checked.map_or_else(nothing, |condition| choice(condition, literal("true"), literal("false")));
        };
        match (operand, shape) {
            (None, _) => nothing(),
            (Some(Operand::Constant(constant)), _) => Checked::Literal(json(&constant)),
            (Some(Operand::Index), _) => Checked::Index,
            (Some(Operand::Value(reference)), shape) => match (shape, shape.not_null()) {
                (_, Shape::Integer | Shape::Boolean) => Checked::Bare(reference),
                (Shape::Text, _) => Checked::Text(vec![TextPart::Value(reference)]),
                (_, Shape::Text) => Checked::TextOrNull(reference),
                (_, composite) => self.refuse_composite(expression, composite),
            },
        }
    }

    /// Resolves a name or a literal, with its shape; the operand is `None` after a mistake. `None` for a compound
    /// expression.
    fn operand(&mut self, expression: &'a Expression) -> Option<(Option<Operand<'a>>, &'a Shape)> {
        match &expression.kind {
            Kind::Name(name) => Some(match self.scope.resolve(name, expression.span.clone()) {
                Ok(named) => (Some(named.operand), named.here),
                Err(diagnostic) => {
                    self.diagnostics.add(diagnostic);
                    (None, &Shape::Text)
                }
            }),
            Kind::Literal(constant) => Some((Some(Operand::Constant(constant.clone())), &Shape::Text)),
            _ => None,
        }
    }

    fn refuse_composite(&mut self, expression: &Expression, shape: &Shape) -> Checked<'a> {
        let diagnostic = UnplacedDiagnostic::new(
            expression.span.clone(),
            format!("`$eval` of {} is not supported", shape.describe()),
        );
        self.diagnostics.add(match shape {
            Shape::List(_) => diagnostic.help(r#"walk it with {"$map": {"$eval": "…"}, "each(item)": …}"#),
            _ => diagnostic.help("write its keys out, each with its own value"),
        });
        nothing()
    }

    fn part(&mut self, part: &'a Part) -> TextPart<'a> {
        let expression = match part {
            Part::Literal(text) => return TextPart::Literal(escaped(text)),
            Part::Value(expression) => expression,
        };
        let Some((operand, shape)) = self.operand(expression) else {
            return match condition::check(expression, &mut self.scope, &mut self.diagnostics) {
                Some(Condition::Decided(known)) => TextPart::Literal(known.to_string().into_bytes()),
                Some(condition) => TextPart::Choice(condition),
                None => TextPart::Literal(Vec::new()),
            };
        };
        let null = || {
            let diagnostic =
                UnplacedDiagnostic::new(expression.span.clone(), "the value may be null, which a text cannot contain");
            diagnostic.help(r#"use {"$if": …} around the text, or {"$eval": …} for the value or null"#)
        };
        let diagnostic = match (operand, shape) {
            (None, _) => return TextPart::Literal(Vec::new()),
            (_, Shape::Nullable(_)) | (Some(Operand::Constant(Constant::Null)), _) => null(),
            (Some(Operand::Constant(Constant::Text(text))), _) => {
                return TextPart::Literal(escaped(&text));
            }
            (Some(Operand::Constant(constant)), _) => {
                return TextPart::Literal(json(&constant).into_bytes());
            }
            (Some(Operand::Index), _) => return TextPart::Index,
            (Some(Operand::Value(reference)), Shape::Text | Shape::Integer | Shape::Boolean) => {
                return TextPart::Value(reference);
            }
            (_, composite) => {
                let message = format!("{} cannot stand in a text", composite.describe());
                UnplacedDiagnostic::new(expression.span.clone(), message)
            }
        };
        self.diagnostics.add(diagnostic);
        TextPart::Literal(Vec::new())
    }

    fn map(&mut self, map: &'a Map) -> Checked<'a> {
        if self.scope.is_in_list() {
            let message = "a `$map` within a `$map` is not supported";
            self.diagnostics.add(UnplacedDiagnostic::new(map.span.clone(), message));
            return nothing();
        }
        match self.list(&map.list) {
            Ok((reference, item)) => {
                self.scope.enter_list(&map.item, map.index.as_deref(), item);
                let body = self.within(Segment::Each, &map.body);
                self.scope.leave_list();
                Checked::Map(reference, Box::new(body))
            }
            Err(diagnostic) => {
                self.diagnostics.add(diagnostic);
                nothing()
            }
        }
    }

    fn list(&self, expression: &'a Expression) -> Result<(Reference<'a>, &'a Shape), UnplacedDiagnostic> {
        let not_a_list = |span: &Range<usize>, found: &str| {
            let message = format!("`$map` walks a list, but this is {found}");
            UnplacedDiagnostic::new(span.clone(), message)
        };
        let Kind::Name(name) = &expression.kind else {
            return Err(not_a_list(&expression.span, "not a name"));
        };
        let named = self.scope.resolve(name, expression.span.clone())?;
        match (named.operand, named.here) {
            (Operand::Value(reference), Shape::List(item)) if reference.base == Base::Global => Ok((reference, item)),
            (_, Shape::Nullable(inner)) if matches!(**inner, Shape::List(_)) => {
                let diagnostic = not_a_list(&expression.span, "nullable");
                Err(diagnostic.help(format!(r#"guard it by {{"$if": "{}", "then": …}}"#, name.join("."))))
            }
            (_, other) => Err(not_a_list(&expression.span, other.describe())),
        }
    }
}

/// Placeholder after a mistake; the output is discarded.
fn nothing<'a>() -> Checked<'a> {
    Checked::Literal(String::new())
}

fn choice<'a>(condition: Condition<'a>, then: Checked<'a>, otherwise: Checked<'a>) -> Checked<'a> {
    match condition {
        Condition::Decided(true) => then,
        Condition::Decided(false) => otherwise,
        condition => Checked::If { condition, then: Box::new(then), otherwise: Box::new(otherwise) },
    }
}

fn escaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    escape_into(text, &mut bytes);
    bytes
}

fn json(constant: &Constant) -> String {
    match constant {
        Constant::Null => "null".to_owned(),
        Constant::Boolean(value) => value.to_string(),
        Constant::Integer(value) => value.to_string(),
        Constant::Text(text) => serde_json::Value::from(text.as_str()).to_string(),
    }
}
