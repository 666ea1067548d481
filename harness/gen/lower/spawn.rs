//! `posix_spawn` with its file actions and attributes.

use super::here::Here;
use super::process::{agent_path, bytes_of, file_of, split_variable};
use super::{LowerError, Lowered, Lowering};
use crate::generate::act::{Act, FileAction, PosixSpawn};
use crate::generate::lower::fd::case_path;
use crate::generate::program::Op;
use crate::plan::expr::Expr;
use crate::plan::script::{ActorId, Asked, AskedEnv, AskedIdentity, AskedSpawn, Origin};
use crate::plan::step::spawn;
use crate::plan::value::Value;

impl Lowering<'_> {
    pub(super) fn posix_spawn(&mut self, here: &mut Here, step: &spawn::PosixSpawn) -> Lowered<Op> {
        let child = self.actor(here, &step.name, Origin::Spawned)?;
        let name = self.name_of(child);
        let program = self.program_of_posix_spawn(step, &name)?;
        let args = self.values.texts(&step.args)?;
        let env = step.env.as_ref().map(|vars| self.values.texts(vars)).transpose()?;
        let actions = self.file_actions(&step.actions)?;
        let wishes = PosixSpawn {
            actor: child,
            program: program.clone(),
            search: step.search,
            argv: args.iter().map(bytes_of).collect::<Lowered<_>>()?,
            env: env.as_ref().map(|vars| vars.iter().map(bytes_of).collect::<Lowered<_>>()).transpose()?,
            actions: actions.iter().map(|action| parsed(action)).collect::<Lowered<_>>()?,
            group: self.wish(step.group.as_ref())?,
            session: self.wish(step.session.as_ref())?,
            mask: step.mask.as_ref().map(|signals| self.values.signals(signals)).transpose()?,
            defaults: self.values.signals(&step.defaults)?,
        };
        let declared = self.declare(here, "posix-spawn", label(&name, &program, &actions), Some(&name), &step.expect)?;
        self.decl(declared).asked = Some(Box::new(asked(&wishes, step.program.is_none().then_some(child), &args, env, actions)));
        here.made(&step.name, child);
        self.agent(here.spawned(child), &step.steps)?;
        Ok(declared.op(Act::PosixSpawn(Box::new(wishes))))
    }

    fn program_of_posix_spawn(&self, step: &spawn::PosixSpawn, name: &str) -> Lowered<String> {
        let Some(program) = &step.program else {
            return Ok(if step.search { file_of(name) } else { agent_path(name) });
        };
        let path = self.values.bind(program)?;
        let path = self.values.name(&path)?;
        Ok(if step.search { path } else { self.program_path(&path) })
    }

    /// The texts of the actions, the conditional ones among them spliced.
    fn file_actions(&self, actions: &[Expr]) -> Lowered<Vec<String>> {
        Ok(self.values.texts(actions)?.iter().map(Value::to_string).collect())
    }

    fn wish(&self, expr: Option<&Expr>) -> Lowered<bool> {
        expr.map_or(Ok(false), |expr| self.values.holds(expr))
    }
}

/// What a judge compares with what arrived.
fn asked(wishes: &PosixSpawn, child: Option<ActorId>, args: &[Value], env: Option<Vec<Value>>, actions: Vec<String>) -> Asked {
    Asked {
        child,
        program: wishes.program.clone(),
        argv: std::iter::once(Value::Text(wishes.program.clone())).chain(args.iter().cloned()).collect(),
        env: env.map(|env| AskedEnv { replace: true, vars: env.iter().map(split_variable).collect() }),
        identity: AskedIdentity { session: wishes.session, group: wishes.group, ..AskedIdentity::default() },
        spawn: Some(AskedSpawn { actions, mask: wishes.mask.clone(), defaults: wishes.defaults.clone() }),
        ..Asked::default()
    }
}

fn label(name: &str, program: &str, actions: &[String]) -> String {
    let by = if program.contains(name) { String::new() } else { format!(" from {program}") };
    let after = if actions.is_empty() { String::new() } else { format!(" after {}", actions.join(", ")) };
    format!("posix_spawn {name}{by}{after}")
}

/// One file action out of its words. Paths stay as they are: they are relative to the directory that the actions have reached.
fn parsed(action: &str) -> Lowered<FileAction> {
    let number = |word: &str| word.parse::<i32>().ok().filter(|number| (-1..4096).contains(number));
    let (word, rest) = action.split_once(' ').unwrap_or((action, ""));
    let two = rest.split_once(' ');
    let parsed = match (word, two) {
        ("close", _) => number(rest).map(FileAction::Close),
        ("dup2", Some((from, to))) => number(from).zip(number(to)).map(|(from, to)| FileAction::Dup2 { from, to }),
        ("open" | "create", Some((fd, path))) => {
            number(fd).map(|fd| FileAction::Open { fd, path: relative(path), create: word == "create" })
        }
        ("chdir", _) if !rest.is_empty() => Some(FileAction::Chdir(relative(rest))),
        _ => None,
    };
    parsed.ok_or_else(|| {
        LowerError::invalid(format!("`{action}` is no file action: close N, dup2 FROM TO, open N PATH, create N PATH, chdir PATH"))
    })
}

/// A path within the case directory, whichever directory it starts in.
fn relative(path: &str) -> String {
    if path.starts_with('/') { case_path(path) } else { path.to_owned() }
}
