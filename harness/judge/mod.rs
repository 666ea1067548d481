//! Properties: pure judgements over a history. No operating system in here.
//!
//! A judgement never trusts that something ran. What cannot be seen, or was never written, started or read, is
//! [`Finding::Undecided`]; only what was seen to hold passes. Every property answers for every history, a mangled one too.
//!
//! To add a property: one file under `property/`, one line in [`PROPERTIES`], one `holds.jsonl` and one `breaks.jsonl` under
//! `fixtures/histories/`.

mod args;
pub mod crash;
pub mod drift;
pub mod frames;
pub mod hang;
pub mod linear;
pub mod outcome;
pub mod pieces;
pub mod property;
pub mod signals;
pub mod starts;
pub mod streams;
pub mod tally;
pub mod verdict;
pub mod view;
pub mod workers;
pub mod written;

use crate::plan::check::PropertyDecl;
use crate::plan::script::CheckDecl;
use crate::trace::History;
use std::collections::BTreeMap;
use verdict::{CaseOutcome, Finding, Hygiene, Judgement, Verdict};

/// A property. One file each under `property/`, one line each in the slice.
pub trait Property: Sync {
    /// Its name, kebab-case, as `check:` and reports spell it.
    fn name(&self) -> &'static str;
    /// What must hold, in one sentence.
    fn says(&self) -> &'static str;
    /// The clause: POSIX page, man page, or "observed only".
    fn clause(&self) -> &'static str;
    /// Checked on every case whether asked for or not.
    fn universal(&self) -> bool {
        false
    }
    /// The hygiene flag that its failure raises.
    fn flag(&self) -> Option<Hygiene> {
        None
    }
    /// Arguments that `check:` takes.
    fn args(&self) -> &'static [crate::plan::check::ArgDecl] {
        &[]
    }
    /// The judgement. `asked` is the entry of `check:`; for a universal property that was not asked for, an empty one.
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding;
}

/// Every property: the universal ones, then those that scenarios ask for.
pub static PROPERTIES: &[&dyn Property] = &[
    &property::as_expected::AsExpected,
    &property::nothing_survives::NothingSurvives,
    &property::no_zombie::NoZombie,
    &property::subject_descriptors::SubjectDescriptors,
    &property::subject_signals::SubjectSignals,
    &property::subject_surroundings::SubjectSurroundings,
    &property::failed_starts_flat::FailedStartsFlat,
    &property::shared_descriptions::SharedDescriptions,
    &property::one_process::OneProcess,
    &property::no_strays::NoStrays,
    &property::in_time::InTime,
    &property::parentage::Parentage,
    &property::exactly_once::ExactlyOnce,
    &property::bytes_conserved::BytesConserved,
    &property::order_kept::OrderKept,
    &property::atoms_whole::AtomsWhole,
    &property::frames_whole::FramesWhole,
    &property::frames_torn::FramesTorn,
    &property::messages_whole::MessagesWhole,
    &property::output_equals::OutputEquals,
    &property::output_apart::OutputApart,
    &property::connections::Connections,
    &property::connections_settled::ConnectionsSettled,
    &property::counter_total::CounterTotal,
    &property::counter_at_most::CounterAtMost,
    &property::child_descriptors::ChildDescriptors,
    &property::child_signals::ChildSignals,
    &property::child_argv::ChildArgv,
    &property::child_env::ChildEnv,
    &property::child_cwd::ChildCwd,
    &property::child_identity::ChildIdentity,
    &property::child_session::ChildSession,
    &property::starts_alike::StartsAlike,
    &property::exec_preserves::ExecPreserves,
    &property::fork_preserves::ForkPreserves,
    &property::adopted::Adopted,
    &property::start_failed_once::StartFailedOnce,
    &property::same_status::SameStatus,
    &property::failure_told::FailureTold,
    &property::limit_kept::LimitKept,
    &property::stage_status::StageStatus,
    &property::reaped_all::ReapedAll,
    &property::memory_unshared::MemoryUnshared,
    &property::spawn_actions::SpawnActions,
    &property::state_is::StateIs,
    &property::vfork_suspends::VforkSuspends,
    &property::no_busy_loop::NoBusyLoop,
    &property::linearizable::Linearizable,
    &property::signal_info::SignalInfo,
    &property::signals_queued::SignalsQueued,
    &property::timers_not_early::TimersNotEarly,
    &property::switches_counted::SwitchesCounted,
    &property::results_in_order::ResultsInOrder,
    &property::items_once::ItemsOnce,
    &property::ran_in::RanIn,
    &property::worker_identity::WorkerIdentity,
    &property::distinct_workers::DistinctWorkers,
    &property::worker_inherits::WorkerInherits,
    &property::told_times::ToldTimes,
];

