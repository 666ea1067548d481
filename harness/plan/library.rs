//! Where scenarios come from: the ones inside the binary, and files and folders of the user.

use super::case::Source;
use include_dir::{Dir, include_dir};
use std::io;
use std::path::{Path, PathBuf};

/// Where a run saves the smallest case of each failure. In this folder they are nobody's scenarios, wherever the run was started.
pub const FAILURES: &str = "childproof-failures";

static SCENARIOS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/scenarios");

/// The scenarios that ship with childproof, sorted by id.
pub fn embedded() -> Vec<Source> {
    let mut found = Vec::new();
    collect(&SCENARIOS, &mut found);
    found.sort_by(|a: &Source, b: &Source| a.id.cmp(&b.id));
    found
}

fn collect(dir: &Dir<'static>, found: &mut Vec<Source>) {
    for file in dir.files().filter(|file| is_scenario(file.path())) {
        if let Some(text) = file.contents_utf8() {
            let path = Path::new("scenarios").join(file.path());
            found.push(Source { id: id(file.path()), path: path.display().to_string(), text: text.to_owned() });
        }
    }
    dir.dirs().filter(|inner| !inner.path().ends_with(FAILURES)).for_each(|inner| collect(inner, found));
}

fn is_scenario(path: &Path) -> bool {
    matches!(path.extension().and_then(|ending| ending.to_str()), Some("yaml" | "yml"))
}

/// `pipe/sigpipe` for `pipe/sigpipe.yaml`, with `/` on every platform.
fn id(path: &Path) -> String {
    let parts: Vec<_> = path.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    parts.join("/")
}

/// Reads one file, or every `.yaml` file below a folder in the order of their names. The id of a file alone is its path
/// without the ending; of files in a folder, their path below it.
///
/// # Errors
/// The path cannot be read, is not UTF-8 text, or is a folder without scenarios; the error names the path.
pub fn load(path: impl AsRef<Path>) -> io::Result<Vec<Source>> {
    let path = path.as_ref();
    if !std::fs::metadata(path).map_err(|error| named(path, &error))?.is_dir() {
        return Ok(vec![source(path, id(path))?]);
    }
    let mut files = Vec::new();
    files_below(path, &mut files)?;
    files.sort();
    if files.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, format!("{}: no .yaml file in this folder", path.display())));
    }
    files.iter().map(|file| source(file, id(file.strip_prefix(path).unwrap_or(file)))).collect()
}

fn source(path: &Path, id: String) -> io::Result<Source> {
    let text = std::fs::read_to_string(path).map_err(|error| named(path, &error))?;
    Ok(Source { id, path: path.display().to_string(), text })
}

/// Symbolic links to folders are not followed: a link upwards would make the walk endless.
fn files_below(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder).map_err(|error| named(folder, &error))? {
        let entry = entry.map_err(|error| named(folder, &error))?;
        let kind = entry.file_type().map_err(|error| named(&entry.path(), &error))?;
        if kind.is_dir() && entry.file_name() != FAILURES {
            files_below(&entry.path(), files)?;
        } else if is_scenario(&entry.path()) {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saved_failures_are_no_scenarios_of_the_folder_that_they_lie_in() {
        let folder = tempfile::tempdir().expect("a folder");
        for file in ["pipe/one.yaml".into(), format!("{FAILURES}/two.yaml")] {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().expect("it has one")).expect("made");
            std::fs::write(path, "").expect("written");
        }
        let ids = |path: PathBuf| load(path).expect("read").into_iter().map(|source| source.id).collect::<Vec<_>>();
        assert_eq!(ids(folder.path().to_owned()), ["pipe/one"]);
        assert_eq!(ids(folder.path().join(FAILURES)), ["two"], "asked for by name they are");
    }
}
