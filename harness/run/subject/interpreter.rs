//! Finding the interpreter of a subject: by path, by version, or the first at hand.

use super::declaration::Interpreter;
use super::package::on_this_machine;
use super::tool::{find as on_path, is_program};
use super::{cache, tool, versions};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// Every version named in the declaration that is on this machine, and has what the adapter loads.
pub(super) fn installed(interpreter: &Interpreter) -> Vec<String> {
    let usable = |version: &&String| by_version(interpreter, version).is_some_and(|path| probed(&path, &interpreter.probe).is_ok());
    interpreter.versions.iter().filter(usable).cloned().collect()
}

/// The interpreter of that version, of that path, or the first at hand.
///
/// # Errors
/// What was looked for; a fragment that follows the subject's name.
pub(super) fn resolve(name: &str, interpreter: &Interpreter, version: Option<&str>) -> Result<PathBuf, String> {
    let path = found(name, interpreter, version)?;
    probed(&path, &interpreter.probe).map(|()| path)
}

/// Probes that succeeded: they go on doing so. One that failed may succeed once what was missing is installed.
static PROBED: Mutex<BTreeSet<(PathBuf, Vec<String>)>> = Mutex::new(BTreeSet::new());

/// Tries the interpreter with the arguments that only succeed where the library is.
fn probed(path: &Path, arguments: &[String]) -> Result<(), String> {
    let mut succeeded = PROBED.lock().unwrap_or_else(PoisonError::into_inner);
    let probe = (path.to_owned(), arguments.to_owned());
    if arguments.is_empty() || succeeded.contains(&probe) {
        return Ok(());
    }
    tool::run(&format!("{} lacks what the adapter loads", path.display()), Command::new(path).args(arguments))?;
    succeeded.insert(probe);
    Ok(())
}

fn found(name: &str, interpreter: &Interpreter, version: Option<&str>) -> Result<PathBuf, String> {
    match version {
        Some(path) if path.contains('/') => {
            let path = PathBuf::from(path);
            if is_program(&path) { Ok(path) } else { Err(format!("there is no program at {}", path.display())) }
        }
        Some(version) => by_version(interpreter, version).ok_or_else(|| {
            let looked = interpreter.versioned.replace("{version}", version);
            let folders =
                if interpreter.folders.is_empty() { String::new() } else { format!(", and none in {}", interpreter.folders.join(", ")) };
            format!("no {looked} on PATH{folders}; give the interpreter's path: {name}@/path/to/it")
        }),
        None => {
            interpreter.names.iter().find_map(|program| on_path(program)).ok_or_else(|| {
                format!("none of {} is on PATH; give the interpreter's path: {name}@/path/to/it", interpreter.names.join(", "))
            })
        }
    }
}

/// `NAME@VERSION` of the subject that brings the interpreter, where it is to be had from one and is not on this machine.
pub(super) fn brought_by(interpreter: &Interpreter, version: Option<&str>) -> Option<String> {
    let from = interpreter.from.as_ref()?;
    let here = match version {
        Some(path) if path.contains('/') => true,
        Some(version) => by_version(interpreter, version).is_some(),
        None => interpreter.names.iter().any(|program| on_path(program).is_some()),
    };
    (!here).then(|| version.map_or_else(|| from.clone(), |version| format!("{from}@{version}")))
}

fn by_version(interpreter: &Interpreter, version: &str) -> Option<PathBuf> {
    let program = interpreter.versioned.replace("{version}", version);
    on_path(&program).or_else(|| interpreter.folders.iter().flat_map(|pattern| places(pattern)).find_map(|at| in_folder(&at, version)))
}

/// The pattern with the home directory or each folder of the cache before it, on this machine.
fn places(pattern: &str) -> Vec<String> {
    let pattern = on_this_machine(pattern);
    if let Some(rest) = pattern.strip_prefix("{cache}") {
        return cache::bases().iter().map(|base| format!("{}{rest}", base.display())).collect();
    }
    let home = std::env::var("HOME").unwrap_or_default();
    vec![pattern.strip_prefix('~').map_or_else(|| pattern.clone(), |rest| format!("{home}{rest}"))]
}

/// The newest program at `PREFIX/NAME{version}*/REST`.
fn in_folder(pattern: &str, version: &str) -> Option<PathBuf> {
    let (before, rest) = pattern.split_once("{version}*/")?;
    let (parent, prefix) = before.rsplit_once('/')?;
    let fits = |name: &str| name.strip_prefix(prefix).is_some_and(|found| versions::is_a(found, version));
    let names = std::fs::read_dir(parent).ok()?.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut found: Vec<String> = names.filter(|name| fits(name) && is_program(&Path::new(parent).join(name).join(rest))).collect();
    found.sort_by(|a, b| versions::compare(&b[prefix.len()..], &a[prefix.len()..]));
    found.first().map(|name| Path::new(parent).join(name).join(rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_newest_of_a_version_is_taken() {
        let base = tempfile::tempdir().expect("a folder");
        for version in ["3.6.9", "3.6.15", "3.60.1"] {
            let bin = base.path().join(format!("v-{version}/bin"));
            std::fs::create_dir_all(&bin).expect("made");
            std::fs::write(bin.join("tool"), "").expect("written");
            std::fs::set_permissions(bin.join("tool"), std::fs::Permissions::from_mode(0o755)).expect("allowed");
        }
        let pattern = format!("{}/v-{{version}}*/bin/tool", base.path().display());
        assert_eq!(in_folder(&pattern, "3.6"), Some(base.path().join("v-3.6.15/bin/tool")));
        assert_eq!(in_folder(&pattern, "3.7"), None);
    }

    #[test]
    fn an_interpreter_without_the_library_is_none() {
        let sh = |line: &str| Interpreter {
            names: vec!["sh".into()],
            versioned: "sh{version}".into(),
            folders: Vec::new(),
            versions: Vec::new(),
            probe: ["-c", line].map(str::to_owned).into(),
            from: None,
        };
        assert!(resolve("x", &sh("exit 0"), None).is_ok());
        let why = resolve("x", &sh("echo no such module; exit 1"), None).expect_err("it failed");
        assert!(why.contains("lacks what the adapter loads") && why.ends_with("no such module"), "{why}");
    }

    #[test]
    fn who_brings_an_interpreter_is_known_where_it_is_missing() {
        let named = |name: &str| Interpreter {
            names: vec![name.into()],
            versioned: format!("{name}{{version}}"),
            folders: Vec::new(),
            versions: Vec::new(),
            probe: Vec::new(),
            from: Some("tool".into()),
        };
        assert_eq!(brought_by(&named("sh"), None), None);
        assert_eq!(brought_by(&named("no-such"), None), Some("tool".into()));
        assert_eq!(brought_by(&named("no-such"), Some("22")), Some("tool@22".into()));
        assert_eq!(brought_by(&named("no-such"), Some("/a/path")), None);
        assert_eq!(brought_by(&Interpreter { from: None, ..named("no-such") }, Some("22")), None);
    }

    #[test]
    fn the_cache_is_looked_through_wherever_it_is() {
        let places = places("{cache}/npm/node-{os}-{version}*/bin/node");
        assert_eq!(places.len(), cache::bases().len());
        let inside = |place: &String| place.contains("childproof") && place.ends_with("-{version}*/bin/node") && !place.contains("{os}");
        assert!(places.iter().all(inside), "{places:?}");
    }
}
