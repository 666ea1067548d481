//! The folders of subjects that ship inside the binary, and their way to disk.
//!
//! An interpreter wants a file. In the checkout from which childproof was built, that file is there already; elsewhere the folder
//! is written once into the user's cache, under a name that changes with its content.

use super::cache;
use super::declaration::{self, Declaration};
use include_dir::{Dir, include_dir};
use std::fs;
use std::path::{Path, PathBuf};

static SUBJECTS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/fixtures/subjects");

/// Not a subject: what adapters share.
const SUPPORT: &str = "support";

/// Where that folder was when childproof was built.
const CHECKOUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/subjects");

/// Where a subject's files are.
#[derive(Clone, Debug)]
pub enum Place {
    /// On disk.
    Disk(PathBuf),
    /// In the binary.
    Embedded(&'static Dir<'static>),
}

impl Place {
    /// The folder on disk, written there first where need be.
    ///
    /// # Errors
    /// A message with the path that could not be written.
    pub fn path(&self) -> Result<PathBuf, String> {
        match self {
            Place::Disk(path) => Ok(path.clone()),
            Place::Embedded(dir) => {
                let built = Path::new(CHECKOUT).join(dir.path());
                if is_same(dir, &built) { Ok(built) } else { write_once(dir) }
            }
        }
    }
}

/// The folder of what adapters of one language share: beside the subject's own where it has one there, else that of the binary.
///
/// # Errors
/// As [`Place::path`].
pub fn support(of: &Path) -> Result<PathBuf, String> {
    match of.parent().map(|parent| parent.join(SUPPORT)).filter(|path| path.is_dir()) {
        Some(beside) => Ok(beside),
        None => SUBJECTS.get_dir(SUPPORT).map_or_else(|| Ok(of.to_owned()), |dir| Place::Embedded(dir).path()),
    }
}

/// Adapters to begin with: language, and files with their content.
pub fn templates() -> Vec<(&'static str, Vec<(&'static str, &'static str)>)> {
    let Some(templates) = SUBJECTS.get_dir(format!("{SUPPORT}/templates")) else { return Vec::new() };
    let name = |path: &'static Path| path.file_name().and_then(|name| name.to_str());
    let text = |dir: &'static Dir<'static>| dir.files().filter_map(|file| Some((name(file.path())?, file.contents_utf8()?))).collect();
    templates.dirs().filter_map(|dir| Some((name(dir.path())?, text(dir)))).collect()
}

/// Every subject of the binary, `raw` first, then by name.
///
/// # Errors
/// A fault of a `subject.yaml`.
pub fn declarations() -> Result<Vec<(Declaration, Place)>, String> {
    let mut found = Vec::new();
    for dir in SUBJECTS.dirs() {
        let path = dir.path().join("subject.yaml");
        let Some(text) = SUBJECTS.get_file(&path).and_then(|file| file.contents_utf8()) else { continue };
        found.push((declaration::parse(&path, text)?, Place::Embedded(dir)));
    }
    Ok(sorted(found))
}

/// Every subject of a folder on disk.
///
/// # Errors
/// A folder that cannot be read, a fault of a `subject.yaml`.
pub fn declarations_in(dir: &Path) -> Result<Vec<(Declaration, Place)>, String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(|error| said(dir, error))? {
        let folder = entry.map_err(|error| said(dir, error))?.path();
        if folder.join("subject.yaml").is_file() {
            let (declaration, folder) = declaration_at(&folder)?;
            found.push((declaration, Place::Disk(folder)));
        }
    }
    Ok(sorted(found))
}

/// The subject of one folder on disk, with the folder's absolute path.
///
/// # Errors
/// A folder without `subject.yaml`, a fault of it.
pub fn declaration_at(folder: &Path) -> Result<(Declaration, PathBuf), String> {
    let folder = folder.canonicalize().map_err(|error| said(folder, error))?;
    let path = folder.join("subject.yaml");
    let text = fs::read_to_string(&path).map_err(|error| said(&path, error))?;
    Ok((declaration::parse(&path, &text)?, folder))
}

fn said(path: &Path, error: std::io::Error) -> String {
    format!("{}: {error}", path.display())
}

fn sorted(mut found: Vec<(Declaration, Place)>) -> Vec<(Declaration, Place)> {
    found.sort_by_key(|(declaration, _)| (declaration.name != "raw", declaration.name.clone()));
    found
}

/// Whether every file of `dir` lies with the same content under `path`.
fn is_same(dir: &Dir<'_>, path: &Path) -> bool {
    files(dir).into_iter().all(|(name, content)| fs::read(path.join(name)).is_ok_and(|found| found == content))
}

/// Every file below `dir` with its path in it.
fn files<'a>(dir: &'a Dir<'a>) -> Vec<(&'a Path, &'a [u8])> {
    fn below<'a>(dir: &'a Dir<'a>, root: &Path, found: &mut Vec<(&'a Path, &'a [u8])>) {
        found.extend(dir.files().map(|file| (file.path().strip_prefix(root).unwrap_or(file.path()), file.contents())));
        dir.dirs().for_each(|inner| below(inner, root, found));
    }
    let mut found = Vec::new();
    below(dir, dir.path(), &mut found);
    found
}

fn write_once(dir: &Dir<'_>) -> Result<PathBuf, String> {
    cache::in_base(&format!("the files of {}", dir.path().display()), |base| write_under(dir, base))
}

/// Writes beside the place and renames, so that nobody ever starts half a file.
fn write_under(dir: &Dir<'_>, base: &Path) -> std::io::Result<PathBuf> {
    let place = base.join(format!("{}-{}", dir.path().display(), cache::digest(files(dir))));
    if is_same(dir, &place) {
        return Ok(place);
    }
    let fresh = tempfile::tempdir_in(base)?;
    for (name, content) in files(dir) {
        let path = fresh.path().join(name);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, content)?;
    }
    match fs::rename(fresh.path(), &place) {
        // Another childproof was faster.
        Err(_) if is_same(dir, &place) => Ok(place),
        Err(error) => Err(error),
        Ok(()) => {
            let _ = fresh.keep();
            Ok(place)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_was_embedded() {
        let base = tempfile::tempdir().expect("a folder");
        let dir = SUBJECTS.get_dir("python-subprocess").expect("it ships");
        let first = write_under(dir, base.path()).expect("written");
        assert!(is_same(dir, &first));
        assert_eq!(write_under(dir, base.path()).expect("found again"), first);
        assert_eq!(fs::read_dir(base.path()).expect("readable").count(), 1);
    }

    #[test]
    fn a_folder_of_ones_own_is_read() {
        let found = declarations_in(Path::new(CHECKOUT)).expect("valid");
        assert_eq!(found.len(), declarations().expect("valid").len());
    }
}
