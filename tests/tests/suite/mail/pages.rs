//! The pages that the links in mails open.
use reqwest::Method;
use tests::{
    Reply,
    mail::{Letters, SITE},
};

use super::{forgot, register};

#[actix_web::test]
async fn the_links_lead_to_pages_that_need_nothing_from_outside() {
    let letters = Letters::new();
    let app = letters.app().await;
    app.user("ada", false, &[]).await;
    forgot(&app, "ada@example.org").await.expect_status(202);
    register(&app, "bob", "bob@example.org")
        .await
        .expect_status(202);

    for letter in letters.sent(&app).await {
        let (_, link) = letter.raw.split_once(&format!("{SITE}/")).unwrap();
        let (page, _token) = link.split_once("#token=").unwrap();
        let page = app
            .anonymous()
            .get(format!("//{page}"))
            .await
            .expect_status(200);

        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert!(
            page.header("content-security-policy")
                .starts_with("default-src 'none'")
        );
        assert!(!page.text.contains("//"), "{}", page.text);
        let (_, to) = page.text.split_once("data-action=\"..").unwrap();
        let (route, _) = to.split_once('"').unwrap();
        let request = app.anonymous().request(Method::POST, route);
        let reply = Reply::send(request.json(&tests::json!({}))).await;
        assert!(reply.places().contains(&"/token"), "{}", reply.text);
    }
}
