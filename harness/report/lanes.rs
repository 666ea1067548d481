//! Steps drawn as lanes: one column per actor, one row per step, time running down.
//!
//! A process tree read as a list of steps hides what matters, namely who did what while who waited. With a history the rows
//! stand in the order in which the steps began and carry what came of them; without one, in the order of the scenario.

use super::text::{self, BAD, FAINT, STRONG, fit, pad, paint, plural};
use crate::judge::view;
use crate::plan::script::{ActorId, Ended, Outcome, Script, StepId};
use crate::trace::{Event, History, What};
use std::collections::BTreeSet;

/// A lane narrower than this shows too little of its labels.
const NARROWEST: usize = 24;
/// More rows than this are shortened around what failed.
const ROWS: usize = 28;
/// Rows kept on either side of a failing one, and at both ends.
const AROUND: usize = 6;

/// One row: a step of one actor.
struct Row {
    actor: ActorId,
    label: String,
    bad: bool,
}

/// The steps of a script, as they stand in the scenario.
pub fn of_script(script: &Script, columns: usize) -> Vec<String> {
    let rows: Vec<Row> = script.steps.iter().map(|step| Row { actor: step.actor, label: step.label.clone(), bad: false }).collect();
    draw(script, &rows, columns)
}

/// The steps of a history as they happened; those of the events `marked` are the ones that show a failure.
pub fn of_history(history: &History, marked: &[usize], columns: usize) -> Vec<String> {
    let bad: BTreeSet<_> =
        marked.iter().filter_map(|at| history.events.get(*at)).filter_map(|event| Some((event.actor, event.step?))).collect();
    let mut seen = BTreeSet::new();
    let mut rows = Vec::new();
    for (at, event) in history.events.iter().enumerate() {
        let (What::Call, Some(step)) = (&event.what, event.step) else { continue };
        if seen.insert((event.actor, step)) {
            let label = label(history, &history.events[at..], event.actor, step);
            rows.push(Row { actor: event.actor, label, bad: bad.contains(&(event.actor, step)) });
        }
    }
    draw(&history.script, &rows, columns)
}

/// The step's words, and what came of it where that is more than success.
fn label(history: &History, later: &[Event], actor: ActorId, step: StepId) -> String {
    let declared = history.script.steps.get(step as usize);
    let words = declared.map_or_else(|| format!("step {step}"), |step| step.label.clone());
    let returns = later.iter().filter(|event| event.actor == actor && event.step == Some(step));
    let mut outcomes = returns.filter_map(|event| match &event.what {
        What::Return { outcome, of } if !view::is_stage(history, *of) => Some(outcome),
        _ => None,
    });
    match outcomes.next() {
        // These two return only when they fail.
        None if declared.is_some_and(|step| matches!(step.kind.as_str(), "exit" | "quit" | "exec")) => words,
        None => format!("{words} → never returned"),
        Some(Outcome::Done(_)) => words,
        Some(outcome) => format!("{words} → {}", said(outcome)),
    }
}

/// An outcome in a few words.
pub fn said(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done(None) => "done".to_owned(),
        Outcome::Done(Some(number)) => number.to_string(),
        Outcome::Error(name) => name.clone(),
        Outcome::Other(text) => format!("error: {text}"),
        Outcome::Ended(ended) => end(*ended),
        Outcome::Eof => "end of file".to_owned(),
        Outcome::Pending => "nothing yet".to_owned(),
        Outcome::Unsupported(what) => format!("unsupported: {what}"),
        Outcome::Unavailable(why) => format!("unavailable: {why}"),
        Outcome::TimedOut => "timed out".to_owned(),
    }
}

fn end(ended: Ended) -> String {
    match ended {
        Ended::Exited(code) => format!("exited {code}"),
        Ended::Killed { signal, core } | Ended::KilledExactly { signal, core } => {
            format!("killed by signal {signal}{}", if core { " (core)" } else { "" })
        }
        Ended::Stopped(signal) => format!("stopped by signal {signal}"),
        Ended::Continued => "continued".to_owned(),
    }
}

fn draw(script: &Script, rows: &[Row], columns: usize) -> Vec<String> {
    let lanes = lanes(rows, columns);
    let wide = widths(script, rows, &lanes, columns);
    let spans: Vec<_> = lanes.iter().map(|lane| span(rows, *lane)).collect();
    let mut lines = vec![heads(script, &lanes, &wide)];
    let mut hidden = 0;
    let keep = kept(rows, &lanes);
    for (at, row) in rows.iter().enumerate() {
        if !keep[at] {
            hidden += 1;
            continue;
        }
        push_gap(&mut lines, &mut hidden);
        lines.push(line(row, at, &lanes, &spans, &wide));
    }
    push_gap(&mut lines, &mut hidden);
    lines
}

fn push_gap(lines: &mut Vec<String>, hidden: &mut u64) {
    if *hidden > 0 {
        lines.push(paint(FAINT, &format!("⋮ {}", plural(*hidden, "more step"))));
        *hidden = 0;
    }
}

/// Which actors get a lane: those that do something, the failing ones first where there is no room for all.
fn lanes(rows: &[Row], columns: usize) -> Vec<ActorId> {
    let room = (columns / NARROWEST).max(1);
    let mut lanes: Vec<ActorId> = Vec::new();
    for row in rows.iter().filter(|row| row.bad).chain(rows) {
        if !lanes.contains(&row.actor) && lanes.len() < room {
            lanes.push(row.actor);
        }
    }
    lanes.sort_unstable();
    lanes
}

