//! The command line as a user meets it: texts, exit statuses, closed pipes, unwritable files.

use assert_cmd::Command;
use serde_json::Value;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::Stdio;

fn childproof(args: &[&str]) -> Command {
    let mut command = Command::cargo_bin("childproof").expect("the binary is built with the tests");
    command.args(args).env("NO_COLOR", "1").env_remove("COLUMNS").current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

/// Standard output of a command that must end with this status.
fn says(args: &[&str], status: i32) -> String {
    let output = childproof(args).output().expect("it starts");
    assert_eq!(output.status.code(), Some(status), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("output is UTF-8")
}

/// Standard error of the same.
fn complains(args: &[&str], status: i32) -> String {
    let output = childproof(args).output().expect("it starts");
    assert_eq!(output.status.code(), Some(status), "{args:?}");
    String::from_utf8(output.stderr).expect("output is UTF-8")
}

#[test]
fn help_of_the_whole_and_of_run() {
    insta::assert_snapshot!("help", says(&["--help"], 0));
    insta::assert_snapshot!("help-run", says(&["run", "--help"], 0));
}

#[test]
fn mistakes_of_usage_end_with_2_and_say_what_to_do() {
    let all: [&[&str]; 9] = [
        &["run", "--subject", "rust-sdt"],
        &["run", "--scenario", "pipe/sigpip"],
        &["run", "--subject", "raw", "--output", "/nowhere/at/all.json"],
        &["run", "nowhere.yaml"],
        &["explain", "sigpip"],
        &["explain", "zzzzzzzzz"],
        &["replay", "scenarios/pipe/eof.yaml"],
        &["judge", "nowhere.jsonl"],
        &["history", "duct@0.13.0,0.13.1"],
    ];
    let told: Vec<String> = all.iter().map(|args| format!("$ childproof {}\n{}", args.join(" "), complains(args, 2))).collect();
    insta::assert_snapshot!("usage", told.join("\n"));
}

#[test]
fn unknown_options_end_with_2() {
    assert!(complains(&["run", "--sed", "1"], 2).contains("--seed"));
    assert!(complains(&["run", "--format", "html"], 2).contains("junit"));
    assert!(complains(&["run", "--isolation", "none"], 2).contains("subreaper"));
    assert!(complains(&["run", "--cases", "0"], 2).contains("--cases"));
}

#[test]
fn every_problem_of_a_file_is_told_at_its_place() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("bad.yaml");
    std::fs::write(&path, "title: Bad\nspec: [observed only]\nsteps:\n  - pipe: p\n  - clsoe: p.read\n").expect("written");
    let told = complains(&["check", &path.to_string_lossy()], 2);
    assert!(told.contains("bad.yaml:5:") && told.contains("close"), "{told}");
    assert!(says(&["check", "scenarios"], 0).contains("no problem"));
}

#[test]
fn lists_name_first() {
    for (what, name) in [("scenarios", "pipe/sigpipe"), ("properties", "no-zombie"), ("subjects", "rust-std"), ("steps", "fork")] {
        let text = says(&["list", what], 0);
        assert!(text.lines().any(|line| line.split_whitespace().next() == Some(name)), "{what}: {text}");
    }
}

#[test]
fn explanations() {
    insta::assert_snapshot!("explain-scenario", says(&["explain", "pipe/sigpipe"], 0));
    insta::assert_snapshot!("explain-property", says(&["explain", "no-zombie"], 0));
    insta::assert_snapshot!("explain-step", says(&["explain", "fork"], 0));
    assert!(says(&["explain", "rust-std"], 0).contains("std::process"));
}

#[test]
fn a_seed_draws_the_same_cases_again() {
    let draw = |seed| says(&["cases", "pipe/sigpipe", "--seed", seed, "--cases", "5"], 0);
    assert_eq!(draw("7"), draw("7"));
    assert_ne!(draw("7"), draw("8"));
    assert_eq!(draw("7").lines().count(), 5);
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    for args in [&["list", "properties"][..], &["schema", "scenario"], &["completions", "bash"], &["man"]] {
        let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("childproof"))
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        drop(child.stdout.take());
        let mut said = String::new();
        child.stderr.take().expect("piped").read_to_string(&mut said).expect("UTF-8");
        let status = child.wait().expect("waited");
        assert_eq!((status.code(), said.as_str()), (Some(0), ""), "{args:?}");
    }
}

