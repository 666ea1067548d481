//! What becomes of a run when something is taken from under it: its wardens, its keepers, its adapter, its directory, its disk, its
//! terminal, its CPU. What was finished is kept, what was not is run again or said to be not run, the exit status tells, and nothing
//! is left behind.
//!
//! The real program runs scenario files that sleep for a second; the test waits until the sleeper is seen among the processes below
//! it, and then takes something away. At every level that works here, and as an ordinary user too when run by root.
//!
//! On Linux: what is awaited and what is left over is read from `/proc`.
#![cfg(target_os = "linux")]

#[path = "recovery/run.rs"]
mod run;

use run::{Run, Scenario, child_of, exists, is_sleeper, levels, own_dir, until};
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

/// The words by which a case that was run again is told.
const AGAIN: &str = "was run again on a new warden";

#[test]
fn a_case_whose_warden_is_killed_is_run_again() {
    for level in levels() {
        let mut run = Run::start(&level, &[Scenario::Sleeps], &["--cases", "2"]);
        let sleeper = run.sleeper();
        run::kill(run.parent(sleeper), libc::SIGKILL);
        let ended = run.end();
        assert_eq!(ended.status.code(), Some(3), "{level}: {ended:?}");
        assert!(ended.stderr.contains(AGAIN), "{level}: {ended:?}");
        assert_eq!(ended.results("completes"), ["pass 0 2"], "{level}: {ended:?}");
        run.nothing_is_left();
    }
}

#[test]
fn a_case_whose_keeper_is_killed_comes_to_its_end() {
    for level in levels() {
        let mut run = Run::start(&level, &[Scenario::Sleeps], &["--cases", "2"]);
        let warden = run.parent(run.sleeper());
        run::kill(run.parent(warden), libc::SIGKILL);
        let ended = run.end();
        // Where the warden can outlive its keeper, nobody misses it.
        let wanted = if level == "subreaper" { 0 } else { 3 };
        assert_eq!((ended.status.code(), ended.results("completes")), (Some(wanted), vec!["pass 0 2".into()]), "{level}: {ended:?}");
        run.nothing_is_left();
    }
}

/// As when somebody ends it by hand, with main unable to look after it.
#[test]
fn a_keeper_that_is_asked_to_end_leaves_nothing() {
    for level in levels() {
        let mut run = Run::start(&level, &[Scenario::Sleeps], &["--cases", "2"]);
        let sleeper = run.sleeper();
        let keeper = run.parent(run.parent(sleeper));
        run::kill(run.pid(), libc::SIGSTOP);
        run::kill(keeper, libc::SIGTERM);
        until("its warden and its case are ended", || !exists(sleeper));
        until("its directory and its control group are removed", || run.directories().is_empty() && run.control_groups().is_empty());
        run::kill(run.pid(), libc::SIGCONT);
        let ended = run.end();
        assert_eq!((ended.status.code(), ended.results("completes")), (Some(3), vec!["pass 0 2".into()]), "{level}: {ended:?}");
        run.nothing_is_left();
    }
}

/// Root has one where the hierarchy can be written; without it the test of what is left would pass because nothing was there.
#[test]
fn a_control_group_is_seen_where_one_is_made() {
    for level in levels() {
        let mut run = Run::start(&level, &[Scenario::Sleeps], &["--cases", "1"]);
        let warden = run.parent(run.sleeper());
        let inside = fs::read_to_string(format!("/proc/{warden}/cgroup")).unwrap();
        let confined = run.directories().iter().any(|dir| inside.contains(&*dir.file_name().unwrap().to_string_lossy()));
        assert_eq!(run.control_groups().is_empty(), !confined, "{level}: {inside}");
        run.end();
        run.nothing_is_left();
    }
}

#[test]
fn an_adapter_killed_in_a_case_is_a_crash_of_that_case_alone() {
    for level in levels() {
        let mut run = Run::start(&level, &[Scenario::Spawns], &["--cases", "3", "--count-only"]);
        run::kill(run.parent(run.sleeper()), libc::SIGKILL);
        let ended = run.end();
        assert_eq!((ended.status.code(), ended.results("completes")), (Some(1), vec!["crash 1 3".into()]), "{level}: {ended:?}");
        run.nothing_is_left();
    }
}

