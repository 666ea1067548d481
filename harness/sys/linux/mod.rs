//! Linux.

mod list;
mod mount;
mod namespace;
mod own;
mod process;
mod watch;

pub use list::{blocked_in, process_count, processes, state_of};
pub use mount::mount_sandbox;
pub use namespace::{loopback_up, write_id_maps};
pub use own::{LIMITS, Resource, SIGNALS, dispositions, fd_target, open_fds, own_ids, reset_signals, thread_count};
pub use process::{
    MOST_AT_ONCE, Pidfd, clone_isolated, close_from, cpus, drop_privileges, easy_to_kill, kill_everything, leftover_ipc, limit_cases, no_new_privileges,
    pin, subreaper, used_files,
};
pub use watch::Watch;
