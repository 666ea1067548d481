//! The command line.
use childproof::run;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.split_first() {
        Some((first, rest)) if first == "__warden" => run::warden::main(rest),
        Some((first, [name])) if first == "__subject" => run::subject::builtin::main(name),
        _ => {
            for line in run::doctor() {
                println!("{} {} {}", line.level, line.works, line.why);
            }
        }
    }
}
