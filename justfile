# What one types while working; `.ci/run` is what has to hold.

default: test

# every test
test *arguments:
    cargo test {{arguments}}

# the suite from a release build
run *arguments:
    cargo build --release && target/release/childproof run {{arguments}}

# format, lints and schemas, tests, suites
ci:
    .ci/run

# the faults and which property failed each
faults:
    cargo test --test faulty

# look through changed snapshots
review:
    cargo insta review
