//! Builds the tree from the parser's events, within bounds.

mod diagnostics;
mod merge;

use std::{borrow::Cow, collections::HashMap, ops::Range, sync::Arc};

use serde_saphyr::granit_parser::{self, Event, Options, Parser, ScalarStyle, Span, StrInput, Tag};

use super::{Node, Spanned, Value, load::BEGIN};
use crate::error::{Diagnostic, Source, quoted};
use merge::Entries;

/// Maximum nesting depth of maps and lists, aliases included.
const DEEPEST: usize = 64;

/// Maximum number of values in a document after resolving aliases.
const MOST_NODES: usize = 200_000;

/// Maximum bytes of texts and keys in a document after resolving aliases.
const MOST_TEXT: usize = 64 * 1024 * 1024;

/// Builds the tree of a source's only document.
pub(super) fn document(source: &Arc<Source>) -> Result<Node, Vec<Diagnostic>> {
    let mut builder = Builder {
        source,
        parser: Parser::new_from_str_with_options(&source.text, options()),
        anchors: HashMap::new(),
        found: Vec::new(),
        nodes: 0,
        text: 0,
    };
    let root = builder.root();
    let mut found = builder.found;
    match root {
        Ok(Some(root)) if found.is_empty() => return Ok(root),
        Ok(None) if found.is_empty() => {
            let begin = if source.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
            found.push(Diagnostic::new(source, begin..begin, "the file holds nothing but comments").help(BEGIN));
        }
        Ok(_) => {}
        Err(fatal) => found.push(*fatal),
    }
    Err(found)
}

fn options() -> Options {
    let mut options = granit_parser::options! {
        emit_unresolved_aliases: true,
        flow_nesting_limit: DEEPEST,
        block_nesting_limit: DEEPEST,
    };
    options.set_emit_comments(false);
    options
}

struct Builder<'a> {
    source: &'a Arc<Source>,
    parser: Parser<'a, StrInput<'a>>,
    anchors: HashMap<usize, Anchored>,
    /// Mistakes after which the rest of the file is still read.
    found: Vec<Diagnostic>,
    nodes: usize,
    text: usize,
}

/// An anchored value, and the cost of copying it.
struct Anchored {
    node: Node,
    nodes: usize,
    text: usize,
    height: usize,
}

/// A mistake after which nothing more can be read.
type Fatal = Box<Diagnostic>;

impl<'a> Builder<'a> {
    fn root(&mut self) -> Result<Option<Node>, Fatal> {
        let mut root = None;
        while let Some((event, span)) = self.next()? {
            match event {
                Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
                Event::StreamEnd => break,
                _ if root.is_some() => {
                    let place = self.range(&span);
                    return Err(Box::new(
                        Diagnostic::new(self.source, place, "a second document begins here")
                            .help("one file is one document: remove the line `---` above, or make two files"),
                    ));
                }
                _ => root = Some(self.node(event, &span, 0)?.0),
            }
        }
        // A file with only comments has an empty scalar as its root.
        Ok(root.filter(|node| node.value != Value::Null || !node.span.is_empty()))
    }

    fn next(&mut self) -> Result<Option<(Event<'a>, Span)>, Fatal> {
        self.parser.next_event().transpose().map_err(|error| Box::new(diagnostics::explain(self.source, &error)))
    }

    /// The next event within a collection, where the parser never ends without an error.
    fn next_inside(&mut self) -> Result<(Event<'a>, Span), Fatal> {
        self.next()?.ok_or_else(|| {
            let end = self.source.text.len();
            Box::new(Diagnostic::new(self.source, end..end, "the file ends too early"))
        })
    }

    /// A value, and the depth of the collections in it.
    fn node(&mut self, event: Event<'a>, span: &Span, depth: usize) -> Result<(Node, usize), Fatal> {
        let range = self.range(span);
        let (nodes, text) = (self.nodes, self.text);
        self.spend(1, 0, &range)?;
        if depth > DEEPEST {
            return Err(Box::new(self.too_deep(range)));
        }
        let anchor = event.anchor_id();
        self.check_tag(&event, span);
        let (node, height) = match event {
            Event::Alias(id) => return self.alias(id, range, depth),
            Event::Scalar(text, style, _, tag) => (self.scalar(&text, style, tag.as_deref(), range)?, 0),
            Event::SequenceStart(..) => self.list(range, depth)?,
            Event::MappingStart(..) => self.map(range, depth)?,
            Event::UnresolvedAlias(name) => (self.unknown_alias(&name, range), 0),
            _ => {
                return Err(Box::new(Diagnostic::new(self.source, range, "this is not valid YAML")));
            }
        };
        if let Some(id) = anchor {
            let (nodes, text) = (self.nodes - nodes, self.text - text);
            let node = node.clone();
            self.anchors.insert(id, Anchored { node, nodes, text, height });
            // The copy kept for aliases counts as well.
            self.spend(nodes, text, &self.range(span))?;
        }
        Ok((node, height))
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Range<usize>) -> Result<Node, Fatal> {
        self.spend(0, text.len(), &span)?;
        let is_plain = style == ScalarStyle::Plain && tag.is_none();
        Ok(if is_plain {
            Node::scalar(text, span)
        } else {
            Node { quoted: true, ..Node::new(Value::Text(text.to_owned()), span) }
        })
    }

