//! Arguments that several properties share.

use crate::plan::check::{ArgDecl, ArgKind};

/// The stream to judge.
pub const STREAM: ArgDecl =
    ArgDecl { name: "stream", kind: ArgKind::Stream, required: true, help: "the stream, by the endpoint that it is read from" };
/// Whose records to look for.
pub const WRITERS: ArgDecl =
    ArgDecl { name: "writers", kind: ArgKind::Actor, required: false, help: "whose records (default: of everybody who wrote to it)" };
/// The actor or family that the property is about.
pub const OF_ACTOR: ArgDecl =
    ArgDecl { name: "of", kind: ArgKind::Actor, required: false, help: "the actor or family (default: every one that it applies to)" };
/// The counter.
pub const OF_COUNTER: ArgDecl =
    ArgDecl { name: "of", kind: ArgKind::Object, required: true, help: "the counter, recorded by a `load` step" };
