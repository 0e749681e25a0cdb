//! What a client may filter and sort by.

/// One declared column.
#[derive(Debug, Clone, Copy)]
pub struct Field<C> {
    pub column: C,
    /// Only for actors with the full read permission: to others a filter would be an oracle.
    pub is_private: bool,
}

impl<C> Field<C> {
    pub const fn public(column: C) -> Self {
        Self {
            column,
            is_private: false,
        }
    }

    pub const fn private(column: C) -> Self {
        Self {
            column,
            is_private: true,
        }
    }
}
