//! Writes every page in every state and language, with styles and script beside them:
//! `cargo run -p gate-door-pages --example gallery -- DIRECTORY`. To look at, and for `scripts/pages`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "samples"
)]
#![allow(clippy::print_stdout, reason = "a program for people")]
#![allow(dead_code, reason = "tests use the rest of the samples")]
#![allow(unused_imports, reason = "as above")]

#[path = "samples/mod.rs"]
mod samples;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use gate_door_pages::{CSS, JS};

fn main() -> io::Result<()> {
    let Some(to) = env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: gallery DIRECTORY");
        std::process::exit(64);
    };
    println!("{} pages in {}", write(&to)?, to.display());
    Ok(())
}

fn write(to: &Path) -> io::Result<usize> {
    fs::create_dir_all(to.join("assets"))?;
    fs::create_dir_all(to.join("brand"))?;
    for asset in [CSS, JS] {
        fs::write(to.join(asset.path.trim_start_matches('/')), asset.body)?;
    }
    let mut index = String::from(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Gallery of the door</title><ul>\n",
    );
    let mut pages = 0;
    for sample in samples::all() {
        if let Some(css) = sample.brand.css() {
            fs::write(to.join(format!("brand/{}.css", sample.brand.id())), css)?;
        }
        for language in sample.languages() {
            let file = format!("{}.{}.html", sample.name, language.code());
            fs::write(to.join(&file), sample.html(language))?;
            let _never_fails = writeln!(index, "<li><a href=\"{file}\">{file}</a>");
            pages += 1;
        }
    }
    fs::write(to.join("index-door.html"), index)?;
    Ok(pages)
}
