//! Packages of subjects as `subject.yaml` writes them: from which registry, at which versions, with what beside them.

use super::versions;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `package:` of a command: from pip or from npm.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Package {
    /// Its name for pip.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pip: Option<String>,
    /// Its name for npm; `{os}` and `{arch}` are this machine's as npm calls them: `node-{os}-{arch}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub npm: Option<String>,
    /// The package is the interpreter: the path of the program in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// Versions that the adapter claims to work with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<String>,
    /// The version that is taken when none is asked for; without it the last of `known`.
    #[serde(rename = "default", skip_serializing_if = "Option::is_none")]
    pub usual: Option<String>,
    /// Releases worth comparing, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<String>,
    /// Further packages beside it, as the registry's own client takes them: `six==1.16.0`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<String>,
    /// The version of the interpreter that a range of versions wants.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub interpreters: Vec<Ranged<String>>,
}

/// Versions of a package.
#[derive(Clone, Copy, Debug)]
pub struct Releases<'a> {
    /// Versions that the adapter claims to work with.
    pub range: Option<&'a str>,
    /// The version that is taken when none is asked for.
    pub usual: Option<&'a str>,
    /// Releases worth comparing, oldest first.
    pub known: &'a [String],
}

/// Something that is meant for a range of versions only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Ranged<T> {
    /// For which versions; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versions: Option<String>,
    /// What.
    #[serde(rename = "use")]
    pub value: T,
}

/// A source file of an adapter, for a range of versions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Source {
    /// For which versions; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versions: Option<String>,
    /// Its name in the subject's folder.
    pub file: String,
}

/// `cargo:`: a program that childproof builds around a crate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CargoDecl {
    /// The crate's name.
    #[serde(rename = "crate")]
    pub name: String,
    /// Versions that the adapter claims to work with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<String>,
    /// The version that is taken when none is asked for; without it the last of `known`.
    #[serde(rename = "default", default, skip_serializing_if = "Option::is_none")]
    pub usual: Option<String>,
    /// Releases worth comparing, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<String>,
    /// Its features.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<Features>,
    /// `false`: without its default features.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_features: Option<bool>,
    /// Further dependencies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dependencies: Option<Dependencies>,
    /// Edition of the adapter's source: 2024 unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edition: Option<String>,
    /// Which file is the program, by the version of the crate; otherwise `adapter.rs`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
}

/// Features, for all versions or by range.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Features {
    /// For all versions.
    All(Vec<String>),
    /// The first whose range fits.
    Ranged(Vec<RangedFeatures>),
}

/// Features of a range of versions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RangedFeatures {
    /// For which versions; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versions: Option<String>,
    /// Which.
    #[serde(default)]
    pub features: Vec<String>,
    /// `false`: without its default features.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_features: Option<bool>,
}

/// Dependencies, for all versions or by range. What does not start with `{` or `"` is the version alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Dependencies {
    /// For all versions.
    All(BTreeMap<String, String>),
    /// Every one whose range fits.
    Ranged(Vec<RangedDependencies>),
}

/// Dependencies of a range of versions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RangedDependencies {
    /// For which versions; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versions: Option<String>,
    /// Name and right-hand side.
    #[serde(default)]
    pub dependencies: BTreeMap<String, String>,
}

/// `needs:`: names of packages for each way of installing them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Needs {
    /// For apt-get.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub apt: Vec<String>,
    /// For pip.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pip: Vec<String>,
    /// For npm.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub npm: Vec<String>,
}

impl Needs {
    /// Whether nothing is needed.
    pub fn is_empty(&self) -> bool {
        *self == Needs::default()
    }
}

/// Whether `version` lies in `range`; no range holds every version, and an unknown version lies in none.
pub(super) fn fits(version: Option<&str>, range: Option<&str>) -> bool {
    range.is_none_or(|range| version.is_some_and(|version| versions::satisfies(version, range) == Ok(true)))
}

fn check_range(range: Option<&str>) -> Result<(), String> {
    range.map_or(Ok(()), |range| versions::satisfies("0", range).map(drop))
}

/// Whether the ranges of sources are ranges.
pub(super) fn check_sources(sources: &[Source]) -> Result<(), String> {
    sources.iter().try_for_each(|source| check_range(source.versions.as_deref()))
}

impl Releases<'_> {
    /// The version to take, where `asked` is what was asked for: a part of a version is the newest known release of it.
    ///
    /// # Errors
    /// A version outside the range.
    pub(super) fn choose(self, asked: Option<&str>) -> Result<String, String> {
        let Some(asked) = asked else { return Ok(self.usual()) };
        if !fits(Some(asked), self.range) && !self.known.iter().any(|known| known == asked) {
            let range = self.range.unwrap_or_default();
            return Err(format!("the adapter is written for versions {range}, and {asked} is none of them"));
        }
        let exact = self.known.iter().find(|known| *known == asked);
        let newest = self.known.iter().rev().find(|known| versions::is_a(known, asked));
        Ok(exact.or(newest).cloned().unwrap_or_else(|| asked.to_owned()))
    }

    fn usual(self) -> String {
        self.usual.map(str::to_owned).or_else(|| self.known.last().cloned()).unwrap_or_default()
    }

    fn check(self) -> Result<(), String> {
        check_range(self.range)?;
        if self.usual().is_empty() { Err("a package needs a `default:` version or a list of `known:` ones".into()) } else { Ok(()) }
    }
}

