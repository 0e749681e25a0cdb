//! The viewer at `/docs`: it needs nothing from outside, and its files are compressed and cached.
use reqwest::{Method, redirect::Policy};
use tests::{Reply, TestApp};

#[actix_web::test]
async fn the_viewer_loads_only_from_this_server() {
    let app = TestApp::new().await;
    let nobody = app.anonymous();

    let page = nobody.get("//docs").await.expect_status(200);

    assert!(
        page.header("content-security-policy")
            .starts_with("default-src 'none'")
    );
    let named = page
        .text
        .split(['"'])
        .filter(|it| it.starts_with("docs/") || it.contains("//"));
    let named: Vec<_> = named.collect();
    let paths = named.iter().map(|file| file.split('?').next().unwrap());
    assert_eq!(
        paths.collect::<Vec<_>>(),
        [
            "docs/swagger-ui.css",
            "docs/start.css",
            "docs/swagger-ui-bundle.js",
            "docs/start.js"
        ]
    );
    for file in named {
        let file = nobody.get(format!("//{file}")).await.expect_status(200);
        let kind = file.header("content-type");
        assert!(
            kind.starts_with("text/javascript") || kind.starts_with("text/css"),
            "{kind}"
        );
    }
}

#[actix_web::test]
async fn the_viewer_with_a_slash_leads_to_the_viewer() {
    let app = TestApp::new().await;
    let client = reqwest::Client::builder().redirect(Policy::none());
    let url = format!("http://{}/docs/", app.address);

    let answer = client.build().unwrap().get(&url).send().await.unwrap();

    assert_eq!(answer.status(), 308);
    let place = answer.headers()["location"].to_str().unwrap();
    let place = answer.url().join(place).unwrap();
    assert_eq!(place.path(), "/docs");
}

/// A cache keeps a file for good only at the address that names its content, so that a new release is loaded at once.
#[actix_web::test]
async fn the_viewer_is_compressed_and_cached() {
    let app = TestApp::new().await;
    let nobody = app.anonymous();
    let page = nobody.get("//docs").await.text;
    let mut named = page.split('"').filter(|it| it.starts_with("docs/"));
    let address = named.find(|it| it.contains("bundle.js?")).unwrap();
    let path = address.split('?').next().unwrap();

    let plain = nobody.get(format!("//{address}")).await;
    let request = nobody.request(Method::GET, format!("//{address}"));
    let compressed = Reply::send(request.header("accept-encoding", "gzip, br")).await;

    assert_eq!(compressed.header("content-encoding"), "gzip");
    assert!(!plain.headers.contains_key("content-encoding"));
    let size = |reply: &Reply| reply.header("content-length").parse::<usize>().unwrap();
    assert!(size(&compressed) * 3 < size(&plain));
    for reply in [&plain, &compressed] {
        assert_eq!(
            reply.header("vary").split(", ").next(),
            Some("Accept-Encoding")
        );
        assert_eq!(
            reply.header("cache-control"),
            "public, max-age=31536000, immutable"
        );
    }
    for other in [path.to_owned(), format!("{path}?00000000")] {
        let reply = nobody.get(format!("//{other}")).await.expect_status(200);
        assert_eq!(
            reply.header("cache-control"),
            "public, max-age=0, must-revalidate"
        );
    }
}
