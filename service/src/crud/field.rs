//! What a client may name: to filter and sort by, or to be shown.

/// One declared column.
#[derive(Debug, Clone, Copy)]
pub struct Field<C> {
    pub column: C,
    /// Only for actors with the full read permission: to others a filter would be an oracle.
    pub is_private: bool,
    /// Large: neither filtered nor sorted by, and read only where it is shown.
    pub is_heavy: bool,
}

impl<C> Field<C> {
    pub const fn public(column: C) -> Self {
        Self {
            column,
            is_private: false,
            is_heavy: false,
        }
    }

    pub const fn heavy(column: C) -> Self {
        Self {
            column,
            is_private: false,
            is_heavy: true,
        }
    }

    pub const fn private(column: C) -> Self {
        Self {
            column,
            is_private: true,
            is_heavy: false,
        }
    }
}
