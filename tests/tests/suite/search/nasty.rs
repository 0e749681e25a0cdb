//! No query text makes a search fail.
use tests::{Client, TestApp, json, scaled};

use super::{find, post, url};

/// Texts that have a meaning for FTS5, tsquery, LIKE, SQL or a tokenizer.
const PIECES: [&str; 46] = [
    "\"",
    "'",
    "''",
    "-",
    "--",
    "-\"",
    "\"-",
    "*",
    "**",
    "a*",
    "^",
    "^a",
    ":",
    "title:",
    "title:a",
    "(",
    ")",
    "()",
    "((",
    "{",
    "}",
    "{title content}:",
    "+",
    "a + b",
    "AND",
    "OR",
    "NOT",
    "NEAR",
    "NEAR(a b, 2)",
    "&",
    "|",
    "!",
    "<->",
    "a <2> b",
    ":*",
    "\\",
    "\\'",
    "%",
    "_",
    ";",
    "$1",
    "?",
    "🎉",
    "é",
    "\u{301}",
    "ﷺ",
];

/// Characters that are letters for one database and not for the other.
const ODD: [&str; 14] = [
    "²",
    "½",
    "Ⅷ",
    "①",
    "Ⓐ",
    "ª",
    "\u{200d}",
    "\u{feff}",
    "\u{fffd}",
    "\u{10ffff}",
    "\u{e000}",
    "ि",
    "İ",
    "ς",
];

/// A resource with search and further parameters, which lead to different statements.
const LISTS: [(&str, &str); 4] = [
    ("posts", ""),
    ("users", "&sort=-id&count=exact"),
    ("users", ""),
    ("posts", "&sort=-id&count=exact"),
];

async fn search(client: &Client, q: &str, (resource, more): (&str, &str)) {
    let reply = client.get(url(resource, q) + more).await;

    let is_answered = [200, 400].contains(&reply.status);
    assert!(is_answered, "{q:?} on {resource}{more}: {}", reply.text);
}

/// Starts a server with a post whose words are operators elsewhere.
async fn app() -> TestApp {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    post(&ada, "title a b NEAR", "é", "AND OR NOT").await;
    app
}

/// Each text is sent to every list, and each form of it to one list in turn.
#[actix_web::test]
async fn no_special_text_makes_a_search_fail() {
    let app = app().await;
    let anyone = app.anonymous();
    let mut lists = LISTS.into_iter().cycle();

    for piece in PIECES.into_iter().chain(ODD) {
        for list in LISTS {
            search(&anyone, piece, list).await;
        }
        for q in [
            format!("a {piece}"),
            format!("{piece} a"),
            format!("a{piece}a"),
            format!("\"{piece}\" a"),
            format!("a -{piece}"),
            format!("a -\"{piece}"),
            format!("{piece}{piece} a"),
        ] {
            search(&anyone, &q, lists.next().unwrap()).await;
        }
    }
}

#[actix_web::test]
async fn no_random_combination_of_special_texts_makes_a_search_fail() {
    let app = app().await;
    let anyone = app.anonymous();
    let mut draw = 1_u64;
    for list in LISTS.into_iter().cycle().take(scaled(240)) {
        let q = (0..8).map(|_| {
            draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let all = PIECES.len() + ODD.len();
            let at = usize::try_from(draw >> 40).unwrap() % all;
            let piece = PIECES.iter().chain(&ODD).nth(at).unwrap();
            let space = if draw >> 39 & 1 == 1 { " " } else { "" };
            format!("{piece}{space}")
        });
        search(&anyone, &q.collect::<String>(), list).await;
    }
}

#[actix_web::test]
async fn an_operator_is_a_word_like_any_other() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let near = post(&ada, "Apples near pears", "", "…").await;
    let both = post(&ada, "Apples and pears", "", "…").await;

    for (q, expected) in [
        ("apples AND pears", vec![both]),
        ("apples OR nothing", vec![]),
        ("apples NOT pears", vec![]),
        ("NEAR(apples pears)", vec![]),
        ("apples NEAR pears", vec![near]),
        ("title:apples", vec![]),
        ("apples*pears", vec![]),
        ("appl*", vec![both, near]),
        ("apples & pears", vec![both, near]),
        ("apples | nothing", vec![]),
        ("apples & !pears", vec![both, near]),
        ("(apples) 'pears'", vec![both, near]),
    ] {
        let mut found = find(&ada, "posts", q).await;
        found.sort_by_key(|id| std::cmp::Reverse(*id));
        assert_eq!(found, expected, "{q}");
    }
}

#[actix_web::test]
async fn any_text_can_be_stored_and_the_longest_too() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    for piece in PIECES.into_iter().chain(ODD) {
        let post = post(&ada, &format!("{piece} unmistakable"), piece, piece).await;
        let found = find(&ada, "posts", "unmistakable").await;
        assert_eq!(found, [post], "{piece}");
        let patch = json!({ "title": "plain", "content": format!("{piece}{piece}") });
        ada.patch(format!("/posts/{post}"), patch)
            .await
            .expect_status(200);
    }
    // The longest texts: many different words, one endless word, and one repeated word.
    let different: String = (0..50_000)
        .filter_map(|i| char::from_u32(0x20000 + i))
        .flat_map(|c| [c, ' '])
        .collect();
    let words: String = (0..17_000)
        .map(|i| format!("{i:05} "))
        .take(16_600)
        .collect();
    for content in [
        different,
        words,
        "x".repeat(100_000),
        "y ".repeat(50_000),
        "ȺẞİΣ".repeat(25_000),
    ] {
        let post = post(&ada, "long", "", &content).await;
        assert!(find(&ada, "posts", "long").await.contains(&post));
    }
}
