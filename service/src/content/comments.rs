//! Comments: on published posts, by anyone who may create them; a post's author may delete them.
use ::entity::{
    comments::{ActiveModel, Column, Entity, Model},
    posts,
};

use crate::{content::Posts, content::posts::PUBLISHED, identity::Users};
use kernel::prelude::*;

pub struct Comments;

#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema, DeriveIntoActiveModel)]
#[serde(deny_unknown_fields, default)]
pub struct NewComment {
    #[garde(range(min = 1))]
    pub post_id: i64,
    #[garde(length(chars, min = 1, max = 10_000))]
    pub body: String,
    #[garde(skip)]
    pub author_id: Option<i64>,
}

/// A comment on the post that the path of the request names.
#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewPostComment {
    #[garde(length(chars, min = 1, max = 10_000))]
    pub body: String,
    #[garde(skip)]
    pub author_id: Option<i64>,
}

#[serde_with::apply(_ => #[serde(default, deserialize_with = "present")])]
#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema, DeriveIntoActiveModel)]
#[serde(deny_unknown_fields)]
pub struct CommentPatch {
    #[garde(length(chars, min = 1, max = 10_000))]
    pub body: Option<String>,
}

base_columns!(Comments);

impl Readable for Comments {
    type Row = Model;

    const OWNER: Option<Column> = Some(Column::AuthorId);
    const PUBLIC: bool = true;
    const FIELDS: &'static [Field<Column>] = &[
        Field::public(Column::PostId).indexed(),
        Field::public(Column::AuthorId),
        Field::public(Column::Body).long(),
    ];

    fn owners() -> Vec<Owner> {
        vec![
            Owner::new::<Users>(Column::AuthorId),
            Owner::new::<Posts>(Column::PostId).only_if(
                posts::Column::Status.eq(PUBLISHED),
                "the post must be published before it can have comments",
            ),
        ]
    }

    /// The caller sees their own comments, and those on posts that they can see.
    fn visible(actor: &Actor) -> Condition {
        if actor.reach(Self::name(), Action::Read) == Reach::All {
            return everything();
        }
        Condition::any()
            .add(scope::has_visible::<Posts>(Column::PostId, actor))
            .add_option(
                actor
                    .owner(Self::name(), Action::Read)
                    .map(|me| Column::AuthorId.eq(me)),
            )
    }

    /// A signed-in user may be the author of a post, and may then delete the comments on it.
    fn could(actor: &Actor, action: Action) -> bool {
        Self::permission_rules().could(actor, action)
            || (action == Action::Delete && actor.owner(Self::name(), action).is_some())
    }
}

impl Crud for Comments {
    type New = NewComment;
    type Patch = CommentPatch;

    /// The author of a post may delete the comments on it.
    const OWNER_MAY: &'static [Action] = &[Action::Read, Action::Delete];

    async fn authorize(
        reads: &impl Reads,
        action: Action,
        comments: &[Model],
    ) -> Result<Vec<Result<()>>> {
        let authorize = |comment| require_permission::<Self>(reads.actor(), action, comment);
        let mut verdicts: Vec<_> = comments.iter().map(authorize).collect();
        let refused = comments
            .iter()
            .zip(&verdicts)
            .filter(|(_, verdict)| verdict.is_err());
        let posts: Vec<_> = refused.map(|(comment, _)| comment.post_id).collect();
        if action == Action::Delete && !posts.is_empty() {
            let own_posts = posts_by_caller(reads, posts).await?;
            for (comment, verdict) in comments.iter().zip(&mut verdicts) {
                if own_posts.contains(&comment.post_id) {
                    *verdict = Ok(());
                }
            }
        }
        Ok(verdicts)
    }
}

/// The posts among these whose author is the caller, if the credential allows the caller to delete comments.
async fn posts_by_caller(reads: &impl Reads, posts: Vec<i64>) -> Result<Vec<i64>> {
    let Some(me) = reads.actor().owner(Comments::name(), Action::Delete) else {
        return Ok(Vec::new());
    };
    let own_posts = scope::live::<Posts>(reads.actor())
        .filter(posts::Column::AuthorId.eq(me))
        .filter(posts::Column::Id.is_in(posts))
        .select_only()
        .column(posts::Column::Id);
    Ok(own_posts.into_tuple().all(reads.db()?).await?)
}
