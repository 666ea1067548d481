//! The command line.
use childproof::run;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.split_first() {
        Some((first, rest)) if first == "__warden" => run::warden::main(rest),
        Some((first, [name])) if first == "__subject" => run::subject::builtin::main(name),
        Some((first, rest)) if first == "__measure" => measure(rest),
        _ => {
            for line in run::doctor() {
                println!("{} {} {}", line.level, line.works, line.why);
            }
        }
    }
}

fn measure(args: &[String]) {
    use std::time::Instant;
    let count: u32 = args[0].parse().unwrap();
    let isolation = args.get(1).and_then(|level| level.parse().ok());
    let session = run::Session::start(&run::Options { isolation, wardens: 1, ..run::Options::default() }).unwrap();
    let subject = run::subject::Subject::of_command("true");
    let program = childproof::generate::program::Program { actors: 1, deadline_ms: 1000, ..Default::default() };
    if args.get(2).is_some() {
        childproof::sys::pin(&[childproof::sys::cpus()[0]]).unwrap();
    }
    for _ in 0..3 {
        let begin = Instant::now();
        for _ in 0..count {
            let history = session.run(0, &Default::default(), &program, &subject);
            assert_eq!(history.end, childproof::trace::End::Done);
        }
        let ours = begin.elapsed() / count;
        let begin = Instant::now();
        for _ in 0..count {
            std::process::Command::new("/bin/true").status().unwrap();
        }
        let raw = begin.elapsed() / count;
        let begin = Instant::now();
        for _ in 0..count {
            // SAFETY: one thread.
            match unsafe { childproof::sys::fork() }.unwrap() {
                0 => childproof::sys::exit_now(0),
                pid => childproof::sys::wait_for(pid).unwrap(),
            };
        }
        let fork = begin.elapsed() / count;
        println!("empty case {ours:?}, spawn of true {raw:?}, ratio {:.2}; fork+exit+wait {fork:?}, ratio {:.2}", ours.as_secs_f64() / raw.as_secs_f64(), ours.as_secs_f64() / fork.as_secs_f64());
    }
}
