//! Pools of the reference library: a thread for each worker hands it one item after the other.
//!
//! The rules:
//! 1. Each item is done once, by one worker; results are told in the order of the items.
//! 2. A worker that dies fails its own item and nothing else; it is reaped, and another takes its place.
//! 3. `shutdown` waits for all items and then for the workers' end; `now` ends the workers, and what they had not done is an error.
//! 4. An item that cannot be sent to a worker is an error of that item, and no worker is any the worse for it.

use super::process::{Child, lock};
use super::task;
use super::worker::{self, Answer, Order};
use super::{Fault, Library};
use crate::wire::work::{JobRequest, PoolRequest};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A pool.
pub(super) struct Pool {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

struct Shared {
    library: Library,
    max_tasks: Option<u32>,
    state: Mutex<State>,
    more: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<(Arc<Job>, usize)>,
    closed: bool,
    workers: Vec<Arc<Child>>,
}

/// Items that were given together.
pub(super) struct Job {
    request: JobRequest,
    results: Mutex<Results>,
    settled: Condvar,
}

#[derive(Default)]
struct Results {
    by_item: Vec<Option<Result<i64, String>>>,
    /// In which order they were settled (only [`Fault::ResultsAsTheyCome`] asks).
    order: Vec<usize>,
}

/// A worker with the pipes to it.
struct Worker {
    child: Arc<Child>,
    orders: File,
    answers: BufReader<File>,
    served: u32,
}

impl Pool {
    pub fn new(library: Library, request: &PoolRequest) -> Pool {
        let (state, more) = (Mutex::default(), Condvar::new());
        let shared = Arc::new(Shared { library, max_tasks: request.max_tasks, state, more });
        let thread = |_| {
            let shared = shared.clone();
            std::thread::spawn(move || shared.serve())
        };
        let threads = Mutex::new((0..request.workers).map(thread).collect());
        Pool { shared, threads }
    }

    /// Gives it work.
    ///
    /// # Errors
    /// It was shut down.
    pub fn give(&self, request: &JobRequest) -> io::Result<Arc<Job>> {
        let count = request.items.len();
        let results = Mutex::new(Results { by_item: vec![None; count], order: Vec::new() });
        let job = Arc::new(Job { request: request.clone(), results, settled: Condvar::new() });
        let mut state = lock(&self.shared.state);
        if state.closed {
            return Err(io::Error::other("the pool was shut down"));
        }
        state.waiting.extend((0..count).map(|at| (job.clone(), at)));
        self.shared.more.notify_all();
        Ok(job)
    }

    /// Rule 3.
    pub fn shutdown(&self, now: bool) {
        let mut state = lock(&self.shared.state);
        state.closed = true;
        if now {
            state.waiting.drain(..).for_each(|(job, at)| job.settle(at, Err("the pool was ended".to_owned())));
            state.workers.iter().for_each(|child| drop(child.signal(libc::SIGKILL)));
        }
        drop(state);
        self.shared.more.notify_all();
        for thread in lock(&self.threads).drain(..) {
            let _ = thread.join();
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shutdown(true);
    }
}

impl Shared {
    /// The life of the thread of one worker. A worker is started when there is something for it.
    fn serve(&self) {
        let mut worker = None;
        while let Some((job, at)) = self.next() {
            self.do_one(&mut worker, &job, at);
            if worker.is_none() && self.library.has(Fault::DeadWorkerNotReplaced) && !job.is_whole() {
                return;
            }
            let enough = |worker: &Worker| self.max_tasks.is_some_and(|most| worker.served >= most);
            if worker.as_ref().is_some_and(enough) {
                self.end(worker.take());
            }
        }
        self.end(worker);
    }

