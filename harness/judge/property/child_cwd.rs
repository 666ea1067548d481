//! The started program runs in the directory that was asked for.
//!
//! Where none was asked for, it runs in the subject's own.
//!
//! # References
//! POSIX.1-2024 `chdir()`, `fork()`, `exec` (the working directory is inherited).

use crate::judge::starts::{self, Start};
use crate::judge::verdict::Finding;
use crate::judge::{Property, args, view};
use crate::plan::check::ArgDecl;
use crate::plan::script::CheckDecl;
use crate::trace::History;

/// See the module.
pub struct ChildCwd;

impl Property for ChildCwd {
    fn name(&self) -> &'static str {
        "child-cwd"
    }
    fn says(&self) -> &'static str {
        "the started program runs in the directory asked for, or in the subject's own"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 chdir(), fork(), exec"
    }
    fn args(&self) -> &'static [ArgDecl] {
        &[args::OF_ACTOR]
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        starts::each(history, asked, |start| judged(history, start))
    }
}

fn judged(history: &History, start: &Start) -> Finding {
    let seen = &start.state.cwd;
    let own = history.observed.before.as_ref().map(|before| before.cwd.as_str());
    match start.asked.cwd.as_deref().or(own) {
        _ if seen.is_empty() => view::undecided("the started program could not tell its working directory"),
        None | Some("") => view::undecided("the subject's own working directory was not recorded"),
        Some(wanted) if starts::same_path(wanted, seen) => Finding::Pass,
        Some(wanted) => start.fails(history, format!("the working directory {wanted}"), seen.clone()),
    }
}
