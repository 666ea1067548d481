//! Whether a case keeps to itself: what it could do to the machine where nothing but its good will holds it.
//!
//! The steps of the language name only actors, and files of the case directory. But a case may also start a program that somebody
//! else wrote, and such a program can do whatever its user can: in namespaces that is nothing, without them it is `kill -1`. So the
//! need is derived from what the case does, not declared by it: who means harm does not say so.

use super::act::{Act, FileAction, FileKind, PosixSpawn};
use super::program::{Op, Program};
use crate::wire::message::{EnvRequest, Operation, SpawnRequest, Stdio};

/// How paths begin that stay in the case directory.
const OWN: &str = "{case}/";

/// The first thing by which the case could reach beyond its directory and its actors, in words.
pub fn beyond(program: &Program) -> Option<String> {
    let agents = program.agents.iter().flat_map(|part| &part.ops);
    let own: Vec<&str> = program.agents.iter().map(|part| part.file.as_str()).collect();
    program.root.iter().chain(agents).find_map(|op| of_op(op, &own))
}

fn of_op(op: &Op, own: &[&str]) -> Option<String> {
    match &op.act {
        Act::Fork { body, .. } | Act::Vfork { body, .. } | Act::Repeat { body, .. } => body.iter().find_map(|op| of_op(op, own)),
        Act::ForkTree { bodies, .. } => bodies.iter().flatten().find_map(|op| of_op(op, own)),
        Act::Exec { program, env, .. } => {
            let vars = env.iter().flatten().map(|var| String::from_utf8_lossy(var).into_owned());
            started(program, own).or_else(|| vars.into_iter().find_map(|var| variable(&var)))
        }
        Act::PosixSpawn(wishes) => of_posix_spawn(wishes, own),
        Act::Open { path, .. } => named(path, "opens"),
        Act::MakeFile { path, kind, text, mode } => named(path, "makes").or_else(|| made(path, *kind, text, *mode, own)),
        Act::Ask { operation, .. } | Act::AskPipeline { operation, .. } => of_operation(operation, own),
        Act::AskParallel { lists, .. } => lists.iter().flatten().find_map(|op| of_op(op, own)),
        _ => None,
    }
}

fn of_operation(operation: &Operation, own: &[&str]) -> Option<String> {
    match operation {
        Operation::Spawn(request) => of_start(request, own),
        Operation::Run { stages, .. } | Operation::Pipeline { stages, .. } => stages.iter().find_map(|stage| of_start(stage, own)),
        _ => None,
    }
}

fn of_start(request: &SpawnRequest, own: &[&str]) -> Option<String> {
    let SpawnRequest { program, env, stdin, stdout, stderr, .. } = request;
    let file = |stdio: &Option<Stdio>| if let Some(Stdio::File(path)) = stdio { named(path, "opens") } else { None };
    let mut vars = env.iter().flat_map(|EnvRequest { vars, .. }| vars).map(|(name, _)| name.to_string());
    let program = started(&program.to_string(), own);
    program.or_else(|| [stdin, stdout, stderr].into_iter().find_map(file)).or_else(|| vars.find_map(|var| variable(&var)))
}

fn of_posix_spawn(wishes: &PosixSpawn, own: &[&str]) -> Option<String> {
    let paths = wishes.actions.iter().filter_map(|action| match action {
        FileAction::Open { path, .. } | FileAction::Chdir(path) => Some(path),
        _ => None,
    });
    let mut outside = paths.filter(|path| (path.starts_with('/') && !stays(path)) || path.split('/').any(|part| part == ".."));
    let mut vars = wishes.env.iter().flatten().map(|var| String::from_utf8_lossy(var).into_owned());
    started(&wishes.program, own)
        .or_else(|| vars.find_map(|var| variable(&var)))
        .or_else(|| outside.next().map(|path| format!("it opens {path}")))
}

/// Whether a path stays where it should.
fn stays(path: &str) -> bool {
    path == "/dev/null" || path.strip_prefix(OWN).is_some_and(|rest| rest.split('/').all(|part| part != ".."))
}

