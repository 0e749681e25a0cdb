//! The content that users write: posts and the comments on them.
pub mod comments;
pub mod posts;

pub use comments::Comments;
pub use posts::Posts;