#[test]
fn each_result_line_is_as_the_schema_says() {
    let text = says(&["run", "--subject", "raw", "--scenario", "pipe/eof", "--cases", "2", "--seed", "1", "--format", "json"], 0);
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let schema: Value = serde_json::from_str(&says(&["schema", "results"], 0)).expect("JSON");
    lines.iter().for_each(|line| conforms(line, &schema));
    assert_eq!(lines.first().map(|line| &line["record"]), Some(&Value::from("run")));
    assert_eq!(lines.last().map(|line| &line["record"]), Some(&Value::from("summary")));
    let result = lines.iter().find(|line| line["record"] == "result").expect("a result");
    for key in ["subject", "version", "scenario", "property", "verdict", "expectation", "k", "n", "seed", "duration_ms"] {
        assert!(result.get(key).is_some(), "{key}");
    }
}

/// The line against the alternative of the schema that its `record` names: nothing missing that is required, nothing there that
/// is not declared.
fn conforms(line: &Value, schema: &Value) {
    let own = |form: &&Value| form["properties"]["record"]["const"] == line["record"];
    let form = schema["oneOf"].as_array().expect("alternatives").iter().find(own).expect("an alternative of its own");
    let target = form["$ref"].as_str().map(|path| schema.pointer(path.trim_start_matches('#')).expect("a definition"));
    let all: Vec<&Value> = [Some(form), target].into_iter().flatten().collect();
    for name in all.iter().flat_map(|form| form["required"].as_array().into_iter().flatten()) {
        assert!(line.get(name.as_str().expect("a name")).is_some(), "{name} is missing in {line}");
    }
    for name in line.as_object().expect("an object").keys() {
        assert!(all.iter().any(|form| form["properties"].get(name).is_some()), "{name} is not declared");
    }
}

