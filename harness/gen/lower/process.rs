//! fork, exec, exit, wait, report-state.

use super::expect::may_fail;
use super::here::Here;
use super::{LowerError, Lowered, Lowering};
use crate::generate::act::{Act, Via, Whom};
use crate::generate::program::{AgentPart, Op};
use crate::plan::ast::Expect;
use crate::plan::script::{ActorId, Asked, AskedEnv, Origin};
use crate::plan::step::{Step, process};
use crate::plan::value::Value;

/// More levels would be more processes than a sandbox allows.
const DEEPEST_TREE: u8 = 6;

impl Lowering<'_> {
    pub(super) fn fork(&mut self, here: &mut Here, step: &process::Fork) -> Lowered<Op> {
        let pid_of = step.pid_of.as_ref().map(|other| self.who(here, other)).transpose()?;
        let child = self.actor(here, &step.name, Origin::Forked)?;
        let name = self.name_of(child);
        let number = pid_of.map_or_else(String::new, |other| format!(" under the process id of {}", self.name_of(other)));
        let declared = self.declare(here, "fork", format!("fork {name}{number}"), Some(&name), &step.expect)?;
        here.made(&step.name, child);
        let body = self.steps(&mut here.forked(child), &step.steps)?;
        Ok(declared.op(Act::Fork { actor: child, pid_of, body }))
    }

    pub(super) fn vfork(&mut self, here: &mut Here, step: &process::Vfork) -> Lowered<Op> {
        let child = self.actor(here, &step.name, Origin::Forked)?;
        let name = self.name_of(child);
        let declared = self.declare(here, "vfork", format!("vfork {name}"), Some(&name), &step.expect)?;
        here.made(&step.name, child);
        let body = self.steps(&mut here.forked(child), &step.steps)?;
        Ok(declared.op(Act::Vfork { actor: child, body }))
    }

    /// Process k > 0 is actor `first + k`. The performer stays who it is, so `first` itself is no actor of the tree.
    pub(super) fn fork_tree(&mut self, here: &mut Here, step: &process::ForkTree) -> Lowered<Op> {
        let levels: u8 = self.values.int(&step.levels)?;
        if levels > DEEPEST_TREE {
            return Err(LowerError::invalid(format!("`fork-tree` of {levels} levels: at most {DEEPEST_TREE} are possible")));
        }
        let label = format!("fork {levels} times with both going on as {}", step.name);
        let declared = self.declare(here, "fork-tree", label, Some(&step.name), &Expect::Success)?;
        let members = self.tree_members(here, &step.name, levels)?;
        let mut bodies = Vec::with_capacity(members.len());
        for member in &members {
            let mut place = if *member == here.actor { here.clone() } else { here.forked(*member) };
            bodies.push(self.steps(&mut place, &step.steps)?);
        }
        members.iter().skip(1).for_each(|member| here.made(&step.name, *member));
        let first = members.get(1).map_or(0, |second| second - 1);
        Ok(declared.op(Act::ForkTree { first, levels, bodies }))
    }

    /// The processes of a tree in the order of their numbers; the highest bit of a number says which fork made it, the others
    /// say which process forked.
    fn tree_members(&mut self, here: &Here, family: &str, levels: u8) -> Lowered<Vec<ActorId>> {
        let mut members = vec![here.actor];
        for number in 1..1_usize << levels {
            let forked_by = number & !(1 << number.ilog2());
            members.push(self.actor_under(members[forked_by], family, Origin::Forked)?);
        }
        Ok(members)
    }

    pub(super) fn exec(&mut self, here: &mut Here, step: &process::Exec) -> Lowered<Op> {
        let long_arg = self.values.optional(step.long_arg.as_ref())?.unwrap_or(0);
        let args = self.values.texts(&step.args)?;
        let env = step.env.as_ref().map(|vars| self.values.texts(vars)).transpose()?;
        let (program, image) = self.program_of_exec(here, step)?;
        let label = exec_label(&program, args.len(), long_arg);
        let to_fail = may_fail(&self.outcomes(&step.expect)?.0);
        // What is refused arrives nowhere, and a script need not carry it.
        let long = (long_arg > 0 && !to_fail).then(|| Value::Text("x".repeat(usize::try_from(long_arg).unwrap_or_default())));
        let declared = self.declare(here, "exec", label, step.name.as_deref(), &step.expect)?;
        self.decl(declared).asked = Some(Box::new(Asked {
            child: image.filter(|_| !to_fail),
            program: program.clone(),
            argv: std::iter::once(Value::Text(program.clone())).chain(args.iter().cloned()).chain(long).collect(),
            env: env.as_ref().map(|vars| AskedEnv { replace: true, vars: vars.iter().map(split_variable).collect() }),
            ..Asked::default()
        }));
        if let Some(image) = image {
            here.made(step.name.as_deref().unwrap_or_default(), image);
            self.agent(here.image(image), &step.steps)?;
        }
        let env = env.map(|vars| vars.iter().map(bytes_of).collect::<Lowered<_>>()).transpose()?;
        let argv = args.iter().map(bytes_of).collect::<Lowered<_>>()?;
        Ok(declared.op(Act::Exec { program, search: step.search, argv, long_arg, env }))
    }

    /// The path handed over, and the actor that the new image is, when it is an agent of ours. With both `program` and `as`
    /// the program is one that executes the agent in its turn, as a wrapper script does.
    fn program_of_exec(&mut self, here: &Here, step: &process::Exec) -> Lowered<(String, Option<ActorId>)> {
        match (&step.program, &step.name) {
            (Some(program), name) => {
                let path = self.values.bind(program)?;
                let path = self.values.name(&path)?;
                let image = name.as_ref().map(|name| self.actor(here, name, Origin::Image)).transpose()?;
                Ok((if step.search { path } else { self.program_path(&path) }, image))
            }
            (None, Some(name)) => {
                let image = self.actor(here, name, Origin::Image)?;
                let name = self.name_of(image);
                Ok((if step.search { file_of(&name) } else { agent_path(&name) }, Some(image)))
            }
            (None, None) => Err(LowerError::invalid("`exec` needs `as` (the agent) or `program`")),
        }
    }

    /// Lowers what an agent does into its part.
    pub(super) fn agent(&mut self, mut place: Here, steps: &[Step]) -> Lowered<()> {
        let actor = place.actor;
        let file = file_of(&self.name_of(actor));
        let ops = self.steps(&mut place, steps)?;
        self.agents.push(AgentPart { actor, file, ops, ..AgentPart::default() });
        Ok(())
    }

    pub(super) fn exit(&mut self, here: &mut Here, step: &process::Exit) -> Lowered<Op> {
        let code = self.values.int(&step.0)?;
        self.plain(here, "exit", format!("exit with code {code}"), None, Act::Exit { code })
    }

    pub(super) fn quit(&mut self, here: &mut Here, step: &process::Quit) -> Lowered<Op> {
        let code = self.values.int(&step.0)?;
        self.plain(here, "quit", format!("end by exit() with code {code}"), None, Act::Quit { code })
    }

    /// `None` for a family that has no member in this case: there is nobody to wait for.
    pub(super) fn wait(&mut self, here: &mut Here, step: &process::Wait) -> Lowered<Option<Op>> {
        let via = self.via(step)?;
        let whom = self.whom(here, step)?;
        if matches!(&whom, Whom::These(actors) if actors.is_empty()) {
            return Ok(None);
        }
        let group = if matches!(via, Via::WaitpidGroup | Via::WaitidGroup) { " or one of its group" } else { "" };
        let label = format!("{}{group}", self.wait_label(&whom, step.nohang));
        let declared = self.declare(here, "wait", label, Some(&step.target), &step.expect)?;
        self.decl(declared).operands = if step.nowait { vec![1] } else { Vec::new() };
        let process::Wait { nohang, nowait, untraced, continued, .. } = *step;
        Ok(Some(declared.op(Act::Wait { whom, via, nohang, nowait, untraced, continued })))
    }

    fn whom(&self, here: &Here, step: &process::Wait) -> Lowered<Whom> {
        if step.target == "any" {
            return Ok(Whom::Any(self.values.optional(step.count.as_ref())?.unwrap_or(1)));
        }
        match step.target.strip_prefix("every ") {
            Some(family) => Ok(Whom::These(self.children(here, family.trim()))),
            None => Ok(Whom::These(vec![self.who(here, &step.target)?])),
        }
    }

    fn via(&self, step: &process::Wait) -> Lowered<Via> {
        let word = self.values.bind_optional(step.via.as_ref())?;
        match word.as_deref() {
            None | Some("waitpid") => Ok(Via::Waitpid),
            Some("wait") if step.target == "any" => Ok(Via::Wait),
            Some("wait") => Err(LowerError::invalid("`wait` by `via: wait` cannot choose its child: write `for: any`")),
            Some("waitid") => Ok(Via::Waitid),
            Some(word @ ("pidfd" | "waitpid-group" | "waitid-group")) if step.target == "any" => {
                Err(LowerError::invalid(format!("`via: {word}` needs a child: name it")))
            }
            Some("pidfd") => Ok(Via::Pidfd),
            Some("waitpid-group") => Ok(Via::WaitpidGroup),
            Some("waitid-group") => Ok(Via::WaitidGroup),
            Some(other) => Err(LowerError::invalid(format!(
                "`{other}` is no way to wait: wait, waitpid, waitid, pidfd, waitpid-group or waitid-group"
            ))),
        }
    }

    fn wait_label(&self, whom: &Whom, nohang: bool) -> String {
        let ending = if nohang { " without blocking" } else { "" };
        match whom {
            Whom::Any(1) => format!("wait for any child{ending}"),
            Whom::Any(count) => format!("wait for any {count} children{ending}"),
            Whom::These(actors) if actors.len() > 3 => {
                let (first, last) = (self.name_of(actors[0]), self.name_of(actors[actors.len() - 1]));
                format!("wait for {first} to {last}{ending}")
            }
            Whom::These(actors) => {
                let names: Vec<_> = actors.iter().map(|actor| self.name_of(*actor)).collect();
                format!("wait for {}{ending}", names.join(", "))
            }
        }
    }

    pub(super) fn report_state(&mut self, here: &mut Here, step: &process::ReportState) -> Lowered<Op> {
        let act = Act::ReportState { label: step.0.clone() };
        self.plain(here, "report-state", format!("report its state as `{}`", step.0), None, act)
    }
}

