//! What a process library can do wrong, one small thing each. `childproof __subject raw:NAME` is the library with that fault.

use std::fmt;
use std::str::FromStr;

macro_rules! faults {
    ($($name:ident $word:literal $about:literal,)*) => {
        /// One deviation from the rules of the reference library.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Fault {
            $(#[doc = $about] $name,)*
        }

        impl Fault {
            /// Every fault.
            pub const ALL: &[Fault] = &[$(Fault::$name),*];

            /// Its name on the command line and in fixtures.
            pub fn name(self) -> &'static str {
                match self { $(Fault::$name => $word),* }
            }

            /// What goes wrong, in a sentence.
            pub fn about(self) -> &'static str {
                match self { $(Fault::$name => $about),* }
            }
        }
    };
}

faults! {
    LeaksPipeEnd "leaks-pipe-end" "One descriptor of the error pipe stays open after each successful start.",
    LeaksOnFailure "leaks-on-failure" "One descriptor of the error pipe stays open after each failed start.",
    ReportsSuccessOnExecFailure "reports-success-on-exec-failure" "A failed exec is reported as a child that exited with 0.",
    Exit127OnExecFailure "exit-127-on-exec-failure" "A failed exec is reported as a child that exited with 127.",
    LosesErrno "loses-errno" "Every failed start is reported as EIO.",
    TakesOverForReaped "takes-over-for-reaped" "Who finds no status of a child that is over tells that time is.",
    RunsExitHandlers "runs-exit-handlers" "A forked process that becomes no program ends by exit, which runs the caller's handlers.",
    ZombieOnFailure "zombie-on-failure" "The child of a failed start is not reaped.",
    TwoProcessesOnFailure "two-processes-on-failure" "The child of a failed start goes on in the caller's code.",
    InheritsStrayDescriptors "inherits-stray-descriptors" "The child inherits whatever the caller had open without close-on-exec.",
    IgnoresSigpipeInChild "ignores-sigpipe-in-child" "The child starts with SIGPIPE ignored.",
    BlocksSignalsInChild "blocks-signals-in-child" "The child starts with every signal blocked.",
    ChangesOwnMask "changes-own-mask" "SIGUSR2 is blocked, or no longer blocked, in the caller after a start.",
    ChangesOwnDisposition "changes-own-disposition" "SIGUSR2 is ignored, or no longer ignored, in the caller after a start.",
    LosesStatusOnSecondWait "loses-status-on-second-wait" "A second wait finds no child.",
    WrongStatusForThreads "wrong-status-for-threads" "Of several threads that wait, those that do not reap are told exit 255.",
    MisreadsSignalDeath "misreads-signal-death" "A death by signal is reported as an exit with 128 and its number.",
    DropLeavesZombie "drop-leaves-zombie" "A dropped child is never reaped.",
    DropKills "drop-kills" "A dropped child is killed, undocumented.",
    DeadlockOnBigOutput "deadlock-on-big-output" "communicate writes all of its input before it reads any output.",
    LosesTailOfOutput "loses-tail-of-output" "Output beyond one page that was not read when the process ended is lost.",
    DuplicatesOutput "duplicates-output" "The last bytes of each output are returned twice.",
    TruncatesInput "truncates-input" "Input beyond one page is dropped.",
    SwapsStdio "swaps-stdio" "Descriptors are duplicated in order, each over the source of the next.",
    LosesClosedStdio "loses-closed-stdio" "A pipe that took the number of a closed standard descriptor is closed by exec.",
    MergesStderr "merges-stderr" "A pipe on stderr leads wherever stdout leads.",
    ArgvSplitOnSpace "argv-split-on-space" "Arguments are joined and split at spaces.",
    EnvMerged "env-merged" "A replaced environment is laid over the inherited one.",
    EnvKept "env-kept" "Variables that a start asked for are the caller's own from then on.",
    EnvIgnored "env-ignored" "Variables over the inherited environment are dropped.",
    IgnoresCwd "ignores-cwd" "The working directory asked for is not entered.",
    WaitsForPipeEof "waits-for-pipe-eof" "wait first waits for the end of the child's output, whoever holds it.",
    LeavesNonblockOnSharedDescription "leaves-nonblock-on-shared-description" "O_NONBLOCK of inherited standard descriptions is changed and stays so.",
    ChangesCwd "changes-cwd" "The caller's working directory stays changed after a start.",
    ChangesUmask "changes-umask" "The caller's umask stays changed after a start.",
    LeavesTempFile "leaves-temp-file" "A file is left in the temporary directory at each start.",
    SurvivorLeft "survivor-left" "A helper process is started with each child and never ended.",
    ForksTwice "forks-twice" "The program is started by a helper in between, so it is not the caller's child.",
    PipelineTellsLastOnly "pipeline-tells-last-only" "A pipeline's status is that of its last stage alone.",
    PipelineMixesStatuses "pipeline-mixes-statuses" "The stages' statuses are told in the opposite order.",
    PipelineLeavesStages "pipeline-leaves-stages" "Stages started before one that cannot be started go on, and nobody reaps them.",
    PipelineLeaksEnd "pipeline-leaks-end" "The caller keeps the reading end of each pipe between stages.",
    StagesHoldStderr "stages-hold-stderr" "Every stage inherits the errors' descriptor of all of them beside its own 2.",
    EpipeFailsCommunicate "epipe-fails-communicate" "communicate fails when the child stops reading, and forgets output and status.",
    TimeoutLosesOutput "timeout-loses-output" "Output that arrived before a limit of communicate ran out is lost.",
    NeverEndsInput "never-ends-input" "communicate does not close the child's input when all of it is written.",
    TimeoutRepeatsInput "timeout-repeats-input" "communicate after one that timed out writes its input from the beginning.",
    WaitKeepsStdinOpen "wait-keeps-stdin-open" "wait does not close the child's input before it waits.",
    RunLeavesProgram "run-leaves-program" "A call whose limit runs out leaves what it started running.",
    RunReadsOn "run-reads-on" "A call whose limit ran out reads to the end of the output of what it killed, whoever holds it.",
    SharesBuffer "shares-buffer" "Calls that run side by side collect into one buffer, which is emptied when the last of them returns.",
    ReadsOwnInput "reads-own-input" "A call without input reads the caller's own standard input, and fails where that cannot be read.",
    GivesUpEarly "gives-up-early" "A limit is taken for half of what it is.",
    GivesUpLate "gives-up-late" "A wait with a limit looks again only after seven seconds.",
    ForgetsPassed "forgets-passed" "Descriptors handed on are closed in the child.",
    ClosesSources "closes-sources" "What a standard descriptor was duplicated from is closed in the child, also where it is handed on.",
    PassesToLater "passes-to-later" "Descriptors handed on once are inherited by every later child.",
    IgnoresClosedPass "ignores-closed-pass" "A closed descriptor that is to be handed on is passed over.",
    MarksPassed "marks-passed" "Descriptors handed on are close-on-exec, or no longer so, in the caller after the start.",
    IgnoresArg0 "ignores-arg0" "The name asked for as argv[0] is ignored.",
    IgnoresSession "ignores-session" "No new session is made.",
    IgnoresGroup "ignores-group" "No new process group is made.",
    IgnoresUmask "ignores-umask" "The mask asked for is ignored.",
    KeepsUser "keeps-user" "The user and groups asked for are ignored.",
    KeepsGroups "keeps-groups" "The caller's supplementary groups are kept, whichever were asked for.",
    KillsLeaderAlone "kills-leader-alone" "What is sent to a child with its group reaches the child alone.",
    ForgetsToKillOnDrop "forgets-to-kill-on-drop" "Giving up a handle that is to kill does not kill.",
    KillOnDropLeavesZombie "kill-on-drop-leaves-zombie" "A child killed by giving up its handle is not reaped.",
    DaemonStays "daemon-stays" "A daemon stays in the caller's session.",
    DaemonLeavesZombie "daemon-leaves-zombie" "The process between the caller and a daemon is not reaped.",
    TerminalNotTaken "terminal-not-taken" "A terminal is not made the child's controlling one.",
    MasterInChild "master-in-child" "The child holds the master of its own terminal.",
    LeaksMaster "leaks-master" "A copy of the terminal's master stays open in the caller.",
    ErrorAtHangUp "error-at-hang-up" "That nobody holds the terminal any more is an error of reading.",
    LeaksAtLimit "leaks-at-limit" "What was opened for a start before the limit on descriptors was met stays open.",
    LeaksAtProcessLimit "leaks-at-process-limit" "What was opened for a start stays open when no process could be made.",
    WritesToCallersMemory "writes-to-callers-memory" "A start writes to memory of the caller's.",
    DiesWithThread "dies-with-thread" "A child is killed when the thread ends that started it.",
    TakesLossForSuccess "takes-loss-for-success" "A child that somebody else reaped is reported as one that exited with 0.",
    EpipeTakenForSuccess "epipe-taken-for-success" "What is written to a child that does not read any more is told as written.",
    KeepsOnFailure "keeps-on-failure" "A descriptor of each failed start stays open until handles are given up.",
    KeepsAfterRun "keeps-after-run" "A descriptor of each call that started, collected and waited stays open until handles are given up.",
    CollectsNowAndThen "collects-now-and-then" "A descriptor of each failed start stays open until there are eight of them, which are then closed.",
    Sleeps "sleeps" "wait looks at the child only after two minutes.",
    LeaksIntoSiblings "leaks-into-siblings" "The caller's ends of pipes are inherited by whatever it starts next.",
    ReapsStrangers "reaps-strangers" "wait reaps whatever child has ended, and forgets those that are not its own.",
    HoldsLockWhileWaiting "holds-lock-while-waiting" "A thread that waits for a child keeps all others from it.",
    GivesUpOnSignal "gives-up-on-signal" "A wait that a signal interrupts is an error.",
    LosesDataOnSignal "loses-data-on-signal" "A read that a signal interrupts begins anew, without what it had read.",
    HalfWriteOnSignal "half-write-on-signal" "A write that a signal interrupts is taken for finished.",
    TerminateKills "terminate-kills" "terminate sends SIGKILL.",
    TakesStopForEnd "takes-stop-for-end" "A child that is stopped is reported as killed by that signal.",
    KillsAfterReap "kills-after-reap" "A signal is sent to the process id of a child that was reaped.",
    BusyWaits "busy-waits" "wait asks for the end in a loop without sleeping.",
    HoldsFilesOpen "holds-files-open" "A file that was opened for a child stays open in the caller until handles are given up.",
    RunsWorkersInCaller "runs-workers-in-caller" "A worker's task is performed by the caller, and a process is started that does nothing.",
    ForgetsWorkerName "forgets-worker-name" "A worker does not get the name that was asked for.",
    WorkerErrorExitsWith0 "worker-error-exits-with-0" "A worker whose task fails ends with 0.",
    WorkerLosesOutput "worker-loses-output" "A worker ends without flushing what it printed.",
    ForkStartsAfresh "fork-starts-afresh" "Where a copy of the caller is asked for, a fresh program is started.",
    DaemonOutlivesMain "daemon-outlives-main" "A main program comes to its end without ending the workers that may not outlive it.",
    DaemonHasWorkers "daemon-has-workers" "A worker that may not outlive its main program starts workers of its own.",
    MainDoesNotJoin "main-does-not-join" "A main program comes to its end without waiting for its workers.",
    ResultsAsTheyCome "results-as-they-come" "The results of a job are told in the order in which they came.",
    RunsItemsTwice "runs-items-twice" "Each item of a job is done twice.",
    LosesItemOfDeadWorker "loses-item-of-dead-worker" "The item of a worker that died never comes to a result.",
    PipesWorkersErrors "pipes-workers-errors" "The errors of a pool's workers go into a pipe that nobody reads.",
    PrintsAmongResults "prints-among-results" "What a pool's task prints goes where the results go.",
    LosesUnpicklable "loses-unpicklable" "A result that cannot be sent back ends its worker, and its item never comes to a result.",
    LosesUnsendable "loses-unsendable" "An item that cannot be sent to a worker takes the place of one that could, and never comes to a result.",
    DeadWorkerNotReplaced "dead-worker-not-replaced" "A worker of a pool that died is not replaced.",
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(name: &str) -> Result<Fault, String> {
        Fault::ALL.iter().copied().find(|fault| fault.name() == name).ok_or_else(|| {
            let names: Vec<_> = Fault::ALL.iter().map(|fault| fault.name()).collect();
            format!("`{name}` is no fault of the reference library; it can have: {}", names.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Fault;

    #[test]
    fn every_fault_is_found_by_its_name() {
        for fault in Fault::ALL {
            assert_eq!(fault.name().parse(), Ok(*fault));
        }
        assert!("levitates".parse::<Fault>().is_err());
    }
}
