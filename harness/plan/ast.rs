//! A scenario as written: one typed tree that parser, printer, JSON Schema and checker share.

use super::expr::{Arg, Expr};
use super::forms::{self, Form, Never};
use super::step::Step;
use super::value::Value;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One scenario file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Scenario {
    /// What must hold, in one sentence.
    pub title: String,
    /// Row of the catalogue that it covers: `pipe.sigpipe`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalogue: Option<String>,
    /// The clauses it rests on: POSIX page, man page, or "observed only".
    pub spec: Vec<String>,
    /// Longer explanation for `explain`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Parameters and their domains.
    #[serde(default, skip_serializing_if = "Given::is_empty")]
    pub given: Given,
    /// How many cases to draw unless `--cases` says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cases: Option<u32>,
    /// Deadline of one case in milliseconds (default 10000).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<u64>,
    /// It is about parallelism: do not pin the case to one CPU.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub parallel: bool,
    /// How the subject itself is started (library plane); without it one subject process serves many cases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<SubjectStart>,
    /// What the root does.
    pub steps: Vec<Step>,
    /// Properties asked for beside the universal ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub check: Vec<Requested>,
    /// Universal properties lifted for this scenario, each with its reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub permits: BTreeMap<String, String>,
    /// Present in replay files only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<Replay>,
}

/// Parameters by name, drawn in the order of their names, so that moving a line of the file changes no case.
pub type Given = BTreeMap<String, Domain>;

/// The values a parameter may take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Domain {
    /// Integers of an inclusive range `1..=131072`; drawn uniformly, shrunk towards the low end.
    Int(IntDomain),
    /// One of these; shrunk towards the first.
    OneOf(Vec<Value>),
    /// `bool: false`: both, shrunk towards the one named.
    Bool(bool),
    /// Any sublist of these, order kept; shrunk by dropping members.
    SubsetOf(Vec<Value>),
    /// Any order of these; shrunk towards the order written.
    PermutationOf(Vec<Value>),
    /// A list of `len` members of one domain.
    List {
        /// Domain of the members.
        of: Box<Domain>,
        /// Range of lengths `0..=4`.
        len: Range,
    },
    /// Byte strings; not UTF-8 unless `utf8: true`.
    Bytes {
        /// Range of lengths in bytes.
        len: Range,
        /// Bytes that must not occur (numbers 0..=255).
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        without: Vec<u8>,
        /// Only UTF-8 text.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        utf8: bool,
    },
    /// Text drawn to break quoting: empty, spaces, quotes, newlines, globs, dollars, non-UTF-8 bytes; never NUL.
    NastyText {
        /// Range of lengths in bytes.
        len: Range,
    },
}

/// `int: 1..=9` or `int: {range: 1..=131072, edges: [4096]}`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum IntDomain {
    /// A range alone.
    Range(Range),
    /// A range with values that deserve to be drawn often (each, and its neighbours, inside the range).
    Edges {
        /// The range.
        range: Range,
        /// The values.
        edges: Vec<i64>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct EdgesForm {
    range: Range,
    edges: Vec<i64>,
}

impl<'de> Deserialize<'de> for IntDomain {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match forms::read::<D, EdgesForm, Never>(deserializer, RANGE)? {
            Form::Long(EdgesForm { range, edges }) => Ok(IntDomain::Edges { range, edges }),
            other => range(&other.into_text().map_err(|other| forms::refuse(&other, RANGE))?).map(IntDomain::Range),
        }
    }
}

const RANGE: &str = "a range such as 1..=8";

/// An inclusive range written `LOW..=HIGH`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Least value.
    pub low: i64,
    /// Greatest value, not below `low`.
    pub high: i64,
}

impl JsonSchema for Range {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Range".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "pattern": "^-?[0-9]+\\.\\.=-?[0-9]+$"})
    }
}

impl Serialize for Range {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}..={}", self.low, self.high))
    }
}

