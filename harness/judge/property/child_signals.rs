//! The started program's signal state is clean.
//!
//! A blocked or ignored signal survives exec. A library that blocks signals around fork and forgets to unblock them in the
//! child starts programs that cannot be interrupted; a runtime that ignores SIGPIPE for itself and hands that on starts
//! programs that never stop writing to a closed pipe.
//!
//! Rules:
//! 1. Blocked signals: none, or those that the subject itself blocks (`blocked: empty` or `inherited` allows only that one).
//! 2. Ignored signals: those that the subject ignores (`ignored: none`: none at all), SIGPIPE and SIGXFSZ apart.
//! 3. SIGPIPE and SIGXFSZ, which language runtimes ignore for their own sake, are not ignored in the child
//!    (`runtime: inherited` takes them like all others, `runtime: any` leaves them to another scenario).
//! 4. SIGFPE, SIGILL and SIGSEGV, which a runtime may ignore for its own arithmetic (Perl does the first), may be as the subject has
//!    them or as by default: to ignore one that the processor raised is undefined, so nobody hands that on for a purpose.
//! 5. Signals 32 and 33, which glibc's posix_spawn leaves ignored, never fail; they are noted.
//!
//! # References
//! POSIX.1-2024 `exec` (ignored signals and the mask are inherited), `posix_spawnattr_setsigdefault()`; signal(7).

use crate::judge::starts::{self, Start};
use crate::judge::verdict::Finding;
use crate::judge::{Property, args, drift, signals, view};
use crate::plan::check::{ArgDecl, ArgKind};
use crate::plan::script::CheckDecl;
use crate::trace::History;
use crate::trace::state::ProcState;
use std::collections::BTreeSet;

/// See the module.
pub struct ChildSignals;

const ARGS: &[ArgDecl] = &[
    args::OF_ACTOR,
    ArgDecl { name: "blocked", kind: ArgKind::Label, required: false, help: "`empty` or `inherited` (default: either)" },
    ArgDecl { name: "ignored", kind: ArgKind::Label, required: false, help: "`inherited` (default) or `none`" },
    ArgDecl {
        name: "runtime",
        kind: ArgKind::Label,
        required: false,
        help: "SIGPIPE and SIGXFSZ: `default` (default), `inherited` or `any`",
    },
];

impl Property for ChildSignals {
    fn name(&self) -> &'static str {
        "child-signals"
    }
    fn says(&self) -> &'static str {
        "the started program's mask is empty or the subject's, and it ignores only what it was meant to"
    }
    fn clause(&self) -> &'static str {
        "POSIX.1-2024 exec, posix_spawnattr_setsigdefault(); signal(7)"
    }
    fn args(&self) -> &'static [ArgDecl] {
        ARGS
    }
    fn judge(&self, history: &History, asked: &CheckDecl) -> Finding {
        let Some(before) = &history.observed.before else {
            return view::undecided("the subject's own signal state was not recorded");
        };
        starts::each(history, asked, |start| judged(history, start, before, asked))
    }
}

fn set(signals: &[i32]) -> BTreeSet<i32> {
    signals.iter().copied().collect()
}

fn judged(history: &History, start: &Start, before: &ProcState, asked: &CheckDecl) -> Finding {
    blocked(history, start, before, asked).or_else(|| ignored(history, start, before, asked)).unwrap_or_else(|| note(start))
}

fn blocked(history: &History, start: &Start, before: &ProcState, asked: &CheckDecl) -> Option<Finding> {
    let (seen, own) = (set(&start.state.blocked), set(&before.blocked));
    let wanted = view::text(asked, "blocked").unwrap_or("either");
    let right = (wanted != "inherited" && seen.is_empty()) || (wanted != "empty" && seen == own);
    let expected = match wanted {
        "empty" => "no signal blocked".to_owned(),
        "inherited" => format!("blocked: {}", drift::signal_words(own)),
        _ => format!("no signal blocked, or those of the subject ({})", drift::signal_words(own)),
    };
    (!right).then(|| start.fails(history, expected, format!("blocked: {}", drift::signal_words(seen))))
}

fn ignored(history: &History, start: &Start, before: &ProcState, asked: &CheckDecl) -> Option<Finding> {
    let apart = [signals::PIPE, signals::XFSZ];
    let runtimes = view::text(asked, "runtime") != Some("inherited");
    let left_out = view::text(asked, "runtime") == Some("any");
    let counted = |signal: &i32| !(signals::GLIBC_OWN.contains(signal) || left_out && apart.contains(signal));
    let seen: BTreeSet<i32> = set(&start.state.ignored).into_iter().filter(counted).collect();
    let mut wanted: BTreeSet<i32> = set(&before.ignored).into_iter().filter(counted).collect();
    if view::text(asked, "ignored") == Some("none") {
        wanted.clear();
    }
    if runtimes {
        wanted.retain(|signal| !apart.contains(signal));
    }
    wanted.retain(|signal| seen.contains(signal) || !signals::OF_THE_PROCESSOR.contains(signal));
    let leaked: Vec<i32> = seen.iter().copied().filter(|signal| apart.contains(signal) && !wanted.contains(signal)).collect();
    if !leaked.is_empty() {
        let expected = format!("{} as by default", drift::signal_words(leaked.iter().copied()));
        return Some(start.fails(history, expected, format!("ignored: {}, as the caller's runtime has it", drift::signal_words(seen))));
    }
    let expected = format!("ignored: {}", drift::signal_words(wanted.iter().copied()));
    (seen != wanted).then(|| start.fails(history, expected, format!("ignored: {}", drift::signal_words(seen))))
}

fn note(start: &Start) -> Finding {
    let own: Vec<i32> = start.state.ignored.iter().copied().filter(|signal| signals::GLIBC_OWN.contains(signal)).collect();
    if own.is_empty() {
        return Finding::Pass;
    }
    Finding::Unspecified { seen: format!("clean, but signals {} are ignored, which glibc keeps for itself", view::list(own, 2)) }
}