fn name(script: &Script, lane: ActorId) -> String {
    script.actors.get(usize::from(lane)).map_or_else(|| format!("actor {lane}"), |actor| actor.name.clone())
}

/// How wide each lane is: as its widest cell where there is room for all of them, else the widest give way first.
fn widths(script: &Script, rows: &[Row], lanes: &[ActorId], columns: usize) -> Vec<usize> {
    let cells = |lane: ActorId| rows.iter().filter(move |row| row.actor == lane).map(|row| text::width(&row.label) + 4);
    let widest = |lane: &ActorId| cells(*lane).max().unwrap_or(0).max(text::width(&name(script, *lane)) + 2);
    let mut wide: Vec<usize> = lanes.iter().map(widest).collect();
    while wide.iter().sum::<usize>() > columns {
        match wide.iter_mut().max() {
            Some(most) if *most > 8 => *most -= 1,
            _ => break,
        }
    }
    wide
}

fn heads(script: &Script, lanes: &[ActorId], wide: &[usize]) -> String {
    let heads: String = lanes.iter().zip(wide).map(|(lane, wide)| pad(&fit(&name(script, *lane), wide - 1), *wide)).collect();
    paint(STRONG, heads.trim_end())
}

/// First and last row of a lane.
fn span(rows: &[Row], lane: ActorId) -> (usize, usize) {
    let first = rows.iter().position(|row| row.actor == lane).unwrap_or(0);
    (first, rows.iter().rposition(|row| row.actor == lane).unwrap_or(first))
}

/// Which rows are drawn: those of the lanes, and of many only the ends and what surrounds a failure.
fn kept(rows: &[Row], lanes: &[ActorId]) -> Vec<bool> {
    let far = |at: usize| {
        let ends = at < AROUND || at + AROUND >= rows.len();
        let near = rows.iter().enumerate().any(|(bad, row)| row.bad && bad.abs_diff(at) <= AROUND);
        rows.len() > ROWS && !ends && !near
    };
    rows.iter().enumerate().map(|(at, row)| lanes.contains(&row.actor) && !far(at)).collect()
}

fn line(row: &Row, at: usize, lanes: &[ActorId], spans: &[(usize, usize)], wide: &[usize]) -> String {
    let cells = lanes.iter().zip(spans).zip(wide).map(|((lane, (first, last)), wide)| {
        if *lane == row.actor {
            let cell = format!("{} {}", if row.bad { '✗' } else { '●' }, row.label);
            let cell = fit(&cell, wide.saturating_sub(1));
            let blanks = " ".repeat(wide.saturating_sub(text::width(&cell)));
            return if row.bad { format!("{}{blanks}", paint(BAD, &cell)) } else { format!("{cell}{blanks}") };
        }
        let alive = (*first..=*last).contains(&at);
        pad(if alive { "│" } else { "" }, *wide)
    });
    cells.collect::<String>().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::script::{ActorDecl, Origin, StepDecl};

    fn script(names: &[&str], steps: &[(ActorId, &str)]) -> Script {
        let actor = |(id, name): (usize, &&str)| ActorDecl {
            id: id as ActorId,
            name: (*name).to_owned(),
            family: (*name).to_owned(),
            index: 0,
            parent: (id > 0).then_some(0),
            origin: Origin::Forked,
        };
        let step = |(id, (actor, label)): (usize, &(ActorId, &str))| StepDecl {
            id: id as StepId,
            actor: *actor,
            kind: "x".into(),
            label: (*label).to_owned(),
            line: 0,
            expect: Vec::new(),
            any: false,
            on: None,
            records: None,
            asked: None,
            operands: Vec::new(),
            stages: Vec::new(),
        };
        Script {
            actors: names.iter().enumerate().map(actor).collect(),
            steps: steps.iter().enumerate().map(step).collect(),
            ..Script::default()
        }
    }

    #[test]
    fn each_actor_has_its_lane() {
        let script = script(&["root", "writer"], &[(0, "pipe p"), (0, "fork writer"), (1, "close p.read"), (0, "close p.read")]);
        let drawn = of_script(&script, 60).join("\n");
        let plain = anstream::adapter::strip_str(&drawn).to_string();
        let wanted = "root            writer\n\
                      ● pipe p\n\
                      ● fork writer\n\
                      │               ● close p.read\n\
                      ● close p.read";
        assert_eq!(plain, wanted);
    }

    #[test]
    fn what_failed_is_marked_and_kept_among_many() {
        let steps: Vec<_> = (0..100).map(|_| (0, "step")).collect();
        let script = script(&["root"], &steps);
        let event = |step, what| Event { at: 0, actor: 0, pid: 1, step: Some(step), what };
        let mut events = Vec::new();
        for step in 0..100 {
            events.push(event(step, What::Call));
            let outcome = if step == 50 { Outcome::Error("EPIPE".into()) } else { Outcome::Done(None) };
            events.push(event(step, What::Return { outcome, of: None }));
        }
        let history = History { script, events, ..History::default() };
        let drawn = of_history(&history, &[101], 80);
        assert!(drawn.len() < 30);
        assert!(drawn.iter().any(|line| line.contains("✗ step → EPIPE")));
        assert_eq!(drawn.iter().filter(|line| line.contains("more step")).count(), 2);
    }
}
