//! What is to be started, and its preparation into the pointers that exec wants: after fork nothing may allocate.

use super::{Fault, Library, Wishes};
use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::fd::RawFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

/// Searched when there is no PATH at all, as confstr(_CS_PATH) has it.
const DEFAULT_PATH: &[u8] = b"/bin:/usr/bin";

/// What to start.
#[derive(Clone, Debug, Default)]
pub struct Command {
    /// A path, or a bare name to be searched for.
    pub program: OsString,
    /// Arguments after `argv[0]`, which is `program`.
    pub args: Vec<OsString>,
    /// Environment; `None`: the caller's.
    pub env: Option<Env>,
    /// Working directory; `None`: the caller's.
    pub cwd: Option<OsString>,
    /// Standard input, output, error.
    pub stdio: [Stdio; 3],
    /// Further wishes.
    pub wishes: Wishes,
}

/// An environment for the child.
#[derive(Clone, Debug, Default)]
pub struct Env {
    /// Exactly these, or these over the inherited ones.
    pub replace: bool,
    /// Names with values.
    pub vars: Vec<(OsString, OsString)>,
}

/// Where a standard descriptor leads.
#[derive(Clone, Debug, Default)]
pub enum Stdio {
    /// Wherever the caller's leads.
    #[default]
    Inherit,
    /// The null device.
    Null,
    /// A new pipe.
    Pipe,
    /// A file: opened for reading on input, for appending (created) otherwise.
    File(PathBuf),
    /// A descriptor of the caller.
    Fd(RawFd),
    /// Wherever stdout leads.
    Stdout,
    /// A new terminal, the same for all that ask.
    Pty,
}

/// A command made ready for exec.
pub(super) struct Image {
    /// Paths to try in order.
    pub programs: Vec<CString>,
    pub argv: Strings,
    pub env: Strings,
    pub cwd: Option<CString>,
}

/// Strings with the array of pointers to them that ends in a null.
pub(super) struct Strings {
    pointers: Vec<*const libc::c_char>,
    _strings: Vec<CString>,
}

impl Strings {
    fn of(strings: impl IntoIterator<Item = OsString>) -> io::Result<Strings> {
        let strings: Vec<CString> = strings.into_iter().map(c_string).collect::<io::Result<_>>()?;
        let pointers = strings.iter().map(|string| string.as_ptr()).chain([std::ptr::null()]).collect();
        Ok(Strings { pointers, _strings: strings })
    }

    pub fn as_ptr(&self) -> *const *const libc::c_char {
        self.pointers.as_ptr()
    }
}

impl Image {
    pub fn of(library: Library, command: &Command) -> io::Result<Image> {
        let vars = environment(library, command.env.as_ref())?;
        let mut args = command.args.clone();
        if library.has(Fault::ArgvSplitOnSpace) {
            let joined = args.join(OsStr::new(" "));
            args = joined.as_bytes().split(|byte| *byte == b' ').map(|part| OsStr::from_bytes(part).to_owned()).collect();
        }
        Ok(Image {
            programs: candidates(&command.program, lookup(&vars, "PATH"))?,
            argv: Strings::of([command.wishes.name_for(library, &command.program)].into_iter().chain(args))?,
            env: Strings::of(vars.into_iter().map(|(name, value)| [name, value].join(OsStr::new("="))))?,
            cwd: command.cwd.clone().filter(|_| !library.has(Fault::IgnoresCwd)).map(c_string).transpose()?,
        })
    }
}

fn lookup(vars: &[(OsString, OsString)], wanted: &str) -> Option<OsString> {
    vars.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone())
}

fn environment(library: Library, asked: Option<&Env>) -> io::Result<Vec<(OsString, OsString)>> {
    let inherited = || super::misdeeds::own_variables(library, asked);
    let Some(asked) = asked else { return Ok(inherited()) };
    if let Some((name, _)) = asked.vars.iter().find(|(name, _)| name.is_empty() || name.as_bytes().contains(&b'=')) {
        return Err(invalid(&format!("{name:?} cannot name an environment variable")));
    }
    let replace = asked.replace && !library.has(Fault::EnvMerged);
    let mut vars: Vec<_> = if replace { Vec::new() } else { inherited() };
    if library.has(Fault::EnvIgnored) && !asked.replace {
        return Ok(vars);
    }
    for (name, value) in &asked.vars {
        match vars.iter_mut().find(|(known, _)| known == name) {
            Some(known) => known.1.clone_from(value),
            None => vars.push((name.clone(), value.clone())),
        }
    }
    Ok(vars)
}

/// The paths under which `program` may be found: itself when it has a slash, else one for each entry of PATH, where an empty
/// entry means the working directory.
fn candidates(program: &OsStr, path: Option<OsString>) -> io::Result<Vec<CString>> {
    if program.as_bytes().contains(&b'/') || program.is_empty() {
        return Ok(vec![c_string(program.to_owned())?]);
    }
    let path = path.map_or_else(|| DEFAULT_PATH.to_vec(), OsString::into_vec);
    let entry = |directory: &[u8]| {
        let directory = if directory.is_empty() { b".".as_slice() } else { directory };
        c_string(OsString::from_vec([directory, b"/", program.as_bytes()].concat()))
    };
    path.split(|byte| *byte == b':').map(entry).collect()
}

fn c_string(text: OsString) -> io::Result<CString> {
    CString::new(text.into_vec()).map_err(|_| invalid("a NUL byte cannot be passed to a program"))
}

fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_name_is_searched_for_in_every_entry() {
        let found = candidates(OsStr::new("x"), Some("/a::b".into())).expect("no NUL");
        assert_eq!(found, [c"/a/x", c"./x", c"b/x"].map(CString::from));
        assert_eq!(candidates(OsStr::new("./x"), Some("/a".into())).expect("no NUL"), [CString::from(c"./x")]);
    }

    #[test]
    fn what_exec_cannot_carry_is_refused() {
        let library = Library::default();
        let env = |name: &str| Some(Env { replace: true, vars: vec![(name.into(), "v".into())] });
        assert!(environment(library, env("A=B").as_ref()).is_err());
        assert!(environment(library, env("").as_ref()).is_err());
        let nul = Command { program: "/x".into(), args: vec!["a\0b".into()], ..Command::default() };
        assert!(Image::of(library, &nul).is_err());
    }
}
