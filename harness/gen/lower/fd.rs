//! Pipes, files, duplicating, reading and writing by system call.

use super::here::Here;
use super::known::pipe_name;
use super::{LowerError, Lowered, Lowering};
use crate::generate::act::{Act, Amount, Mode, Payload};
use crate::generate::program::Op;
use crate::plan::ast::Expect;
use crate::plan::expr::Expr;
use crate::plan::record;
use crate::plan::script::Records;
use crate::plan::step::fd;
use crate::plan::value::Value;

/// Buffer of a read in bytes, unless the step names another: the capacity of a pipe on Linux.
const CHUNK: u32 = 65_536;

impl Lowering<'_> {
    pub(super) fn pipe(&mut self, here: &mut Here, step: &fd::Pipe) -> Lowered<Op> {
        let name = pipe_name(step).to_owned();
        let (cloexec, nonblock, capacity) = match step {
            fd::Pipe::Name(_) => (false, false, None),
            fd::Pipe::With(with) => (with.close_on_exec, with.nonblock, self.values.optional(with.capacity.as_ref())?),
        };
        let (read, write) = (self.fd_slot()?, self.fd_slot()?);
        here.name_fd(format!("{name}.read"), read);
        here.name_fd(format!("{name}.write"), write);
        let label = match capacity {
            Some(bytes) => format!("pipe {name} of {bytes} bytes"),
            None => format!("pipe {name}"),
        };
        self.plain(here, "pipe", label, Some(&name), Act::Pipe { read, write, cloexec, nonblock, capacity })
    }

    pub(super) fn open(&mut self, here: &mut Here, step: &fd::Open) -> Lowered<Op> {
        let cloexec = step.close_on_exec.as_ref().map_or(Ok(false), |wish| self.values.holds(wish))?;
        let slot = self.fd_slot()?;
        let (mode, word) = match step.mode {
            fd::OpenMode::Read => (Mode::Read, "reading"),
            fd::OpenMode::Write => (Mode::Write, "writing"),
            fd::OpenMode::ReadWrite => (Mode::ReadWrite, "reading and writing"),
            fd::OpenMode::Append => (Mode::Append, "appending"),
        };
        let waiting = if step.nonblock { ", waiting for nobody" } else { "" };
        let label = format!("open {} for {word} as {}{waiting}", step.path, step.name);
        let declared = self.declare(here, "open", label, Some(&step.name), &step.expect)?;
        here.name_fd(step.name.clone(), slot);
        let path = case_path(&step.path);
        Ok(declared.op(Act::Open { slot, path, mode, create: step.create, cloexec, nonblock: step.nonblock }))
    }

    pub(super) fn close(&mut self, here: &mut Here, step: &fd::Close) -> Lowered<Op> {
        let (endpoint, expect) = close_parts(step);
        let (fd, name) = self.endpoint(here, endpoint)?;
        Ok(self.declare(here, "close", format!("close {name}"), Some(&name), expect)?.op(Act::Close { fd }))
    }

    pub(super) fn dup2(&mut self, here: &mut Here, step: &fd::Dup2) -> Lowered<Op> {
        let act = Act::Dup2 { from: here.fd(&step.from)?, to: here.fd(&step.to)? };
        let label = format!("make {} another name of {}", step.to, step.from);
        Ok(self.declare(here, "dup2", label, Some(&step.to), &step.expect)?.op(act))
    }

    pub(super) fn write(&mut self, here: &mut Here, step: &fd::Write) -> Lowered<Op> {
        let (fd, to) = self.endpoint(here, &step.to)?;
        let payload = self.payload(step)?;
        let label = write_label(&payload, &to, step.once);
        let declared = self.declare(here, "write", label, Some(&to), &step.expect)?;
        Ok(declared.op(Act::Write { fd, payload, once: step.once, no_signal: step.no_signal }))
    }

    /// What a write writes.
    pub(super) fn payload(&self, step: &fd::Write) -> Lowered<Payload> {
        match (&step.bytes, &step.text) {
            (Some(bytes), None) => Ok(Payload::Pattern(self.values.int(bytes)?)),
            (None, Some(text)) => Ok(Payload::Bytes(self.values.bytes(text)?)),
            _ => Err(LowerError::invalid(format!("`write` to {}: give either `bytes` or `text`", step.to))),
        }
    }

    pub(super) fn write_records(&mut self, here: &mut Here, step: &fd::WriteRecords) -> Lowered<Op> {
        let (fd, to) = self.endpoint(here, &step.to)?;
        let records = self.records(&step.count, &step.size)?;
        let piece = self.values.optional(step.piece.as_ref())?.unwrap_or(0);
        let Records { count, size } = records;
        let pieces = if piece == 0 { String::new() } else { format!(" in pieces of {piece}") };
        let label = format!("write {count} records of {size} bytes to {to}{pieces}");
        let declared = self.declare(here, "write-records", label, Some(&to), &step.expect)?;
        self.decl(declared).records = Some(records);
        Ok(declared.op(Act::WriteRecords { fd, count, size, piece }))
    }

    /// A number of records of a size that a record can have.
    pub(super) fn records(&self, count: &Expr, size: &Expr) -> Lowered<Records> {
        let records = Records { count: self.values.int(count)?, size: self.values.int(size)? };
        if (records.size as usize) < record::SHORTEST {
            let shortest = record::SHORTEST;
            return Err(LowerError::invalid(format!("a record of {} bytes: the shortest has {shortest}", records.size)));
        }
        Ok(records)
    }

    pub(super) fn read(&mut self, here: &mut Here, step: &fd::Read) -> Lowered<Op> {
        let (fd, from) = self.endpoint(here, &step.from)?;
        let amount = self.amount(step)?;
        let chunk = self.values.optional(step.chunk.as_ref())?.unwrap_or(CHUNK);
        let declared = self.declare(here, "read", read_label(amount, &from), Some(&from), &step.expect)?;
        Ok(declared.op(Act::Read { fd, stream: from, amount, chunk }))
    }

    fn amount(&self, step: &fd::Read) -> Lowered<Amount> {
        match (&step.bytes, &step.once, step.until) {
            (Some(bytes), None, None) => Ok(Amount::Exactly(self.values.int(bytes)?)),
            (None, Some(most), None) => Ok(Amount::Once(self.values.int(most)?)),
            (None, None, _) => Ok(Amount::ToEof),
            _ => Err(LowerError::invalid(format!("`read` from {}: give one of `until`, `bytes` and `once`", step.from))),
        }
    }

    pub(super) fn copy(&mut self, here: &mut Here, step: &fd::Copy) -> Lowered<Op> {
        let (from, to) = (here.fd(&step.from)?, here.fd(&step.to)?);
        let label = format!("copy {} to {}", step.from, step.to);
        Ok(self.declare(here, "copy", label, Some(&step.from), &step.expect)?.op(Act::Copy { from, to }))
    }

    pub(super) fn set_flags(&mut self, here: &mut Here, step: &fd::SetFlags) -> Lowered<Op> {
        let fd = here.fd(&step.of)?;
        let nonblock = self.values.bind_optional(step.nonblock.as_ref())?;
        let cloexec = step.close_on_exec.as_ref().map(|wish| self.values.holds(wish)).transpose()?;
        let shown = |name: &str, flag: Option<bool>| flag.map(|on| format!(" {name} {}", if on { "on" } else { "off" }));
        let flags = [shown("O_NONBLOCK", nonblock), shown("FD_CLOEXEC", cloexec)].into_iter().flatten().collect::<String>();
        self.plain(here, "set-flags", format!("set{flags} of {}", step.of), Some(&step.of), Act::SetFlags { fd, nonblock, cloexec })
    }
}

