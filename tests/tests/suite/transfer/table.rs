//! The CSV that imports read.
use serde_json::Value;
use tests::{Client, TestApp, json};

use super::import::{errors, total};

const SKIP: &str = "/posts/import?format=csv&on_error=skip";

async fn posts(client: &Client) -> Value {
    client
        .get("/posts?sort=id&fields=title,summary,content")
        .await
        .body["data"]
        .clone()
}

#[actix_web::test]
async fn cells_may_contain_newlines_commas_and_quotes() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let text = "content,title,summary\r\n\"a \"\"b\"\", c\r\nd\",One,\r\n\r\n,Two,\nf,Three,\"\"\n";

    let reply = ada.import(SKIP, text).await.expect_status(200);

    // The second record begins after two line ends in the first, and a blank line.
    assert_eq!(errors(&reply), [(5, "/content")]);
    let expected = json!([
        { "id": 1, "title": "One", "summary": null, "content": "a \"b\", c\r\nd" },
        { "id": 2, "title": "Three", "summary": null, "content": "f" },
    ]);
    let posts = posts(&ada).await;
    assert_eq!(posts.as_array().unwrap().len(), 2);
    for (post, expected) in posts
        .as_array()
        .unwrap()
        .iter()
        .zip(expected.as_array().unwrap())
    {
        for member in ["title", "summary", "content"] {
            assert_eq!(post[member], expected[member]);
        }
    }
}

#[actix_web::test]
async fn the_apostrophe_before_a_formula_is_removed() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let text = "title,content,summary\n'=1,'a,''@\n-1,'+1,'\n";

    ada.import(SKIP, text).await.expect_status(200);

    let posts = posts(&ada).await;
    let texts = ["title", "content", "summary"].map(|name| posts[0][name].clone());
    assert_eq!(texts, ["=1", "'a", "'@"]);
    let texts = ["title", "content", "summary"].map(|name| posts[1][name].clone());
    assert_eq!(texts, ["-1", "+1", ""]);
}

#[actix_web::test]
async fn cells_are_parsed_by_the_type_of_their_field() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let roles =
        "name,permissions,is_system\nreader,\"[\"\"posts.read\"\"]\",true\nbad,posts.read,\n";
    let posts = "title,content,author_id\na,b,1\nc,d,one\n";
    let users = "username,email,password,is_active\nbob,bob@example.org,correct horse battery,false\n\
        eve,eve@example.org,correct horse battery,yes\n";

    let roles = root
        .import("/roles/import?format=csv&on_error=skip", roles)
        .await;
    let posts = root.import(SKIP, posts).await;
    let users = root
        .import("/users/import?format=csv&on_error=skip", users)
        .await;

    assert_eq!(errors(&roles.expect_status(200)), [(3, "/permissions")]);
    assert_eq!(errors(&posts.expect_status(200)), [(3, "/author_id")]);
    assert_eq!(errors(&users.expect_status(200)), [(3, "/is_active")]);
    let reader = root.get("/roles?name=reader").await.body["data"][0].clone();
    assert_eq!(reader["permissions"], json!(["posts.read"]));
    assert_eq!(reader["is_system"], false);
    let bob = root.get("/users?username=bob").await.body["data"][0].clone();
    assert_eq!(bob["is_active"], false);
}

#[actix_web::test]
async fn a_record_must_have_a_cell_for_each_column() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;

    let reply = ada.import(SKIP, "title,content\na,b\na\na,b,c\nc,d").await;

    let reply = reply.expect_status(200);
    assert_eq!(errors(&reply), [(3, ""), (4, "")]);
    assert_eq!(reply.body["created"], 2);
}

#[actix_web::test]
async fn a_file_that_ends_inside_a_quote_is_incomplete() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;

    let reply = ada
        .import(SKIP, "title,content\na,b\nc,\"d, and half of")
        .await;

    assert_eq!(errors(&reply.expect_status(200)), [(3, "")]);
    assert_eq!(total(&ada, "/posts").await, 1);
}

#[actix_web::test]
async fn an_invalid_header_refuses_the_whole_file() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;

    for (text, pointer) in [
        ("", ""),
        ("title,no_such\na,b\n", "/no_such"),
        ("title,content,title\na,b,c\n", "/title"),
        ("title,a/b\na,b\n", "/a~1b"),
        ("\"title\na\n", ""),
    ] {
        let reply = ada.import(SKIP, text).await;

        let reply = reply.expect_problem(422, "validation_failed");
        assert_eq!(errors(&reply), [(1, pointer)], "{text}: {}", reply.text);
        assert_eq!(reply.body["committed_lines"], 0);
    }
    assert_eq!(total(&ada, "/posts").await, 0);
}

#[actix_web::test]
async fn a_cell_that_is_not_utf_8_is_refused() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;

    let text = b"\xef\xbb\xbftitle,content\na,\xff\nc,d\n".to_vec();
    let reply = ada.import(SKIP, text).await.expect_status(200);

    assert_eq!(errors(&reply), [(2, "/content")]);
    assert_eq!(reply.body["created"], 1);
}

#[actix_web::test]
async fn a_quote_inside_a_cell_is_text_and_an_unclosed_quote_is_an_error() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;

    let swallowing = "title,content\r\nA,B\r\n5\" pipe,\"half\r\nD,E\r\nF,G\r\n";
    let refused = ada.import("/posts/import?format=csv", swallowing).await;
    let refused = refused.expect_status(422);
    assert_eq!(errors(&refused), [(3, "")]);
    assert_eq!(total(&ada, "/posts").await, 0);
    let complete = "title,content\r\n24\" monitor,big";
    let report = ada.import("/posts/import?format=csv", complete).await;

    assert_eq!(report.expect_status(200).body["created"], 1);
    assert_eq!(posts(&ada).await[0]["title"], "24\" monitor");
}

#[actix_web::test]
async fn files_of_spreadsheets_are_read() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let text = "username,email,password,is_active\r        ada,ada@example.org,correct horse battery staple,TRUE\r        bob,bob@example.org,correct horse battery staple,FALSE\r        eve,eve@example.org,correct horse battery staple,yes";

    let report = root
        .import("/users/import?format=csv&on_error=skip", text)
        .await
        .expect_status(200);

    assert_eq!(errors(&report), [(4, "/is_active")]);
    let users = root.get("/users?username[in]=ada,bob&sort=id").await;
    assert_eq!(users.body["data"][0]["is_active"], true);
    assert_eq!(users.body["data"][1]["is_active"], false);
}

#[actix_web::test]
async fn a_file_with_another_separator_is_refused_by_its_name() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;

    for (text, name) in [
        ("title;content\nA;B\n", "semicolons"),
        ("title\tcontent\nA\tB\n", "tabs"),
    ] {
        let refused = ada.import("/posts/import?format=csv", text).await;
        let refused = refused.expect_status(422);
        let detail = refused.body["errors"][0]["detail"].as_str().unwrap();
        assert!(
            detail.contains(name) && detail.contains("commas"),
            "{detail}"
        );
    }
}
