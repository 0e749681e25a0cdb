//! The number of connections of an address is limited.
use tests::{TestApp, process::eventually, stuck::Stuck};

const ALIVE: &str = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n";

#[actix_web::test]
async fn an_address_has_a_bounded_number_of_connections() {
    let app = TestApp::with(|knobs| knobs.load.connections_per_address = 4).await;
    let open = async || Stuck::get(app.address, "/healthz", "").await;

    let mut first = Vec::new();
    for _ in 0..4 {
        let mut connection = open().await;
        assert_eq!(connection.status().await, 200);
        first.push(connection);
    }

    let (nothing, _) = open().await.rest().await;
    assert!(nothing.is_empty());
    first.pop();
    eventually("there is room for another", async || {
        let (answer, _) = open_and_close(&app).await;
        (!answer.is_empty()).then_some(())
    })
    .await;
}

async fn open_and_close(app: &TestApp) -> (Vec<u8>, bool) {
    let text = format!("{ALIVE}connection: close\r\n\r\n");
    Stuck::send(app.address, &text).await.rest().await
}

#[actix_web::test]
async fn a_trusted_proxy_has_any_number_and_each_of_its_clients_is_counted() {
    let app = TestApp::with(|knobs| {
        knobs.load.connections_per_address = 4;
        knobs.load.requests_per_caller = 1;
        knobs.server.trusted_proxies = vec!["127.0.0.1".to_owned()].try_into().unwrap();
    })
    .await;
    let from = |number: usize| {
        let (third, last) = (number / 250, number % 250);
        let text = format!(
            "GET /api/v1/posts HTTP/1.1\r\nhost: localhost\r\nx-forwarded-for: 198.18.{third}.{last}\r\n\r\n"
        );
        async move { Stuck::send(app.address, &text).await }
    };
    let at_work = app.load.sender(None, "198.18.0.7".parse().unwrap());
    let _at_work = app.load.senders.take(at_work).unwrap();

    let (mut connections, mut refused) = (Vec::new(), Vec::new());
    for number in 0..500 {
        let mut connection = from(number).await;
        match connection.status().await {
            200 => {}
            status => refused.push((number, status)),
        }
        connections.push(connection);
    }

    assert_eq!(refused, [(7, 429)]);
}
