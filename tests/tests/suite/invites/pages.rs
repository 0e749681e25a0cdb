//! The pages that invitation links open.
use reqwest::Method;
use tests::{Client, Reply, TestApp, mail::Letters};

/// All pages, with the folder that their links are relative to.
const PAGES: [&str; 5] = [
    "",
    "welcome",
    "account/verify",
    "account/reset",
    "account/forgot",
];

/// Requests a page as a browser does.
async fn html(client: &Client, path: &str) -> Reply {
    let request = client.request(Method::GET, path);
    let accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let reply = Reply::send(request.header("accept", accept)).await;
    reply.expect_status(200)
}

/// Returns the values of an attribute, in order.
fn values<'a>(page: &'a str, attribute: &str) -> Vec<&'a str> {
    let start = format!("{attribute}=\"");
    page.split(&start)
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect()
}

#[actix_web::test]
async fn the_pages_load_only_from_this_server() {
    let letters = Letters::new();
    let app = letters.app().await;
    let anyone = app.anonymous();

    for path in PAGES {
        let page = html(&anyone, &format!("//{path}")).await;

        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        let policy = page.header("content-security-policy");
        assert!(
            policy.contains("script-src 'self';") && !policy.contains("unsafe"),
            "{policy}"
        );
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let files = [values(&page.text, "src"), values(&page.text, "href")].concat();
        let is_file = |file: &&str| {
            file.rsplit('.')
                .next()
                .is_some_and(|end| ["css", "js"].contains(&end))
        };
        for file in files.into_iter().filter(is_file) {
            let place = format!("{folder}/{file}");
            let file = anyone
                .get(format!("//{}", place.trim_start_matches('/')))
                .await;
            file.expect_status(200);
        }
        for inline in ["<style", " style=", " onclick=", "javascript:", "<script>"] {
            assert!(!page.text.contains(inline), "{path} has {inline}");
        }
    }
}

#[actix_web::test]
async fn the_pages_are_accessible() {
    let letters = Letters::new();
    let app = letters.app().await;

    for path in PAGES {
        let page = html(&app.anonymous(), &format!("//{path}")).await.text;

        assert!(
            page.contains("<html lang=\"en\">") && page.contains("<title>"),
            "{path}"
        );
        assert!(page.contains("<main>") && page.contains("<h1"), "{path}");
        let inputs = page.matches("<input ").count();
        assert_eq!(
            values(&page, "<label for").len(),
            inputs,
            "{path}: each input has a label"
        );
        for described in values(&page, "aria-describedby") {
            for id in described.split(' ') {
                assert!(
                    page.contains(&format!("id=\"{id}\"")),
                    "{path}: nothing is {id}"
                );
            }
        }
    }
}

/// `account.username` stands for the member `username` of `account`.
#[actix_web::test]
async fn the_form_has_the_fields_of_its_route() {
    let app = TestApp::new().await;
    let anyone = app.anonymous();
    let page = anyone.get("//welcome").await.text;

    assert_eq!(values(&page, "data-action"), ["api/v1/auth/invite/accept"]);
    let names: Vec<_> = values(&page, " name")
        .into_iter()
        .filter(|name| name.contains('.'))
        .collect();
    assert_eq!(
        names,
        ["account.username", "account.email", "account.password"]
    );
}

#[actix_web::test]
async fn the_page_for_a_reset_says_so_if_no_mail_is_sent() {
    let app = TestApp::new().await;

    let page = html(&app.anonymous(), "//account/forgot").await.text;

    assert!(page.contains("This server sends no e-mail"), "{page}");
    assert!(!page.contains("<form"), "{page}");
}