/// Only root may look at what a warden waits for.
#[test]
fn an_adapter_killed_between_cases_is_nobodys_fault() {
    for level in levels().into_iter().filter(|_| run::is_root()) {
        let mut run = Run::start(&level, &[Scenario::Spawns], &["--cases", "2"]);
        let sleeper = run.sleeper();
        let adapter = run.parent(sleeper);
        run::kill(run.pid(), libc::SIGSTOP);
        until("the case is over", || !exists(sleeper));
        // The warden has told main, who does not listen; it asked the adapter to reset before.
        until("the warden waits", || run::waits_in_a_read(run.parent(adapter)));
        run::kill(adapter, libc::SIGKILL);
        until("the adapter has ended", || run::state(adapter) == 'Z');
        run::kill(run.pid(), libc::SIGCONT);
        let ended = run.end();
        assert_eq!((ended.status.code(), ended.results("completes")), (Some(0), vec!["pass 0 2".into()]), "{level}: {ended:?}");
        run.nothing_is_left();
    }
}

#[test]
fn a_run_that_was_stopped_for_a_while_calls_nobody_late() {
    for level in levels() {
        let mut run = Run::start(&level, &[Scenario::Sleeps], &["--cases", "2"]);
        let sleeper = run.sleeper();
        run::kill(run.pid(), libc::SIGSTOP);
        until("the case is over", || !exists(sleeper));
        run::kill(run.pid(), libc::SIGCONT);
        let ended = run.end();
        assert_eq!((ended.status.code(), ended.results("completes")), (Some(0), vec!["pass 0 2".into()]), "{level}: {ended:?}");
        run.nothing_is_left();
    }
}

/// As when a machine sleeps, or a container is frozen: the clock goes on, and nobody else.
#[test]
fn a_case_that_was_frozen_with_its_warden_is_not_late() {
    for level in levels() {
        let mut run = Run::start(&level, &[Scenario::SleepsAlmostTooLong], &["--cases", "1"]);
        let sleeper = run.sleeper();
        let (began, frozen) = (Instant::now(), [run.parent(sleeper), sleeper]);
        frozen.iter().for_each(|pid| run::kill(*pid, libc::SIGSTOP));
        // Longer than the deadline, which is what this is about.
        until("the deadline is past", || began.elapsed() > run::DEADLINE + Duration::from_millis(500));
        // The warden first, so that it looks at its clock before anything has come to an end.
        frozen.iter().for_each(|pid| run::kill(*pid, libc::SIGCONT));
        let ended = run.end();
        assert_eq!((ended.status.code(), ended.results("completes")), (Some(0), vec!["pass 0 1".into()]), "{level}: {ended:?}");
        run.nothing_is_left();
    }
}

#[test]
fn a_case_whose_directory_is_removed_is_run_again() {
    for level in levels() {
        for scenario in [Scenario::Sleeps, Scenario::Spawns] {
            let mut run = Run::start(&level, &[scenario], &["--cases", "2"]);
            run.sleeper();
            for dir in run.directories() {
                // With namespaces it is an empty directory out here, and a file system inside.
                fs::remove_dir_all(dir).unwrap();
            }
            let ended = run.end();
            assert_eq!(ended.status.code(), Some(3), "{level}: {ended:?}");
            assert!(ended.stderr.contains(AGAIN) && ended.stderr.contains("removed"), "{level}: {ended:?}");
            assert_eq!(ended.results("completes"), ["pass 0 2"], "{level}: {ended:?}");
            run.nothing_is_left();
        }
    }
}

