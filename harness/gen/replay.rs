//! Replay files: a scenario with a `replay:` section.
//!
//! The file holds the whole scenario, not a reference to one, so that it says the same next year when the scenario has moved on,
//! and can be attached to a bug report as it is.

use crate::plan::ast::Replay;
use crate::plan::case::{Case, Plan};

/// The text of a replay file.
pub fn to_text(plan: &Plan, replay: &Replay) -> String {
    let mut scenario = plan.scenario.clone();
    scenario.replay = Some(replay.clone());
    format!("{}{}", header(replay), crate::plan::print::print(&scenario))
}

/// The case that a replay file holds; `None` for a scenario that is none.
pub fn case_of(plan: &Plan) -> Option<Case> {
    let replay = plan.scenario.replay.as_ref()?;
    Some(Case { scenario: replay.scenario.clone(), bindings: replay.bindings.clone(), seed: replay.seed, number: 0 })
}

/// A name for the file: `pipe-sigpipe.status.yaml`.
pub fn file_name(replay: &Replay) -> String {
    format!("{}.{}.yaml", replay.scenario.replace('/', "-"), replay.property)
}

fn header(replay: &Replay) -> String {
    let Replay { scenario, subject, property, failed, of, .. } = replay;
    format!(
        "# The smallest case found of {scenario} that fails `{property}` on {subject}: {failed} of {of} runs.\n\
         # Run it again:       childproof replay THIS-FILE\n\
         # On another subject: childproof replay THIS-FILE --subject NAME\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::case::Source;
    use crate::plan::check::check;

    #[test]
    fn a_replay_file_names_its_case() {
        let replay = Replay { scenario: "pipe/sigpipe".into(), property: "status".into(), seed: 9, ..blank() };
        assert_eq!(file_name(&replay), "pipe-sigpipe.status.yaml");
        assert!(header(&replay).lines().all(|line| line.starts_with("# ")));
    }

    #[test]
    fn what_is_saved_is_read_again() {
        let text = "title: t\nspec: [\"wait(2)\"]\ngiven:\n  n: {int: 1..=9}\n  what: {bytes: {len: 0..=4}}\nsteps:\n  - write: {to: stdout, text: $what}\n  - exit: $n\n";
        let source = |text: &str| Source { id: "a/b".into(), path: "a/b.yaml".into(), text: text.into() };
        let plan = check(&source(text), &[]).expect("a right scenario");
        let case = crate::generate::draw::case(&plan, 4, 7);
        let replay = Replay { scenario: "a/b".into(), bindings: case.bindings.clone(), seed: 4, property: "as-expected".into(), ..blank() };
        let again = check(&source(&to_text(&plan, &replay)), &[]).expect("a right replay file");
        assert_eq!(again.scenario.replay.as_ref(), Some(&replay));
        assert_eq!(case_of(&again).map(|case| (case.scenario, case.bindings)), Some(("a/b".to_owned(), case.bindings)));
        assert_eq!(case_of(&plan), None);
    }

    fn blank() -> Replay {
        Replay {
            scenario: String::new(),
            subject: "raw".into(),
            bindings: std::collections::BTreeMap::new(),
            seed: 0,
            property: String::new(),
            failed: 37,
            of: 40,
            isolation: "root".into(),
        }
    }
}
