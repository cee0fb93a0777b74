//! Writes the forms of our schemas that are generated: `cargo run -p gate-mapping --example schemas`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas");
    let forms = gate_mapping::forms()
        .ok_or_else(|| std::io::Error::other("our own schemas cannot be parsed"))?;
    for (name, text) in forms {
        std::fs::write(folder.join(name), text)?;
    }
    Ok(())
}
