//! The resources there are. A new one is one line here: it then takes part in cascades, permissions and the sweeping tests.
use std::{collections::HashSet, pin::Pin, sync::LazyLock};

use sea_orm::{IdenStatic, sea_query::SelectStatement};

use crate::{
    Comments, Crud, Error, Posts, Result, Roles, Tx, Users,
    crud::{Column, Field, Owner},
    permission::{Action, Permission, SPECIAL},
    query::{searched, unsupported_fields},
    slug::{self, Rename},
};

/// Owners before what they own.
static TABLES: LazyLock<Vec<Table>> = LazyLock::new(|| {
    vec![
        Table::of::<Users>()
            .link("user_roles", "user_id")
            .link("sessions", "user_id")
            .link("api_keys", "user_id")
            .link("totp_secrets", "user_id")
            .link("recovery_codes", "user_id")
            .link("one_time_tokens", "user_id")
            .named("one_time_tokens", "email", "email")
            .link("verified_emails", "user_id")
            .link("mails", "user_id")
            .named("mails", "recipient", "email")
            .link("last_logins", "user_id")
            .link("idempotency_keys", "user_id")
            .link("written_bytes", "user_id"),
        Table::of::<Roles>().link("user_roles", "role_id"),
        Table::of::<Posts>(),
        Table::of::<Comments>(),
    ]
});

/// Finds free slugs for some of the rows of a deletion that come back, by a select of those.
type MakeRoom = for<'a> fn(
    &'a Tx,
    i64,
    SelectStatement,
) -> Pin<Box<dyn Future<Output = Result<Vec<Rename>>> + 'a>>;

/// What the machinery knows of a resource without its types.
pub struct Table {
    pub name: &'static str,
    pub owners: Vec<Owner>,
    /// Rows of plain tables that go with a purged row: table, column, and the column of the row that it names.
    pub links: Vec<(&'static str, &'static str, &'static str)>,
    pub has_own: bool,
    /// What an owner of rows may do without a permission.
    pub owner_may: &'static [Action],
    /// The columns that are shown and recorded.
    pub fields: Vec<&'static str>,
    /// The members that only the owner of a row and holders of the full read permission see.
    pub private: Vec<&'static str>,
    /// Those of them that come along with other rows only where they are asked for.
    pub heavy: Vec<&'static str>,
    /// Those of them by which nothing is sorted or grouped.
    pub long: Vec<&'static str>,
    /// Those of them in whose order an index over live rows is.
    pub indexed: Vec<&'static str>,
    /// The columns that are searched, the weightiest first.
    pub search: Vec<&'static str>,
    /// What is wrong with the declaration; [`check`] reports it at the start.
    problems: Vec<String>,
    pub make_room: MakeRoom,
}

impl Table {
    fn of<C: Crud>() -> Self {
        Self {
            name: C::name(),
            owners: C::owners(),
            links: Vec::new(),
            has_own: C::OWNER.is_some(),
            owner_may: C::OWNER_MAY,
            fields: fields::<C>(|_| true),
            private: C::private().collect(),
            heavy: C::heavy().collect(),
            long: fields::<C>(|field| field.is_long),
            indexed: fields::<C>(|field| field.is_indexed),
            search: searched::<C>(),
            problems: unsupported_fields::<C>(),
            make_room: |tx, deletion, rows| Box::pin(slug::make_room::<C>(tx, deletion, rows)),
        }
    }

    fn link(self, table: &'static str, column: &'static str) -> Self {
        self.named(table, column, "id")
    }

    fn named(mut self, table: &'static str, column: &'static str, name: &'static str) -> Self {
        self.links.push((table, column, name));
        self
    }
}

/// The declared columns for which `is_meant` holds.
fn fields<C: Crud>(is_meant: fn(&Field<Column<C>>) -> bool) -> Vec<&'static str> {
    let meant = C::FIELDS.iter().filter(|field| is_meant(field));
    meant.map(|field| field.column.as_str()).collect()
}

pub fn tables() -> &'static [Table] {
    &TABLES
}

/// Fails where a resource declares what the service cannot do: a server that started would answer 500.
pub fn check() -> Result<()> {
    let problems = tables().iter().flat_map(|table| &table.problems);
    let problems: Vec<_> = problems.map(String::as_str).collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::bug(problems.join("; ")))
    }
}

pub fn table(name: &str) -> Result<&'static Table> {
    tables()
        .iter()
        .find(|table| table.name == name)
        .ok_or_else(|| Error::bug(format!("{name} is not registered")))
}

/// The tables whose rows belong to rows of `root`, directly or not, owners first.
pub fn owned_by(root: &str) -> Vec<&'static Table> {
    let mut owned: Vec<&'static Table> = Vec::new();
    for table in tables() {
        let belongs = |owner: &Owner| {
            owner.table == root || owned.iter().any(|above| above.name == owner.table)
        };
        if table.owners.iter().any(belongs) {
            owned.push(table);
        }
    }
    owned
}

/// Every permission that there is, as it is written.
pub fn permissions() -> Vec<String> {
    let of = |table: &Table| {
        let name = table.name;
        let full = Action::ALL.map(|action| format!("{name}.{}", action.as_str()));
        let own = full.clone().map(|full| full + ".own");
        let own = own.into_iter().filter(|_| table.has_own);
        let own: Vec<_> = own.collect();
        [format!("{name}.*")].into_iter().chain(full).chain(own)
    };
    let special = SPECIAL.map(str::to_owned);
    let all = ["*".to_owned()].into_iter().chain(special);
    all.chain(tables().iter().flat_map(of)).collect()
}

/// What every user may do with what is theirs without a permission, written as the permissions that lend it to an API key.
pub fn owner_rights() -> Vec<Permission> {
    let of = |table: &Table| {
        let name = table.name;
        let right = move |action: &Action| format!("{name}.{}.own", action.as_str());
        table.owner_may.iter().map(right).map(Permission::new)
    };
    let owned = tables().iter().filter(|table| table.has_own);
    owned.flat_map(of).collect()
}

/// Whether a text names a permission that exists.
pub fn is_permission(text: &str) -> bool {
    static ALL: LazyLock<HashSet<String>> = LazyLock::new(|| permissions().into_iter().collect());
    ALL.contains(text)
}
