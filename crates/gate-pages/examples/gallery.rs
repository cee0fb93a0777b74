//! Writes every page in every state, in both languages, with style and script beside them:
//! `cargo run --release -p gate-pages --example gallery -- DIRECTORY`. To look at, and for `scripts/pages`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "samples"
)]
#![allow(clippy::print_stdout, reason = "a program for people")]

#[path = "samples/mod.rs"]
mod samples;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs, io};

use gate_pages::{CSS, JS, Language};

fn main() -> io::Result<()> {
    let Some(to) = env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: gallery DIRECTORY");
        std::process::exit(64);
    };
    fs::create_dir_all(to.join("assets"))?;
    for asset in [CSS, JS] {
        fs::write(to.join(asset.path.trim_start_matches('/')), asset.body)?;
    }
    let mut index = String::from(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Gallery</title><ul>\n",
    );
    let mut pages = 0;
    for sample in samples::all() {
        for language in Language::ALL {
            let file = format!("{}.{}.html", sample.name, language.code());
            fs::write(to.join(&file), sample.html(language))?;
            let _never_fails = writeln!(index, "<li><a href=\"{file}\">{file}</a>");
            pages += 1;
        }
    }
    fs::write(to.join("index.html"), index)?;
    println!("{pages} pages in {}", to.display());
    Ok(())
}
