//! Files of the case directory, flawed programs among them.

use super::fd::case_path;
use super::here::Here;
use super::{LowerError, Lowered, Lowering};
use crate::generate::act::{Act, FileKind};
use crate::generate::program::Op;
use crate::plan::step::file::File;

/// Longer than NAME_MAX (255 bytes on Linux and macOS).
const TOO_LONG: usize = 300;

impl Lowering<'_> {
    pub(super) fn file(&mut self, here: &mut Here, step: &File) -> Lowered<Op> {
        let word = self.values.bind(&step.kind)?;
        let kind = kind_of(&word)?;
        let text = step.text.as_ref().map_or(Ok(Vec::new()), |text| self.values.bytes(text))?;
        let mode = step.mode.as_deref().map_or(Ok(usual_mode(kind)), octal)?;
        let path = self.values.name(&step.path)?;
        self.programs.insert(path.clone(), started_by(kind, &path));
        let act = Act::MakeFile { path: case_path(&path), kind, text, mode };
        self.plain(here, "file", format!("make {path}: {word}"), Some(&path), act)
    }

    /// The path by which a program of the case directory is started. A flaw may lie in the path itself, not in a file.
    pub(super) fn program_path(&self, path: &str) -> String {
        self.programs.get(path).cloned().unwrap_or_else(|| case_path(path))
    }
}

fn started_by(kind: FileKind, path: &str) -> String {
    match kind {
        FileKind::UnderAFile | FileKind::Unsearchable => format!("{}/x", case_path(path)),
        FileKind::NameTooLong => format!("{}{}", case_path(path), "n".repeat(TOO_LONG)),
        _ => case_path(path),
    }
}

fn kind_of(word: &str) -> Lowered<FileKind> {
    Ok(match word {
        "plain" => FileKind::Plain,
        "directory" => FileKind::Directory,
        "symlink" => FileKind::Symlink,
        "fifo" => FileKind::Fifo,
        "missing" => FileKind::Missing,
        "not-executable" => FileKind::NotExecutable,
        "under-a-file" => FileKind::UnderAFile,
        "loop" => FileKind::Loop,
        "name-too-long" => FileKind::NameTooLong,
        "not-a-program" => FileKind::NotAProgram,
        "busy" => FileKind::Busy,
        "bad-interpreter" => FileKind::BadInterpreter,
        "unsearchable" => FileKind::Unsearchable,
        "agent" => FileKind::Agent,
        other => return Err(LowerError::invalid(format!("`{other}` is no kind of file"))),
    })
}

fn usual_mode(kind: FileKind) -> u32 {
    match kind {
        FileKind::Plain | FileKind::NotExecutable | FileKind::Fifo => 0o644,
        _ => 0o755,
    }
}

fn octal(digits: &str) -> Lowered<u32> {
    let mode = u32::from_str_radix(digits, 8).ok().filter(|mode| *mode <= 0o7777);
    mode.ok_or_else(|| LowerError::invalid(format!("`{digits}` are no permission bits: write them in octal, \"0755\"")))
}
