//! Finding the interpreter of a subject: by path, by version, or the first at hand.
//!
//! Shims of version managers are passed over: they are shell scripts that change the environment on their way, and a subject's
//! environment is what is tested.

use super::Start;
use super::declaration::{Command, Interpreter};
use super::versions;
use nix::unistd::{AccessFlags, access};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// How to start `command` under the version asked for.
pub(super) fn start(name: &str, command: &Command, version: Option<&str>, dir: &Path) -> Result<Start, String> {
    let interpreter = match (&command.interpreter, version) {
        (Some(interpreter), version) => Some(resolve(name, interpreter, version)?),
        (None, Some(version)) => return Err(format!("{name} has no versions to pick from: nothing can be said about @{version}")),
        (None, None) => None,
    };
    let fill = |word: &String| match (word.as_str(), &interpreter) {
        ("{interpreter}", Some(path)) => path.clone().into_os_string(),
        (word, _) => OsString::from(word.replace("{dir}", &dir.to_string_lossy())),
    };
    let env = command.env.iter().map(|(name, value)| (name.into(), value.into())).collect();
    Ok(Start::Command { argv: command.argv.iter().map(fill).collect(), env })
}

/// Every version named in the declaration that is on this machine.
pub(super) fn installed(command: &Command) -> Vec<String> {
    let Some(interpreter) = &command.interpreter else { return Vec::new() };
    interpreter.versions.iter().filter(|version| by_version(interpreter, version).is_some()).cloned().collect()
}

fn resolve(name: &str, interpreter: &Interpreter, version: Option<&str>) -> Result<PathBuf, String> {
    match version {
        Some(path) if path.contains('/') => {
            let path = PathBuf::from(path);
            if is_program(&path) { Ok(path) } else { Err(format!("{name}@{}: there is no program at this path", path.display())) }
        }
        Some(version) => by_version(interpreter, version).ok_or_else(|| {
            let looked = interpreter.versioned.replace("{version}", version);
            format!(
                "{name}@{version}: no {looked} on PATH, and none in {}; give the interpreter's path: {name}@/path/to/it",
                interpreter.folders.join(", ")
            )
        }),
        None => interpreter.names.iter().find_map(|program| on_path(program)).ok_or_else(|| {
            format!("{name}: none of {} is on PATH; give the interpreter's path: {name}@/path/to/it", interpreter.names.join(", "))
        }),
    }
}

fn by_version(interpreter: &Interpreter, version: &str) -> Option<PathBuf> {
    let program = interpreter.versioned.replace("{version}", version);
    on_path(&program).or_else(|| interpreter.folders.iter().find_map(|pattern| in_folder(pattern, version)))
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).filter(|dir| !dir.ends_with("shims")).map(|dir| dir.join(program)).find(|path| is_program(path))
}

/// The newest program at `PREFIX/NAME{version}*/REST`.
fn in_folder(pattern: &str, version: &str) -> Option<PathBuf> {
    let home = std::env::var("HOME").unwrap_or_default();
    let pattern = pattern.strip_prefix('~').map_or_else(|| pattern.to_owned(), |rest| format!("{home}{rest}"));
    let (before, rest) = pattern.split_once("{version}*/")?;
    let (parent, prefix) = before.rsplit_once('/')?;
    let fits = |name: &str| name.strip_prefix(prefix).is_some_and(|found| versions::is_a(found, version));
    let names = std::fs::read_dir(parent).ok()?.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut found: Vec<String> = names.filter(|name| fits(name) && is_program(&Path::new(parent).join(name).join(rest))).collect();
    found.sort_by(|a, b| versions::compare(&b[prefix.len()..], &a[prefix.len()..]));
    found.first().map(|name| Path::new(parent).join(name).join(rest))
}

fn is_program(path: &Path) -> bool {
    path.is_file() && access(path, AccessFlags::X_OK).is_ok()
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
}
