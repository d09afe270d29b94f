//! Limits on the size and depth of templates, so that a small file cannot take much time or memory.

/// Maximum nesting depth of a template.
pub(crate) const MAX_DEPTH: usize = 128;

/// Maximum size of a template's text, in bytes.
pub(crate) const MAX_BYTES: usize = 4 << 20;

/// Maximum literal bytes of a compiled template.
pub(crate) const MAX_LITERALS: usize = 64 << 20;
