//! The command line.

fn main() {
    let args: Vec<String> = std::env::args().collect();
    match args.as_slice() {
        [_, word, name] if word == "__subject" => childproof::run::subject::builtin::main(name),
        _ => std::process::exit(2),
    }
}
