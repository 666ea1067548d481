//! Checking: names, kinds, capabilities; every problem at once.

/// An argument that a property takes in `check:`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArgDecl {
    /// Its name.
    pub name: &'static str,
    /// What it may be.
    pub kind: ArgKind,
    /// Whether it must be given.
    pub required: bool,
    /// What it means, for `explain`.
    pub help: &'static str,
}

/// What an argument may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgKind {
    /// An expression, worked out when the case is bound.
    Expr,
    /// The name of an actor or a family.
    Actor,
    /// A stream as `read` names it: `p.read`, `child.stdout`.
    Stream,
    /// A counter or semaphore.
    Object,
    /// Free text (a label).
    Label,
}

/// A property as the checker needs to know it. (`plan` lies below `judge`, so the declarations are handed in.)
#[derive(Clone, Copy, Debug)]
pub struct PropertyDecl {
    /// Its name.
    pub name: &'static str,
    /// Universal ones can be lifted by `permits:`.
    pub universal: bool,
    /// Its arguments.
    pub args: &'static [ArgDecl],
}
