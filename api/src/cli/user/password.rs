//! A password from whoever runs the command, never from its arguments, which other users of the machine can see.
use std::io::{IsTerminal, Read, stdin};

use anyhow::{Context, ensure};
use secrecy::SecretString;

/// Bytes of standard input that are read; the service takes less.
const LIMIT: u64 = 4_096;

/// Asks twice at a terminal; otherwise takes standard input without one newline at its end, which `echo` adds.
pub fn read() -> anyhow::Result<SecretString> {
    if stdin().is_terminal() {
        let first = rpassword::prompt_password("Password: ")?;
        let again = rpassword::prompt_password("Again: ")?;
        ensure!(first == again, "the two passwords differ");
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
    match line.len() < text.len() {
        true => line.strip_suffix('\r').unwrap_or(line),
        false => line,
    }
}

#[cfg(test)]
mod tests {
    use super::without_newline;

    #[test]
    fn exactly_one_newline_is_no_part_of_the_password() {
        assert_eq!(without_newline("secret"), "secret");
        assert_eq!(without_newline("secret\n"), "secret");
        assert_eq!(without_newline("secret\r\n"), "secret");
        assert_eq!(without_newline("secret\n\n"), "secret\n");
        assert_eq!(without_newline(" secret\r"), " secret\r");
        assert_eq!(without_newline("\n"), "");
    }
}
