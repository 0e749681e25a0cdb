//! What a client may name: to filter and sort by, or to be shown.

/// One declared column. What is not declared is never shown, and never recorded.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a choice of its own that a resource declares"
)]
pub struct Field<C> {
    pub column: C,
    /// Shown only to the owner of the row and to actors with the full read permission, who alone may filter by it.
    pub is_private: bool,
    /// Large: read only where it is shown.
    pub is_heavy: bool,
    /// A long text: its size is asked before it is read, and nothing is sorted, grouped or aggregated by it.
    pub is_long: bool,
    /// An index over live rows has them in the order of this column.
    pub is_indexed: bool,
    /// Whether rows may be filtered by it.
    pub is_comparable: bool,
}

impl<C: Copy> Field<C> {
    pub const fn public(column: C) -> Self {
        Self {
            column,
            is_private: false,
            is_heavy: false,
            is_long: false,
            is_indexed: false,
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
            is_long: true,
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

    /// Declares a text of more than 1,000 characters.
    #[must_use]
    pub const fn long(self) -> Self {
        Self {
            is_long: true,
            ..self
        }
    }

    /// Declares that an index over live rows has this column and then `id`, or is unique and has this column only.
    #[must_use]
    pub const fn indexed(self) -> Self {
        Self {
            is_indexed: true,
            ..self
        }
    }

    /// Whether rows may be sorted and grouped by it.
    pub const fn is_sortable(&self) -> bool {
        self.is_comparable && !self.is_long
    }
}
