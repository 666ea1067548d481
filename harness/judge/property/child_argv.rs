//! The started program's arguments are those that were handed over, byte for byte.
//!
//! Empty strings vanish, spaces split, quotes are doubled and bytes that are no text are replaced wherever a library builds
//! a command line out of a list. Compared from `argv[0]` on, by number, content and order.
//!
//! # References
//! POSIX.1-2024 `exec` family: the argument strings are passed on unchanged.

use crate::judge::starts::{self, Start};
use crate::judge::verdict::Finding;
use crate::judge::{Property, args};
use crate::plan::check::ArgDecl;
use crate::plan::script::CheckDecl;
use crate::trace::History;

/// See the module.
pub struct ChildArgv;

impl Property for ChildArgv {
    fn name(&self) -> &'static str {
        "child-argv"
    }
    fn says(&self) -> &'static str {
        "the started program's arguments are those handed over, byte for byte"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 exec"
    }
    fn args(&self) -> &'static [ArgDecl] {
        &[args::OF_ACTOR]
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        starts::each(history, asked, |start| judged(history, start))
    }
}

fn judged(history: &History, start: &Start) -> Finding {
    let (asked, seen) = (&start.asked.argv, &start.state.argv);
    if asked.is_empty() && seen.is_empty() {
        return crate::judge::view::undecided("neither the script nor the program names any argument");
    }
    for (i, (asked, seen)) in asked.iter().zip(seen).enumerate() {
        let (asked, seen) = (starts::bytes(asked), starts::bytes(seen));
        if !starts::same_text(&asked, &seen) {
            return start.fails(history, format!("argv[{i}] = {}", starts::quoted(&asked)), starts::quoted(&seen));
        }
    }
    if asked.len() == seen.len() {
        return Finding::Pass;
    }
    start.fails(history, format!("{} arguments", asked.len()), format!("{}", seen.len()))
}
