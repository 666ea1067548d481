//! childproof: a property-based conformance suite for processes.
//!
//! It declares what must hold when programs fork, exec, pipe, signal, wait and talk over sockets, runs it for real inside a
//! sandbox, and says with evidence what does not hold.
//!
//! # Map of the layers
//!
//! ```text
//! scenarios/pipe/sigpipe.yaml
//!   │ plan      parse, check, print: the language                        childproof check
//!   ▼ Plan
//!   │ generate  parameters → cases; cases → scripts and programs; shrink  childproof cases
//!   ▼ Script, Program
//!   │ run       wardens, sandbox, actors; wire: subjects behind adapters  childproof run
//!   ▼ History   (trace)
//!   │ judge     pure properties over a history                            childproof judge
//!   ▼ Verdict
//!   │ report    terminal · JSON lines · JUnit                             childproof replay, explain
//! ```
//!
//! Everything to the right of `run` never touches the operating system; everything to its left never judges. A module may use
//! only what stands further down one of these lines; `tests/tidy.rs` holds the table:
//!
//! - [`cli`] → [`bench`], [`report`] → [`judge`] → [`trace`] → [`plan`]
//! - [`cli`] → `run` → [`generate`], [`wire`], `sys` → [`plan`]
//! - [`testing`], for Rust libraries that try the suite in their own tests, may use all of it
//!
//! [`plan`], [`judge`] and [`trace`] use neither `nix` nor `libc`.
//!
//! # Where to add what
//!
//! | what | where |
//! |---|---|
//! | a scenario | a file under `scenarios/` |
//! | an adapter for a library | a folder under `fixtures/subjects/` |
//! | a property | a file under `judge/property/` and a line in its slice |
//! | a kind of step | a struct in `plan/step/`, its lowering in `gen/lower/`, its performance in `run/actor/` |
//! | a form of report | a file under `report/` and a line in [`report::FORMS`] |
//! | a command | a file under `cli/` and a variant of its `Command` |
#![warn(missing_docs)]
pub mod bench;
pub mod cli;
#[path = "gen/mod.rs"]
pub mod generate;
pub mod judge;
pub mod names;
pub mod plan;
pub mod reference;
pub mod report;
pub mod run;
pub mod sys;
pub mod testing;
pub mod trace;
pub mod wire;
