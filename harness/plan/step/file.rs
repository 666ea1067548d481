//! Files of the case directory that scenarios need, flawed programs among them.

use crate::plan::expr::{Arg, Expr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `file: {path: prog, kind: not-executable}`: make a file (or no file) of this kind in the case directory.
/// On the library plane the harness makes it, not the subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct File {
    /// Path, relative to the case directory.
    pub path: String,
    /// What it is: `plain` (with `text`), `directory`, `symlink` (to `text`), `fifo`, or a flawed program:
    /// `missing` ENOENT, `not-executable` EACCES, `directory` EACCES, `under-a-file` ENOTDIR, `loop` ELOOP,
    /// `name-too-long` ENAMETOOLONG, `not-a-program` ENOEXEC, `busy` ETXTBSY, `bad-interpreter` ENOENT,
    /// `unsearchable` EACCES (ordinary user only). The path that names the flawed program is `path` as well.
    pub kind: Arg<String>,
    /// Content of a plain file, target of a symlink.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Expr>,
    /// Permission bits, in octal, as text: `"0755"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
}
