//! Adapters that attack the machine. macOS has nothing that would hold them, so there are none here.

use crate::wire::message::ReplyBody;

/// The attacks.
pub const HOW: &[&str] = &[];

/// Performs none.
pub fn attack(_how: &str) -> ReplyBody {
    ReplyBody::Unsupported("macOS has no namespaces that would hold an attack".into())
}
