//! The childproof program.
use childproof::run;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.split_first() {
        Some((first, rest)) if first == "__warden" => run::warden::main(rest),
        Some((first, rest)) if first == "__try" => dev_try(rest),
        _ => {
            for line in run::doctor() {
                println!("{} {} {}", line.level, line.works, line.why);
            }
        }
    }
}

fn dev_try(args: &[String]) {
    let isolation = args.first().and_then(|level| level.parse().ok());
    let session = run::Session::start(&run::Options { isolation, wardens: 1, ..run::Options::default() }).unwrap();
    let subject = run::subject::Subject { name: "raw".into(), version_wanted: None, start: run::subject::Start::Raw };
    let program = childproof::generate::program::Program { actors: 1, deadline_ms: 1000, ..Default::default() };
    let history = session.run(0, &Default::default(), &program, &subject);
    println!("{}", serde_json::to_string_pretty(&history).unwrap());
}