/// The properties as the checker of scenarios needs to know them.
pub fn declarations() -> Vec<PropertyDecl> {
    PROPERTIES
        .iter()
        .map(|property| PropertyDecl { name: property.name(), universal: property.universal(), args: property.args() })
        .collect()
}

/// The property of this name.
pub fn find(name: &str) -> Option<&'static dyn Property> {
    PROPERTIES.iter().copied().find(|property| property.name() == name)
}

/// Everything that can be said of one history.
pub fn judge(history: &History) -> Verdict {
    let (outcome, reason) = outcome::of_case(history);
    let mut judgements = Vec::new();
    let mut hygiene = Vec::new();
    for property in PROPERTIES.iter().copied().filter(|property| property.universal()) {
        let seen = universal(property, history, outcome);
        hygiene.extend(property.flag().filter(|_| matches!(seen, Finding::Fail(_))));
        judgements.push(Judgement { property: property.name().to_owned(), finding: lifted(property, history, seen) });
    }
    for property in PROPERTIES.iter().copied().filter(|property| !property.universal()) {
        let asked = history.script.checks.iter().filter(|asked| asked.property == property.name());
        judgements.extend(
            asked.map(|asked| Judgement { property: asked.property.clone(), finding: requested(property, history, asked, outcome) }),
        );
    }
    judgements.extend(unknown(history));
    hygiene.extend(property::no_strays::flags(history));
    hygiene.extend(property::in_time::slow(history).then_some(Hygiene::Slow));
    hygiene.sort_unstable();
    hygiene.dedup();
    Verdict { outcome, reason, judgements, hygiene }
}

/// Whether anything was tried that could be judged.
fn judgeable(outcome: CaseOutcome) -> bool {
    matches!(outcome, CaseOutcome::Completed | CaseOutcome::Crash | CaseOutcome::Hang | CaseOutcome::Protocol)
}

/// A universal property is judged on whatever began, because a case that was cut short must not leave anything behind either.
fn universal(property: &dyn Property, history: &History, outcome: CaseOutcome) -> Finding {
    if !judgeable(outcome) {
        return Finding::NotApplicable;
    }
    let asked = history.script.checks.iter().find(|asked| asked.property == property.name()).cloned();
    property.judge(history, &asked.unwrap_or_else(|| empty(property.name())))
}

/// A requested property of a case that was cut short would blame the missing rest on the wrong rule.
fn requested(property: &dyn Property, history: &History, asked: &CheckDecl, outcome: CaseOutcome) -> Finding {
    match outcome {
        CaseOutcome::Completed => property.judge(history, asked),
        CaseOutcome::Crash | CaseOutcome::Hang | CaseOutcome::Protocol => {
            view::undecided(format!("the case was cut short ({outcome:?}) before this could be judged"))
        }
        _ => Finding::NotApplicable,
    }
}

/// A lifted property does not fail its case; what it would have failed for is kept with the scenario's reason.
fn lifted(property: &dyn Property, history: &History, seen: Finding) -> Finding {
    match (history.script.permits.get(property.name()), seen) {
        (None, seen) => seen,
        (Some(reason), Finding::Fail(evidence)) => {
            Finding::Unspecified { seen: format!("{} (permitted by the scenario: {reason})", evidence.seen) }
        }
        (Some(_), _) => Finding::NotApplicable,
    }
}

/// Requests that this version has no property for: a history of another version, never a pass.
fn unknown(history: &History) -> impl Iterator<Item = Judgement> {
    let strange = history.script.checks.iter().filter(|asked| find(&asked.property).is_none());
    strange.map(|asked| Judgement {
        property: asked.property.clone(),
        finding: view::undecided("this version of childproof has no property of that name"),
    })
}

/// The request for a property that was not asked for.
fn empty(name: &str) -> CheckDecl {
    CheckDecl { property: name.to_owned(), args: BTreeMap::new(), line: 0 }
}
