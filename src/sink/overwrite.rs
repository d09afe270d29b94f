//! Whether an output replaces an existing file.

/// Whether an existing file is replaced.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// No: it is an error.
    #[default]
    Refuse,
    /// Yes, as with `--force`.
    Replace,
}

impl Overwrite {
    /// Replaces if `--force` is given.
    pub(crate) fn from_force(force: bool) -> Self {
        if force { Self::Replace } else { Self::Refuse }
    }
}
