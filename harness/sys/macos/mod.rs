//! macOS. The twin of `linux/`: what it has no means for is an error with the reason, and no sandbox of namespaces exists.

mod berth;
mod blocked;
mod ipc;
mod list;
mod own;
mod process;
mod sandbox;
mod watch;

pub use berth::Berth;
pub use blocked::{file_locks, is_fifo, socket_peers, threads};
pub use ipc::{remove_queue, unlink_queue};
pub use list::{descriptor_count, is_ending, listed, own_memory, process_count, processes, remember_session, state_of, usage};
pub use own::{
    LIMITS, Resource, SIGNALS, default_action, dispositions, fd_target, fd_target_into, open_fds, open_fds_into, own_ids, reset_signals,
    thread_count,
};
pub use process::{
    MOST_AT_ONCE, ORPHANS_COME_HERE, become_ordinary, close_from, cores_stay, cpus, easy_to_kill, fork_bare, forks_bare, kill_everything,
    let_nobody_look, let_others_look, limit_cases, limit_cpu, limit_of, may_be_urgent, never_urgent, pin, send_quietly, set_cloexec,
    urgent,
};
pub use sandbox::{
    clone_isolated, confine, die_with_parent, drop_privileges, leftover_ipc, level_exists, limit_numbers, loopback_up, mount_sandbox,
    no_new_privileges, release, subreaper, used, write_id_maps,
};
pub use watch::{Watch, await_end_elsewhere};
