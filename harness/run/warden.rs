//! The warden: the sandboxed, single-threaded, small process that runs cases, one after the other.
//!
//! Whatever all cases have in common (environment, descriptors 0 to 2, umask, dispositions, limits) it *is*, so that a case
//! root inherits it by the fork alone and nothing has to be set up per case. A second thread, where there is one, only lends its
//! stack ([`Berth`]) and never runs.

use super::Isolation;
use super::adapter::Adapter;
use super::arena::{self, Arena};
use super::capture::Capture;
use super::frame::{AdapterCommand, Channel, Hello, Order, Report, Start};
use super::home::Home;
use super::keeper;
use super::observe;
use crate::sys::{self, Berth, Sample, Watch};
use crate::wire::message;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI32, Ordering};

/// Where programs are looked for in a case; the case's own `bin/` comes after these.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The first argument by which the agent's program becomes a keeper.
pub const WORD: &str = "__warden";

/// `childproof-agent __warden`: the whole life of a keeper, and of the warden that it forks. The channel to main is its
/// standard input.
///
/// It is the agent's program and not childproof itself because a fork copies what is mapped, and what is not copied the
/// child faults in page by page: a case in a forked child of the big program spent a third of its time on that.
pub fn main() -> ! {
    sys::exit_now(keeper::keep(0))
}

/// The warden's whole state.
pub struct Warden {
    channel: Channel,
    hello: Hello,
    pub(super) agent: PathBuf,
    pub(super) run: PathBuf,
    pub(super) arena: Arena,
    pub(super) capture: Capture,
    pub(super) watch: Watch,
    pub(super) home: Home,
    pub(super) adapter: Option<Adapter>,
    /// The CPUs that a parallel case may use.
    pub(super) cpus: Vec<usize>,
    /// Bytes of memory that a case may use.
    pub(super) memory: u64,
    /// What the adapter started last said of itself.
    pub(super) heard: Option<(AdapterCommand, message::Hello)>,
    /// Adapters started so far.
    pub(super) adapters: u64,
    /// What a root is before its first step, while that cannot have changed since one was looked at.
    pub(super) known: Option<Box<Sample>>,
    /// Whether a root is forked without the C library's doing, where nothing in it can tell.
    pub(super) bare: bool,
    /// Where a root runs that needs no memory of its own.
    pub(super) berth: Option<Berth>,
    /// Cases run so far.
    pub(super) cases: u32,
    /// How many slots of the arena the last case can have used.
    pub(super) slots: usize,
}

impl Warden {
    /// Furnishes the run directory; in the process that has entered the sandbox.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn new(channel: Channel, start: &Start, hello: Hello) -> io::Result<Warden> {
        let (run, alone) = (hello.run.clone(), hello.isolation.alone());
        // SAFETY: setsid and umask take no memory; in a fresh fork setsid succeeds.
        unsafe {
            libc::setsid();
            libc::umask(0o022);
        }
        let arena = Arena::create(&run.join("arena"), arena::SIZE)?;
        if !alone {
            arena.take_room()?;
        }
        arena.guard()?;
        let capture = Capture::begin(&run)?;
        let home = Home::make(&run, alone)?;
        std::env::set_current_dir(home.dir())?;
        environment(home.dir());
        let watch = Watch::begin()?;
        report_panics(&channel);
        let agent = start.agent.clone();
        let cpus = start.cpus.clone();
        let (adapter, heard, adapters, known, slots) = (None, None, 0, None, arena::ACTORS);
        let bare = sys::forks_bare(alone);
        let berth = if bare { Berth::begin() } else { None };
        let memory = start.memory.min(sys::total_memory() / 2);
        sys::let_nobody_look();
        let cases = 0;
        let mut warden = Warden {
            channel,
            hello,
            agent,
            run,
            arena,
            capture,
            watch,
            home,
            adapter,
            heard,
            cpus,
            memory,
            adapters,
            known,
            bare,
            berth,
            cases,
            slots,
        };
        warden.home.settle();
        Ok(warden)
    }

    /// Whether it has a pid namespace of its own.
    pub(super) fn alone(&self) -> bool {
        self.hello.isolation.alone()
    }

    /// Whether it may ask for the CPU before others.
    pub(super) fn may_be_urgent(&self) -> bool {
        self.hello.isolation == Isolation::Root
    }

    /// The descriptor on which main speaks.
    pub(super) fn control(&self) -> i32 {
        self.channel.fd()
    }

    /// Greets, runs what is ordered until main is gone, and cleans up. The result is its exit status.
    pub fn serve(&mut self) -> i32 {
        let served = self.obey();
        self.adapter = None;
        observe::end_everything(self.alone());
        observe::take_shared(self.alone(), &self.arena);
        i32::from(served.is_err())
    }

    fn obey(&mut self) -> io::Result<()> {
        self.channel.send(&Report::Hello(self.hello.clone()))?;
        while let Some(order) = self.channel.receive::<Order>()? {
            let Order::Run(job) = order else { continue };
            match self.run_case(&job) {
                Some(done) => {
                    // The kernel reads from a mapping that was cut short no more than we do, and says so by an error.
                    let damaged = done.retire && (!self.arena.in_place() || self.arena.forged());
                    let log = if damaged { &[][..] } else { self.arena.log() };
                    self.channel.send_with(&Report::Done(done), log)?;
                }
                None => return Ok(()),
            }
        }
        Ok(())
    }
}

/// The whole environment of a case.
fn environment(case: &Path) {
    let names: Vec<_> = std::env::vars_os().map(|(name, _)| name).collect();
    let (bin, tmp) = (case.join("bin"), case.join("tmp"));
    // SAFETY: the warden has one thread yet.
    unsafe {
        names.into_iter().for_each(|name| std::env::remove_var(name));
        std::env::set_var("PATH", format!("{PATH}:{}", bin.display()));
        std::env::set_var("HOME", case);
        std::env::set_var("TMPDIR", tmp);
        std::env::set_var("LANG", "C");
    }
}

/// The warden's process, by which its panic hook tells it from forks of it.
static WARDEN: AtomicI32 = AtomicI32::new(0);

/// A panic of the warden itself is told to main before it dies; one of a case root goes to the case's standard error.
fn report_panics(channel: &Channel) {
    let Ok(stream) = channel.stream().try_clone() else { return };
    WARDEN.store(std::process::id().cast_signed(), Ordering::Relaxed);
    let channel = std::sync::Mutex::new(Channel::new(stream));
    std::panic::set_hook(Box::new(move |info| {
        eprintln!("{info}");
        if std::process::id().cast_signed() == WARDEN.load(Ordering::Relaxed) {
            if let Ok(mut channel) = channel.lock() {
                // When main is gone too there is nobody left to tell.
                let _ = channel.send(&Report::Broken(info.to_string()));
            }
            sys::exit_now(70);
        }
    }));
}
