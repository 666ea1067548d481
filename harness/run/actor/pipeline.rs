//! Pipelines and one-call runs: what the subject tells of each stage is recorded beside what it tells of the whole.

use super::library::{Driver, status_of};
use super::{Performer, Stop};
use crate::plan::script::{ActorId, Outcome};
use crate::wire::message::{Fields, Operation, SpawnRequest};
use std::collections::BTreeMap;
use std::path::Path;

/// Which stages each whole has, from left to right.
pub(super) type Stages = BTreeMap<ActorId, Vec<ActorId>>;

impl Performer<'_> {
    pub(super) fn ask_pipeline(&mut self, actor: ActorId, name: &str, stages: &[ActorId], operation: &Operation) -> Result<(), Stop> {
        if let Some(missing) = absent(operation).filter(|_| !self.lenient) {
            return self.settle(Err(Outcome::Unavailable(format!("there is no `{missing}` on PATH here"))));
        }
        self.know_stages(actor, stages);
        self.ask(Some(actor), name, operation)
    }

    /// Remembers whose statuses the subject will tell.
    pub(super) fn know_stages(&mut self, actor: ActorId, stages: &[ActorId]) {
        if let Some(driver) = &mut self.driver {
            driver.stages.insert(actor, stages.to_vec());
        }
    }

    /// Records the stages' process ids and statuses, each under its stage; a library may tell neither.
    pub(super) fn note_stages(&mut self, actor: Option<ActorId>, fields: &Fields) {
        let stages = self.driver.as_ref().zip(actor).and_then(|(driver, actor): (&Driver, _)| driver.stages.get(&actor)).cloned();
        for (index, stage) in stages.into_iter().flatten().enumerate() {
            if let Some(pid) = fields.pids.get(index) {
                self.returned(Outcome::Done(Some(i64::from(*pid))), Some(stage));
            }
            if let Some(status) = fields.statuses.get(index).and_then(Option::as_ref) {
                self.returned(status_of(status), Some(stage));
            }
        }
    }

    /// What one call collected.
    pub(super) fn collected(&mut self, name: &str, fields: &Fields) {
        for (stream, data) in [("stdout", &fields.stdout), ("stderr", &fields.stderr)] {
            if data.is_some() {
                self.arrived(&format!("{name}.{stream}"), data.as_ref());
            }
        }
    }
}

/// A bare name among the programs that PATH does not lead to.
pub(super) fn absent(operation: &Operation) -> Option<String> {
    let (Operation::Pipeline { stages, .. } | Operation::Run { stages, .. }) = operation else { return None };
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into());
    let found = |program: &str| std::env::split_paths(&path).any(|folder: std::path::PathBuf| is_file(&folder.join(program)));
    let bare = |stage: &SpawnRequest| stage.program.text().filter(|program| !program.contains('/')).map(str::to_owned);
    stages.iter().filter_map(bare).find(|program| !found(program))
}

fn is_file(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file())
}
