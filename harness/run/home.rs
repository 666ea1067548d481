//! The case directory: `<run>/case` with `bin/` and `tmp/` in it, as good as new for each case.
//!
//! Its path stays the same, so that an adapter that lives through many cases has a true HOME, TMPDIR and PATH in each. Making
//! and removing three directories costs more than an empty case's fork; so what was not touched is not made again: the number
//! of files on the run directory's own file system tells in one call whether anything was left in most cases. It does not tell by
//! itself: a file that was removed counts until the last who has it open or mapped lets it go (somebody who looks into `/proc`, or
//! a descriptor in a message that nobody received), and one that goes hides one that was made. So the directories are asked as well.

use crate::sys::{self, Used};
use std::ffi::CString;
use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The case directory.
#[derive(Debug)]
pub struct Home {
    dir: PathBuf,
    run: CString,
    handle: File,
    /// The run directory: device and number.
    place: (u64, u64),
    /// What is on the file system when everything is clean; `None` where that tells nothing (it is shared with others).
    clean: Option<Used>,
    /// How the directories look then; `None` as above.
    signs: Option<[Sign; 3]>,
    moved: u32,
}

/// The control group that a run directory's warden is put into.
pub fn warden_group(run: &Path) -> String {
    run.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Removes both groups; `false` while somebody is in one.
pub fn forget_groups(run: &Path) -> bool {
    let (group, of_case) = (warden_group(run), control_group(&run.join("case")));
    let released = [format!("{group}/{of_case}"), of_case, group].map(|name| sys::release(&name));
    released == [true; 3]
}

/// The one that the processes of a case may make.
pub fn control_group(case: &Path) -> String {
    format!("{}-case", warden_group(case.parent().unwrap_or(case)))
}

/// The file system then and now.
#[derive(Clone, Copy, Debug)]
pub struct Touched {
    clean: Option<Used>,
    now: Option<Used>,
}

impl Touched {
    /// Whether as many files are there as were: none was made, or as many went.
    pub fn files_as_before(self) -> bool {
        self.now.zip(self.clean).is_some_and(|(now, clean)| now.files == clean.files)
    }

    /// Whether nothing was written, either.
    pub fn nothing(self) -> bool {
        self.now.is_some() && self.now == self.clean
    }
}

impl Home {
    /// Makes it. `own`: the run directory is a file system of its own, on which nobody else makes files.
    ///
    /// # Errors
    /// Those of mkdir.
    pub fn make(run: &Path, own: bool) -> io::Result<Home> {
        let dir = run.join("case");
        furnish(&dir)?;
        let handle = File::open(run)?;
        let clean = if own { sys::used(handle.as_raw_fd()) } else { None };
        let signs = clean.and_then(|_| signs(&dir));
        let (meta, run) = (handle.metadata()?, CString::new(run.as_os_str().as_bytes())?);
        Ok(Home { dir, run, handle, place: (meta.dev(), meta.ino()), clean, signs, moved: 0 })
    }

    /// Whether the run directory still is where it was made. Who removes it from outside unmounts it inside too, and a case that
    /// looks for its files there finds nothing.
    pub fn in_place(&self) -> bool {
        sys::file_at(&self.run) == Some(self.place)
    }

    /// Whether its file system has room for anything at all.
    pub fn has_room(&self) -> bool {
        sys::has_room(self.handle.as_raw_fd())
    }

    /// Its path.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// After files of the warden's own were made beside the case directory: what is there now is clean.
    pub fn settle(&mut self) {
        if self.clean.is_some() {
            self.clean = sys::used(self.handle.as_raw_fd());
        }
    }

    /// Whether nothing was made in the case directory, removed from it, or put in its place since it was clean.
    pub fn as_furnished(&self) -> bool {
        self.signs.is_some() && self.signs == signs(&self.dir)
    }

    /// What has become of the file system since the directory was clean.
    pub fn touched(&self) -> Touched {
        Touched { clean: self.clean, now: self.clean.and_then(|_| sys::used(self.handle.as_raw_fd())) }
    }

    /// Names below `tmp/`, with their path from the case directory.
    pub fn left_files(&self) -> Vec<String> {
        let mut found = Vec::new();
        list(&self.dir.join("tmp"), "tmp", &mut found);
        found.sort();
        found
    }

    /// Makes it as new.
    ///
    /// # Errors
    /// Those of the file system, when not even a move helps.
    pub fn renew(&mut self) -> io::Result<()> {
        // What a link in its place leads to is not ours to empty.
        let own = fs::symlink_metadata(&self.dir).is_ok_and(|meta| meta.is_dir());
        if !own || empty(&self.dir).and_then(|()| furnish(&self.dir)).is_err() {
            // Something in it cannot be removed; out of the way it harms nobody, and it goes with the run directory.
            self.moved += 1;
            let aside = self.dir.with_file_name(format!("aside-{}", self.moved));
            fs::rename(&self.dir, aside)?;
            furnish(&self.dir)?;
        }
        self.settle();
        self.signs = self.clean.and_then(|_| signs(&self.dir));
        Ok(())
    }
}

/// What changes of a directory when a name in it does: its number, size (by 20 bytes for each name on a tmpfs), links (one for
/// each directory in it), and the time of the change, in nanoseconds.
type Sign = (u64, u64, u64, i64);

/// Those of the case directory, `bin` and `tmp`; `None` when one is gone.
fn signs(dir: &Path) -> Option<[Sign; 3]> {
    let sign = |dir: &Path| {
        let meta = fs::symlink_metadata(dir).ok()?;
        Some((meta.ino(), meta.size(), meta.nlink(), meta.mtime() * 1_000_000_000 + meta.mtime_nsec()))
    };
    Some([sign(dir)?, sign(&dir.join("bin"))?, sign(&dir.join("tmp"))?])
}

fn furnish(dir: &Path) -> io::Result<()> {
    for place in [dir.to_owned(), dir.join("bin"), dir.join("tmp")] {
        match DirBuilder::new().mode(0o755).create(&place) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => fs::set_permissions(&place, Permissions::from_mode(0o755))?,
        }
    }
    Ok(())
}