#[test]
fn junit_is_well_formed() {
    let text = says(&["run", "--subject", "raw", "--scenario", "pipe/eof", "--cases", "2", "--format", "junit"], 0);
    let mut open = Vec::new();
    for tag in text.split('<').skip(1) {
        let name = tag.split(|c: char| c.is_whitespace() || c == '>' || c == '/').next().unwrap_or("");
        if let Some(closed) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), closed.split('>').next(), "{text}");
        } else if !tag.starts_with('?') && !tag.trim_end().ends_with("/>") {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
    assert!(text.contains(r#"<testcase classname="raw.pipe.eof" name="completes""#), "{text}");
}

#[test]
fn a_run_says_what_it_was() {
    let text = says(&["run", "--subject", "raw", "--scenario", "pipe/eof", "--cases", "2", "--seed", "1"], 0);
    assert!(text.contains("pipe/eof") && text.contains("2 cases") && text.trim_end().ends_with("as expected"), "{text}");
}

#[test]
fn failures_can_be_counted_only() {
    let folder = tempfile::tempdir().expect("a directory");
    let saved = |more: &[&str]| {
        let to = folder.path().join(more.len().to_string());
        let to = to.to_str().expect("a path in UTF-8");
        let told =
            says(&[&["run", "--subject", "raw:leaks-pipe-end", "--scenario", "start/child-fds-exact", "--failures", to], more].concat(), 1);
        assert!(told.contains("subject-descriptors fails in "), "{told}");
        (std::fs::read_dir(to).is_ok(), told.contains("childproof replay"))
    };
    assert_eq!(saved(&[]), (true, true));
    assert_eq!(saved(&["--count-only"]), (false, false));
}

/// A cell that nothing declares is explained by the command that shows it, and that command does.
#[test]
fn a_matrix_says_how_to_see_what_nothing_declares() {
    let (faulty, scenario) = ("raw:leaks-pipe-end", "start/child-fds-exact");
    let told = says(&["matrix", "--subject", "raw", "--subject", faulty, "--scenario", scenario, "--cases", "3", "--seed", "5"], 1);
    let command = format!("  childproof run --subject {faulty} --scenario {scenario} --cases 3 --seed 5");
    let mut lines = told.lines().skip_while(|line| !line.starts_with(&format!("{faulty}: subject-descriptors fail in ")));
    assert_eq!((lines.next().is_some(), lines.next()), (true, Some(command.as_str())), "{told}");
    assert!(!told.contains("raw: "), "{told}");
    let beside = complains(&["matrix", "--format", "json", "--subject", faulty, "--scenario", scenario, "--cases", "3", "--seed", "5"], 1);
    assert!(beside.contains(&command), "a program's table is JSON, and this stands beside it: {beside}");
    let shown = says(&[&command.split_whitespace().skip(1).collect::<Vec<_>>()[..], &["--count-only"]].concat(), 1);
    assert!(shown.contains("subject-descriptors fails in "), "{shown}");
}

#[test]
fn known_bugs_that_cannot_be_tried_are_no_success() {
    let folder = tempfile::tempdir().expect("a directory");
    let list = folder.path().join("list.yaml");
    let bug = |scenario| {
        format!(
            "- {{subject: raw, affected: '1', fixed: '2', property: in-time, scenario: {scenario}, reference: no report found, about: nothing}}\n"
        )
    };
    let tried = |text: &str, status| {
        std::fs::write(&list, text).expect("written");
        says(&["known-bugs", "--list", list.to_str().expect("a path in UTF-8")], status)
    };
    let told = tried(&(bug("start/child-fds-exact") + &bug("start/nonsense")), 1);
    let marks: Vec<&str> =
        told.lines().filter_map(|line| line.trim_start().split(' ').next()).filter(|word| ["✓", "✗", "○"].contains(word)).collect();
    assert_eq!(marks, ["○", "✗"], "{told}");
    assert!(told.contains("2 known bugs: 0 told from their fix, 1 not, 1 unavailable"), "{told}");
    assert!(tried(&bug("start/child-fds-exact"), 4).contains("1 known bug: 0 told"), "{told}");
}

#[test]
fn nothing_to_run_ends_with_4() {
    let said = complains(&["run", "--subject", "rust-std", "--scenario", "pipe/eof"], 4);
    assert!(said.contains("no library performs pipe/eof"), "{said}");
}

#[test]
fn an_interrupted_run_reports_what_it_has_and_ends_with_3() {
    let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin("childproof"));
    command.args(["run", "--subject", "raw", "--scenario", "pipe", "--cases", "20000", "--format", "json"]).stdout(Stdio::piped());
    // A shell's background job ignores INT, and so would the run, rightly.
    let default = || {
        // SAFETY: signal(2) in a forked child, with a disposition that is there.
        unsafe { libc::signal(libc::SIGINT, libc::SIG_DFL) };
        Ok(())
    };
    // SAFETY: the closure makes one system call.
    let child = unsafe { command.pre_exec(default) }.spawn().expect("it starts");
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).expect("a pid"));
    let mut child = child;
    let mut out = child.stdout.take().expect("piped");
    // The header is written before the first case and after the handlers are in place.
    let mut first = [0];
    out.read_exact(&mut first).expect("a header");
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).expect("sent");
    let mut rest = String::new();
    out.read_to_string(&mut rest).expect("UTF-8");
    assert_eq!(child.wait().expect("waited").code(), Some(3), "{rest}");
    let last: Value = serde_json::from_str(rest.lines().last().expect("a summary")).expect("JSON");
    assert_eq!(last["interrupted"], true);
    assert!(rest.contains("not-run"));
}

/// What is measured, not how fast it is: that is for a release build on a quiet machine.
#[test]
fn bench_measures_each_row_and_tells_what_grows() {
    let results: Value = serde_json::from_str(&says(&["bench", "--json", "--rounds", "3"], 0)).expect("one JSON object");
    let median = |name: &str| results["ratios"].as_array()?.iter().find(|row| row["name"] == name)?["ratio"]["median"].as_f64();
    for name in [
        "empty case / fork+exit+wait",
        "judging / empty case",
        "2 actors x 10 steps / two forks",
        "one more step / pipe round trip",
        "agent start / fork+exec+wait",
        "1 worker / 2 workers, time",
        "plain forks, 1 process / 2, time",
    ] {
        assert!(median(name).is_some_and(|ratio| ratio > 0.0), "{name}: {results}");
    }
    assert!(results["memory_kib"]["main"].as_u64() > Some(0), "{results}");
    let long: Value = serde_json::from_str(&says(&["bench", "--json", "--long", "200"], 0)).expect("one JSON object");
    assert!(long["cases"] == 200 && long["growth"]["main"]["fds"].is_array(), "{long}");
}
