//! `falsetrail schema`: prints the JSON Schema of scenario files or catalogs.

use super::{TemplatesOption, print};
use crate::{error::Error, schema};
use clap::{Args, ValueEnum};

/// Print the JSON Schema of scenario files or catalogs, for editors.
///
/// An editor that knows it offers words, explains them and underlines what is wrong while you type. With the YAML
/// extension of VS Code and other editors with yaml-language-server a file says itself where its schema is, by its
/// first line: `# yaml-language-server: $schema=scenario.schema.json`.
#[derive(Args)]
#[command(after_help = "\
Examples:
  falsetrail schema scenario > scenario.schema.json
  falsetrail schema scenario --templates my-catalog     with the words of another catalog
  falsetrail schema catalog > catalog.schema.json")]
pub(super) struct Schema {
    /// Whose form it is.
    #[arg(value_enum, default_value_t = What::Scenario)]
    what: What,

    #[command(flatten)]
    templates: TemplatesOption,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Scenario files; methods, kinds and failures of the catalog are offered.
    Scenario,
    /// `catalog.yaml` files.
    Catalog,
}

pub(super) fn run(arguments: &Schema) -> Result<u8, Error> {
    let schema = match arguments.what {
        What::Scenario => schema::for_scenarios(&*arguments.templates.catalog()?),
        What::Catalog => schema::for_catalogs(),
    };
    print(&format!("{schema:#}\n"))?;
    Ok(0)
}