    fn list(&mut self, start: Range<usize>, depth: usize) -> Result<(Node, usize), Fatal> {
        let mut items: Vec<Node> = Vec::new();
        let mut height = 0;
        loop {
            let (event, span) = self.next_inside()?;
            if event == Event::SequenceEnd {
                let last = items.last().map(|node| node.span.end);
                return Ok((self.collection(Value::List(items), &start, &span, last), height + 1));
            }
            let (node, levels) = self.node(event, &span, depth + 1)?;
            height = height.max(levels);
            items.push(node);
        }
    }

    fn map(&mut self, start: Range<usize>, depth: usize) -> Result<(Node, usize), Fatal> {
        let mut entries = Entries::default();
        let (mut last, mut height) = (None, 0);
        loop {
            let (event, span) = self.next_inside()?;
            if event == Event::MappingEnd {
                let entries = entries.finish(self.source, &mut self.found);
                let node = self.collection(Value::Map(entries), &start, &span, last);
                return Ok((node, height + 1));
            }
            let key = self.key(event, &span, depth)?;
            let (event, span) = self.next_inside()?;
            let (mut node, levels) = self.node(event, &span, depth + 1)?;
            height = height.max(levels);
            if let Some(key) = key {
                if node.span.is_empty() {
                    // A missing value is shown at the end of its key.
                    node.span = key.span.end..key.span.end;
                }
                last = Some(node.span.end);
                entries.add(self.source, key, node, &mut self.found);
            }
        }
    }

    /// The text of a key; numbers and `null` as keys are their text.
    fn key(&mut self, event: Event<'a>, span: &Span, depth: usize) -> Result<Option<Spanned<String>>, Fatal> {
        let written = match &event {
            Event::Scalar(text, ..) => Some(Cow::clone(text).into_owned()),
            _ => None,
        };
        let (node, _) = self.node(event, span, depth + 1)?;
        let text = written.or_else(|| node.as_text().map(str::to_owned));
        let (found, help) = match text {
            Some(text) if !text.is_empty() && !node.span.is_empty() => {
                return Ok(Some(Spanned::new(text, node.span)));
            }
            Some(_) => ("a key is empty".to_owned(), "write a key before `:`"),
            None => (
                format!("a key must be a text, found {}", node.describe()),
                "a text that begins with `{`, `[` or `?` needs quotes",
            ),
        };
        self.found.push(Diagnostic::new(self.source, node.span, found).help(help));
        Ok(None)
    }

    fn collection(&self, value: Value, start: &Range<usize>, end: &Span, last: Option<usize>) -> Node {
        let end = self.range(end);
        // A block collection ends where the next node begins, which may be many lines later.
        let end = if end.is_empty() { last.unwrap_or(start.end) } else { end.end };
        Node::new(value, start.start..end.max(start.start))
    }

    fn alias(&mut self, id: usize, span: Range<usize>, depth: usize) -> Result<(Node, usize), Fatal> {
        let Some(anchored) = self.anchors.get(&id) else {
            let found = "an alias cannot stand inside of what it names";
            return Err(Box::new(Diagnostic::new(self.source, span, found)));
        };
        let (nodes, text, height) = (anchored.nodes, anchored.text, anchored.height);
        if depth + height > DEEPEST {
            return Err(Box::new(self.too_deep(span)));
        }
        self.spend(nodes, text, &span)?;
        let mut node = self.anchors[&id].node.clone();
        node.defined = Some(node.span);
        node.span = span;
        Ok((node, height))
    }

    fn unknown_alias(&mut self, name: &str, span: Range<usize>) -> Node {
        let found = format!("there is no anchor {} above", quoted(&format!("&{name}")));
        let help = format!("a text that begins with `*` needs quotes; an alias needs `&{name}` earlier in the file");
        self.found.push(Diagnostic::new(self.source, span.clone(), found).help(help));
        Node::new(Value::Null, span)
    }

    fn check_tag(&mut self, event: &Event<'_>, span: &Span) {
        let Some(tag) = event.tag().filter(|tag| tag.core_suffix() != Some("str")) else {
            return;
        };
        let place = span.tag_span().map_or_else(|| self.range(span), |span| self.range(&span));
        let found = format!("the tag {} has no meaning here", quoted(&tag.original()));
        self.found.push(
            Diagnostic::new(self.source, place, found).help("remove it; a text that begins with `!` needs quotes"),
        );
    }

    fn spend(&mut self, nodes: usize, text: usize, span: &Range<usize>) -> Result<(), Fatal> {
        self.nodes = self.nodes.saturating_add(nodes);
        self.text = self.text.saturating_add(text);
        if self.nodes <= MOST_NODES && self.text <= MOST_TEXT {
            return Ok(());
        }
        let found = "the document is too large when its aliases are resolved";
        Err(Box::new(
            Diagnostic::new(self.source, span.clone(), found)
                .help(format!("it may have {MOST_NODES} values and 64 MiB of text")),
        ))
    }

    fn too_deep(&self, span: Range<usize>) -> Diagnostic {
        Diagnostic::new(self.source, span, "the document is nested too deeply")
            .help(format!("maps and lists may be {DEEPEST} levels deep"))
    }

    fn range(&self, span: &Span) -> Range<usize> {
        let range = span.byte_range().unwrap_or(0..0);
        let end = range.end.min(self.source.text.len());
        range.start.min(end)..end
    }
}
