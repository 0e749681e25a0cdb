//! What a client may name: to filter and sort by, or to be shown.

/// One declared column. What is not declared is never shown, and never recorded.
#[derive(Debug, Clone, Copy)]
pub struct Field<C> {
    pub column: C,
    /// Only for actors with the full read permission: to others a filter would be an oracle.
    pub is_private: bool,
    /// Large: read only where it is shown.
    pub is_heavy: bool,
    /// Whether rows may be filtered and sorted by it.
    pub is_comparable: bool,
}

impl<C: Copy> Field<C> {
    pub const fn public(column: C) -> Self {
        Self {
            column,
            is_private: false,
            is_heavy: false,
            is_comparable: true,
        }
    }

    pub const fn private(column: C) -> Self {
        Self {
            is_private: true,
            ..Self::public(column)
        }
    }

    pub const fn heavy(column: C) -> Self {
        Self {
            is_heavy: true,
            ..Self::opaque(column)
        }
    }

    /// One that has no order, such as a list.
    pub const fn opaque(column: C) -> Self {
        Self {
            is_comparable: false,
            ..Self::public(column)
        }
    }
}
