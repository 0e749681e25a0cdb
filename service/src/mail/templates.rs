//! Templates on their way to letters. An operator's file replaces the one of the same name that is part of the program.
use std::{fs, path::Path};

use minijinja::{Environment, UndefinedBehavior, value::Serde};

use super::{Broken, Template};

/// A letter without its address.
#[derive(Debug)]
pub struct Rendered {
    pub subject: String,
    pub text: String,
    pub html: String,
}

#[derive(Debug)]
pub struct Templates(Environment<'static>);

impl Templates {
    /// Fails where a template cannot be read, or not be rendered with what it may use.
    pub fn load(folder: Option<&Path>) -> Result<Self, Broken> {
        let mut all = Environment::new();
        all.set_undefined_behavior(UndefinedBehavior::Strict);
        for template in Template::ALL {
            for (kind, built_in) in ["txt", "html"].into_iter().zip(template.built_in()) {
                let name = format!("{}.{kind}", template.name());
                let source = theirs(folder, &name)?.unwrap_or_else(|| built_in.to_owned());
                all.add_template_owned(name.clone(), source)
                    .map_err(|error| Broken(format!("the template {name}: {error:#}")))?;
            }
        }
        let all = Self(all);
        for template in Template::ALL {
            all.render(template, &template.sample())?;
        }
        Ok(all)
    }

    pub fn render(
        &self,
        template: Template,
        values: &serde_json::Value,
    ) -> Result<Rendered, Broken> {
        let part = |kind: &str| {
            let name = format!("{}.{kind}", template.name());
            let rendered = self
                .0
                .get_template(&name)
                .and_then(|it| it.render(Serde(values)));
            rendered.map_err(|error| Broken(format!("the template {name}: {error:#}")))
        };
        let text = part("txt")?;
        let (first, text) = text.split_once('\n').unwrap_or((&text, ""));
        let subject = first.strip_prefix("Subject: ").ok_or_else(|| {
            let name = template.name();
            Broken(format!(
                "the template {name}.txt: its first line must be `Subject: …`"
            ))
        })?;
        Ok(Rendered {
            subject: subject.trim().to_owned(),
            text: text.trim_start().to_owned(),
            html: part("html")?,
        })
    }
}

/// What the operator has under this name.
fn theirs(folder: Option<&Path>, name: &str) -> Result<Option<String>, Broken> {
    let Some(file) = folder.map(|folder| folder.join(name)) else {
        return Ok(None);
    };
    match fs::read_to_string(&file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Broken(format!("{}: {error}", file.display()))),
    }
}