/// Removes what is in a directory, giving itself the right to where a case took it.
fn empty(dir: &Path) -> io::Result<()> {
    fs::set_permissions(dir, Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            empty(&entry.path())?;
            fs::remove_dir(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// At most so many names are evidence enough.
const MOST_NAMES: usize = 100;

fn list(dir: &Path, name: &str, found: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        if found.len() >= MOST_NAMES {
            return;
        }
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            list(&entry.path(), &name, found);
        }
        found.push(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_goes_late_does_not_hide_one_that_is_made() {
        // The file system that a run directory has where the number of files counts. Elsewhere two changes within a tick of the clock may
        // look like one.
        let shm = Path::new("/dev/shm");
        let run = if shm.is_dir() { tempfile::tempdir_in(shm) } else { tempfile::tempdir() }.unwrap();
        let mut home = Home::make(run.path(), false).unwrap();
        home.clean = Some(Used { files: 0, blocks: 0 });
        home.renew().unwrap();
        assert!(home.as_furnished());
        let (tmp, bin) = (home.dir().join("tmp"), home.dir().join("bin"));
        type Deed<'a> = &'a dyn Fn();
        let deeds: [Deed; 4] = [
            &|| drop(File::create(home.dir().join("data")).unwrap()),
            &|| fs::create_dir(bin.join("deep")).unwrap(),
            &|| (fs::remove_dir(&tmp).unwrap(), fs::create_dir(&tmp).unwrap()).1,
            &|| drop(std::os::unix::net::UnixListener::bind(tmp.join("s0")).unwrap()),
        ];
        for (number, deed) in deeds.iter().enumerate() {
            let before = home.signs;
            deed();
            assert_ne!(signs(home.dir()), before, "deed {number}");
        }
        home.renew().unwrap();
        assert!(home.as_furnished());
    }

    #[test]
    fn a_directory_is_as_new_again_whatever_was_done_to_it() {
        let run = tempfile::tempdir().unwrap();
        let mut home = Home::make(run.path(), false).unwrap();
        assert!(!home.touched().files_as_before() && !home.touched().nothing(), "a shared file system tells nothing");
        let deep = home.dir().join("tmp/a/b");
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("file"), "x").unwrap();
        assert_eq!(home.left_files(), ["tmp/a", "tmp/a/b", "tmp/a/b/file"]);
        for place in [deep.as_path(), home.dir()] {
            fs::set_permissions(place, Permissions::from_mode(0o000)).unwrap();
        }
        home.renew().unwrap();
        assert!(home.left_files().is_empty());
        assert_eq!(fs::metadata(home.dir()).unwrap().permissions().mode() & 0o777, 0o755);
    }
}