fn named(path: &str, does: &str) -> Option<String> {
    (!stays(path)).then(|| format!("it {does} {path}"))
}

/// A name without a slash is looked for in the PATH, of which the case's own directory is the last part.
fn started(program: &str, own: &[&str]) -> Option<String> {
    (!stays(program) && !own.contains(&program)).then(|| format!("it starts {program}"))
}

/// What the dynamic linker takes programs from.
fn variable(text: &str) -> Option<String> {
    let name = text.split('=').next().unwrap_or_default();
    ["LD_", "DYLD_"].iter().any(|prefix| name.starts_with(prefix)).then(|| format!("it sets {name} for a program"))
}

fn made(path: &str, kind: FileKind, text: &[u8], mode: u32, own: &[&str]) -> Option<String> {
    let shown = path.strip_prefix(OWN).unwrap_or(path);
    let target = String::from_utf8_lossy(text);
    match kind {
        FileKind::Plain if mode & 0o111 != 0 && !text.is_empty() && !interpreted_by_ours(&target, own) => {
            Some(format!("it writes the program {shown}"))
        }
        FileKind::Symlink if target.split('/').any(|part| part == "..") || (target.starts_with('/') && !target.starts_with(OWN)) => {
            Some(format!("it makes a link from {shown} to {target}"))
        }
        _ => None,
    }
}

/// A script is as harmless as its interpreter; ours, under the name of one of its parts, performs that part.
fn interpreted_by_ours(text: &str, own: &[&str]) -> bool {
    let line = text.lines().next().unwrap_or_default();
    let interpreter = line.strip_prefix("#!").and_then(|rest| rest.split_ascii_whitespace().next());
    interpreter.and_then(|path| path.strip_prefix("{case}/bin/")).is_some_and(|file| own.contains(&file))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::act::Mode;

    fn reach(act: Act) -> Option<String> {
        let op = |act| Op { step: 0, lenient: false, act };
        let inner = Act::Fork { actor: 1, body: vec![op(act)], pid_of: None };
        beyond(&Program { root: vec![op(inner)], ..Program::default() })
    }

    fn exec(program: &str, env: Option<&str>) -> Act {
        let env = env.map(|var| vec![var.as_bytes().to_vec()]);
        Act::Exec { program: program.into(), search: false, argv: Vec::new(), long_arg: 0, env }
    }

    fn open(path: &str) -> Act {
        Act::Open { slot: 0, path: path.into(), mode: Mode::Read, create: false, cloexec: false, nonblock: false }
    }

    fn file(kind: FileKind, text: &str, mode: u32) -> Act {
        Act::MakeFile { path: "{case}/prog".into(), kind, text: text.into(), mode }
    }

    #[test]
    fn what_stays_in_the_case_directory_needs_nothing() {
        for act in [
            exec("{case}/bin/image", Some("A=b")),
            open("{case}/tmp/a"),
            file(FileKind::Plain, "text", 0o644),
            file(FileKind::Loop, "", 0o755),
        ] {
            assert_eq!(reach(act), None);
        }
    }

    #[test]
    fn what_reaches_beyond_it_is_named() {
        assert_eq!(reach(exec("/bin/sh", None)).as_deref(), Some("it starts /bin/sh"));
        assert_eq!(reach(exec("{case}/../x", None)).as_deref(), Some("it starts {case}/../x"));
        assert_eq!(reach(exec("{case}/a", Some("LD_PRELOAD=x"))).as_deref(), Some("it sets LD_PRELOAD for a program"));
        assert_eq!(reach(open("{case}/../../b")).as_deref(), Some("it opens {case}/../../b"));
        assert_eq!(reach(file(FileKind::Plain, "#!/bin/sh", 0o755)).as_deref(), Some("it writes the program prog"));
        assert_eq!(reach(file(FileKind::Symlink, "/etc", 0o755)).as_deref(), Some("it makes a link from prog to /etc"));
    }
}
