//! Copies the built admin to where the program embeds it. Without one, the program has no admin.
use std::{env, fs, io, path::Path};

const BUILT: &str = "../admin/dist.zip";

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    let built = if Path::new(BUILT).exists() {
        println!("cargo:rerun-if-changed={BUILT}");
        fs::read(BUILT)?
    } else {
        Vec::new()
    };
    let folder = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    fs::write(Path::new(&folder).join("admin.zip"), built)
}
