//! Files that contain user data or secrets are readable only by the user of the process, whatever the umask.
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use tests::{Client, PASSWORD, json, process::Program};

fn mode(path: &Path) -> u32 {
    let about = fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    about.permissions().mode() & 0o777
}

/// Returns a program that runs `atoll` under a umask that lets every user read new files.
fn program_without_umask() -> Program {
    Program::new("/bin/sh")
}

/// Writes the script that runs `atoll` under such a umask.
fn script(folder: &Path) {
    let atoll = env!("CARGO_BIN_EXE_atoll-under-test");
    let text = format!("umask 000\nexec {atoll} \"$@\"\n");
    fs::write(folder.join("run"), text).unwrap();
}

#[actix_web::test]
async fn the_database_its_journals_and_their_folder_are_private() {
    let program =
        program_without_umask().with("DATABASE_URL", "sqlite://data/deep/atoll.db?mode=rwc");
    script(program.folder.path());

    let (_server, address) = program.serve_with("run serve").await;
    let ada = json!({ "username": "ada", "email": "ada@example.org", "password": PASSWORD });
    let anyone = Client::new(address, None, 0);
    anyone.post("/auth/register", ada).await.expect_status(201);

    let data = program.folder.path().join("data");
    assert_eq!(mode(&data), 0o700);
    assert_eq!(mode(&data.join("deep")), 0o700);
    for name in ["atoll.db", "atoll.db-wal", "atoll.db-shm"] {
        assert_eq!(mode(&data.join("deep").join(name)), 0o600, "{name}");
    }
}

#[actix_web::test]
async fn mails_and_exports_are_private() {
    let program = program_without_umask()
        .with("DATABASE_URL", "sqlite://atoll.db?mode=rwc")
        .with("ATOLL__MAIL__TRANSPORT", "file")
        .with("ATOLL__MAIL__FOLDER", "mail")
        .with("ATOLL__MAIL__FROM", "atoll@example.org");
    let folder = program.folder.path().to_owned();
    script(&folder);

    let (mut server, address) = program.serve_with("run serve").await;
    let ada = json!({ "username": "ada", "email": "ada@example.org", "password": PASSWORD });
    let anyone = Client::new(address, None, 0);
    anyone.post("/auth/register", ada).await.expect_status(202);
    let letter = tests::process::eventually("a letter is written", async || {
        let mut files = fs::read_dir(folder.join("mail")).unwrap().flatten();
        let letter = files.find(|file| file.path().extension().is_some_and(|end| end == "eml"));
        letter.map(|letter| letter.path())
    })
    .await;
    server.terminate();
    server.end().await;
    program.ok("run export users --file users.csv", "").await;

    assert_eq!(mode(&folder.join("mail")), 0o700);
    assert_eq!(mode(&letter), 0o600);
    assert_eq!(mode(&folder.join("users.csv")), 0o600);
    assert_eq!(mode(&folder.join("atoll.db")), 0o600);
}

#[actix_web::test]
async fn a_database_that_others_can_read_causes_a_warning_and_keeps_its_mode() {
    let program = program_without_umask().with("DATABASE_URL", "sqlite://atoll.db?mode=rwc");
    script(program.folder.path());
    let file = program.folder.path().join("atoll.db");
    fs::write(&file, "").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();

    let (server, _) = program.serve_with("run serve").await;

    assert!(server.log().contains("chmod 600"), "{}", server.log());
    assert_eq!(mode(&file), 0o640);
}
