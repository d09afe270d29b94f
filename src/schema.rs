//! JSON Schemas for editors: what may be written, explained where it is written.
//!
//! Readers collect mistakes with their places, and no schema library does that; so the schemas are generated from types
//! of their own, one for each reader function, whose doc comments are what an editor shows. `tests/it/schemas.rs` holds
//! both together: what a reader accepts a schema accepts, and what is wrong in form it refuses.
//!
//! Errors beyond the form (a method that the catalog does not have, a call that cannot succeed) are left to the
//! planner. The catalog's words are offered, not demanded.

// The fields are read by the derived schemas alone.
#[expect(dead_code, reason = "the types describe files, and nothing is ever made of them")]
mod catalog_file;
#[expect(dead_code, reason = "the types describe files, and nothing is ever made of them")]
mod scenario_file;
mod shape;
mod suggest;
#[expect(dead_code, reason = "the types describe files, and nothing is ever made of them")]
mod words;

use crate::catalog::Catalog;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::Value;

/// The schema of scenario files (JSON Schema 2020-12), which offers the words of a catalog.
pub fn for_scenarios(catalog: &Catalog) -> Value {
    let mut generator = generator();
    // It is put where it may stand later.
    generator.subschema_for::<words::Parameter>();
    let mut schema = generator.into_root_schema_for::<scenario_file::Scenario>().to_value();
    shape::settle(&mut schema);
    shape::head_first(&mut schema);
    shape::allow_parameters(&mut schema);
    suggest::words(&mut schema, catalog);
    schema
}

/// The schema of catalogs (JSON Schema 2020-12).
pub fn for_catalogs() -> Value {
    let mut schema = generator().into_root_schema_for::<catalog_file::Catalog>().to_value();
    shape::settle(&mut schema);
    shape::head_first(&mut schema);
    schema
}

fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12().into_generator()
}