impl<'de> Deserialize<'de> for Range {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        range(&String::deserialize(deserializer)?)
    }
}

fn range<E: serde::de::Error>(text: &str) -> Result<Range, E> {
    let parsed = text.split_once("..=").and_then(|(low, high)| Some((low.trim().parse().ok()?, high.trim().parse().ok()?)));
    match parsed {
        Some((low, high)) if low <= high => Ok(Range { low, high }),
        Some(_) => Err(E::custom(format!("the range `{text}` is empty: its low end is above its high end"))),
        None => Err(E::custom(format!("`{text}` is not a range\nhelp: write LOW..=HIGH, for example 1..=8"))),
    }
}

/// How the subject process is started for this scenario.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SubjectStart {
    /// Which of descriptors 0, 1, 2 are closed at its start (a list of numbers, or a parameter).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Expr>,
    /// The same, as a literal list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closed_fds: Vec<i32>,
    /// Its standard input, the null device, is opened for reading alone (`read-only`, as ever) or for writing alone (`write-only`, as nohup
    /// leaves it).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdin: Option<Arg<String>>,
    /// Signals blocked at its start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocked: Vec<String>,
    /// Signals ignored at its start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<String>,
    /// Supplementary groups that it is started with; needs root.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<u32>,
    /// Number of stray inheritable descriptors that it is started with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stray: Option<Expr>,
    /// Soft RLIMIT_NOFILE that it is started with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nofile: Option<Expr>,
    /// Descriptors of these numbers (20 to 99) that it is started with, inheritable, each a file of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hold: Vec<Expr>,
    /// Put before its PATH, `{case}` standing for the case directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Expr>,
    /// So many descriptors can still be opened when it has said hello: the soft limit lies that far above what is in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spare: Option<Expr>,
    /// A unix listener that it is started with, inheritable: `listen: {as: door, on: 20}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listen: Option<HeldListener>,
    /// Two connected unix sockets that it is started with, inheritable, under these numbers (20 to 99).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pair: Vec<Expr>,
    /// It is started as an ordinary user: no exception that the system makes for root holds for it. Who is not root stays who it is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ordinary: bool,
}

/// A listener that the subject is started with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HeldListener {
    /// Its name, for whoever connects to it.
    #[serde(rename = "as")]
    pub name: String,
    /// The descriptor's number (20 to 99).
    pub on: Expr,
}

/// `- counter-total: {of: counter, is: $workers * $times}`: a property by name with its arguments.
///
/// A property without arguments may stand as its name alone.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Requested(pub BTreeMap<String, BTreeMap<String, CheckArg>>);

impl<'de> Deserialize<'de> for Requested {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const WHAT: &str = "a property with its arguments";
        match forms::read::<D, BTreeMap<String, CheckArgs>, Never>(deserializer, WHAT)? {
            Form::Long(map) => Ok(Requested(map.into_iter().map(|(name, args)| (name, args.0)).collect())),
            Form::Text(name) => Ok(Requested(BTreeMap::from([(name, BTreeMap::new())]))),
            other => Err(forms::refuse(&other, WHAT)),
        }
    }
}

/// The arguments of a property; nothing written means none.
struct CheckArgs(BTreeMap<String, CheckArg>);

impl<'de> Deserialize<'de> for CheckArgs {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const WHAT: &str = "the property's arguments by name";
        match forms::read::<D, _, Never>(deserializer, WHAT)? {
            Form::Long(args) => Ok(CheckArgs(args)),
            Form::Nothing => Ok(CheckArgs(BTreeMap::new())),
            other => Err(forms::refuse(&other, WHAT)),
        }
    }
}

/// An argument of a requested property.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum CheckArg {
    /// A name, a literal or an expression; the property's declaration says which.
    One(Expr),
    /// Several.
    Many(Vec<Expr>),
}

