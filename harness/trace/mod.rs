//! History: the append-only record of a case, from which alone it is judged.
//!
//! JSON lines on disk: one history per line, `schema` first. Times are nanoseconds of the monotonic clock since the case
//! began. Nothing in here touches the operating system.

pub mod hang;
pub mod state;
pub mod store;

use crate::plan::script::{ActorId, Outcome, Script, StepId};
use serde::{Deserialize, Serialize};
use state::{Observations, ProcState};

/// Version of the history format.
pub const SCHEMA: u32 = 1;

/// The record of one case.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// [`SCHEMA`] of the writer.
    pub schema: u32,
    /// What was to be done, with every name and expression worked out.
    pub script: Script,
    /// Who did it.
    pub subject: SubjectId,
    /// What happened, in the order in which the events were recorded.
    pub events: Vec<Event>,
    /// How the case ended.
    pub end: End,
    /// What was seen from outside, before and after.
    pub observed: Observations,
}

/// A subject as reports name it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SubjectId {
    /// `raw`, `rust-std`, `python-subprocess`.
    pub name: String,
    /// The version that its `hello` gave.
    pub version: String,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Nanoseconds since the case began.
    pub at: u64,
    /// Whose event.
    pub actor: ActorId,
    /// The process that recorded it.
    pub pid: i32,
    /// The step it belongs to; `None` for births and ends.
    pub step: Option<StepId>,
    /// What it is.
    pub what: What,
}

/// Kinds of events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// The actor began to run, with this parent. An exec'd agent adds all that it was given.
    Born {
        /// `getppid()` at once.
        ppid: i32,
        /// What it was given (agents only).
        state: Option<Box<ProcState>>,
    },
    /// A step began.
    Call,
    /// A step ended so. On a step that returned several times (`wait for every`), once for each, with `of` = whom.
    Return {
        /// What came of it.
        outcome: Outcome,
        /// The actor that it is about (wait), where there is one.
        of: Option<ActorId>,
    },
    /// Bytes arrived: one event per read call, in order.
    Data {
        /// `p.read`, `child.stdout`, `stdout` (the captured standard output of the root).
        stream: String,
        /// The bytes.
        #[serde(with = "as_value")]
        bytes: Vec<u8>,
    },
    /// `report-state`.
    State {
        /// The label given.
        label: String,
        /// The state.
        state: Box<ProcState>,
    },
    /// A measured number: `load`, `report-memory`, handler counts.
    Number {
        /// What it measures: `counter`, `memory untouched`, `handled USR1`.
        name: String,
        /// The number.
        value: i64,
    },
    /// A worker told what it saw, by a way of its own beside the library; the event's `pid` is the worker's.
    Told(Told),
    /// The actor gave up because a step failed unasked; the step's `Return` says how.
    GaveUp,
    /// The actor came to the end of its steps.
    Finished,
    /// A reply of the subject: which process answered, and which seq, for the judgement that its code runs in one process.
    Reply {
        /// Sequence number answered.
        seq: u64,
        /// `getpid()` of the process that answered.
        pid: i32,
    },
}

/// What a worker wrote down of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Told {
    /// `began`, `ended`, `here`, `refused`, a word of the scenario; `asked`: what was asked for, as the driver knows it.
    pub what: String,
    /// `getpid()`; of `asked`: the process id that the subject told.
    pub pid: i32,
    /// `getppid()`.
    pub ppid: Option<i32>,
    /// What the library calls the worker; of `asked`: the name asked for.
    pub name: Option<String>,
    /// The mark found; of `asked`: the mark set before the start.
    pub mark: Option<i64>,
    /// The item that it works on.
    pub item: Option<i64>,
    /// The door to which it came.
    pub door: Option<String>,
}

/// How a case ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// Every step of the root was performed, or the root gave up.
    #[default]
    Done,
    /// The deadline ran out; `evidence` is the snapshot taken before anything was killed.
    Hang {
        /// Text, a line per process.
        evidence: Vec<String>,
    },
    /// The subject or the case root died.
    Crash {
        /// Who and how.
        message: String,
    },
    /// The subject broke the protocol.
    Protocol {
        /// How.
        message: String,
    },
    /// The harness could not do its part.
    Harness {
        /// Why.
        message: String,
    },
    /// The subject does not offer it.
    Unsupported {
        /// What.
        reason: String,
    },
    /// The platform does not allow it here.
    Unavailable {
        /// Why.
        reason: String,
    },
    /// The run was ended before it.
    NotRun {
        /// Why.
        reason: String,
    },
}

/// Bytes in JSON: text where they are UTF-8, `{hex}` otherwise; in postcard: bytes.
mod as_value {
    use crate::plan::value::Value;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { Value::from_bytes(bytes).serialize(serializer) } else { bytes.serialize(serializer) }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        if !deserializer.is_human_readable() {
            return Vec::<u8>::deserialize(deserializer);
        }
        let value = Value::deserialize(deserializer)?;
        value.bytes().ok_or_else(|| serde::de::Error::custom("bytes are text or {hex: ...}"))
    }
}
