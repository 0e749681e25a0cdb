//! Groups of conditions: `or=(…)`, with `and(…)` and `or(…)` in it.
use serde_json::Value;
use tests::{Client, Reply, TestApp, json};

use crate::dice::{Dice, seeds};

async fn ids(client: &Client, query: &str) -> Vec<i64> {
    let page = client.get(format!("/posts?sort=id&limit=100&{query}"));
    page.await.expect_status(200).ids()
}

/// Returns the text of the refusal of `or`.
fn refusal(reply: Reply) -> String {
    let reply = reply
        .expect_problem(400, "malformed_request")
        .expect_error_at("or");
    reply.body["errors"][0]["detail"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[actix_web::test]
async fn a_row_meets_at_least_one_alternative() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    for (author, title, status) in [
        (&ada, "One", "published"),
        (&ada, "a, (b)", "archived"),
        (&bob, "say \"hi\"", "published"),
        (&bob, "Four", "draft"),
    ] {
        let post = json!({ "title": title, "content": "…", "status": status });
        author.post("/posts", post).await.expect_status(201);
    }
    let root = app.superuser("root").await;

    for (query, expected) in [
        ("or=(status.eq.draft,id.eq.1)", vec![1, 4]),
        ("or=(status.eq.draft)", vec![4]),
        (
            "or=(status.in.(draft,archived),title.eq.One)",
            vec![1, 2, 4],
        ),
        (
            r#"or=(title.eq."a, (b)",title.eq."say \"hi\"")"#,
            vec![2, 3],
        ),
        (r#"or=(title.in.("a, (b)",One))"#, vec![1, 2]),
        (r#"or=(title.eq.say "hi")"#, vec![3]),
        ("or=(author.username.eq.ada,status.eq.draft)", vec![1, 2, 4]),
        (
            "or=(and(author.username.eq.bob,status.eq.published),id.lt.2)",
            vec![1, 3],
        ),
        (
            "or=(and(or(id.eq.1,id.eq.2),status.eq.archived),id.gte.4)",
            vec![2, 4],
        ),
        ("or=(summary.is_null.false,title.starts_with.FO)", vec![4]),
        ("or=(created_at.lt.2000-01-01T00:00:00.5Z,id.eq.2)", vec![2]),
        (
            "or=(status.eq.draft,status.eq.published)&author.username=bob",
            vec![3, 4],
        ),
        ("or=(title.eq.)", vec![]),
    ] {
        assert_eq!(ids(&root, query).await, expected, "{query}");
    }
    let count = root.get("/posts/stats?or=(status.eq.draft,id.eq.1)").await;
    assert_eq!(count.expect_status(200).body["data"][0]["count"], 2);
    let export = root.get("/posts/export?format=ndjson&or=(status.eq.draft,id.eq.1)");
    assert_eq!(export.await.expect_status(200).text.lines().count(), 2);
    // A caller finds only rows that they may see.
    assert_eq!(ids(&ada, "or=(status.eq.draft,id.eq.1)").await, [1]);
}

#[actix_web::test]
async fn a_malformed_group_is_told_what_is_allowed() {
    let app = TestApp::new().await;
    let nobody = app.anonymous();

    for (group, expected) in [
        ("", "expected `(` at the end"),
        ("status.eq.draft", "expected `(` before \"status.eq.draft\""),
        (
            "()",
            "\"\" is not a condition, which is field.operator.value",
        ),
        ("(status.eq.draft", "expected `,` or `)` at the end"),
        ("(status.eq.draft),", "expected the end before \",\""),
        ("(status.eq.draft,)", "\"\" is not a condition"),
        ("(status,id.eq.1)", "\"status\" is not a condition"),
        ("(title.like.a)", "\"title.like.a\" is not a condition"),
        ("(title.eq.a(b))", "must be in double quotes"),
        ("(title.eq.\"a)", "has an unclosed double quote"),
        ("(title.eq.\"a\"b)", "expected `,` or `)` before \"b)\""),
        ("(id.in.1)", "expected `(` before \"1)\""),
        ("(id.in.(1)", "expected `,` or `)` at the end"),
        (
            "(status.eq.pubished)",
            "status.eq: must be one of draft, published, archived",
        ),
        ("(id.gt.x)", "id.gt: must be a 64-bit integer"),
        (
            "(titel.eq.a)",
            "titel.eq: unknown field; did you mean `title`? Expected id",
        ),
        (
            "(autor.username.eq.a)",
            "unknown relation \"autor\"; did you mean `author`?",
        ),
        ("(or(or(or(id.eq.1))))", "groups can be at most 3 deep"),
    ] {
        let detail = refusal(nobody.get(format!("/posts?or={group}")).await);
        assert!(detail.contains(expected), "{group}: {detail}");
    }
    nobody
        .get("/posts?or=(or(and(id.eq.1)))")
        .await
        .expect_status(200);
    for (count, is_allowed) in [(20, true), (21, false)] {
        let conditions = vec!["id.eq.1"; count].join(",");
        let reply = nobody.get(format!("/posts?or=({conditions})")).await;
        if is_allowed {
            reply.expect_status(200);
        } else {
            assert_eq!(refusal(reply), "takes at most 20 conditions");
        }
    }
    nobody
        .get("/posts?or=(id.eq.1)&or=(id.eq.2)")
        .await
        .expect_problem(400, "malformed_request")
        .expect_error_at("or");
}

#[actix_web::test]
async fn patterns_in_groups_count_with_the_others() {
    let app = TestApp::new().await;
    let nobody = app.anonymous();
    let group = |count: usize| {
        let patterns = vec!["title.contains.a"; count].join(",");
        format!("or=({patterns})")
    };

    for path in ["/posts", "/posts/stats", "/posts/export"] {
        let few = format!("{path}?slug[contains]=a&{}", group(4));
        nobody.get(few).await.expect_status(200);
        let many = format!("{path}?slug[contains]=a&{}", group(5));
        assert!(refusal(nobody.get(many).await).contains("at most 5 contains"));
        let last = format!("{path}?{}&slug[contains]=a", group(5));
        nobody
            .get(last)
            .await
            .expect_problem(400, "malformed_request")
            .expect_error_at("slug[contains]");
    }
}

/// The refusal of a private field must not reveal that it exists.
#[actix_web::test]
async fn a_private_field_is_unknown_in_a_group_too() {
    let app = TestApp::new().await;
    let (ada, admin) = (app.member("ada").await, app.admin("admin").await);

    for (path, field) in [("/users", "email"), ("/posts", "author.email")] {
        let query = |field: &str| format!("{path}?or=(id.eq.1,and({field}.eq.ada@example.org))");
        let private = refusal(ada.get(query(field)).await);
        let unknown = refusal(ada.get(query(&field.replace("email", "e-mail"))).await);
        assert_eq!(private.replace("email", "e-mail"), unknown);
        admin.get(query(field)).await.expect_status(200);
    }
}

#[actix_web::test]
async fn a_cursor_belongs_to_the_meaning_of_a_group() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    for number in 0..3 {
        ada.publish(&format!("Post {number}")).await;
    }
    let made = "or=(id.gt.1,and(status.eq.published,author_id.eq.1))";
    let page = ada.get(format!("/posts?limit=1&{made}")).await;
    let cursor = page.body["page"]["next"].as_str().unwrap().to_owned();

    for (used, is_same) in [
        (
            "or=(and(author_id.in.(1),status.eq.\"published\"),id.gt.01)",
            true,
        ),
        (
            "or=(or(id.gt.1,id.gt.1),and(status.eq.published,and(author_id.eq.1)))",
            true,
        ),
        ("or=(id.gt.1,or(status.eq.published,author_id.eq.1))", false),
        (
            "or=(id.gt.1,and(status.eq.published,author_id.eq.2))",
            false,
        ),
        ("or=(id.gt.1)", false),
        ("id[gt]=1", false),
    ] {
        let reply = ada.get(format!("/posts?limit=1&{used}&cursor={cursor}"));
        let reply = reply.await;
        if is_same {
            reply.expect_status(200);
        } else {
            reply
                .expect_problem(400, "malformed_request")
                .expect_error_at("cursor");
        }
    }
    // A group that needs no `or` means the same as filters.
    let page = ada.get("/posts?limit=1&status=published&id[gt]=0").await;
    let cursor = page.body["page"]["next"].as_str().unwrap();
    let group = "or=(and(id.gt.0,status.eq.published))";
    ada.get(format!("/posts?limit=1&{group}&cursor={cursor}"))
        .await
        .expect_status(200);
}

type Test = Box<dyn Fn(&Value) -> bool>;

/// A drawn condition or group: its text, and what it means.
struct Drawn {
    text: String,
    test: Test,
}

const TITLES: [&str; 5] = ["a", "A, b", "(c)", "d\"e", "f\\"];

impl Drawn {
    fn group(dice: &mut Dice, depth: usize) -> Self {
        let is_any = depth == 1 || dice.below(2) == 0;
        let members: Vec<_> = (0..=dice.below(3))
            .map(|_| {
                if depth < 3 && dice.below(2) == 0 {
                    Self::group(dice, depth + 1)
                } else {
                    Self::condition(dice)
                }
            })
            .collect();
        let texts: Vec<_> = members.iter().map(|member| member.text.as_str()).collect();
        let name = match (depth, is_any) {
            (1, _) => "",
            (_, true) => "or",
            (_, false) => "and",
        };
        Self {
            text: format!("{name}({})", texts.join(",")),
            test: Box::new(move |row| {
                let mut members = members.iter();
                if is_any {
                    members.any(|member| (member.test)(row))
                } else {
                    members.all(|member| (member.test)(row))
                }
            }),
        }
    }

    fn condition(dice: &mut Dice) -> Self {
        let title = dice.pick(&TITLES);
        let (other, number) = (dice.pick(&TITLES), i64::try_from(dice.below(12)).unwrap());
        let status = dice.pick(&["draft", "published", "archived"]);
        let new = |text: String, test: Test| Self { text, test };
        match dice.below(8) {
            0 => new(
                format!("title.eq.{}", written(title)),
                Box::new(move |row| row["title"] == title),
            ),
            1 => new(
                format!("title.in.({},{})", written(title), written(other)),
                Box::new(move |row| row["title"] == title || row["title"] == other),
            ),
            2 => new(
                format!("summary.ne.{}", written(title)),
                Box::new(move |row| row["summary"] != title),
            ),
            3 => new(
                format!("summary.nin.({},{})", written(title), written(other)),
                Box::new(move |row| row["summary"] != title && row["summary"] != other),
            ),
            4 => new(
                "summary.is_null.true".to_owned(),
                Box::new(|row| row["summary"].is_null()),
            ),
            5 => new(
                format!("id.gte.{number}"),
                Box::new(move |row| row["id"].as_i64() >= Some(number)),
            ),
            6 => new(
                format!("status.eq.{status}"),
                Box::new(move |row| row["status"] == status),
            ),
            _ => new(
                "author.username.eq.ada".to_owned(),
                Box::new(|row| row["author"]["username"] == "ada"),
            ),
        }
    }
}

/// Puts a value into double quotes if it needs them.
fn written(value: &str) -> String {
    if value.contains([',', '(', '"']) {
        format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        value.to_owned()
    }
}

#[actix_web::test]
async fn drawn_groups_select_the_rows_that_they_mean() {
    for seed in seeds() {
        let mut dice = Dice::new(seed);
        let app = TestApp::new().await;
        let (ada, root) = (app.member("ada").await, app.superuser("root").await);
        for _ in 0..12 {
            let author = dice.pick(&[&ada, &root]);
            let summary = dice.pick(&[None, Some("a"), Some("(c)")]);
            let post = json!({
                "title": dice.pick(&TITLES), "summary": summary, "content": "…",
                "status": dice.pick(&["draft", "published", "archived"]),
            });
            author.post("/posts", post).await.expect_status(201);
        }
        let all = root.get("/posts?sort=id&include=author").await;
        let all = all.body["data"].as_array().unwrap().clone();
        for _ in 0..40 {
            let group = Drawn::group(&mut dice, 1);
            let met = all.iter().filter(|row| (group.test)(row));
            let met: Vec<_> = met.map(|row| row["id"].as_i64().unwrap()).collect();

            let query = format!("or={}", group.text);
            assert_eq!(ids(&root, &query).await, met, "{query}");
        }
    }
}
