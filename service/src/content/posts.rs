//! Posts: the fields that clients may set, who may see a post, and when it is published.
use ::entity::posts::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::{Expr, ExprTrait};

use crate::identity::Users;
use kernel::prelude::*;

pub struct Posts;

pub const DRAFT: &str = "draft";
pub const PUBLISHED: &str = "published";
pub const STATES: [&str; 3] = [DRAFT, PUBLISHED, "archived"];

#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema, DeriveIntoActiveModel)]
#[serde(deny_unknown_fields, default)]
pub struct NewPost {
    #[serde(with = "Trimmed")]
    #[garde(length(chars, min = 1, max = 255))]
    pub title: String,
    #[garde(length(chars, min = 1, max = 100), pattern("^[a-z0-9-]*$"))]
    pub slug: Option<String>,
    #[garde(length(chars, max = 500))]
    pub summary: Option<String>,
    #[garde(length(chars, min = 1, max = 100_000))]
    pub content: String,
    #[garde(skip)]
    #[schemars(extend("default" = DRAFT))]
    pub status: Option<String>,
    #[garde(skip)]
    pub author_id: Option<i64>,
}

// Each field is read by `present`, except `title`, which is also trimmed.
#[serde_with::apply(_ => #[serde(default, deserialize_with = "present")])]
#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema, DeriveIntoActiveModel)]
#[serde(deny_unknown_fields)]
pub struct PostPatch {
    #[serde_with(skip_apply)]
    #[serde(default, with = "PresentTrimmed")]
    #[garde(length(chars, min = 1, max = 255))]
    pub title: Option<String>,
    #[garde(length(chars, min = 1, max = 100), pattern("^[a-z0-9-]*$"))]
    pub slug: Option<String>,
    #[garde(length(chars, max = 500))]
    pub summary: Option<Option<String>>,
    #[garde(length(chars, min = 1, max = 100_000))]
    pub content: Option<String>,
    #[garde(skip)]
    pub status: Option<String>,
}

base_columns!(Posts);

impl Readable for Posts {
    type Row = Model;

    const OWNER: Option<Column> = Some(Column::AuthorId);
    const PUBLIC: bool = true;
    const FIELDS: &'static [Field<Column>] = &[
        Field::public(Column::Title),
        Field::public(Column::Slug).indexed(),
        Field::public(Column::Summary),
        Field::heavy(Column::Content),
        Field::public(Column::Status).one_of(&STATES).indexed(),
        Field::public(Column::PublishedAt).indexed(),
        Field::public(Column::AuthorId),
    ];
    const SEARCH: &'static [Column] = &[Column::Title, Column::Summary, Column::Content];

    fn owners() -> Vec<Owner> {
        vec![Owner::new::<Users>(Column::AuthorId)]
    }

    /// Everyone sees published posts; their authors and callers with `posts.read` see the others.
    fn visible(actor: &Actor) -> Condition {
        let parts = Self::visible_disjoint(actor).into_iter();
        parts.fold(Condition::any(), Condition::add)
    }

    fn visible_disjoint(actor: &Actor) -> Vec<Condition> {
        if actor.reach(Self::name(), Action::Read) == Reach::All {
            return vec![everything()];
        }
        // A constant, not a parameter, lets every plan use the partial index of published posts.
        let has_status = |status: &'static str| {
            let status = Expr::Constant(status.into());
            Condition::all().add(Expr::col(Column::Status.as_column_ref()).eq(status))
        };
        let unpublished = STATES.into_iter().filter(|status| *status != PUBLISHED);
        let author = actor.owner(Self::name(), Action::Read);
        let own = author.into_iter().flat_map(|user_id| {
            let of_user = move |status| has_status(status).add(Column::AuthorId.eq(user_id));
            unpublished.clone().map(of_user)
        });
        [has_status(PUBLISHED)].into_iter().chain(own).collect()
    }
}

impl Crud for Posts {
    type New = NewPost;
    type Patch = PostPatch;

    const GENERATED: Option<Generated<Column>> = Some(Generated {
        column: Column::Slug,
        source: Column::Title,
        make: |title| slug::make(title, "post"),
        vary: slug::vary,
    });

    async fn check(_tx: &Tx, change: Change<'_, Self>) -> Result<()> {
        let post = change.after;
        if change.action == Action::Create && post.status.is_not_set() {
            post.status = Set(DRAFT.to_owned());
        }
        let was_published = change
            .before
            .is_some_and(|before| before.published_at.is_some());
        if !was_published
            && post
                .status
                .try_as_ref()
                .is_some_and(|status| status == PUBLISHED)
        {
            post.published_at = Set(Some(now()));
        }
        Ok(())
    }
}
