//! The user's cache: what was written, installed or built once, and is used from then on without asking anybody.
//!
//! A place has a name that changes with its content, is filled under a lock, and counts only once it is complete: a marker is
//! written last, so what an interrupted installation left is thrown away and begun anew. It is filled where it stays and not
//! renamed there, because installers write their own paths into what they install.

use nix::fcntl::{Flock, FlockArg};
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Written last into a complete place.
const MARKER: &str = ".complete";

/// Folders that may serve as the cache, best first.
pub(super) fn bases() -> Vec<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")));
    let shared = std::env::temp_dir().join(format!("childproof-{}", nix::unistd::geteuid()));
    cache.map(|cache| cache.join("childproof")).into_iter().chain([shared]).collect()
}

/// What `with` makes of the first folder of the cache that it succeeds in.
///
/// # Errors
/// Every folder that was tried, with what went wrong in it.
pub(super) fn in_base<T>(what: &str, with: impl Fn(&Path) -> io::Result<T>) -> Result<T, String> {
    let mut tried = String::new();
    for base in bases() {
        match own(&base).and_then(|()| with(&base)) {
            Ok(done) => return Ok(done),
            Err(error) => tried.push_str(&format!("; {}: {error}", base.display())),
        }
    }
    Err(format!("{what} cannot be written anywhere: set XDG_CACHE_HOME{tried}"))
}

/// Makes a base; one that belongs to somebody else is not used, for what lies in it is executed.
pub(super) fn own(base: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(base)?;
    if fs::symlink_metadata(base)?.uid() != nix::unistd::geteuid().as_raw() {
        return Err(io::Error::other("it belongs to somebody else"));
    }
    Ok(())
}

/// Sixteen digits for some content.
pub(super) fn digest(content: impl Hash) -> String {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// A place of the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    dir: PathBuf,
    lock: PathBuf,
}

impl Place {
    /// The place `family/name`. Places of one `lock` are filled one after another.
    pub(super) fn of(family: &str, name: &str, lock: &str) -> Result<Place, String> {
        in_base(name, |base| {
            fs::create_dir_all(base.join("locks"))?;
            let plain = |text: &str| text.replace(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c), "_");
            Ok(Place { dir: base.join(family).join(plain(name)), lock: base.join("locks").join(plain(lock)) })
        })
    }

    /// Its folder.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Whether it is complete.
    pub(super) fn is_complete(&self) -> bool {
        self.dir.join(MARKER).is_file()
    }

    /// Has `fill` fill it unless it is complete already; `doing` says what for while another process is at it.
    pub(super) fn fill(&self, doing: &str, fill: impl FnOnce(&Path) -> Result<(), String>) -> Result<(), String> {
        if self.is_complete() {
            return Ok(());
        }
        let said = |error: io::Error| format!("{doing}: {}: {error}", self.dir.display());
        let _lock = locked(&self.lock, doing).map_err(said)?;
        if self.is_complete() {
            return Ok(());
        }
        match fs::remove_dir_all(&self.dir) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(said(error)),
            _ => fs::create_dir_all(&self.dir).map_err(said)?,
        }
        fill(&self.dir)?;
        fs::write(self.dir.join(MARKER), doing).map_err(said)
    }
}

/// The lock, waited for with a word to the user. It is close-on-exec, so no tool that is started holds it on.
fn locked(path: &Path, doing: &str) -> io::Result<Flock<File>> {
    let file = File::options().create(true).append(true).open(path)?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => Ok(lock),
        Err((file, _)) => {
            let waiting = super::tool::Waiting::begin(&format!("{doing}: waiting for another childproof"));
            let lock = Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, errno)| io::Error::from(errno));
            drop(waiting);
            lock
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    fn place(base: &Path) -> Place {
        Place { dir: base.join("x"), lock: base.join("lock") }
    }

    #[test]
    fn it_is_filled_once_however_many_ask() {
        let base = tempfile::tempdir().expect("a folder");
        let (place, filled) = (place(base.path()), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    place.fill("filling", |dir| {
                        filled.fetch_add(1, Ordering::Relaxed);
                        fs::write(dir.join("it"), "").map_err(|error| error.to_string())
                    })
                });
            }
        });
        assert_eq!(filled.load(Ordering::Relaxed), 1);
        assert!(place.is_complete() && place.dir().join("it").exists());
    }

    #[test]
    fn what_was_interrupted_is_begun_anew() {
        let base = tempfile::tempdir().expect("a folder");
        let place = place(base.path());
        let half = |dir: &Path| fs::write(dir.join("half"), "").map_err(|error| error.to_string()).and(Err("no network".to_owned()));
        assert_eq!(place.fill("filling", half), Err("no network".into()));
        assert!(!place.is_complete());
        assert_eq!(place.fill("filling", |dir| if dir.join("half").exists() { Err("left over".into()) } else { Ok(()) }), Ok(()));
    }
}
