//! Linux.

mod berth;
mod blocked;
mod cgroup;
mod ipc;
mod list;
mod mount;
mod namespace;
mod own;
mod process;
mod watch;

pub use berth::Berth;
pub use blocked::{file_locks, is_fifo, socket_peers, threads};
pub use cgroup::{confine, release};
pub use ipc::{leftover_ipc, remove_queue, unlink_queue, used};
pub use list::{descriptor_count, is_ending, listed, own_memory, process_count, processes, state_of, usage};
pub use mount::mount_sandbox;
pub use namespace::{limit_numbers, loopback_up, write_id_maps};
pub use own::{
    LIMITS, Resource, SIGNALS, default_action, dispositions, fd_target, fd_target_into, open_fds, open_fds_into, own_ids, reset_signals,
    thread_count,
};
pub use process::{
    MOST_AT_ONCE, ORPHANS_COME_HERE, await_end_elsewhere, become_ordinary, clone_isolated, close_from, cores_stay, cpus, die_with_parent,
    drop_privileges, easy_to_kill, fork_bare, forks_bare, kill_everything, let_nobody_look, let_others_look, level_exists, limit_cases,
    limit_cpu, limit_of, may_be_urgent, never_urgent, no_new_privileges, pin, remember_session, send_quietly, set_cloexec, subreaper,
    urgent,
};
pub use watch::Watch;
