//! A file that is in its place when it is whole, and not before.

use anyhow::{Context, Result};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// Has a file written under a temporary name, and gives it its own. What fails leaves nothing
/// behind; a file of before stays as it is then.
///
/// # Errors
/// What `write` says, or that the file cannot be renamed.
pub fn put(place: &Path, temporary: &Path, write: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let placed = write(temporary).and_then(|()| {
        fs::rename(temporary, place).with_context(|| {
            let (from, to) = (temporary.display(), place.display());
            format!("Error moving temp DB file {from} on the final destination {to}")
        })
    });
    if placed.is_err()
        && let Err(error) = fs::remove_file(temporary)
        && error.kind() != ErrorKind::NotFound
    {
        tracing::warn!("{} could not be removed: {error}", temporary.display());
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;

    #[test]
    fn a_file_is_there_whole_or_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let (place, temporary) = (dir.path().join("a"), dir.path().join("temp-a"));
        put(&place, &temporary, |path| Ok(fs::write(path, "one")?)).unwrap();
        assert_eq!(fs::read(&place).unwrap(), b"one");
        let failed = put(&place, &temporary, |path| {
            fs::write(path, "tw")?;
            bail!("no more room")
        });
        assert_eq!(failed.unwrap_err().to_string(), "no more room");
        assert_eq!(fs::read(&place).unwrap(), b"one");
        assert!(!temporary.exists());
    }
}
