//! Abstract syntax tree of a template: recognizes operators and interpolations; all other JSON is literal.

use std::{ops::Range, sync::Arc};

use super::{
    diagnostics::{Diagnostics, Segment, UnplacedDiagnostic, shortened},
    expression::{self, Expression, Positions},
    parse::{Json, Kind as JsonKind, Member},
};
use crate::error::{Diagnostic, Source};

/// A node of the tree.
#[derive(Debug)]
pub(super) enum Node {
    /// `null`, `true`, `false` or a number, as written
    Verbatim(String),
    Text(Vec<Part>),
    Array(Vec<Node>),
    Object(Vec<(String, Node)>),
    Eval(Expression),
    If {
        condition: Expression,
        then: Option<Box<Node>>,
        otherwise: Option<Box<Node>>,
    },
    Map(Box<Map>),
}

/// A `$map` operator.
#[derive(Debug)]
pub(super) struct Map {
    pub(crate) span: Range<usize>,
    pub(crate) list: Expression,
    pub(crate) item: String,
    pub(crate) index: Option<String>,
    pub(crate) body: Node,
}

/// A part of a text.
#[derive(Debug)]
pub(super) enum Part {
    /// not escaped
    Literal(String),
    Value(Expression),
}

const OPERATORS: &str = "there are `$eval`, `$if` with `then` and `else`, and `$map` with `each(item)` or \
                         `each(item, index)`";

/// Converts the JSON of a whole template to a tree.
pub(super) fn read(source: &Arc<Source>, json: Json) -> Result<Node, Vec<Diagnostic>> {
    let mut reader = Reader { text: &source.text, diagnostics: Diagnostics::new(source) };
    let root = reader.node(json);
    reader.diagnostics.or(root)
}

struct Reader<'a> {
    text: &'a str,
    diagnostics: Diagnostics<'a>,
}

// After a mistake a method returns a placeholder and continues, to find further mistakes; the tree is then discarded.
impl Reader<'_> {
    fn node(&mut self, json: Json) -> Node {
        match json.kind {
            JsonKind::Verbatim => Node::Verbatim(self.text[json.span].to_owned()),
            JsonKind::Text(text) => Node::Text(self.parts(&text, &json.span)),
            JsonKind::Array(items) => {
                let mut nodes = Vec::with_capacity(items.len());
                for (index, item) in items.into_iter().enumerate() {
                    nodes.push(self.within(Segment::Item(index), item));
                }
                Node::Array(nodes)
            }
            JsonKind::Object(members) => match members.iter().position(|member| is_operator(&member.key)) {
                Some(position) => self.operator(members, position),
                None => Node::Object(members.into_iter().map(|member| self.member(member)).collect()),
            },
        }
    }

    fn within(&mut self, segment: Segment, json: Json) -> Node {
        self.diagnostics.enter(segment);
        let node = self.node(json);
        self.diagnostics.leave();
        node
    }

    fn member(&mut self, member: Member) -> (String, Node) {
        let key = unescaped_key(&member.key).unwrap_or_else(|| {
            let message = format!("the key `{}` has a `${{`, but keys are literal", shortened(&member.key));
            let help = "write the key out; `$${` stands for the characters `${`";
            self.diagnostics.add(UnplacedDiagnostic::new(member.key_span, message).help(help));
            member.key
        });
        let node = self.within(Segment::Key(key.clone()), member.value);
        (key, node)
    }

    fn operator(&mut self, mut members: Vec<Member>, position: usize) -> Node {
        let operator = members.remove(position);
        match operator.key.as_str() {
            "$eval" => self.eval(&operator, members),
            "$if" => self.condition(&operator, members),
            "$map" => self.map(operator, members),
            key => {
                let message = format!("the operator `{}` is not supported", shortened(key));
                let escaped = format!("for a key that begins with `$`, write `${}`", shortened(key));
                self.diagnostics.add(UnplacedDiagnostic::new(operator.key_span, message).help(OPERATORS).help(escaped));
                nothing()
            }
        }
    }

    fn eval(&mut self, operator: &Member, others: Vec<Member>) -> Node {
        self.refuse("$eval", others);
        self.expression("$eval", &operator.value).map_or_else(nothing, Node::Eval)
    }

    fn condition(&mut self, operator: &Member, mut others: Vec<Member>) -> Node {
        let then = take(&mut others, |key| key == "then").map(|member| Box::new(self.node(member.value)));
        let otherwise = take(&mut others, |key| key == "else").map(|member| Box::new(self.node(member.value)));
        self.refuse("$if", others);
        match self.expression("$if", &operator.value) {
            Some(condition) => Node::If { condition, then, otherwise },
            None => nothing(),
        }
    }

    fn map(&mut self, operator: Member, mut others: Vec<Member>) -> Node {
        let each = take(&mut others, |key| key.starts_with("each("));
        self.refuse("$map", others);
        let span = operator.key_span;
        let list = self.map_list(operator.value);
        let Some(each) = each else {
            self.diagnostics.add(UnplacedDiagnostic::new(span, "`$map` has no `each(item)`"));
            return nothing();
        };
        let names = each_names(&each.key);
        if names.is_none() {
            let message = format!("`{}` is malformed", shortened(&each.key));
            let help = "write `each(item)` or `each(item, index)` with names of letters, digits and `_`";
            self.diagnostics.add(UnplacedDiagnostic::new(each.key_span, message).help(help));
        }
        let body = self.within(Segment::Each, each.value);
        match (list, names) {
            (Some(list), Some((item, index))) => Node::Map(Box::new(Map { span, list, item, index, body })),
            _ => nothing(),
        }
    }

    fn map_list(&mut self, json: Json) -> Option<Expression> {
        let span = json.span.clone();
        if let Node::Eval(expression) = self.node(json) {
            return Some(expression);
        }
        let help = r#"write `{"$map": {"$eval": "items"}, …}`"#;
        self.diagnostics.add(UnplacedDiagnostic::new(span, "`$map` needs a list by name").help(help));
        None
    }

    fn expression(&mut self, operator: &str, json: &Json) -> Option<Expression> {
        let JsonKind::Text(text) = &json.kind else {
            let message = format!("`{operator}` needs an expression in a string");
            self.diagnostics.add(UnplacedDiagnostic::new(json.span.clone(), message));
            return None;
        };
        let read = expression::whole(text, &Positions::new(self.text, &json.span));
        read.map_err(|diagnostic| self.diagnostics.add(diagnostic)).ok()
    }

    fn parts(&mut self, text: &str, span: &Range<usize>) -> Vec<Part> {
        if !text.contains("${") {
            return vec![Part::Literal(text.to_owned())];
        }
        let positions = Positions::new(self.text, span);
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut at = 0;
        while let Some(distance) = text[at..].find('$') {
            literal.push_str(&text[at..at + distance]);
            at += distance;
            if text[at..].starts_with("${") {
                match interpolation(text, at, &positions) {
                    Ok((expression, end)) => {
                        parts.push(Part::Literal(std::mem::take(&mut literal)));
                        parts.push(Part::Value(expression));
                        at = end;
                    }
                    Err(diagnostic) => {
                        self.diagnostics.add(diagnostic);
                        return parts;
                    }
                }
            } else {
                literal.push('$');
                at += if text[at..].starts_with("$${") { 2 } else { 1 };
            }
        }
        literal.push_str(&text[at..]);
        parts.push(Part::Literal(literal));
        parts
    }

    fn refuse(&mut self, operator: &str, others: Vec<Member>) {
        for member in others {
            let message = format!("the key `{}` does not belong beside `{operator}`", shortened(&member.key));
            self.diagnostics.add(UnplacedDiagnostic::new(member.key_span, message).help(OPERATORS));
        }
    }
}

