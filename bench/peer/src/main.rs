//! The code that users would write by hand instead of using Atoll: five routes on a table of posts, four times.
//!
//! `peer KIND PORT DATABASE_URL` serves on 127.0.0.1. A caller signs in with the token `peer-N`, which stands for the user N
//! and is looked up in a table in memory, so a sign-in costs these servers no statement.
mod by_hand;
mod model;
mod orm;
mod pipelined;
mod sqlite;

use std::{
    collections::HashMap,
    env,
    error::Error,
    fmt::Display,
    future::{Ready, ready},
};

use actix_web::{
    App, FromRequest, HttpRequest, HttpResponse, HttpServer,
    dev::Payload,
    error::{ErrorInternalServerError, ErrorNotFound, ErrorUnauthorized},
    http::header::AUTHORIZATION,
    web::{Data, Json, Path, Query, get, post},
};
use model::{NewPost, Post, PostWithAuthor};
use serde::{Deserialize, Serialize};

/// The connections of a server. Atoll has as many by default.
const CONNECTIONS: u32 = 10;
/// The number of users who have a token.
const USERS: i64 = 1_000;

/// The queries of one way to talk to a database.
trait Store: Sized + 'static {
    type Failure: Display;

    async fn get(&self, id: i64) -> Result<Option<Post>, Self::Failure>;
    async fn list(&self, limit: i64) -> Result<Vec<PostWithAuthor>, Self::Failure>;
    async fn create(&self, author: i64, post: NewPost) -> Result<Post, Self::Failure>;
}

struct Tokens(HashMap<String, i64>);

/// The user who sent the request.
struct Caller(i64);

impl FromRequest for Caller {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let header = request.headers().get(AUTHORIZATION);
        let token = header.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let tokens = request.app_data::<Data<Tokens>>();
        let user = token.and_then(|token| tokens?.0.get(token).copied());
        ready(
            user.map(Self)
                .ok_or_else(|| ErrorUnauthorized("unknown token")),
        )
    }
}

#[derive(Deserialize)]
struct ListQuery {
    limit: i64,
}

#[derive(Serialize)]
struct Page {
    data: Vec<PostWithAuthor>,
}

#[derive(Serialize)]
struct Status {
    status: &'static str,
}

async fn fixed() -> HttpResponse {
    HttpResponse::Ok().json(Status { status: "ok" })
}

async fn read<S: Store>(
    _: Caller,
    store: Data<S>,
    id: Path<i64>,
) -> actix_web::Result<HttpResponse> {
    let post = store.get(*id).await.map_err(failed)?;
    let post = post.ok_or_else(|| ErrorNotFound("no such post"))?;
    Ok(HttpResponse::Ok().json(post))
}

async fn list<S: Store>(
    _: Caller,
    store: Data<S>,
    query: Query<ListQuery>,
) -> actix_web::Result<HttpResponse> {
    let data = store
        .list(query.limit.clamp(1, 100))
        .await
        .map_err(failed)?;
    Ok(HttpResponse::Ok().json(Page { data }))
}

async fn create<S: Store>(
    caller: Caller,
    store: Data<S>,
    post: Json<NewPost>,
) -> actix_web::Result<HttpResponse> {
    let created = store.create(caller.0, post.into_inner()).await;
    Ok(HttpResponse::Created().json(created.map_err(failed)?))
}

fn failed(error: impl Display) -> actix_web::Error {
    eprintln!("{error}");
    ErrorInternalServerError("failed")
}

/// Serves until a signal arrives. `open` runs once in each worker.
async fn serve<S: Store, F>(
    port: u16,
    open: impl Fn() -> F + Clone + Send + 'static,
) -> Result<(), Box<dyn Error>>
where
    F: Future<Output = Result<S, Box<dyn Error>>> + 'static,
{
    let tokens = (1..=USERS).map(|user| (format!("peer-{user}"), user));
    let tokens = Data::new(Tokens(tokens.collect()));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(tokens.clone())
            .data_factory(open.clone())
            .route("/static", get().to(fixed))
            .route("/posts/{id}", get().to(read::<S>))
            .route("/posts", get().to(list::<S>))
            .route("/posts", post().to(create::<S>))
    });
    Ok(server.bind(("127.0.0.1", port))?.run().await?)
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [kind, port, url] = arguments.as_slice() else {
        return Err("usage: peer sqlx|pipelined|seaorm|sqlite PORT DATABASE_URL".into());
    };
    let port = port.parse()?;
    match kind.as_str() {
        "sqlx" => {
            let store = by_hand::ByHand::open(url).await?;
            serve(port, move || ready(Ok(store.clone()))).await
        }
        "pipelined" => {
            let url = url.clone();
            serve(port, move || pipelined::Pipelined::open(url.clone())).await
        }
        "seaorm" => {
            let store = orm::Orm::open(url).await?;
            serve(port, move || ready(Ok(store.clone()))).await
        }
        "sqlite" => {
            let store = sqlite::Sqlite::open(url).await?;
            serve(port, move || ready(Ok(store.clone()))).await
        }
        other => Err(
            format!("unknown kind `{other}`; expected sqlx, pipelined, seaorm or sqlite").into(),
        ),
    }
}
