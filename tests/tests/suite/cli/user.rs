//! `atoll user`
use tests::{Authenticator, Client, PASSWORD, Reply, Sql, json};

use super::program;

async fn sign_in(anyone: &Client, login: &str, password: &str) -> Reply {
    let credentials = json!({ "login": login, "password": password });
    anyone.post("/auth/login", credentials).await
}

#[actix_web::test]
async fn a_password_from_standard_input_loses_one_newline() {
    let (program, _) = program().await;
    let create = |name: &str| format!("user create --username {name} --email {name}@example.org");
    program.ok(&create("ada"), PASSWORD).await;
    program.ok(&create("bob"), &format!("{PASSWORD}\n")).await;
    program.ok(&create("eve"), &format!("{PASSWORD}\n\n")).await;

    let (_server, address) = program.serve().await;
    let anyone = Client::new(address, None, 0);

    sign_in(&anyone, "ada", PASSWORD).await.expect_status(200);
    sign_in(&anyone, "bob", PASSWORD).await.expect_status(200);
    sign_in(&anyone, "eve", PASSWORD).await.expect_status(401);
    sign_in(&anyone, "eve", &format!("{PASSWORD}\n"))
        .await
        .expect_status(200);
}

#[actix_web::test]
async fn users_are_created_listed_and_deactivated() {
    let (program, _) = program().await;
    let root = "user create --username root --email root@example.org --superuser";
    let said = program.ok(root, PASSWORD).await;
    assert!(
        said.contains("superuser root") && !said.contains(PASSWORD),
        "{said}"
    );
    let (_server, address) = program.serve().await;
    let anyone = Client::new(address, None, 0);
    let me = anyone.with_token(&anyone.login("root", PASSWORD).await);
    let myself = me.get("/auth/me").await.expect_status(200);
    assert_eq!(myself.body["is_superuser"], true);
    assert_eq!(myself.body["roles"], json!(["member"]));

    program
        .ok(
            "user create --username ada --email ada@example.org",
            PASSWORD,
        )
        .await;
    let ada = anyone.with_token(&anyone.login("ada", PASSWORD).await);
    let list = program.ok("user list", "").await;
    assert!(
        list.contains("root@example.org") && list.contains("ada@example.org"),
        "{list}"
    );
    program.ok("user deactivate ada", "").await;
    ada.get("/auth/me")
        .await
        .expect_problem(401, "unauthenticated");
    let refused = sign_in(&anyone, "ada", PASSWORD).await.expect_status(401);
    assert_eq!(refused.body["errors"][0]["code"], "deactivated");
    program.ok("user activate ada", "").await;
    let ada = anyone.with_token(&anyone.login("ada", PASSWORD).await);
    program.ok("user password ada", "another password\n").await;
    ada.get("/auth/me")
        .await
        .expect_problem(401, "unauthenticated");
    sign_in(&anyone, "ada", "another password")
        .await
        .expect_status(200);

    let last = program.refused("user deactivate root").await;
    assert!(last.contains("last active superuser"), "{last}");
}

#[actix_web::test]
async fn a_lost_second_factor_can_be_disabled() {
    let (program, _) = program().await;
    let ada = "user create --username ada --email ada@example.org";
    program.ok(ada, PASSWORD).await;
    let (_server, address) = program.serve().await;
    let anyone = Client::new(address, None, 0);
    let ada = anyone.with_token(&anyone.login("ada", PASSWORD).await);
    let has_totp = async || {
        let list = program.ok("user list --json", "").await;
        let user: serde_json::Value = serde_json::from_str(&list).unwrap();
        user["has_totp"].clone()
    };
    assert_eq!(has_totp().await, false);
    Authenticator::enabled(&ada).await;
    sign_in(&anyone, "ada", PASSWORD).await.expect_status(401);
    assert_eq!(has_totp().await, true);
    let list = program.ok("user list", "").await;
    assert!(list.contains("second factor"), "{list}");

    let said = program.ok("user totp-off ADA", "").await;

    assert!(said.contains("password alone"), "{said}");
    sign_in(&anyone, "ada", PASSWORD).await.expect_status(200);
    let again = program.refused("user totp-off ada").await;
    assert!(again.contains("ada") && again.contains("is off"), "{again}");
}

