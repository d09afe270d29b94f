//! Type checker of conditions: folds constants and derives which names a condition proves not to be null.

use super::{
    diagnostics::{Diagnostics, UnplacedDiagnostic},
    expression::{Expression, Kind},
    scope::{Base, Named, Operand, Reference, Scope},
};
use crate::template::{
    program::{Comparison, Scalar},
    shape::{Constant, Shape},
};

/// A checked condition: decided, or dependent on values of the event.
#[derive(Debug)]
pub(super) enum Condition<'a> {
    Decided(bool),
    /// a text, integer or boolean: not null, empty, 0 or false
    Truthy(Operand<'a>, Scalar),
    /// the list at this path has items
    Filled(Vec<String>),
    IsNull(Reference<'a>),
    /// at most one operand is a constant
    Compare(Operand<'a>, Comparison, Operand<'a>, Scalar),
    Not(Box<Condition<'a>>),
    All(Vec<Condition<'a>>),
    Any(Vec<Condition<'a>>),
}

impl Condition<'_> {
    pub(super) fn negated(self) -> Self {
        match self {
            Self::Decided(known) => Self::Decided(!known),
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }
}

/// Checks an expression used as a condition. `None` after a mistake, which has been recorded.
pub(super) fn check<'a>(
    expression: &'a Expression,
    scope: &mut Scope<'a>,
    diagnostics: &mut Diagnostics,
) -> Option<Condition<'a>> {
    match &expression.kind {
        Kind::Literal(constant) => Some(Condition::Decided(is_truthy(constant))),
        Kind::Name(name) => {
            let found = scope.resolve(name, expression.span.clone()).and_then(|named| truthy(named, expression));
            found.map_err(|diagnostic| diagnostics.add(diagnostic)).ok()
        }
        Kind::Not(inner) => check(inner, scope, diagnostics).map(Condition::negated),
        Kind::All(parts) => chain(parts, true, scope, diagnostics),
        Kind::Any(parts) => chain(parts, false, scope, diagnostics),
        Kind::Compare(left, comparison, right) => {
            let found = compare(left, *comparison, right, expression, scope);
            found.map_err(|diagnostic| diagnostics.add(diagnostic)).ok()
        }
    }
}

/// Records in `scope` which names cannot be null where `expression` has the value `outcome`.
pub(super) fn assume(expression: &Expression, outcome: bool, scope: &mut Scope) {
    match &expression.kind {
        Kind::Name(name) if outcome => scope.assume(name),
        Kind::Not(inner) => assume(inner, !outcome, scope),
        Kind::All(parts) if outcome => parts.iter().for_each(|part| assume(part, true, scope)),
        Kind::Any(parts) if !outcome => parts.iter().for_each(|part| assume(part, false, scope)),
        Kind::Compare(left, comparison, right) => {
            let differs = if outcome { Comparison::Unequal } else { Comparison::Equal };
            for (side, other) in [(left, right), (right, left)] {
                if let (Kind::Name(name), Kind::Literal(Constant::Null)) = (&side.kind, &other.kind)
                    && *comparison == differs
                {
                    scope.assume(name);
                }
            }
        }
        _ => {}
    }
}

// A part is evaluated only if the parts before it did not decide, so it may rely on what they prove.
fn chain<'a>(
    parts: &'a [Expression],
    all: bool,
    scope: &mut Scope<'a>,
    diagnostics: &mut Diagnostics,
) -> Option<Condition<'a>> {
    let mark = scope.mark();
    let (mut open, mut decided, mut fine) = (Vec::new(), None, true);
    for part in parts {
        match check(part, scope, diagnostics) {
            Some(Condition::Decided(known)) if known == all => {}
            Some(Condition::Decided(known)) => decided = Some(known),
            Some(condition) => open.push(condition),
            None => fine = false,
        }
        assume(part, all, scope);
    }
    scope.forget(mark);
    let condition = match decided {
        Some(known) => Condition::Decided(known),
        None if open.len() == 1 => open.remove(0),
        None if open.is_empty() => Condition::Decided(all),
        None if all => Condition::All(open),
        None => Condition::Any(open),
    };
    fine.then_some(condition)
}

fn truthy<'a>(named: Named<'a>, expression: &Expression) -> Result<Condition<'a>, UnplacedDiagnostic> {
    let reference = match named.operand {
        Operand::Constant(constant) => return Ok(Condition::Decided(is_truthy(&constant))),
        Operand::Index => return Ok(Condition::Truthy(Operand::Index, Scalar::Integer)),
        Operand::Value(reference) => reference,
    };
    Ok(match named.here.not_null() {
        Shape::Object(members) if members.is_empty() => Condition::Decided(false),
        Shape::Object(_) if !matches!(named.here, Shape::Nullable(_)) => Condition::Decided(true),
        Shape::Object(_) => Condition::IsNull(reference).negated(),
        Shape::List(_) if reference.base == Base::Item => {
            return Err(UnplacedDiagnostic::new(expression.span.clone(), "a list within a list cannot be used"));
        }
        Shape::List(_) => Condition::Filled(reference.path),
        Shape::Integer => Condition::Truthy(Operand::Value(reference), Scalar::Integer),
        Shape::Boolean => Condition::Truthy(Operand::Value(reference), Scalar::Boolean),
        Shape::Text | Shape::Nullable(_) => Condition::Truthy(Operand::Value(reference), Scalar::Text),
    })
}

