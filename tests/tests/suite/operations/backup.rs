//! `atoll backup`: made while a server writes, verified, and restored into the place of the database.
use std::{
    fs,
    path::{Path, PathBuf},
};

use tests::{Backend, Client, PASSWORD, Sql, json, process::Program};

use crate::cli::program;

pub const FOLDER: &str = "backups";

/// Returns the folders of all backups, the oldest first.
pub fn folders(program: &Program) -> Vec<PathBuf> {
    let all = fs::read_dir(program.folder.path().join(FOLDER)).unwrap();
    let all = all.map(|entry| entry.unwrap().path());
    let mut all: Vec<_> = all.filter(|path| path.is_dir()).collect();
    all.sort_unstable();
    all
}

pub fn name(folder: &Path) -> String {
    folder.file_name().unwrap().to_string_lossy().into_owned()
}

pub fn copy(folder: &Path) -> PathBuf {
    let file = if Backend::current().is_postgres() {
        "database.dump"
    } else {
        "database.sqlite"
    };
    folder.join(file)
}

/// Makes the checksums of a backup anew, as somebody would who changes it on purpose.
pub fn reseal(folder: &Path) {
    let sums = std::process::Command::new("sh")
        .arg("-c")
        .arg("sha256sum manifest.json database.* > SHA256SUMS")
        .current_dir(folder)
        .status();
    assert!(sums.unwrap().success());
}

/// Returns a program with a user who has two posts and two API keys, and the ids of the keys.
pub async fn filled() -> (Program, String) {
    let (program, url) = program().await;
    let program = program.with("ATOLL__BACKUP__FOLDER", FOLDER);
    let ada = "user create --username ada --email ada@example.org --superuser";
    program.ok(ada, PASSWORD).await;
    (program, url)
}

pub async fn sign_in(address: std::net::SocketAddr) -> Client {
    let anyone = Client::new(address, None, 0);
    anyone.with_token(&anyone.login("ada", PASSWORD).await)
}

#[actix_web::test]
async fn a_backup_brings_back_the_rows_and_no_sign_in_and_no_revoked_key() {
    let (program, url) = filled().await;
    let (server, address) = program.serve().await;
    let ada = sign_in(address).await;
    ada.publish("Before").await;
    let kept = ada.with_key(&["posts.read"]).await;
    let revoked = ada.with_key(&["posts.read"]).await;
    // The server runs and may write.
    let said = program.ok("backup create", "").await;
    assert!(said.contains("rows of"), "{said}");
    ada.publish("After").await;
    let keys = ada.get("/auth/api-keys").await.expect_status(200);
    let newest = keys.body["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["id"].as_i64().unwrap())
        .max();
    ada.delete(format!("/auth/api-keys/{}", newest.unwrap()))
        .await
        .expect_status(204);
    let in_use = program.refused("backup restore --yes").await;
    assert!(in_use.contains("in use"), "{in_use}");
    let in_use = program.refused("backup clean --yes").await;
    assert!(in_use.contains("in use"), "{in_use}");
    ada.get("/posts?slug=after").await.expect_status(200);
    server.terminate();
    let mut server = server;
    server.end().await;

    let said = program.ok("backup restore --yes", "").await;

    assert!(said.contains("The database before is kept as"), "{said}");
    assert!(said.contains("stays revoked"), "{said}");
    assert!(
        said.contains("sessions: 1 rows were not restored"),
        "{said}"
    );
    let (_server, address) = program.serve().await;
    let at = |client: &Client| Client::new(address, Some(client.token().to_owned()), 0);
    at(&ada).get("/auth/me").await.expect_status(401);
    at(&revoked).get("/posts").await.expect_status(401);
    let posts = at(&kept).get("/posts").await.expect_status(200);
    let titles: Vec<_> = posts.body["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|post| post["title"].clone())
        .collect();
    assert_eq!(titles, [json!("Before")]);
    let again = sign_in(address).await;
    again.publish("Again").await;
    drop(url);
}

#[actix_web::test]
async fn a_verified_backup_is_complete_and_leaves_nothing_behind() {
    let (program, url) = filled().await;
    program
        .ok("seed --users 3 --posts 20 --comments 30", "")
        .await;
    program.ok("backup create", "").await;

    let said = program.ok("backup verify", "").await;

    assert!(said.contains("is complete"), "{said}");
    let list = program.ok("backup list", "").await;
    assert!(list.contains(&name(&folders(&program)[0])), "{list}");
    let posts = Sql::open(&url)
        .await
        .number("SELECT count(*) FROM posts")
        .await;
    assert_eq!(posts, 20, "the database itself is untouched");
    if Backend::current().is_postgres() {
        let left = "SELECT count(*) FROM pg_database WHERE datname LIKE current_database() || '_restoring%'";
        assert_eq!(Sql::open(&url).await.number(left).await, 0);
    }
}

#[actix_web::test]
async fn damaged_and_truncated_backups_are_found_and_named() {
    let (program, _) = filled().await;
    for _ in 0..3 {
        program.ok("backup create", "").await;
    }
    let [flipped, truncated, altered] = <[PathBuf; 3]>::try_from(folders(&program)).unwrap();
    let mut bytes = fs::read(copy(&flipped)).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(copy(&flipped), bytes).unwrap();
    let length = fs::metadata(copy(&truncated)).unwrap().len();
    fs::File::options()
        .write(true)
        .open(copy(&truncated))
        .unwrap()
        .set_len(length - 7)
        .unwrap();
    let manifest = altered.join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("\"users\": 1", "\"users\": 2")).unwrap();

    for (folder, what) in [
        (&flipped, "checksum"),
        (&truncated, "truncated"),
        (&altered, "manifest.json"),
    ] {
        for command in ["verify", "restore --yes"] {
            let refused = program
                .refused(&format!("backup {command} {}", name(folder)))
                .await;
            assert!(
                refused.contains(&name(folder)) && refused.contains(what),
                "{command}: {refused}"
            );
        }
    }
    let output = program.run("backup list", "").await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!output.status.success());
    assert_eq!(said.matches("DAMAGED").count(), 3, "{said}");
}

