//! A caller of the API.
use std::{net::SocketAddr, time::Duration};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::Reply;

#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    root: String,
    token: Option<String>,
    /// The id of the user, or 0 for an anonymous caller.
    pub id: i64,
}

impl Client {
    pub fn new(address: SocketAddr, token: Option<String>, id: i64) -> Self {
        // A request that hangs fails here. The deadlines of reads and writes are shorter.
        let http = reqwest::Client::builder()
            .timeout(Duration::from_mins(1))
            .build()
            .unwrap();
        Self {
            http,
            root: format!("http://{address}"),
            token,
            id,
        }
    }

    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// Builds a request to a path below `/api/v1`, or below the root if it starts with `//`.
    pub fn request(&self, method: Method, path: impl AsRef<str>) -> RequestBuilder {
        let path = path.as_ref();
        let url = match path.strip_prefix("//") {
            Some(rest) => format!("{}/{rest}", self.root),
            None => format!("{}/api/v1{}", self.root, path.trim_start_matches("/api/v1")),
        };
        let request = self.http.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub async fn get(&self, path: impl AsRef<str>) -> Reply {
        Reply::send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: impl AsRef<str>, body: Value) -> Reply {
        Reply::send(self.request(Method::POST, path).json(&body)).await
    }

    /// Posts rows: CSV if the path has `format=csv`, otherwise NDJSON.
    pub async fn import(&self, path: impl AsRef<str>, rows: impl Into<reqwest::Body>) -> Reply {
        let kind = if path.as_ref().contains("format=csv") {
            "text/csv"
        } else {
            "application/x-ndjson"
        };
        let request = self
            .request(Method::POST, path)
            .header("content-type", kind);
        Reply::send(request.body(rows)).await
    }

    /// Posts without a body.
    pub async fn act(&self, path: impl AsRef<str>) -> Reply {
        Reply::send(self.request(Method::POST, path)).await
    }

    pub async fn patch(&self, path: impl AsRef<str>, body: Value) -> Reply {
        Reply::send(self.request(Method::PATCH, path).json(&body)).await
    }

    pub async fn put(&self, path: impl AsRef<str>) -> Reply {
        Reply::send(self.request(Method::PUT, path)).await
    }

    pub async fn delete(&self, path: impl AsRef<str>) -> Reply {
        Reply::send(self.request(Method::DELETE, path)).await
    }

    /// Signs in and returns the token.
    pub async fn login(&self, login: &str, password: &str) -> String {
        let reply = self
            .post(
                "/auth/login",
                json!({ "login": login, "password": password }),
            )
            .await;
        reply.expect_status(200).body["token"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Returns a client of the same user with a new API key.
    pub async fn with_key(&self, scopes: &[&str]) -> Self {
        let key = json!({ "name": "Key", "scopes": scopes });
        let made = self.post("/auth/api-keys", key).await.expect_status(201);
        self.with_token(made.body["key"].as_str().unwrap())
    }

    /// Publishes a post.
    pub async fn publish(&self, title: &str) -> Reply {
        let post =
            json!({ "title": title, "content": format!("About {title}."), "status": "published" });
        self.post("/posts", post).await.expect_status(201)
    }

    pub async fn comment(&self, post: i64, body: &str) -> Reply {
        self.post("/comments", json!({ "post_id": post, "body": body }))
            .await
            .expect_status(201)
    }
}
