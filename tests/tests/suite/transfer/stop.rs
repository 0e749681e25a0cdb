//! A server stops during an import.
use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use tests::{Client, PASSWORD, process::eventually};

use super::{
    bodies::{CHUNKED, chunk, head},
    import::total,
};
use crate::cli::program;

#[actix_web::test]
async fn a_stopping_server_ends_an_import_after_its_transaction() {
    let (program, _) = program().await;
    program.ok("migrate up", "").await;
    let create = "user create --superuser --username root --email root@example.org";
    program.ok(create, PASSWORD).await;
    let (mut server, address) = program.serve().await;
    let nobody = Client::new(address, None, 0);
    let root = nobody.with_token(&nobody.login("root", PASSWORD).await);
    let mut stream = TcpStream::connect(address).unwrap();
    let patience = Duration::from_secs(30);
    stream.set_read_timeout(Some(patience)).unwrap();
    let text = head(&root, "/posts/import", CHUNKED) + &chunk(1_001);
    stream.write_all(text.as_bytes()).unwrap();
    eventually("a batch is written", async || {
        (total(&root, "/posts").await == 1_000).then_some(())
    })
    .await;

    server.terminate();
    eventually("no more requests are welcome", async || {
        let ready = nobody
            .request(reqwest::Method::GET, "//readyz")
            .send()
            .await;
        (!ready.is_ok_and(|ready| ready.status() == 200)).then_some(())
    })
    .await;
    stream.write_all(chunk(1_000).as_bytes()).unwrap();
    let mut answer = String::new();
    while !answer.contains('}') {
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).unwrap();
        assert!(count > 0, "the server hung up after {answer:?}");
        answer += &String::from_utf8_lossy(&piece[..count]);
    }

    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("\"committed_lines\":1000"), "{answer}");
    assert!(server.end().await.success());
}