/// The journals of a damaged file must not be taken for those of the restored one.
#[actix_web::test]
async fn a_damaged_file_is_replaced_with_its_journals() {
    if Backend::current().is_postgres() {
        return;
    }
    let (program, _) = filled().await;
    program.ok("backup create", "").await;
    let file = program.folder.path().join("test.db");
    let text = "no database at all, but long enough to have a header of a hundred bytes";
    fs::write(&file, text.repeat(9)).unwrap();
    let journal = program.folder.path().join("test.db-wal");
    fs::write(&journal, "frames").unwrap();

    let said = program.ok("backup restore --yes", "").await;

    assert!(said.contains("valid again"), "{said}");
    assert!(!journal.exists());
    let users = program.ok("user list", "").await;
    assert!(users.contains("ada@example.org"), "{users}");
}

/// A copy whose checksums were made anew differs from what the manifest counts.
#[actix_web::test]
async fn a_backup_that_lacks_rows_is_found_by_its_counts() {
    let (program, _) = filled().await;
    program.ok("backup create", "").await;
    let folder = folders(&program).remove(0);
    let manifest = folder.join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    assert!(text.contains("\"users\": 1"), "{text}");
    fs::write(&manifest, text.replace("\"users\": 1", "\"users\": 2")).unwrap();
    reseal(&folder);

    let refused = program.refused("backup verify").await;

    assert!(
        refused.contains("users: 1 rows instead of 2 rows"),
        "{refused}"
    );
}

#[actix_web::test]
async fn old_backups_are_removed_by_the_rule_and_the_newest_stays() {
    let (program, _) = filled().await;
    for _ in 0..3 {
        program.ok("backup create --keep daily=7", "").await;
    }

    let left = folders(&program);

    assert_eq!(left.len(), 1, "{left:?}");
    let refused = program.refused("backup create --keep yearly=1").await;
    assert!(refused.contains("daily=7"), "{refused}");
}

#[actix_web::test]
async fn a_restore_asks_first_and_only_the_owner_reads_a_backup() {
    use std::os::unix::fs::PermissionsExt;
    let (program, _) = filled().await;
    program.ok("backup create", "").await;

    let refused = program.refused("backup restore").await;

    assert!(refused.contains("--yes"), "{refused}");
    let folder = folders(&program).remove(0);
    for file in [folder.clone(), folder.join("manifest.json"), copy(&folder)] {
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}: {mode:o}", file.display());
    }
}
