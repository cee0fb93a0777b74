//! The page: `docs/performance.md`, its plots and a copy of the figures. Every number on it comes from the figures;
//! the sentences say how they were measured. What people add stands in `docs/performance/notes.md` and is taken
//! over as it is.

mod chart;
mod page;
mod plots;

use crate::figures::Figures;
use crate::progress::say;
use anyhow::Result;
use std::path::Path;

/// Writes everything below `docs` of the repository.
pub(crate) fn write(figures: &Figures, repository: &Path) -> Result<()> {
    let docs = repository.join("docs");
    let dir = docs.join("performance");
    std::fs::create_dir_all(&dir)?;
    let plots = plots::all(figures);
    for plot in &plots {
        std::fs::write(dir.join(plot.file), plot.chart.svg())?;
    }
    let notes = std::fs::read_to_string(dir.join("notes.md")).unwrap_or_default();
    let page = page::text(figures, &notes);
    std::fs::write(docs.join("performance.md"), page)?;
    figures.write(&dir.join("figures.json"))?;
    say(&format!("docs/performance.md, {} plots and figures.json written", plots.len()));
    Ok(())
}