#[actix_web::test]
async fn an_invalid_user_is_refused_with_the_field() {
    let (program, _) = program().await;
    program
        .ok(
            "user create --username ada --email ada@example.org",
            PASSWORD,
        )
        .await;

    for (arguments, password, field) in [
        ("--username ad --email x@example.org", PASSWORD, "username"),
        ("--username Ada --email x@example.org", PASSWORD, "username"),
        ("--username bob --email nowhere", PASSWORD, "email"),
        (
            "--username bob --email bob@example.org",
            "short\n",
            "password",
        ),
        ("--username bob --email bob@example.org", "", "password"),
        (
            "--username bob --email bob@example.org",
            "bob@example.org\n",
            "too easy to guess",
        ),
    ] {
        let output = program
            .run(&format!("user create {arguments}"), password)
            .await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments}: {said}");
        assert!(said.contains(field), "{arguments}: {said}");
    }

    let output = program.run("user password ada", "password1").await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("too easy to guess"), "{said}");
    let refused = program.refused("user activate nobody").await;
    assert!(
        refused.contains("no user `nobody`; `atoll user list`"),
        "{refused}"
    );
    for command in [
        "activate adda",
        "delete Adda --yes",
        "role adda",
        "totp-off adda",
    ] {
        let refused = program.refused(&format!("user {command}")).await;
        assert!(
            refused
                .to_lowercase()
                .contains("no user `adda`; did you mean `ada`?"),
            "{refused}"
        );
    }
}

#[actix_web::test]
async fn a_new_password_ends_the_wait_after_failed_sign_ins() {
    let (program, url) = program().await;
    let ada = "user create --username ada --email ada@example.org";
    program.ok(ada, PASSWORD).await;
    let (_server, address) = program.serve().await;
    let anyone = Client::new(address, None, 0);
    let mut last = sign_in(&anyone, "ada", "wrong password").await;
    while last.status == 401 {
        last = sign_in(&anyone, "ada", "wrong password").await;
    }
    last.expect_problem(429, "rate_limited");
    let prolong = "UPDATE throttles SET blocked_until = '2999-01-01T00:00:00.000000+00:00' \
        WHERE blocked_until > '1971-01-01T00:00:00.000000+00:00'";
    Sql::open(&url).await.run(prolong).await;
    sign_in(&anyone, "ada", PASSWORD).await.expect_status(429);

    let said = program.ok("user password ada", "another password\n").await;

    assert!(said.contains("the wait after failed sign-ins"), "{said}");
    sign_in(&anyone, "ada", "another password")
        .await
        .expect_status(200);
}

#[actix_web::test]
async fn users_are_promoted_given_roles_and_deleted() {
    let (program, _) = program().await;
    for name in ["root", "ada"] {
        let create = format!("user create --username {name} --email {name}@example.org");
        program.ok(&create, PASSWORD).await;
    }

    let said = program.ok("user promote root", "").await;
    assert!(said.contains("root is now a superuser"), "{said}");
    let said = program
        .ok("user role ada --add editor --remove member", "")
        .await;
    assert_eq!(said, "ada has the roles editor.\n");
    let unknown = program
        .refused("user role ada --add editr --add admin")
        .await;
    assert!(
        unknown.contains("editr") && unknown.contains("editor"),
        "{unknown}"
    );
    let said = program.ok("user role ada --remove editor", "").await;
    assert_eq!(said, "ada has no roles.\n");

    let list = program.ok("user list --json", "").await;
    let users = list.lines().map(|line| serde_json::from_str(line).unwrap());
    let users: Vec<serde_json::Value> = users.collect();
    let named = |name| users.iter().find(|user| user["username"] == name).unwrap();
    assert_eq!(named("root")["is_superuser"], true);
    assert_eq!(named("root")["roles"], json!(["member"]));
    assert_eq!(named("ada")["email"], "ada@example.org");
    assert_eq!(named("ada")["last_login_at"], json!(null));

    let last = program.refused("user demote root").await;
    assert!(last.contains("last active superuser"), "{last}");
    let asked = program.refused("user delete ada").await;
    assert!(asked.contains("--yes"), "{asked}");
    let said = program.ok("user delete ada --yes", "").await;
    assert_eq!(said, "Deleted the user ada.\n");
    let gone = program.refused("user promote ada").await;
    assert!(gone.contains("ada"), "{gone}");
}

#[actix_web::test]
async fn deleting_a_user_says_what_goes_with_them() {
    let (program, _) = program().await;
    program.ok("seed --users 1 --posts 2", "").await;
    let list = program.ok("user list --json", "").await;
    let user: serde_json::Value = serde_json::from_str(list.lines().next().unwrap()).unwrap();
    let name = user["username"].as_str().unwrap();

    let said = program.ok(&format!("user delete {name} --yes"), "").await;

    assert_eq!(said, format!("Deleted the user {name} with 2 posts.\n"));
}
