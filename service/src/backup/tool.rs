//! Runs programs of the machine: those of PostgreSQL, and `age`.
use std::{
    env,
    ffi::OsStr,
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::Duration,
};

use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};

use super::{Result, refused};

/// The pauses between two looks whether a program has ended: the first one, and the longest.
const PAUSES: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(250)];

/// Finds a program in PATH and then in these folders.
pub fn find(name: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let in_path = env::split_paths(&path);
    let mut candidates = in_path
        .chain(folders.iter().cloned())
        .map(|folder| folder.join(name));
    candidates.find(|file| file.is_file())
}

/// Runs a program to its successful end, and returns what it printed. It is killed after `limit`.
pub async fn run(
    program: &Path,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    variables: &[(&'static str, String)],
    limit: Duration,
) -> Result<String> {
    let name = program.display().to_string();
    let cannot_run = |error| refused(format!("{name} cannot be run: {error}"));
    let started = Command::new(program)
        .args(arguments)
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut running = Running(started.map_err(cannot_run)?);
    let output = read(running.0.stdout.take());
    let complaint = read(running.0.stderr.take());
    let ended = timeout(limit, async {
        let status = running.end().await?;
        Ok((status, output.await, complaint.await))
    });
    let Ok(ended) = ended.await else {
        return Err(refused(format!(
            "{name} did not end within {limit:?} and was stopped: see whether the database server answers, and how busy it and the \
             disks are, then try again; a large database needs a longer backup.timeout"
        )));
    };
    let (status, output, complaint) = ended.map_err(cannot_run)?;
    let text = |bytes: std::result::Result<Vec<u8>, _>| {
        String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
    };
    if !status.success() {
        return Err(refused(format!(
            "{name} failed: {}",
            text(complaint).trim()
        )));
    }
    Ok(text(output))
}

/// A program, which is killed when this is dropped.
struct Running(Child);

impl Running {
    async fn end(&mut self) -> std::io::Result<ExitStatus> {
        let [mut pause, longest] = PAUSES;
        loop {
            if let Some(status) = self.0.try_wait()? {
                return Ok(status);
            }
            sleep(pause).await;
            pause = (pause * 2).min(longest);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has usually ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Reads a pipe to its end, on a thread that nobody waits for: a process that the program has started may hold it open.
fn read(pipe: Option<impl Read + Send + 'static>) -> oneshot::Receiver<Vec<u8>> {
    let (sender, receiver) = oneshot::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // The part that could be read is shown: it is better than nothing.
            let _ = pipe.read_to_end(&mut bytes);
        }
        // The receiver may have given up.
        let _ = sender.send(bytes);
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn sh(script: &str, limit: Duration) -> Result<String> {
        run(Path::new("/bin/sh"), ["-c", script], &[], limit).await
    }

    #[tokio::test]
    async fn a_program_prints_or_complains() {
        let limit = Duration::from_mins(1);
        assert_eq!(sh("echo hello", limit).await.unwrap(), "hello\n");
        let failed = sh("echo no room >&2; exit 3", limit).await;
        let failed = failed.unwrap_err().to_string();
        assert_eq!(failed, "/bin/sh failed: no room");
        // More than a pipe holds.
        let long = sh("head -c 1000000 /dev/zero", limit).await.unwrap();
        assert_eq!(long.len(), 1_000_000);
    }

    #[tokio::test]
    async fn a_program_that_does_not_end_is_killed_with_its_pipes_open() {
        let limit = Duration::from_millis(200);
        let stopped = sh("sleep 600 & echo $$; wait", limit).await;
        let stopped = stopped.unwrap_err().to_string();
        assert!(
            stopped.contains("did not end within 200ms and was stopped"),
            "{stopped}"
        );
        assert!(stopped.contains("backup.timeout"), "{stopped}");
    }
}
