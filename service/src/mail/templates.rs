//! Loading and rendering templates. An operator's file replaces the built-in template of the same name.
use std::{fs, path::Path};

use minijinja::{Environment, UndefinedBehavior, value::Serde};

use super::{InvalidSettings, Template};

/// The subject and the bodies of a mail.
#[derive(Debug)]
pub struct Rendered {
    pub subject: String,
    pub text: String,
    pub html: String,
}

#[derive(Debug)]
pub struct Templates(Environment<'static>);

impl Templates {
    /// Fails if a template cannot be read, or cannot be rendered with its sample values.
    pub fn load(folder: Option<&Path>) -> Result<Self, InvalidSettings> {
        let mut all = Environment::new();
        all.set_undefined_behavior(UndefinedBehavior::Strict);
        for template in Template::ALL {
            for (kind, built_in) in ["txt", "html"].into_iter().zip(template.built_in()) {
                let name = format!("{}.{kind}", template.name());
                let source = read_override(folder, &name)?.unwrap_or_else(|| built_in.to_owned());
                all.add_template_owned(name.clone(), source)
                    .map_err(|error| InvalidSettings(format!("template {name}: {error:#}")))?;
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
    ) -> Result<Rendered, InvalidSettings> {
        let part = |kind: &str| {
            let name = format!("{}.{kind}", template.name());
            let rendered = self
                .0
                .get_template(&name)
                .and_then(|it| it.render(Serde(values)));
            rendered.map_err(|error| InvalidSettings(format!("template {name}: {error:#}")))
        };
        let text = part("txt")?;
        let (first, text) = text.split_once('\n').unwrap_or((&text, ""));
        let subject = first.strip_prefix("Subject: ").ok_or_else(|| {
            let name = template.name();
            InvalidSettings(format!(
                "template {name}.txt: the first line must be `Subject: …`"
            ))
        })?;
        Ok(Rendered {
            subject: subject.trim().to_owned(),
            text: text.trim_start().to_owned(),
            html: part("html")?,
        })
    }
}

/// Reads the operator's template of this name, if there is one.
fn read_override(folder: Option<&Path>, name: &str) -> Result<Option<String>, InvalidSettings> {
    let Some(file) = folder.map(|folder| folder.join(name)) else {
        return Ok(None);
    };
    match fs::read_to_string(&file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(InvalidSettings(format!("{}: {error}", file.display()))),
    }
}
