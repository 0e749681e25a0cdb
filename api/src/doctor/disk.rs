//! How much room the disk of a SQLite database has.
use std::path::Path;

use kernel::database;
use rustix::fs::statvfs;
use service::doctor::Check;

const MIB: u64 = 1024 * 1024;
/// The next large import may fill a disk with less room.
const LITTLE: u64 = 1024 * MIB;
/// Writes are about to fail on a disk with less room.
const NONE: u64 = 64 * MIB;

/// Returns `None` if the database is not a file.
pub fn check(settings: &database::Settings) -> Option<Check> {
    const NAME: &str = "disk";
    let file = settings.file()?;
    let folder = file.parent().filter(|folder| *folder != Path::new(""));
    let folder = folder.unwrap_or(Path::new("."));
    let shown = folder.display();
    let advice = "make room, or move the database to a larger disk: writes fail on a full one";
    Some(match statvfs(folder) {
        Err(error) => Check::error(
            NAME,
            format!("the folder {shown} cannot be examined: {error}"),
            "create the database with `atoll migrate up`, or correct database.url",
        ),
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let found = format!("{} MiB are free in {shown}", free / MIB);
            match free {
                0..NONE => Check::error(NAME, found, advice),
                NONE..LITTLE => Check::warning(NAME, found, advice),
                _ => Check::ok(NAME, found),
            }
        }
    })
}
