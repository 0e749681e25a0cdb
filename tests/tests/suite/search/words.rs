//! The words of a text, and their combination in a query.
use tests::{TestApp, json};

use super::{find, post, url};

#[actix_web::test]
async fn exactly_the_searched_columns_are_found() {
    let app = TestApp::new().await;
    let ada = app.member("ada.lovelace").await;
    let about = json!({ "full_name": "Augusta King", "bio": "Enchantress" });
    ada.patch("/auth/me", about).await.expect_status(200);
    let post = post(&ada, "Engines", "Analytical", "Bernoulli").await;

    for q in ["engines", "analytical", "bernoulli"] {
        assert_eq!(find(&ada, "posts", q).await, [post], "{q}");
    }
    for q in ["ada", "lovelace", "augusta", "king"] {
        assert_eq!(find(&ada, "users", q).await, [ada.id], "{q}");
    }
    assert!(find(&ada, "posts", "published").await.is_empty());
    for q in ["enchantress", "example", "ada.lovelace@example.org"] {
        assert!(find(&ada, "users", q).await.is_empty(), "{q}");
    }
}

/// The title of a post, a search, and whether it finds the post.
const WORDS: [(&str, &str, bool); 62] = [
    ("Rust for web servers", "rust web", true),
    ("Rust for web servers", "web rust", true),
    ("Rust for web servers", "rust desktop", false),
    ("Rust for web servers", "RUST Web", true),
    ("Rust for web servers", "server", true),
    ("Rust for web servers", "serv rust", false),
    ("Rust for web servers", "\"server\"", false),
    ("Rust for web servers", "rust se", false),
    ("Rust for web servers", "\"for web\"", true),
    ("Rust for web servers", "\"web for\"", false),
    ("Rust for web servers", "\"for web", true),
    ("Rust for web servers", "servers \"rust for\"", true),
    ("Rust for web servers", "rust -desktop", true),
    ("Rust for web servers", "rust -web", false),
    ("Rust for web servers", "rust -\"for web\"", false),
    ("Rust for web servers", "rust -\"web for\"", true),
    ("Rust for web servers", "rust -serv", true),
    ("Rust for web servers", "rust ???", true),
    ("Rust for web servers", "???", false),
    ("Rust for web servers", "\"\"", false),
    ("foo-bar_baz/qux.html", "bar", true),
    ("foo-bar_baz/qux.html", "foo-bar", true),
    ("foo-bar_baz/qux.html", "baz/qux", true),
    ("foo-bar_baz/qux.html", "\"foo bar baz qux html\"", true),
    ("foo-bar_baz/qux.html", "bar-foo", false),
    ("<b>bold</b> ada@example.org -12.5", "bold", true),
    ("<b>bold</b> ada@example.org -12.5", "example", true),
    ("<b>bold</b> ada@example.org -12.5", "12", true),
    ("“Quoted”—dash…🎉party", "quoted dash", true),
    ("“Quoted”—dash…🎉party", "party🎉", true),
    ("École ЁЛКА Straße", "école ёлка", true),
    ("École ЁЛКА Straße", "STRAßE", true),
    ("École ЁЛКА Straße", "ecole", false),
    ("Ne\u{301}e हिन्दी", "ne\u{301}e", true),
    ("Ne\u{301}e हिन्दी", "हिन्दी", true),
    ("全文検索 1e5 m²", "全文", true),
    ("全文検索 1e5 m²", "1e5", true),
    ("全文検索 1e5 m²", "m²", true),
    ("🦀Rust tips❤\u{fe0f}web 🅰\u{fe0f}plus", "rust", true),
    ("🦀Rust tips❤\u{fe0f}web 🅰\u{fe0f}plus", "tips web", true),
    ("🦀Rust tips❤\u{fe0f}web 🅰\u{fe0f}plus", "\"plus\"", true),
    ("🦀Rust tips❤\u{fe0f}web 🅰\u{fe0f}plus", "🦀", false),
    ("Οδοσήμανση ΟΔΟΣ", "ΟΔΟΣ", true),
    ("Οδοσήμανση ΟΔΟΣ", "\"οδος\"", true),
    ("Οδοσήμανση ΟΔΟΣ", "\"οδοσ\"", true),
    ("Οδοσήμανση", "ΟΔΟΣ", true),
    ("Οδοσήμανση", "ΟΔΟΣΉΜΑΝΣΗ", true),
    ("Οδοσήμανση", "\"ΟΔΟΣ\"", false),
    ("Straße GROẞ", "STRASSE", true),
    ("Straße GROẞ", "groß", true),
    ("İstanbul ILIK ılık", "istanbul", false),
    ("İstanbul ILIK ılık", "i\u{307}stanbul", true),
    ("İstanbul ILIK ılık", "\"ilik ılık\"", true),
    ("ᏣᎳᎩ ꮳꮃꭹ", "\"ꮳꮃꭹ Ꮳꮃꭹ\"", true),
    ("საქართველო", "ᲡᲐᲥᲐᲠᲗᲕᲔᲚᲝ", true),
    ("𞤀𞤁𞤂𞤃 𐓀𐓁", "𞤢𞤣𞤤𞤥", true),
    ("𞤀𞤁𞤂𞤃 𐓀𐓁", "𞤢𞤣", true),
    ("𞤀𞤁𞤂𞤃 𐓀𐓁", "\"𐓨𐓩\"", true),
    ("ＦＵＬＬ ﬁnal co\u{ad}operate", "full final", true),
    ("ＦＵＬＬ ﬁnal co\u{ad}operate", "cooperate", true),
    ("Ne\u{301}e", "née", true),
    ("1e5x", "\"1e5x\"", true),
];

#[actix_web::test]
async fn words_phrases_exclusions_and_prefixes_mean_the_same_on_every_database() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let mut titles: Vec<_> = WORDS.iter().map(|(title, ..)| *title).collect();
    titles.dedup();
    for title in titles {
        let post = post(&ada, title, "", "…").await;
        for (_, q, is_found) in WORDS.iter().filter(|(of, ..)| *of == title) {
            let found = find(&ada, "posts", q).await;

            assert_eq!(found.contains(&post), *is_found, "{q} in {title}");
        }
    }
}

#[actix_web::test]
async fn words_may_be_in_several_columns_but_a_phrase_in_one() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let post = post(&ada, "Green apple", "pie crust", "recipe book").await;

    for q in ["apple recipe", "\"green apple\" book", "\"pie crust\""] {
        assert_eq!(find(&ada, "posts", q).await, [post], "{q}");
    }
    for q in ["\"apple pie\"", "\"crust recipe\"", "apple-pie"] {
        assert!(find(&ada, "posts", q).await.is_empty(), "{q}");
    }
}

#[actix_web::test]
async fn an_invalid_search_is_400() {
    let app = TestApp::new().await;
    let nobody = app.anonymous();
    let (long, many) = ("ü".repeat(101), format!("{}-b", "a ".repeat(49)));

    for q in [
        "",
        " ",
        "\u{a0}\t",
        "-old",
        "-\"a b\" -c",
        "a\0b",
        "\0",
        &long,
    ] {
        let reply = nobody.get(url("posts", q)).await;

        reply
            .expect_problem(400, "malformed_request")
            .expect_error_at("q");
    }
    for q in [&long[2..], &many] {
        nobody.get(url("posts", q)).await.expect_status(200);
    }
}
