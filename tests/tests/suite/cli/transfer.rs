//! `atoll export` and `atoll import`
use std::fs;

use serde_json::Value;
use tests::{Sql, process::Program};

use super::program;

/// Returns a program whose database has the users ada (1) and bob (2).
async fn program_with_users() -> (Program, Sql) {
    let (program, url) = program().await;
    program.ok("migrate up", "").await;
    for name in ["ada", "bob"] {
        let create = format!("user create --username {name} --email {name}@example.org");
        program.ok(&create, "correct horse battery staple").await;
    }
    (program, Sql::open(&url).await)
}

fn posts(count: usize) -> String {
    let line = |number| format!("{{\"title\":\"Post {number}\",\"content\":\"=1\"}}\n");
    (1..=count).map(line).collect::<Vec<_>>().concat()
}

#[actix_web::test]
async fn imported_rows_can_be_exported() {
    let (program, sql) = program_with_users().await;
    let file = program.folder.path().join("posts.ndjson");
    fs::write(&file, posts(1_200)).unwrap();

    let import = format!("import posts --file {} --author bob", file.display());
    let said = program.ok(&import, "").await;
    let csv = program.folder.path().join("some.csv");
    let export = format!(
        "export posts --file {} --filter id[lte]=2 --filter sort=id",
        csv.display()
    );
    let exported = program.ok(&export, "").await;
    let piped = program
        .ok(
            "export posts --file - --format ndjson --filter fields=title",
            "",
        )
        .await;

    assert!(
        said.contains("1,200 records read: 1,200 created, 0 refused"),
        "{said}"
    );
    assert_eq!(
        sql.number("SELECT count(*) FROM posts WHERE author_id = 2")
            .await,
        1_200
    );
    assert!(exported.contains("Exported 2 posts"), "{exported}");
    let table = fs::read_to_string(csv).unwrap();
    assert_eq!(table.matches("\r\n").count(), 3, "{table}");
    assert!(table.contains(",'=1,"), "{table}");
    let titles = piped
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    assert_eq!(titles.filter(|row| row["title"].is_string()).count(), 1_200);
}

#[actix_web::test]
async fn a_stopped_import_says_how_to_continue() {
    let (program, sql) = program_with_users().await;
    let text = posts(1_100) + "{}\n";

    let import = "import posts --file - --format ndjson --author ada";
    let stopped = program.run(import, &text).await;
    let skipping = program
        .ok(&format!("{import} --skip 1000 --on-error skip"), &text)
        .await;
    let trial = program.ok(&format!("{import} --dry-run"), &posts(5)).await;

    assert!(!stopped.status.success());
    let complaint = String::from_utf8_lossy(&stopped.stderr);
    for part in [
        "line 1101, /title: ",
        "1,000 committed records",
        "--skip 1000",
    ] {
        assert!(complaint.contains(part), "{complaint}");
    }
    assert!(skipping.contains("100 created, 1 refused"), "{skipping}");
    assert!(trial.contains("5 would be created"), "{trial}");
    assert_eq!(sql.number("SELECT count(*) FROM posts").await, 1_100);
}

#[actix_web::test]
async fn a_row_without_an_author_is_refused_if_none_is_given() {
    let (program, _) = program_with_users().await;
    let roles = "{\"name\":\"reader\",\"permissions\":[]}";

    let nobody = program
        .run("import posts --file - --format ndjson", &posts(1))
        .await;
    let unknown = program
        .refused("import posts --file - --format ndjson --author eve")
        .await;
    let none = program
        .refused("import roles --file - --format ndjson --author ada")
        .await;
    let made = program
        .ok("import roles --file - --format ndjson", roles)
        .await;

    let nobody = String::from_utf8_lossy(&nobody.stderr).into_owned();
    assert!(nobody.contains("line 1, /author_id: "), "{nobody}");
    assert!(unknown.contains("eve"), "{unknown}");
    assert!(none.contains("--author"), "{none}");
    assert!(made.contains("1 created"), "{made}");
}

#[actix_web::test]
async fn a_failed_export_does_not_change_the_file() {
    let (program, _) = program_with_users().await;
    let file = program.folder.path().join("users.csv");
    fs::write(&file, "precious").unwrap();

    let export = format!("export users --file {}", file.display());
    let filter = program
        .refused(&format!("{export} --filter no_such=1"))
        .await;
    let format = program.refused("export users --file users").await;
    let resource = program.refused("export sessions --file a.csv").await;
    let folder = program
        .refused("export users --file no/such/folder.csv")
        .await;

    assert!(filter.contains("no_such"), "{filter}");
    assert!(format.contains("--format"), "{format}");
    assert!(
        resource.contains("users, posts, comments, roles"),
        "{resource}"
    );
    assert!(folder.contains("folder.csv"), "{folder}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
    let names = fs::read_dir(program.folder.path()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut half_written = names.filter(|name| name.starts_with(".tmp"));
    assert_eq!(half_written.next(), None);
    program.ok(&export, "").await;
    assert!(
        fs::read_to_string(&file)
            .unwrap()
            .starts_with("id,username,")
    );
}