fn nothing() -> Node {
    Node::Array(Vec::new())
}

fn take(members: &mut Vec<Member>, wanted: impl Fn(&str) -> bool) -> Option<Member> {
    let position = members.iter().position(|member| wanted(&member.key))?;
    Some(members.remove(position))
}

fn is_operator(key: &str) -> bool {
    key.starts_with('$') && !key.starts_with("$$") && !key.starts_with("${")
}

/// The key with its escapes resolved; `None` if it contains an interpolation.
fn unescaped_key(key: &str) -> Option<String> {
    let key = if key.starts_with("$$") { &key[1..] } else { key };
    let literal = key.split("$${").all(|between| !between.contains("${"));
    literal.then(|| key.replace("$${", "${"))
}

/// Reads the interpolation at `at`, where `text` has `${`; also returns the position after it.
fn interpolation(text: &str, at: usize, positions: &Positions) -> Result<(Expression, usize), UnplacedDiagnostic> {
    let (expression, end) = expression::prefix(text, at + 2, positions)?;
    if text[end..].starts_with('}') {
        return Ok((expression, end + 1));
    }
    // Something unexpected before the closing brace, if there is one; without one the rest is text.
    if let Some(found) = text[end..].chars().next().filter(|_| text[end..].contains('}')) {
        return Err(expression::unexpected(found, positions.span(end..end + found.len_utf8())));
    }
    let help = "`$${` stands for the characters `${`";
    Err(UnplacedDiagnostic::new(positions.span(at..end), "`${` is not closed by `}`").help(help))
}

/// The names in `each(item)` or `each(item, index)`.
fn each_names(key: &str) -> Option<(String, Option<String>)> {
    let names = key.strip_prefix("each(")?.strip_suffix(')')?;
    let mut names = names.split(',').map(|name| name.trim_start_matches(' ').to_owned());
    let (item, index) = (names.next()?, names.next());
    let fine = names.next().is_none() && is_name(&item) && index.as_deref().is_none_or(is_name);
    (fine && index.as_ref() != Some(&item)).then_some((item, index))
}

fn is_name(name: &str) -> bool {
    let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    letters && !name.is_empty() && !name.starts_with(|first: char| first.is_ascii_digit())
}
