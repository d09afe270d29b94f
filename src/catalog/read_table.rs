//! Reader of a kind's table: its columns and rows.

use super::{
    Field, Generator, Scalar, Table,
    read_common::{check_field_name, of_another_type, scalar, weighted},
};
use crate::{
    error::quoted,
    yaml::{Node, Reader, Spanned},
};

/// The column of the rows' weights.
const WEIGHT: &str = "weight";

/// Reads the columns as fields, and the rows unless they have a mistake.
pub(super) fn table(reader: &Reader, node: &Node) -> Option<(Vec<Field>, Option<Table>)> {
    let mut map = reader.map_as(node, "a table", "{ columns: [id, weight], rows: [[north, 3], [south, 1]] }")?;
    let columns = map.required_list("columns");
    let rows = map.required_list("rows");
    map.finish();
    let columns = columns?;
    let names: Vec<Spanned<String>> = columns.iter().filter_map(|name| reader.text(name, "a column")).collect();
    if names.len() != columns.len() {
        return None;
    }
    check_names(reader, &names);
    let fields = names.iter().enumerate().filter(|(_, name)| name.value != WEIGHT);
    let field = |(at, name): (usize, &Spanned<String>)| Field {
        name: name.value.clone(),
        generator: Generator::Column(at),
        matches: None,
    };
    let fields = fields.map(field).collect();
    Some((fields, rows.and_then(|rows| self::rows(reader, &names, rows, node))))
}

fn check_names(reader: &Reader, names: &[Spanned<String>]) {
    for (at, name) in names.iter().enumerate() {
        check_field_name(reader, name);
        if names[..at].iter().any(|other| other.value == name.value) {
            let diagnostic = reader.diagnostic(&name.span, format!("two columns are called {}", quoted(&name.value)));
            reader.report(diagnostic.help("give each column another name"));
        }
    }
}

/// Reads the rows and checks them: one value per column, one type in each column, unique ids.
fn rows(reader: &Reader, names: &[Spanned<String>], rows: &[Node], table: &Node) -> Option<Table> {
    let diagnostics = reader.diagnostics();
    let weight_at = names.iter().position(|name| name.value == WEIGHT);
    let mut values: Vec<Vec<Scalar>> = Vec::new();
    let mut weights = Vec::new();
    let mut cells = Vec::new();
    for row in rows {
        let Some(written) = reader.list(row, "a row") else { continue };
        if written.len() != names.len() {
            let message = format!("{} columns, but {} values", names.len(), written.len());
            let columns: Vec<&str> = names.iter().map(|name| name.value.as_str()).collect();
            reader.report(
                reader
                    .diagnostic(&row.span, message)
                    .help(format!("write a value for each of [{}]", columns.join(", "))),
            );
            continue;
        }
        let is_weight = |at: usize| Some(at) == weight_at;
        let weight = weight_at.and_then(|at| reader.u64(&written[at], "a weight"));
        weights.push(weight.map_or(1, |weight| weight.value));
        // A weight is not shown in events.
        let read = |(at, cell)| if is_weight(at) { Some(Scalar::Null) } else { scalar(reader, cell) };
        let row: Vec<Scalar> = written.iter().enumerate().filter_map(read).collect();
        values.extend((row.len() == names.len()).then_some(row));
        cells.push(written);
    }
    if reader.diagnostics() > diagnostics {
        return None;
    }
    for (at, name) in names.iter().enumerate() {
        check_column(reader, (at, &name.value), &values, &cells);
    }
    let at = weight_at.map_or(&table.span, |at| &names[at].span);
    let weights = weighted(reader, at, &weights)?;
    let shapes = (0..names.len()).map(|at| Scalar::shape_of(values.iter().map(|row| &row[at]))).collect();
    (reader.diagnostics() == diagnostics).then_some(Table { rows: values, weights, shapes })
}

fn check_column(reader: &Reader, (at, name): (usize, &str), values: &[Vec<Scalar>], cells: &[&[Node]]) {
    if let Some(row) = of_another_type(values.iter().map(|row| &row[at])) {
        let message = format!("the column {} has values of one type, and this one is of another", quoted(name));
        let diagnostic = reader.diagnostic(&cells[row][at].span, message);
        reader.report(diagnostic.help("put all of them in quotes, or none; `null` may stand beside any"));
    }
    if name != "id" {
        return;
    }
    let mut seen = std::collections::HashMap::new();
    for (row, id) in values.iter().map(|row| &row[at]).enumerate() {
        let span = &cells[row][at].span;
        if *id == Scalar::Null {
            reader.report(reader.diagnostic(span, "the id of a row is null").help("give the row an id"));
        } else if let Some(first) = seen.insert(id.to_string(), row) {
            let (line, _) = reader.source().position(cells[first][at].span.start);
            let diagnostic = reader.diagnostic(span, format!("two rows have the id {}", quoted(&id.to_string())));
            reader.report(diagnostic.label(format!("first on line {line}")).help("give each row a different `id`"));
        }
    }
}
