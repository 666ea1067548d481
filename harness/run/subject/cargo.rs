//! Rust crates: a program is built around the crate at the version asked for.
//!
//! All projects of one crate share a target folder, so that a second version builds only what differs; the lock of the crate keeps
//! them one after another. Debug assertions and overflow checks are off, as in the releases that the crate's users ship, while nothing
//! is optimised, which would double the time of a build.

use super::Trouble;
use super::cache::{self, Place};
use super::package::CargoDecl;
use super::{recipe, tool};
use std::ffi::OsStr;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The project's own version until that of the crate is known. From then on it is the crate's: so the program knows what to say in
/// its hello.
const UNKNOWN: &str = "0.0.0";

/// What every program uses to speak the protocol; `support/protocol.rs` is copied beside it.
const OWN: [(&str, &str); 2] = [("libc", "\"0.2\""), ("serde_json", "\"1\"")];

/// A project, and where it is built.
#[derive(Clone, Debug)]
pub(super) struct Project {
    package: String,
    files: Vec<(PathBuf, Vec<u8>)>,
    place: Place,
}

impl Project {
    /// The project of that version.
    pub(super) fn of(name: &str, cargo: &CargoDecl, version: Option<&str>, dir: &Path, support: &Path) -> Result<Project, Trouble> {
        let version = cargo.releases().choose(version).map_err(|why| Trouble::Usage(format!("{name}: {why}")))?;
        let files = files(cargo, &version, dir, support).map_err(|why| Trouble::Usage(format!("{name}: {why}")))?;
        let key = format!("{version}-{name}-{}", cache::digest(&files));
        let place = Place::of(&format!("cargo/{}", cargo.name), &key, &format!("cargo-{}", cargo.name)).map_err(Trouble::Unavailable)?;
        Ok(Project { package: cargo.name.clone(), files, place })
    }

    pub(super) fn is_ready(&self) -> bool {
        self.place.is_complete()
    }

    /// The program, built unless it is there.
    pub(super) fn build(&self, title: &str) -> Result<PathBuf, String> {
        let doing = format!("building {title}");
        let built = self.place.fill(&doing, |dir| self.build_in(dir, &doing));
        built.map_err(|message| format!("{message}\n  mend that and try `childproof subjects install {title}`"))?;
        Ok(self.place.dir().join("adapter"))
    }

    fn build_in(&self, dir: &Path, doing: &str) -> Result<(), String> {
        for (name, content) in &self.files {
            tool::write(&dir.join(name), content)?;
        }
        let target = dir.with_file_name("target");
        let cargo = |arguments: &[&str], offline: bool| {
            let mut command = Command::new("cargo");
            command.args(arguments).args(offline.then_some("--offline")).current_dir(dir);
            command.env("CARGO_TARGET_DIR", &target).env("CARGO_TERM_COLOR", "never").env_remove("CARGO_BUILD_TARGET");
            command
        };
        // What is on this machine already is enough more often than not; the registry is asked only where it is not.
        let lock = |offline| tool::run(doing, &mut cargo(&["generate-lockfile"], offline));
        lock(true).or_else(|_| lock(false))?;
        let (manifest, version) = (dir.join("Cargo.toml"), locked(dir, &self.package)?);
        let text = fs::read_to_string(&manifest).map_err(|error| format!("{}: {error}", manifest.display()))?;
        tool::write(&manifest, text.replacen(UNKNOWN, &version, 1).as_bytes())?;
        let fetch = |offline| tool::run(doing, &mut cargo(&["fetch"], offline));
        fetch(true).or_else(|_| fetch(false))?;
        tool::run(doing, &mut cargo(&["build"], true))?;
        let copied = fs::copy(target.join("debug/adapter"), dir.join("adapter"));
        copied.map(drop).map_err(|error| format!("{doing}: {}: {error}", target.join("debug/adapter").display()))
    }
}

/// The files of the project, by their paths in it.
fn files(cargo: &CargoDecl, version: &str, dir: &Path, support: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>, String> {
    let main = recipe::adapter(dir, &cargo.sources, Some(version)).ok_or("there is no adapter.rs in its folder")?;
    let read = |path: &Path| fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    let mut files = vec![(PathBuf::from("Cargo.toml"), manifest(cargo, version).into_bytes()), ("src/main.rs".into(), read(&main)?)];
    for folder in [dir, support] {
        for (path, content) in recipe::content(folder) {
            let is_module = path.extension() == Some(OsStr::new("rs")) && path.parent() == Some(folder);
            let own = path.file_stem().is_some_and(|stem| stem.to_string_lossy().starts_with("adapter"));
            if let (true, false, Some(name)) = (is_module, own, path.file_name()) {
                files.push((Path::new("src").join(name), content));
            }
        }
    }
    Ok(files)
}

fn manifest(cargo: &CargoDecl, version: &str) -> String {
    let edition = cargo.edition.as_deref().unwrap_or("2024");
    let mut text =
        format!("[package]\nname = \"adapter\"\nversion = \"{UNKNOWN}\"\nedition = \"{edition}\"\npublish = false\n\n[workspace]\n\n");
    text += "[profile.dev]\ndebug = false\ndebug-assertions = false\noverflow-checks = false\n\n[dependencies]\n";
    let (features, without_default) = cargo.features(version);
    let mut right = format!("{{ version = \"={version}\", features = {features:?}");
    if without_default {
        right += ", default-features = false";
    }
    let mut dependencies = cargo.dependencies(version);
    dependencies.entry(cargo.name.clone()).or_insert(right + " }");
    for (name, value) in OWN {
        dependencies.entry(name.to_owned()).or_insert_with(|| value.to_owned());
    }
    for (name, value) in dependencies {
        let _ = writeln!(text, "{name} = {value}");
    }
    text
}

/// The version of a package in the lock file.
fn locked(dir: &Path, package: &str) -> Result<String, String> {
    let path = dir.join("Cargo.lock");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let after = text.split_once(&format!("name = \"{package}\"\nversion = \"")).map(|(_, after)| after);
    let version = after.and_then(|after| after.split('"').next());
    version.map(str::to_owned).ok_or_else(|| format!("{}: no {package} in it", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_pins_the_version() {
        let cargo: CargoDecl =
            serde_saphyr::from_str("crate: duct\ndefault: 1.1.1\nfeatures: [a]\ndependencies: {libc: '0.2.100'}\n").expect("valid");
        let text = manifest(&cargo, "1.1.1");
        assert!(text.contains("duct = { version = \"=1.1.1\", features = [\"a\"] }\n"), "{text}");
        assert!(text.contains("libc = \"0.2.100\"\n") && text.contains("serde_json = \"1\"\n") && text.contains("[workspace]"), "{text}");
    }
}
