//! What a case cannot have changed, from what its program is made of, and so need not be looked at after every one.
//!
//! To look at 64 dispositions and 16 limits takes half of all system calls of an empty case. A process changes its own by calls of
//! its own, and what a case root calls is written in its program. So there are three kinds of program:
//!
//! 1. *Plain*: every step of every process is one of the list below, which neither touches dispositions, limits or ids nor makes
//!    anything with a name. A step that is not in the list makes the case one of the second kind: the list forgets nothing new.
//! 2. *Interpreted*: nothing runs but steps of ours. They change nothing of the warden, so the next root begins as this one did.
//! 3. Any other: programs that are executed may do everything that their user may.
//!
//! The look that is spared is not given up: each warden takes it after one case in [`EVERY`] all the same, whatever the program, so
//! that a platform on which fork or pipe changes a limit is found out.

use crate::generate::act::{Act, Attribute};
use crate::generate::program::{Op, Program};

/// Of so many cases one is looked at in full; a prime, so that no scenario whose cases come in a rhythm keeps out of its way.
pub const EVERY: u32 = 13;

/// Whether nothing runs in a case but steps of ours, forked from the warden.
pub fn interpreted(program: &Program) -> bool {
    !program.library && program.agents.is_empty() && all(&program.root, &|act| !matches!(act, Act::Exec { .. } | Act::PosixSpawn(_)))
}

/// Whether a process of the case may have made a control group, by a step of its own.
pub fn groups(program: &Program) -> bool {
    let makes_none = |act: &Act| !matches!(act, Act::Attribute(Attribute::ControlGroup { .. }));
    !(all(&program.root, &makes_none) && program.agents.iter().all(|agent| all(&agent.ops, &makes_none)))
}

/// Whether all of it is plain.
pub fn plain(program: &Program) -> bool {
    !program.library && program.agents.is_empty() && all(&program.root, &harmless)
}

/// Whether the root of a plain program comes back from its steps, so that what it allocated is freed: such a root can live in its
/// warden's memory.
pub fn returns(program: &Program) -> bool {
    fn comes_back(ops: &[Op]) -> bool {
        ops.iter().all(|op| match &op.act {
            Act::Exit { .. } => false,
            Act::Repeat { body, .. } => comes_back(body),
            _ => true,
        })
    }
    comes_back(&program.root)
}

fn harmless(act: &Act) -> bool {
    matches!(
        act,
        Act::Fork { .. }
            | Act::ForkTree { .. }
            | Act::Repeat { .. }
            | Act::Exit { .. }
            | Act::Wait { .. }
            | Act::Pipe { .. }
            | Act::Close { .. }
            | Act::Read { .. }
            | Act::Write { .. }
            | Act::WriteRecords { .. }
            | Act::ReportState { .. }
            | Act::Gate { .. }
            | Act::OpenGate { .. }
            | Act::Await { .. }
    )
}

/// Whether this is so of every step, however deep.
fn all(ops: &[Op], holds: &impl Fn(&Act) -> bool) -> bool {
    ops.iter().all(|op| {
        holds(&op.act)
            && match &op.act {
                Act::Fork { body, .. } | Act::Vfork { body, .. } | Act::Repeat { body, .. } => all(body, holds),
                Act::ForkTree { bodies, .. } => bodies.iter().all(|body| all(body, holds)),
                _ => true,
            }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(act: Act) -> Program {
        let op = |act| Op { step: 0, lenient: false, act };
        Program { root: vec![op(Act::Fork { actor: 1, pid_of: None, body: vec![op(act)] })], ..Program::default() }
    }

    #[test]
    fn the_deepest_step_counts() {
        let kinds = |act: Act| (plain(&program(act.clone())), interpreted(&program(act)));
        assert_eq!(kinds(Act::Exit { code: 0 }), (true, true));
        assert_eq!(kinds(Act::Mask { block: vec![10], unblock: Vec::new() }), (false, true));
        let exec = Act::Exec { program: "/bin/true".into(), argv: Vec::new(), long_arg: 0, env: None, search: false };
        assert_eq!(kinds(exec), (false, false));
    }

    #[test]
    fn only_what_ends_the_root_itself_keeps_it_from_coming_back() {
        let exit = Op { step: 0, lenient: false, act: Act::Exit { code: 0 } };
        assert!(returns(&program(exit.act.clone())));
        let again = Op { step: 0, lenient: false, act: Act::Repeat { times: 2, body: vec![exit.clone()] } };
        for root in [vec![exit], vec![again]] {
            assert!(!returns(&Program { root, ..Program::default() }));
        }
    }
}