#[test]
fn a_signal_ends_a_run_with_what_was_finished() {
    for level in levels() {
        for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
            let mut run = Run::start(&level, &[Scenario::Quick, Scenario::Sleeps], &["--cases", "2"]);
            run.sleeper();
            run::kill(run.pid(), signal);
            let ended = run.end();
            assert_eq!(ended.status.code(), Some(3), "{level}, signal {signal}: {ended:?}");
            assert_eq!(ended.results("completes"), ["pass 0 2", "not-run 2 2"], "{level}, signal {signal}: {ended:?}");
            assert!(ended.stdout.contains(r#""interrupted":true"#), "{level}, signal {signal}: {ended:?}");
            run.nothing_is_left();
        }
    }
}

/// The run is held by a report that nobody reads, so that it cannot have ended of itself when the second signal comes.
#[test]
fn a_second_signal_ends_it_at_once() {
    for level in levels() {
        for second in [libc::SIGINT, libc::SIGTERM] {
            let mut run = Run::unread(&level, &[Scenario::Sleeps]);
            run.sleeper();
            run::kill(run.pid(), libc::SIGINT);
            until("the first signal is answered", || !run::catches(run.pid(), second));
            run::kill(run.pid(), second);
            let ended = run.end();
            assert_eq!(ended.status.signal(), Some(second), "{level}: {ended:?}");
            run.nothing_is_left();
        }
    }
}

/// The same by the keys themselves: they reach the whole foreground group of the terminal, of which main alone is to hear.
#[test]
fn control_c_twice_ends_it_at_once() {
    for level in levels() {
        let mut run = Run::unread_at_terminal(&level, &[Scenario::Sleeps]);
        run.sleeper();
        run.press_control_c();
        until("the first is answered", || !run::catches(run.pid(), libc::SIGTERM));
        run.press_control_c();
        let ended = run.end();
        assert_eq!(ended.status.signal(), Some(libc::SIGINT), "{level}: {ended:?}");
        run.nothing_is_left();
    }
}

#[test]
fn a_terminal_that_is_closed_ends_a_run_with_its_report_written() {
    for level in levels() {
        let mut run = Run::at_terminal(&level, &[Scenario::Quick, Scenario::Sleeps]);
        run.sleeper();
        run.close_terminal();
        let ended = run.end();
        assert_eq!(ended.status.code(), Some(3), "{level}: {ended:?}");
        assert_eq!(ended.results("completes"), ["pass 0 2", "not-run 2 2"], "{level}: {ended:?}");
        run.nothing_is_left();
    }
}

#[test]
fn a_report_that_does_not_fit_costs_nothing_that_was_found() {
    let mut run = Run::start("", &[Scenario::Fails], &["--cases", "2", "--format", "junit", "--output", "/dev/full"]);
    let ended = run.end();
    assert_eq!(ended.status.code(), Some(3), "{ended:?}");
    assert!(ended.stderr.contains("fails: as-expected fail in 2 of 2") && ended.stderr.contains("No space left"), "{ended:?}");
    run.nothing_is_left();
}

/// A small file system of its own, in a mount namespace of its own: for root alone.
#[test]
fn a_report_on_a_full_disk_ends_with_a_whole_line() {
    if run::is_root() {
        let mut run = Run::on_small_disk("12k", "root", &[Scenario::Quick; 40], true);
        let ended = run.end();
        assert_eq!(ended.status.code(), Some(3), "{ended:?}");
        let lines: Vec<&str> = ended.stdout.lines().collect();
        assert!(lines.len() > 5 && ended.stdout.ends_with('\n'), "{ended:?}");
        let whole = |line: &&str| serde_json::from_str::<serde_json::Value>(line).is_ok();
        assert!(lines.iter().all(whole), "{ended:?}");
        run.nothing_is_left();
    }
}

/// Without namespaces a case's directory lies on a disk that others use too.
#[test]
fn a_disk_that_fills_up_is_no_fault_of_a_case() {
    if run::is_root() {
        let mut run = Run::on_small_disk("4m", "subreaper", &[Scenario::Quick, Scenario::Sleeps], false);
        run.sleeper();
        run.fill_disk();
        let ended = run.end();
        assert_eq!(ended.status.code(), Some(3), "{ended:?}");
        // The warden that gave up made room for another one, which may or may not be enough.
        let results = ended.results("completes");
        assert!(results[0] == "pass 0 2" && !results[1].contains("crash"), "{ended:?}");
        let told = format!("{}{}", ended.stdout, ended.stderr);
        assert!(told.contains("no room") || told.contains("No space left"), "{ended:?}");
        run.nothing_is_left();
    }
}

#[test]
fn what_a_test_waits_for_is_found() {
    let own = std::process::id().cast_signed();
    let mut child = std::process::Command::new("/bin/sleep").arg("1000").spawn().unwrap();
    let pid = child.id().cast_signed();
    until("it is started", || is_sleeper(pid, "1000"));
    assert!(exists(pid) && child_of(pid, own) && !is_sleeper(pid, "1001"));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!exists(pid));
}

/// All of the above again, as somebody who is not root.
#[test]
fn as_an_ordinary_user() {
    if run::is_root() && own_dir().is_none() {
        run::again_as_somebody_else();
    }
}
