//! `run --update-expectations`: what deviates and is not declared is written beside the subject, for a person to give the reason.

use super::engine::Pair;
use crate::cli::exit::{Exit, Fault};
use crate::judge::verdict::Standing;
use crate::report::{Entry, plural};
use crate::run::subject::expected::{self, Observed};
use crate::run::subject::{self, Subject};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

/// What was seen, by the file that it belongs in.
pub struct Update {
    /// The subject of each entry that is still to come, and its file; entries come in the order of the pairs.
    coming: std::vec::IntoIter<(Arc<Subject>, PathBuf)>,
    seen: BTreeMap<PathBuf, Vec<Observed>>,
    written: BTreeSet<(PathBuf, String, String)>,
    stale: u32,
}

impl Update {
    /// Begins one.
    ///
    /// # Errors
    /// A subject whose file is not the user's to change.
    pub fn of(pairs: &[Pair]) -> Result<Update, Fault> {
        let mut coming = Vec::with_capacity(pairs.len());
        for pair in pairs {
            let file = subject::file_of(&pair.subject.title()).map_err(|trouble| Fault::Usage(trouble.text()))?;
            let why = "ships with childproof: its expectations can be changed only where its folder is named";
            let advice = format!("--subject ./path/to/{}", pair.subject.name);
            let file = file.ok_or_else(|| Fault::Usage(format!("{} {why}: {advice}", pair.subject.name)))?;
            coming.push((pair.subject.clone(), file));
        }
        Ok(Update { coming: coming.into_iter(), seen: BTreeMap::new(), written: BTreeSet::new(), stale: 0 })
    }

    /// One entry, in the order of the pairs.
    pub fn see(&mut self, entry: &Entry) {
        let Some((subject, file)) = self.coming.next() else { return };
        for row in &entry.rows {
            let new = matches!(row.standing, Standing::Regression | Standing::XfailChanged);
            let key = (file.clone(), entry.scenario.clone(), row.property.clone());
            if new && self.written.insert(key) {
                let (scenario, property) = (entry.scenario.clone(), row.property.clone());
                let version = subject.version_wanted.clone();
                self.seen.entry(file.clone()).or_default().push(Observed { scenario, property, k: row.k, n: row.n, version });
            }
            self.stale += u32::from(row.standing == Standing::Xpass);
        }
    }

    /// Writes it. The run is as expected then, unless entries are stale: those are for a person to take away.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write(self, exit: Exit) -> Result<Exit, Fault> {
        let mut stderr = anstream::stderr().lock();
        for (file, observed) in &self.seen {
            expected::add(file, observed).map_err(Fault::Usage)?;
            let many = plural(observed.len() as u64, "expectation");
            let _ = writeln!(stderr, "{}: {many} written; give each its reason and reference", file.display());
        }
        if self.stale > 0 {
            let _ = writeln!(stderr, "{} stale: what they declare holds now", plural(u64::from(self.stale), "expectation"));
        }
        Ok(if exit == Exit::Regression && self.stale == 0 { Exit::AsExpected } else { exit })
    }
}
