//! Subjects that are installed and built: by tools that only pretend, in a cache of their own, without any network.

use assert_cmd::Command;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A cache, a folder of subjects and a folder of tools.
struct World(tempfile::TempDir);

impl World {
    fn new() -> World {
        World(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("it has one")).expect("made");
        fs::write(&path, text).expect("written");
        path
    }

    fn tool(&self, name: &str, script: &str) {
        let path = self.write(&format!("tools/{name}"), &format!("#!/bin/sh\n{script}\n"));
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("allowed");
    }

    fn subject(&self, name: &str, start: &str) {
        let head = format!("name: {name}\nlibrary: {name}\nlanguage: sh\nabout: For tests.\n");
        self.write(&format!("subjects/{name}/subject.yaml"), &(head + start));
    }

    /// Status, standard output and standard error.
    fn childproof(&self, args: &[&str]) -> (i32, String, String) {
        let mut command = Command::cargo_bin("childproof").expect("the binary is built with the tests");
        let tools = format!("{}:/usr/bin:/bin", self.path("tools").display());
        command.args(args).arg("--subjects").arg(self.path("subjects")).current_dir(self.0.path());
        let output = command.env("PATH", tools).env("XDG_CACHE_HOME", self.path("cache")).output().expect("it starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
        (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
    }

    fn lines(&self, name: &str) -> usize {
        fs::read_to_string(self.path(name)).map_or(0, |text| text.lines().count())
    }
}

const PACKAGE: &str = "start:\n  command:\n    argv: [\"{interpreter}\", x]\n    package: {npm: tool, program: bin/tool, \
                       range: \">=1\", known: [\"1.0.0\", \"1.2.0\"]}\n";

/// Writes down each call, and installs a program that the package is to hold, which may not be executed.
const NPM: &str = "echo \"$@\" >> \"$(dirname \"$0\")/../npm-calls\"\nwhile [ $# -gt 1 ]; do [ \"$1\" = --prefix ] && dir=$2; shift; done\n\
                   mkdir -p $dir/node_modules/tool/bin; cp /bin/cat $dir/node_modules/tool/bin/tool; \
                   chmod a-x $dir/node_modules/tool/bin/tool";

#[test]
fn a_package_is_installed_once_for_each_version() {
    let world = World::new();
    world.subject("x", PACKAGE);
    world.tool("npm", NPM);
    for _ in 0..2 {
        let (status, out, err) = world.childproof(&["subjects", "install", "x@1.0", "x"]);
        assert_eq!((status, out.as_str()), (0, "x@1.0: ready\nx: ready\n"), "{err}");
    }
    let calls = fs::read_to_string(world.path("npm-calls")).expect("it was called");
    assert_eq!(calls.lines().count(), 2, "{calls}");
    assert!(calls.contains("tool@1.0.0") && calls.contains("tool@1.2.0"), "{calls}");
    let (_, listed, _) = world.childproof(&["list", "subjects"]);
    assert!(listed.contains("x@1.0.0 ") && listed.contains("x@1.2.0 "), "{listed}");
}

#[test]
fn an_interpreter_that_is_another_subjects_package_comes_with_it() {
    let world = World::new();
    world.subject("x", PACKAGE);
    world.tool("npm", NPM);
    let start = |from: &str| {
        format!(
            "start:\n  command:\n    argv: [\"{{interpreter}}\", y]\n    interpreter: {{names: [no-such-tool], versioned: \"no-such-tool{{version}}\", \
             from: {from}, folders: [\"{{cache}}/npm/tool-{{version}}*/node_modules/tool/bin/tool\"]}}\n    \
             package: {{npm: tool, default: \"1.2.0\", interpreters: [{{use: \"1.0\"}}]}}\n"
        )
    };
    world.subject("z", &start("nowhere"));
    let (status, _, err) = world.childproof(&["subjects", "install", "z"]);
    assert!(status == 2 && err.contains("z: its interpreter comes from nowhere@1.0: there is no subject"), "{err}");
    world.subject("y", &start("x"));
    let (_, out, _) = world.childproof(&["run", "--subject", "y", "--scenario", "wait/drop", "--format", "json"]);
    assert!(out.contains("`childproof subjects install y` installs what it needs"), "{out}");
    assert_eq!(world.lines("npm-calls"), 0);
    let (status, out, err) = world.childproof(&["subjects", "install", "y"]);
    assert_eq!((status, out.as_str()), (0, "y: ready\n"), "{err}");
    let calls = fs::read_to_string(world.path("npm-calls")).expect("it was called");
    assert!(calls.contains("tool@1.0.0") && calls.contains("tool@1.2.0"), "{calls}");
}

#[test]
fn what_cannot_be_installed_says_why_and_is_unavailable() {
    let world = World::new();
    world.subject("x", PACKAGE);
    world.tool("npm", "echo no such version; echo try another >&2; exit 1");
    let (status, out, _) = world.childproof(&["subjects", "install", "x"]);
    assert!(status == 1 && out.contains("npm failed") && out.contains("    try another") && out.contains("subjects install x"), "{out}");
    let (status, out, _) = world.childproof(&["run", "--subject", "x", "--scenario", "wait/drop"]);
    assert!(status == 4 && out.contains("unavailable"), "{out}");
    let (status, _, err) = world.childproof(&["run", "--subject", "x@0.9"]);
    assert!(status == 2 && err.contains(">=1"), "{err}");
}

#[test]
fn a_build_is_done_again_when_its_source_changes() {
    let world = World::new();
    world.subject("x", "start:\n  command:\n    argv: [\"{build}/adapter\"]\n    build: [[fake-cc, \"{adapter}\", \"{build}/adapter\"]]\n");
    world.tool("fake-cc", "echo built >> \"$(dirname \"$0\")/../builds\"; cp \"$1\" \"$2\"");
    for (source, builds) in [("one", 1), ("one", 1), ("two", 2)] {
        world.write("subjects/x/adapter.c", source);
        assert_eq!(world.childproof(&["subjects", "install", "x"]).0, 0);
        assert_eq!(world.lines("builds"), builds);
    }
}

#[test]
fn a_crate_is_pinned_and_built_from_its_own_project() {
    let world = World::new();
    world.subject("x", "start:\n  cargo: {crate: some-crate, default: \"1.2.0\"}\n");
    world.write("subjects/x/adapter.rs", "fn main() {}");
    let lock = "printf 'name = \"some-crate\"\\nversion = \"1.2.0\"\\n' > Cargo.lock";
    world.tool("cargo", &format!("case $1 in generate-lockfile) {lock};; build) mkdir -p $CARGO_TARGET_DIR/debug; cp Cargo.toml $CARGO_TARGET_DIR/debug/adapter;; esac"));
    assert_eq!(world.childproof(&["subjects", "install", "x"]).0, 0);
    let projects = world.path("cache/childproof/cargo/some-crate");
    let built = fs::read_dir(&projects).expect("there are some").flatten().map(|entry| entry.path().join("adapter"));
    let manifest = built.filter(|path| path.is_file()).map(fs::read_to_string).next().expect("one").expect("readable");
    assert!(manifest.contains("some-crate = { version = \"=1.2.0\"") && manifest.contains("\nversion = \"1.2.0\""), "{manifest}");
}

/// Claims nothing, and has its process id for a version.
const MODEST: &str = r#"exec 8<"$CHILDPROOF_REQUESTS" 9>"$CHILDPROOF_REPLIES"
printf '{"hello": {"protocol": "1.0", "library": "x", "version": "%s", "language": "sh", "pid": %s, "capabilities": []}}\n' $$ $$ >&9
while read -r line <&8; do :; done
"#;

#[test]
fn what_a_subject_does_not_claim_is_refused_without_starting_it_again() {
    let world = World::new();
    let adapter = world.write("modest.sh", MODEST);
    world.subject("modest", &format!("start:\n  command:\n    argv: [sh, {}]\n", adapter.display()));
    let args = ["run", "--subject", "modest", "--scenario", "wait/drop*", "--cases", "3", "--jobs", "1", "--format", "json"];
    let (status, out, err) = world.childproof(&args);
    let records: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).expect("JSON lines")).collect();
    let results: Vec<_> = records.iter().filter(|record| record["record"] == "result").collect();
    assert!(status == 4 && results.len() > 2 && results.iter().all(|result| result["verdict"] == "unsupported"), "{out}{err}");
    assert!(results.iter().all(|result| result["version"] == results[0]["version"] && result["version"] != ""), "{out}");
}

#[test]
fn adapters_to_begin_with_keep_the_protocol() {
    let world = World::new();
    world.subject("x", PACKAGE);
    for (language, program) in [("python", "python3"), ("perl", "perl"), ("javascript", "node"), ("ruby", "ruby")] {
        if !Path::new("/usr/bin").join(program).exists() {
            continue;
        }
        let (status, _, err) = world.childproof(&["new-adapter", language, language]);
        assert_eq!(status, 0, "{err}");
        let (status, out, _) = world.childproof(&["check-adapter", &format!("./{language}")]);
        assert_eq!(status, 0, "{out}");
    }
    assert_eq!(world.childproof(&["new-adapter", "perl", "subjects"]).0, 2, "a folder that is there is left alone");
}
