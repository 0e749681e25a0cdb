//! Reads a password from the terminal or standard input, never from arguments, which other users of the machine can see.
use std::io::{IsTerminal, Read, stdin};

use anyhow::{Context, ensure};
use secrecy::SecretString;

/// Bytes of standard input that are read; the service accepts fewer.
const LIMIT: u64 = 4_096;

/// Prompts twice on a terminal; otherwise reads standard input and removes the final newline that `echo` adds.
pub fn read() -> anyhow::Result<SecretString> {
    if stdin().is_terminal() {
        let first = rpassword::prompt_password("Password: ")?;
        let repeated = rpassword::prompt_password("Repeat password: ")?;
        ensure!(first == repeated, "the two passwords differ");
        return Ok(first.into());
    }
    let mut text = String::new();
    stdin()
        .take(LIMIT)
        .read_to_string(&mut text)
        .context("reading the password from standard input")?;
    Ok(without_newline(&text).into())
}

fn without_newline(text: &str) -> &str {
    let line = text.strip_suffix('\n').unwrap_or(text);
    if line.len() < text.len() {
        line.strip_suffix('\r').unwrap_or(line)
    } else {
        line
    }
}

#[cfg(test)]
mod tests {
    use super::without_newline;

    #[test]
    fn exactly_one_newline_is_removed() {
        assert_eq!(without_newline("secret"), "secret");
        assert_eq!(without_newline("secret\n"), "secret");
        assert_eq!(without_newline("secret\r\n"), "secret");
        assert_eq!(without_newline("secret\n\n"), "secret\n");
        assert_eq!(without_newline(" secret\r"), " secret\r");
        assert_eq!(without_newline("\n"), "");
    }
}
