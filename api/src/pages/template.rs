//! The templates of the pages. All share a layout, and those that a link with a token opens share their states.
use std::sync::LazyLock;

use kernel::Error;
use minijinja::{Environment, Error as TemplateError, Value, context};
use web::Problem;

use super::POLICY;
use crate::asset::{Asset, HTML};

const TEXTS: [(&str, &str); 7] = [
    ("forgot.html", include_str!("forgot.html")),
    ("layout.html", include_str!("layout.html")),
    ("link.html", include_str!("link.html")),
    ("reset.html", include_str!("reset.html")),
    ("start.html", include_str!("start.html")),
    ("verify.html", include_str!("verify.html")),
    ("welcome.html", include_str!("welcome.html")),
];

static TEMPLATES: LazyLock<Result<Environment<'static>, TemplateError>> = LazyLock::new(|| {
    let mut all = Environment::new();
    for (name, text) in TEXTS {
        all.add_template(name, text)?;
    }
    Ok(all)
});

/// Renders a page with these values. `root` leads from the folder of the page to the root of the server.
pub fn render(name: &str, root: &'static str, values: Value) -> Result<Asset, Problem> {
    let root = Value::from_safe_string(root.to_owned());
    let page = TEMPLATES.as_ref().map_err(ToString::to_string);
    let page = page.and_then(|all| {
        let template = all.get_template(name);
        let page = template.and_then(|template| template.render(context! { root, ..values }));
        page.map_err(|error| error.to_string())
    });
    Ok(Asset::new(HTML, POLICY, page.map_err(Error::internal)?))
}
