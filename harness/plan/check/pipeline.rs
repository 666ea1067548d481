//! `pipeline` and `run`: several programs that begin together, under one handle.

use super::gates::Move;
use super::kinds::Sort;
use super::vocabulary as words;
use super::walk::{Checker, Frame, Performer};
use crate::plan::ast::{Clause, Expect};
use crate::plan::expr::Arg;
use crate::plan::node::Node;
use crate::plan::step::Step;
use crate::plan::step::pipeline::{self, Pipeline, Run, Stage};

impl<'a> Checker<'a> {
    pub(super) fn pipeline(&mut self, frame: &Frame, pipeline: &Pipeline, body: &Node) {
        self.need("pipeline");
        if pipeline.stages.is_empty() {
            self.problem(body, "there are no stages".to_owned(), "write `stages: [{as: first, do: [...]}, {as: second, do: [...]}]`");
        }
        self.stage_fields(frame, &pipeline.stages, body);
        let shared = pipeline.stderr.as_ref();
        if shared.is_some() {
            self.need("pipeline-stderr");
        }
        for (field, arg) in [("stdin", pipeline.stdin.as_ref()), ("stdout", pipeline.stdout.as_ref()), ("stderr", shared)] {
            self.place(frame, body, field, arg);
        }
        self.expect(frame, body, &pipeline.expect);
    }

    pub(super) fn run(&mut self, frame: &Frame, run: &Run, body: &Node) {
        self.need(if run.stages.is_empty() { "run" } else { "run-pipeline" });
        self.field(frame, body, "bytes", run.bytes.as_ref(), Sort::Int);
        self.field(frame, body, "timeout", run.timeout.as_ref(), Sort::Int);
        if run.timeout.is_some() {
            self.need("run-timeout");
            // The call ends what it started when its limit runs out.
            let stages = run.stages.iter().map(|stage| stage.name.clone());
            self.gates.killed.extend(stages.chain([run.name.clone()]));
        }
        self.program(frame, body, run.program.as_ref(), &run.steps, run.search);
        self.texts(frame, body.at("args"), &run.args);
        self.surroundings(frame, run.surroundings(), body);
        let own = run.program.is_some() || !run.args.is_empty() || !run.steps.is_empty();
        if own && !run.stages.is_empty() {
            let message = "`stages` have programs of their own".to_owned();
            self.problem(body.at("stages"), message, "move `program`, `args` and `do` into a stage");
        }
        if !run.surroundings().is_empty() && !run.stages.is_empty() {
            let message = "an environment and a directory are one program's, and `stages` are several".to_owned();
            self.problem(body.at("stages"), message, "remove `env`, `env-text`, `env-mode` and `cwd`, or run one program");
        }
        self.stage_fields(frame, &run.stages, body);
        self.expect(frame, body, &run.expect);
    }

    fn stage_fields(&mut self, frame: &Frame, stages: &[Stage], body: &Node) {
        for (index, stage) in stages.iter().enumerate() {
            let node = body.at("stages").item(index);
            self.field(frame, node, "when", stage.when.as_ref(), Sort::Bool);
            self.field(frame, node, "times", stage.times.as_ref(), Sort::Int);
            self.program(frame, node, stage.program.as_ref(), &stage.steps, stage.search);
            self.texts(frame, node.at("args"), &stage.args);
            self.place(frame, node, "stderr", stage.stderr.as_ref());
        }
    }

    fn program(&mut self, frame: &Frame, node: &Node, program: Option<&Arg<String>>, steps: &[Step], search: bool) {
        if let Some(Arg::Param(text) | Arg::Lit(text)) = program {
            self.free_text(frame, node.at("program"), text);
            if !steps.is_empty() {
                let message = "only the agent can perform `do`, and `program` takes its place".to_owned();
                self.problem(node.at("program"), message, "remove one of the two");
            }
        }
        if search {
            self.need("path-search");
        }
    }

    /// A place for a standard descriptor, with the capabilities that it needs.
    fn place(&mut self, frame: &Frame, node: &Node, field: &str, arg: Option<&Arg<String>>) {
        let Some(arg) = arg else { return };
        let valid = if field == "stderr" { words::stderr } else { words::stdio };
        self.word(frame, node.at(field), arg, "a place for a standard descriptor", valid);
        self.possible(arg).iter().filter_map(|word| words::stdio_capability(word)).for_each(|capability| self.need(capability));
    }

    /// The stages begin together; the whole is the child that the subject has then.
    pub(super) fn stages(&mut self, frame: &mut Frame, step: &'a Step, body: &'a Node) {
        let Some(whole) = pipeline::whole(step) else { return };
        self.name(body.at("as"), whole);
        if let Step::Pipeline(Pipeline { expect, .. }) | Step::Run(Run { expect, .. }) = step
            && is_refusal(expect)
        {
            // Stages that were started before the one that cannot be are killed by the library.
            self.gates.killed.extend(pipeline::stages(step).iter().map(|stage| stage.name.clone()));
        }
        self.moves(frame, Move::Start(whole.to_owned()));
        let stages = pipeline::stages(step);
        for (index, stage) in stages.iter().enumerate() {
            let node = body.at("stages").item(index);
            self.name(node.at("as"), &stage.name);
            self.moves(frame, Move::Start(stage.name.clone()));
            let doubtful = stage.when.is_some();
            let mut inner = Frame { actor: stage.name.clone(), doubtful, ..Frame::root(Performer::Agent) };
            inner.indices.clone_from(&frame.indices);
            self.steps(&mut inner, &stage.steps, node.at("do"));
            if stage.times.is_some() || frame.repeated {
                self.families.insert(stage.name.clone());
            }
        }
        frame.started.insert(whole.to_owned());
        if frame.repeated {
            self.families.insert(whole.to_owned());
            frame.round.insert(whole.to_owned());
            frame.round.extend(stages.iter().filter(|stage| stage.times.is_none()).map(|stage| stage.name.clone()));
        }
        if let Step::Run(_) = step {
            self.ends(frame, whole, body);
        }
    }

    /// `run` and `communicate` wait for their child, or for every stage of it.
    pub(super) fn ends(&mut self, frame: &Frame, child: &str, body: &Node) {
        self.moves(frame, Move::Wait(child.to_owned(), body.span));
        let stages: Vec<String> =
            self.actors.iter().filter(|(_, actor)| actor.stage_of.as_deref() == Some(child)).map(|(name, _)| name.clone()).collect();
        for stage in stages {
            self.moves(frame, Move::Wait(stage, body.span));
        }
    }

    /// Whoever kills the whole kills its stages.
    pub(super) fn with_stages(&self, child: Option<String>) -> Vec<String> {
        let Some(child) = child else { return Vec::new() };
        let stages = self.actors.iter().filter(|(_, actor)| actor.stage_of.as_ref() == Some(&child)).map(|(name, _)| name.clone());
        stages.chain([child.clone()]).collect()
    }
}

/// Whether the start is to fail.
fn is_refusal(expect: &Expect) -> bool {
    let refusal = |clause: &Clause| clause.refused || !clause.error.is_empty();
    match expect {
        Expect::Success | Expect::Word(_) => false,
        Expect::One(clause) => refusal(clause),
        Expect::First(list) => list.iter().all(refusal),
    }
}
