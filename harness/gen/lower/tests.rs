//! Lowering as a whole: what a few scenarios come to, line by line, and that every case of every scenario is sound.

use super::{LowerError, lower, validate::validate};
use crate::generate::act::Act;
use crate::generate::draw;
use crate::generate::program::{Op, Program};
use crate::judge;
use crate::plan::case::{Case, Plan, Source};
use crate::plan::check::check;
use crate::plan::library;
use crate::plan::script::Script;
use crate::plan::value::Value;
use std::fmt::Write;

fn checked(source: &Source) -> Plan {
    check(source, &judge::declarations()).unwrap_or_else(|problems| panic!("{}: {problems:?}", source.id))
}

fn plan(text: &str) -> Plan {
    checked(&Source { id: "test".to_owned(), path: "test.yaml".to_owned(), text: text.to_owned() })
}

fn embedded() -> Vec<Plan> {
    library::embedded().iter().map(checked).collect()
}

fn bound(plan: &Plan, values: &[(&str, Value)]) -> Case {
    let mut case = draw::case(plan, 1, 0);
    case.bindings.extend(values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    case
}

/// Both halves, a line per actor, step and op.
fn picture(script: &Script, program: &Program) -> String {
    let mut text = String::new();
    for actor in &script.actors {
        let by = actor.parent.map_or_else(String::new, |parent| format!(" by {parent}"));
        let _ = writeln!(text, "actor {} {} {:?}{by}", actor.id, actor.name, actor.origin);
    }
    for step in &script.steps {
        let _ = write!(text, "step {} of {} {}: {} (line {})", step.id, step.actor, step.kind, step.label, step.line);
        let _ = writeln!(text, " | on {:?}, expect {:?}{}", step.on, step.expect, if step.any { " or anything" } else { "" });
        if let Some(asked) = &step.asked {
            let _ = writeln!(text, "  asked {asked:?}");
        }
    }
    for check in &script.checks {
        let _ = writeln!(text, "check {} {:?}", check.property, check.args);
    }
    ops(&mut text, &program.root, 0);
    for part in &program.agents {
        let _ = writeln!(text, "agent {} in bin/{}", part.actor, part.file);
        ops(&mut text, &part.ops, 1);
    }
    let (fds, memory, gates) = (program.fd_slots, program.memory_slots, program.gates);
    let _ = writeln!(text, "{fds} descriptor slots, {memory} memory slots, {gates} gates, start {:?}", program.subject_start);
    text
}

fn ops(text: &mut String, ops_: &[Op], depth: usize) {
    let indent = "  ".repeat(depth);
    for op in ops_ {
        let lenient = if op.lenient { " (lenient)" } else { "" };
        let _ = write!(text, "{indent}op {}{lenient} ", op.step);
        let (head, bodies): (String, Vec<&[Op]>) = match &op.act {
            Act::Fork { actor, body, .. } => (format!("Fork {actor}"), vec![body]),
            Act::ForkTree { first, levels, bodies } => {
                (format!("ForkTree first {first}, levels {levels}"), bodies.iter().map(Vec::as_slice).collect())
            }
            Act::Vfork { actor, body } => (format!("Vfork {actor}"), vec![body]),
            Act::Repeat { times, body } => (format!("Repeat {times}"), vec![body]),
            other => (format!("{other:?}"), vec![]),
        };
        let _ = writeln!(text, "{head}");
        bodies.into_iter().for_each(|body| ops(text, body, depth + 1));
    }
}

fn golden(id: &str, values: &[(&str, Value)]) -> String {
    let plan = embedded().into_iter().find(|plan| plan.id == id).expect("an embedded scenario");
    let (script, program) = lower(&plan, &bound(&plan, values)).expect("lowered");
    picture(&script, &program)
}

/// Numbers of signals and kinds of semaphores differ on other platforms; the snapshots are those of Linux.
#[cfg(target_os = "linux")]
#[test]
fn what_scenarios_come_to() {
    let (yes, int) = (Value::Bool(true), Value::Int);
    let word = |text: &str| Value::Text(text.to_owned());
    insta::assert_snapshot!("sigpipe", golden("pipe/sigpipe", &[("disposition", word("ignore")), ("size", int(4096))]));
    insta::assert_snapshot!("both-go-on", golden("fork/both-go-on", &[("levels", int(2))]));
    insta::assert_snapshot!("exec-replaces", golden("exec/replaces", &[("first", yes.clone()), ("caught", yes.clone())]));
    insta::assert_snapshot!("counter", golden("shm/counter", &[("workers", int(2)), ("times", int(250_000))]));
    insta::assert_snapshot!("drop", golden("wait/drop", &[("children", int(2)), ("running", yes)]));
    let closed = Value::List(vec![int(0), int(2)]);
    let streams = [("closed", closed), ("stdin", word("file in.txt")), ("stdout", word("pipe")), ("stderr", word("null"))];
    insta::assert_snapshot!("stdio", golden("start/stdio-permutations", &streams));
}

#[test]
fn every_case_of_every_scenario_is_sound() {
    for plan in embedded() {
        for case in draw::cases(&plan, 7, 40) {
            let (script, program) = match lower(&plan, &case) {
                Ok(lowered) => lowered,
                Err(LowerError::Unavailable(_)) => continue,
                Err(error) => panic!("{}: {error}: {:?}", plan.id, case.bindings),
            };
            assert_eq!(validate(&script, &program), Vec::<String>::new(), "{}", plan.id);
            assert_eq!(lower(&plan, &case).expect("again"), (script, program), "{}: not deterministic", plan.id);
        }
    }
}

#[test]
fn a_case_beyond_the_limit_is_refused_with_a_remedy() {
    let plan = plan("{title: t, spec: [s], steps: [{repeat: {times: 5000, do: [{fork: {as: child}}]}}]}");
    let error = lower(&plan, &Case { scenario: String::new(), bindings: [].into(), seed: 0, number: 0 }).expect_err("too large");
    assert!(error.to_string().contains("more than 4096"), "{error}");
}

#[test]
fn a_later_sibling_can_be_named() {
    let text = "{title: t, spec: [s], steps: [{fork: {as: first, do: [{await: {who: second, state: ended}}]}}, {fork: {as: second}}]}";
    let plan = plan(text);
    let (_, program) = lower(&plan, &Case { scenario: String::new(), bindings: [].into(), seed: 0, number: 0 }).expect("lowered");
    let Act::Fork { body, .. } = &program.root[0].act else { panic!("a fork") };
    assert!(matches!(body[0].act, Act::Await { who: 2, .. }), "{body:?}");
}

/// Each thread's children are its own, and each operation has a step; threads that do the same share one list.
#[test]
fn threads_have_lists_where_they_differ() {
    let text = "{title: t, spec: [s], given: {k: {int: 3..=3}}, steps: [{parallel: {threads: $k, index: t, do: [{repeat: {times: 2, do: \
                [{spawn: {as: child, do: [{exit: $t}]}}, {wait: {for: child, expect: {exited: $t}}}]}}]}}, \
                {parallel: {threads: 4, do: [{wait: {for: 'child[5]', expect: {exited: 2}}}]}}]}";
    let plan = plan(text);
    let (script, program) = lower(&plan, &bound(&plan, &[])).expect("lowered");
    assert_eq!(validate(&script, &program), Vec::<String>::new());
    let shape = |op: &Op| match &op.act {
        Act::AskParallel { threads, lists } => (*threads, lists.iter().map(Vec::len).collect::<Vec<_>>()),
        other => panic!("{other:?}"),
    };
    assert_eq!(program.root.iter().map(shape).collect::<Vec<_>>(), [(3, vec![4, 4, 4]), (4, vec![1])]);
    assert_eq!(script.actors.last().map(|actor| actor.name.as_str()), Some("child[5]"));
}
