//! The further wishes of a start: descriptors to hand on, who the child is to be, how it ends with its handle.
//!
//! Each becomes a field of the request, and, where a program can tell of itself whether it came true, a part of what was asked.

use super::{LowerError, Lowered, Lowering};
use crate::plan::expr::Expr;
use crate::plan::script::{AskedFd, AskedIdentity};
use crate::plan::step::library;
use crate::wire::message::{SpawnRequest, Stdio, UserRequest};
use std::collections::BTreeMap;

impl Lowering<'_> {
    /// A request that holds the wishes alone.
    pub(super) fn wishes(&self, step: &library::Spawn) -> Lowered<SpawnRequest> {
        let group = self.values.bind_optional(step.group.as_ref())?;
        Ok(SpawnRequest {
            pass: self.numbers(&step.pass)?,
            arg0: step.arg0.as_ref().map(|arg| self.values.text(arg)).transpose()?,
            new_session: self.wished(step.session.as_ref())?,
            new_group: group.as_deref() == Some("new"),
            own_group: group.as_deref() == Some("own"),
            daemon: self.wished(step.daemon.as_ref())?,
            kill_on_drop: self.wished(step.kill_on_drop.as_ref())?,
            umask: self
                .values
                .bind_optional(step.umask.as_ref())?
                .filter(|digits| digits != "default")
                .map(|digits| octal(&digits))
                .transpose()?,
            user: step.user.as_ref().map(|user| self.user(user)).transpose()?,
            malformed: self.values.bind_optional(step.malformed.as_ref())?,
            ..SpawnRequest::default()
        })
    }

    /// Numbers that the subject is to hold: above what adapters use for themselves, below every usual limit.
    pub(super) fn held(&self, hold: &[Expr]) -> Lowered<Vec<i32>> {
        let numbers: Vec<i32> = self.numbers(hold)?;
        match numbers.iter().find(|number| !(20..100).contains(*number)) {
            Some(other) => Err(LowerError::invalid(format!("`hold`: {other} is not between 20 and 99"))),
            None => Ok(numbers),
        }
    }

    fn user(&self, step: &library::User) -> Lowered<UserRequest> {
        Ok(UserRequest {
            uid: self.values.optional(step.uid.as_ref())?,
            gid: self.values.optional(step.gid.as_ref())?,
            groups: step.groups.as_ref().map(|groups| self.numbers(groups)).transpose()?,
        })
    }

    fn wished(&self, expr: Option<&Expr>) -> Lowered<bool> {
        expr.map_or(Ok(false), |expr| self.values.holds(expr))
    }

    /// Numbers of a list in which parameters that are lists are spliced.
    fn numbers<T: TryFrom<i64>>(&self, exprs: &[Expr]) -> Lowered<Vec<T>> {
        let mut numbers = Vec::new();
        for expr in exprs {
            numbers.extend(self.values.ints::<T>(expr)?);
        }
        Ok(numbers)
    }
}

fn octal(digits: &str) -> Lowered<u32> {
    let mask = u32::from_str_radix(digits, 8).ok().filter(|mask| *mask <= 0o777);
    mask.ok_or_else(|| LowerError::invalid(format!("`umask: {digits}`: write it in octal digits, \"027\"")))
}

/// What the child's descriptors must be. Where nothing was asked of 0, 1, 2 the library's default counts and nothing is demanded;
/// a daemon's are the null device.
pub(super) fn asked_fds(wishes: &SpawnRequest, stdio: &[Option<Stdio>; 3]) -> BTreeMap<i32, AskedFd> {
    let asked = |number: i32, stdio: &Stdio| match stdio {
        Stdio::Inherit => AskedFd::Inherit(number),
        Stdio::Null => AskedFd::Null,
        Stdio::Pipe => AskedFd::Pipe,
        Stdio::File(path) => AskedFd::File(path.clone()),
        Stdio::Fd(other) => AskedFd::Inherit(*other),
        Stdio::Stdout => AskedFd::SameAs(1),
        Stdio::Pty => AskedFd::Terminal,
    };
    let default = wishes.daemon.then_some(AskedFd::Null);
    let numbered = (0..).zip(stdio);
    let standard =
        numbered.filter_map(|(number, stdio)| Some((number, stdio.as_ref().map(|stdio| asked(number, stdio)).or(default.clone())?)));
    standard.chain(wishes.pass.iter().map(|number| (*number, AskedFd::Inherit(*number)))).collect()
}

/// Who the child must be. The leader of a terminal's foreground leads its session.
pub(super) fn asked_identity(wishes: &SpawnRequest, stdio: &[Option<Stdio>; 3]) -> AskedIdentity {
    let user = wishes.user.clone().unwrap_or_default();
    AskedIdentity {
        session: wishes.new_session || stdio.contains(&Some(Stdio::Pty)),
        group: wishes.new_group || wishes.own_group,
        daemon: wishes.daemon,
        umask: wishes.umask,
        uid: user.uid,
        gid: user.gid,
        groups: user.groups.map(|mut groups| {
            groups.sort_unstable();
            groups.dedup();
            groups
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::value::Value;

    #[test]
    fn a_mask_is_octal() {
        assert_eq!(octal("027").expect("digits"), 0o27);
        assert!(octal("08").is_err() && octal("1000").is_err());
    }

    #[test]
    fn nothing_is_demanded_where_nothing_was_asked() {
        let (plain, none) = (SpawnRequest::default(), [const { None }; 3]);
        assert!(asked_fds(&plain, &none).is_empty());
        assert_eq!(asked_identity(&plain, &none), AskedIdentity::default());
        let passed = SpawnRequest { pass: vec![7], arg0: Some(Value::Text("x".into())), ..plain };
        assert_eq!(asked_fds(&passed, &none), BTreeMap::from([(7, AskedFd::Inherit(7))]));
    }
}