/// One operand of a comparison.
struct Side<'a> {
    operand: Operand<'a>,
    /// `None` for the literal null
    declared: Option<&'a Shape>,
    nullable: bool,
}

fn compare<'a>(
    left: &'a Expression,
    comparison: Comparison,
    right: &'a Expression,
    whole: &Expression,
    scope: &Scope<'a>,
) -> Result<Condition<'a>, UnplacedDiagnostic> {
    let (a, b) = (side(left, scope)?, side(right, scope)?);
    let equality = matches!(comparison, Comparison::Equal | Comparison::Unequal);
    let (Some(a_shape), Some(b_shape)) = (a.declared, b.declared) else {
        let condition = match (a.declared, b.declared) {
            _ if !equality => return Err(UnplacedDiagnostic::new(whole.span.clone(), "null has no order")),
            (None, None) => Condition::Decided(true),
            (None, Some(_)) => is_null(b, right)?,
            _ => is_null(a, left)?,
        };
        return Ok(if comparison == Comparison::Equal { condition } else { condition.negated() });
    };
    let scalar = common(a_shape, b_shape, whole)?;
    if !equality && scalar == Scalar::Boolean {
        return Err(UnplacedDiagnostic::new(whole.span.clone(), "booleans have no order"));
    }
    for (side, expression) in [(&a, left), (&b, right)] {
        if !equality && side.nullable {
            let message = format!("{} may be null here, and null has no order", written(expression));
            return Err(UnplacedDiagnostic::new(expression.span.clone(), message).help("ask whether it is null before"));
        }
    }
    Ok(match (a.operand, b.operand) {
        (Operand::Constant(a), Operand::Constant(b)) => Condition::Decided(holds(&a, comparison, &b)),
        (a, b) => Condition::Compare(a, comparison, b, scalar),
    })
}

fn side<'a>(expression: &'a Expression, scope: &Scope<'a>) -> Result<Side<'a>, UnplacedDiagnostic> {
    let constant = |constant: &Constant, shape| Side {
        operand: Operand::Constant(constant.clone()),
        declared: shape,
        nullable: false,
    };
    match &expression.kind {
        Kind::Name(name) => {
            let named = scope.resolve(name, expression.span.clone())?;
            let nullable = matches!(named.here, Shape::Nullable(_));
            Ok(Side { operand: named.operand, declared: Some(named.declared), nullable })
        }
        Kind::Literal(literal) => Ok(constant(
            literal,
            match literal {
                Constant::Null => None,
                Constant::Boolean(_) => Some(&Shape::Boolean),
                Constant::Integer(_) => Some(&Shape::Integer),
                Constant::Text(_) => Some(&Shape::Text),
            },
        )),
        _ => {
            let diagnostic =
                UnplacedDiagnostic::new(expression.span.clone(), "only names and literals can be compared");
            Err(diagnostic.help("use `!`, `&&` and `||` around comparisons, not inside them"))
        }
    }
}

fn is_null<'a>(side: Side<'a>, expression: &Expression) -> Result<Condition<'a>, UnplacedDiagnostic> {
    if !matches!(side.declared, Some(Shape::Nullable(_))) {
        let message = format!("{} is never null", written(expression));
        return Err(UnplacedDiagnostic::new(expression.span.clone(), message));
    }
    Ok(match side.operand {
        Operand::Constant(constant) => Condition::Decided(constant == Constant::Null),
        Operand::Value(reference) if side.nullable => Condition::IsNull(reference),
        _ => Condition::Decided(false),
    })
}

fn common(a: &Shape, b: &Shape, whole: &Expression) -> Result<Scalar, UnplacedDiagnostic> {
    let diagnostic = || {
        let message = format!("cannot compare {} with {}", a.not_null().describe(), b.not_null().describe());
        UnplacedDiagnostic::new(whole.span.clone(), message)
    };
    match (a.not_null(), b.not_null()) {
        (Shape::Text, Shape::Text) => Ok(Scalar::Text),
        (Shape::Integer, Shape::Integer) => Ok(Scalar::Integer),
        (Shape::Boolean, Shape::Boolean) => Ok(Scalar::Boolean),
        (Shape::Text, Shape::Integer) | (Shape::Integer, Shape::Text) => {
            Err(diagnostic().help("numbers stand without quotes, texts with them"))
        }
        _ => Err(diagnostic()),
    }
}

fn is_truthy(constant: &Constant) -> bool {
    match constant {
        Constant::Null => false,
        Constant::Boolean(value) => *value,
        Constant::Integer(value) => *value != 0,
        Constant::Text(value) => !value.is_empty(),
    }
}

/// Compares two constants of the same type; null equals only null and has no order.
fn holds(a: &Constant, comparison: Comparison, b: &Constant) -> bool {
    match (a, b) {
        (Constant::Text(a), Constant::Text(b)) => comparison.holds(a.cmp(b)),
        (Constant::Integer(a), Constant::Integer(b)) => comparison.holds(a.cmp(b)),
        _ => (a == b) == (comparison == Comparison::Equal),
    }
}

fn written(expression: &Expression) -> String {
    match &expression.kind {
        Kind::Name(name) => format!("`{}`", name.join(".")),
        _ => "this".to_owned(),
    }
}