impl<'de> Deserialize<'de> for CheckArg {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const WHAT: &str = "a name, an expression, or a list of them";
        match forms::read::<D, Never, Vec<Expr>>(deserializer, WHAT)? {
            Form::Many(list) => Ok(CheckArg::Many(list)),
            Form::Text(text) => Ok(CheckArg::One(Expr::Text(text))),
            Form::Int(n) => Ok(CheckArg::One(Expr::Int(n))),
            Form::Bool(b) => Ok(CheckArg::One(Expr::Bool(b))),
            other => Err(forms::refuse(&other, WHAT)),
        }
    }
}

/// What a replay file adds to the scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Replay {
    /// `family/name` of the scenario it came from.
    pub scenario: String,
    /// Subject with version as on the command line.
    pub subject: String,
    /// Parameter values.
    pub bindings: BTreeMap<String, Value>,
    /// Seed of the run that found it.
    pub seed: u64,
    /// The property that failed.
    pub property: String,
    /// How often it failed.
    pub failed: u32,
    /// Of how many runs.
    pub of: u32,
    /// Isolation level of that run.
    pub isolation: String,
}

/// `expect:` of a step: `any`, one clause, or several with conditions of which the first that holds counts.
/// Without it the step must succeed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Expect {
    /// Nothing written.
    #[default]
    Success,
    /// `expect: any`.
    Word(ExpectWord),
    /// One clause.
    One(Clause),
    /// Several; the first whose `when` holds counts, and where none holds the step must succeed.
    First(Vec<Clause>),
}

impl<'de> Deserialize<'de> for Expect {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const WHAT: &str = "`any`, an outcome, or a list of outcomes with conditions";
        match forms::read::<D, Clause, Vec<Clause>>(deserializer, WHAT)? {
            Form::Long(clause) => Ok(Expect::One(clause)),
            Form::Many(list) => Ok(Expect::First(list)),
            other => match other.into_text() {
                Ok(word) if word == "any" => Ok(Expect::Word(ExpectWord::Any)),
                Ok(word) => Err(serde::de::Error::custom(format!(
                    "`{word}` is not an outcome\nhelp: write `expect: any`, or a map such as `expect: {{error: EPIPE}}`"
                ))),
                Err(other) => Err(forms::refuse(&other, WHAT)),
            },
        }
    }
}

impl Expect {
    /// Whether nothing was written.
    pub fn is_success(&self) -> bool {
        matches!(self, Expect::Success)
    }
}

/// The words that may stand alone after `expect:`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ExpectWord {
    /// Whatever comes is recorded and accepted.
    Any,
}

/// One expected outcome.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Clause {
    /// Counts only when this holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<Expr>,
    /// The errno's name; a list: one of them (where the clause leaves it open).
    #[serde(skip_serializing_if = "Vec::is_empty", with = "forms::one_or_many")]
    #[schemars(with = "OneOrManyNames")]
    pub error: OneOrMany,
    /// The number that the call returns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Expr>,
    /// The signal that is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<Arg<String>>,
    /// The process exits with this code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exited: Option<Expr>,
    /// The process dies by this signal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub killed: Option<Arg<String>>,
    /// Beside `killed`: whether it leaves a core (`WCOREDUMP`). Without it either is right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub core: Option<bool>,
    /// The process stops by this signal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Arg<String>>,
    /// The process was continued.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub continued: bool,
    /// End of file.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub eof: bool,
    /// Nothing to report yet.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub pending: bool,
    /// The limit asked for runs out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub timed_out: bool,
    /// Any error at all, with or without an errno.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub refused: bool,
    /// Success, where an error is right as well.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub done: bool,
}

/// `error: EPIPE` or `error: [EACCES, EISDIR]`.
pub type OneOrMany = Vec<String>;

/// The two spellings of [`OneOrMany`] for the schema.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it is there for its schema alone")]
enum OneOrManyNames {
    One(String),
    Many(Vec<String>),
}