impl Package {
    /// Its versions.
    pub fn releases(&self) -> Releases<'_> {
        Releases { range: self.range.as_deref(), usual: self.usual.as_deref(), known: &self.known }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if self.pip.is_some() == self.npm.is_some() {
            return Err("a package is either from `pip:` or from `npm:`".into());
        }
        self.interpreters.iter().try_for_each(|ranged| check_range(ranged.versions.as_deref()))?;
        self.releases().check()
    }

    /// The version of the interpreter that this version of it wants, where that is said.
    pub(super) fn interpreter_of(&self, version: Option<&str>) -> Option<&str> {
        self.interpreters.iter().find(|ranged| fits(version, ranged.versions.as_deref())).map(|ranged| ranged.value.as_str())
    }

    /// Its name for its registry, on this machine.
    pub(super) fn name(&self) -> String {
        on_this_machine(self.pip.as_ref().or(self.npm.as_ref()).map_or("", String::as_str))
    }
}

/// `{os}` and `{arch}` as npm calls them.
pub(super) fn on_this_machine(name: &str) -> String {
    let os = if std::env::consts::OS == "macos" { "darwin" } else { std::env::consts::OS };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    name.replace("{os}", os).replace("{arch}", arch)
}

impl CargoDecl {
    /// Its versions.
    pub fn releases(&self) -> Releases<'_> {
        Releases { range: self.range.as_deref(), usual: self.usual.as_deref(), known: &self.known }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if let Some(Features::Ranged(ranged)) = &self.features {
            ranged.iter().try_for_each(|ranged| check_range(ranged.versions.as_deref()))?;
        }
        if let Some(Dependencies::Ranged(ranged)) = &self.dependencies {
            ranged.iter().try_for_each(|ranged| check_range(ranged.versions.as_deref()))?;
        }
        check_sources(&self.sources)?;
        self.releases().check()
    }

    /// Features of this version, and whether the default ones are left out.
    pub(super) fn features(&self, version: &str) -> (Vec<String>, bool) {
        match &self.features {
            None => (Vec::new(), self.default_features == Some(false)),
            Some(Features::All(features)) => (features.clone(), self.default_features == Some(false)),
            Some(Features::Ranged(ranged)) => {
                let found = ranged.iter().find(|ranged| fits(Some(version), ranged.versions.as_deref()));
                let without = found.and_then(|found| found.default_features).or(self.default_features) == Some(false);
                (found.map(|found| found.features.clone()).unwrap_or_default(), without)
            }
        }
    }

    /// Dependencies of this version, as Cargo writes them.
    pub(super) fn dependencies(&self, version: &str) -> BTreeMap<String, String> {
        let quoted = |(name, value): (&String, &String)| {
            let verbatim = value.starts_with(['{', '"']);
            (name.clone(), if verbatim { value.clone() } else { format!("\"{value}\"") })
        };
        match &self.dependencies {
            None => BTreeMap::new(),
            Some(Dependencies::All(all)) => all.iter().map(quoted).collect(),
            Some(Dependencies::Ranged(ranged)) => {
                let fitting = ranged.iter().filter(|ranged| fits(Some(version), ranged.versions.as_deref()));
                fitting.flat_map(|ranged| ranged.dependencies.iter().map(quoted)).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_chosen_within_the_range() {
        let known = ["1.12.10".to_owned(), "1.12.11".to_owned()];
        let releases = Releases { range: Some(">=1.12, <3"), usual: Some("2.2.2"), known: &known };
        assert_eq!(releases.choose(None), Ok("2.2.2".into()));
        assert_eq!(releases.choose(Some("1.12")), Ok("1.12.11".into()));
        assert_eq!(releases.choose(Some("1.13.1")), Ok("1.13.1".into()));
        assert!(releases.choose(Some("0.9")).is_err_and(|message| message.contains(">=1.12, <3")));
    }

    #[test]
    fn dependencies_and_features_go_by_version() {
        let text = "crate: x\ndefault: '1'\nfeatures: [{versions: '<1', features: [old]}, {features: [new], default-features: false}]\n\
                    dependencies: {libc: '0.2', serde: '{ version = \"1\" }'}\n";
        let cargo: CargoDecl = serde_saphyr::from_str(text).expect("valid");
        assert_eq!(cargo.features("0.9"), (vec!["old".into()], false));
        assert_eq!(cargo.features("1.2"), (vec!["new".into()], true));
        assert_eq!(cargo.dependencies("1")["libc"], "\"0.2\"");
        assert_eq!(cargo.dependencies("1")["serde"], "{ version = \"1\" }");
    }
}