/// The file of an actor's program in `bin/`: brackets would be globs to a shell.
pub(super) fn file_of(name: &str) -> String {
    name.replace('[', "-").replace(']', "")
}

/// The path of an actor's program.
pub(super) fn agent_path(name: &str) -> String {
    format!("{{case}}/bin/{}", file_of(name))
}

fn exec_label(program: &str, args: usize, long_arg: u64) -> String {
    let shown = program.strip_prefix("{case}/").unwrap_or(program);
    match (args, long_arg) {
        (0, 0) => format!("exec {shown}"),
        (_, 0) => format!("exec {shown} with {args} arguments"),
        _ => format!("exec {shown} with {args} arguments and one of {long_arg} bytes"),
    }
}

pub(super) fn bytes_of(value: &Value) -> Lowered<Vec<u8>> {
    value.bytes().ok_or_else(|| LowerError::invalid(format!("text is wanted here, not the {} `{value}`", value.kind())))
}

/// `NAME=value` in its two halves; without `=` the value is empty.
pub(super) fn split_variable(variable: &Value) -> (Value, Value) {
    let bytes = variable.bytes().unwrap_or_default();
    let equals = bytes.iter().position(|byte| *byte == b'=').unwrap_or(bytes.len());
    (Value::from_bytes(&bytes[..equals]), Value::from_bytes(bytes.get(equals + 1..).unwrap_or_default()))
}
