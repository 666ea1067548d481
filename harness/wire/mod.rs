//! The subject protocol: what childproof and an adapter say to each other.
//!
//! A library under test lives in another process, written in another language, and is trusted with nothing: it may crash, hang,
//! answer twice, or go on in two processes at once. So the transport is two FIFOs opened by path (a child inherits standard
//! streams, and a stray print would corrupt them), liveness is told by the process and never by end of file, and everything
//! that comes in is checked before it counts.
//!
//! [`message`] holds the words, [`work`] those about workers, [`codec`] turns them into lines and back, [`client`] is the harness's side, [`adapter`] the side
//! of adapters written in Rust, [`schema`] the published form.

pub mod adapter;
pub mod burden;
pub mod capability;
pub mod client;
pub mod codec;
pub mod farewell;
pub mod message;
pub mod schema;
pub mod watch;
pub mod work;