    fn next(&self) -> Option<(Arc<Job>, usize)> {
        let mut state = lock(&self.state);
        loop {
            if let Some(next) = state.waiting.pop_front() {
                return Some(next);
            }
            if state.closed {
                return None;
            }
            state = self.more.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn do_one(&self, worker: &mut Option<Worker>, job: &Job, at: usize) {
        if task::is_unsendable(&job.request.task, job.request.items[at]) {
            if !self.library.has(Fault::LosesUnsendable) {
                job.settle(at, Err("the item cannot be sent to a worker".to_owned()));
            }
            return;
        }
        let result = match self.worker(worker) {
            Err(error) => Err(error.to_string()),
            Ok(ready) => match ready.ask(job, at) {
                Ok(result) => result,
                Err(error) => {
                    self.end(worker.take());
                    if self.library.has(Fault::LosesItemOfDeadWorker) || self.library.has(Fault::LosesUnpicklable) {
                        return;
                    }
                    Err(format!("its worker died: {error}"))
                }
            },
        };
        job.settle(at, result);
    }

    fn worker<'w>(&self, worker: &'w mut Option<Worker>) -> io::Result<&'w mut Worker> {
        match worker {
            Some(ready) => Ok(ready),
            None => {
                let started = Worker::start(self.library)?;
                lock(&self.state).workers.push(started.child.clone());
                Ok(worker.insert(started))
            }
        }
    }

    /// Without its input a worker ends; it is reaped.
    fn end(&self, worker: Option<Worker>) {
        if let Some(Worker { child, orders, answers, .. }) = worker {
            drop((orders, answers));
            let _ = child.wait(None);
            lock(&self.state).workers.retain(|other| other.pid() != child.pid());
        }
    }
}

impl Worker {
    fn start(library: Library) -> io::Result<Worker> {
        let child = worker::start_pooled(library)?;
        let end = |which: usize| {
            let pipe = lock(&child.pipes[which]).take().ok_or_else(|| io::Error::other("no pipe"))?;
            // A thread of its own serves each worker, and may sleep in its pipes.
            fcntl(&pipe, FcntlArg::F_SETFL(OFlag::empty()))?;
            Ok::<_, io::Error>(File::from(pipe))
        };
        let (orders, answers) = (end(0)?, BufReader::new(end(1)?));
        Ok(Worker { child: Arc::new(child), orders, answers, served: 0 })
    }

    /// # Errors
    /// It is dead.
    fn ask(&mut self, job: &Job, at: usize) -> io::Result<Result<i64, String>> {
        let mut line = serde_json::to_vec(&Order::of(&job.request, job.request.items[at]))?;
        line.push(b'\n');
        self.orders.write_all(&line)?;
        let mut answer = String::new();
        if self.answers.read_line(&mut answer)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.served += 1;
        let answer: Answer = serde_json::from_str(&answer)?;
        let whole = answer.pad.len() as u64 == job.request.pad;
        Ok(if whole { answer.value } else { Err("the result came back short".to_owned()) })
    }
}

impl Job {
    fn settle(&self, at: usize, result: Result<i64, String>) {
        let mut results = lock(&self.results);
        if results.by_item[at].is_none() {
            results.by_item[at] = Some(result);
            results.order.push(at);
        }
        self.settled.notify_all();
    }

    fn is_whole(&self) -> bool {
        lock(&self.results).by_item.iter().flatten().all(Result::is_ok)
    }

    /// The results in the order of the items; `None` when the limit ran out.
    ///
    /// # Errors
    /// The first item that failed.
    pub fn result(&self, library: Library, limit: Option<Duration>) -> io::Result<Option<Vec<i64>>> {
        let deadline = limit.map(|limit| Instant::now() + limit);
        let mut results = lock(&self.results);
        while results.by_item.iter().any(Option::is_none) {
            let left = deadline.map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Ok(None);
            }
            let woken = self.settled.wait_timeout(results, left.min(Duration::from_secs(3600)));
            results = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        let in_order: Vec<usize> =
            if library.has(Fault::ResultsAsTheyCome) { results.order.clone() } else { (0..results.by_item.len()).collect() };
        let told = in_order.iter().filter_map(|at| results.by_item[*at].clone());
        told.collect::<Result<Vec<i64>, String>>().map(Some).map_err(io::Error::other)
    }
}