/// Endpoint and expectation of a close.
pub(super) fn close_parts(step: &fd::Close) -> (&str, &Expect) {
    match step {
        fd::Close::Endpoint(endpoint) => (endpoint, &Expect::Success),
        fd::Close::With(with) => (&with.of, &with.expect),
    }
}

/// The label of a write.
pub(super) fn write_label(payload: &Payload, to: &str, once: bool) -> String {
    let once = if once { " in one call" } else { "" };
    match payload {
        Payload::Pattern(bytes) => format!("write {bytes} bytes to {to}{once}"),
        Payload::Bytes(bytes) if bytes.len() > 40 => format!("write a text of {} bytes to {to}{once}", bytes.len()),
        Payload::Bytes(bytes) => format!("write {:?} to {to}{once}", Value::from_bytes(bytes).to_string()),
    }
}

fn read_label(amount: Amount, from: &str) -> String {
    match amount {
        Amount::ToEof => format!("read {from} to its end"),
        Amount::Exactly(bytes) => format!("read {bytes} bytes from {from}"),
        Amount::Once(most) => format!("read {from} in one call of at most {most} bytes"),
    }
}

/// A path of the case directory; absolute ones stay.
pub(super) fn case_path(path: &str) -> String {
    if path.starts_with('/') || path.starts_with("{case}") { path.to_owned() } else { format!("{{case}}/{path}") }
}
