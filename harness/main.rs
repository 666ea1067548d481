//! The `childproof` command; everything is in the library, so that tests can reach it.

fn main() -> std::process::ExitCode {
    childproof::cli::main()
}
