//! The properties, one file each.

pub mod as_expected;
pub mod atoms_whole;
pub mod connections;
pub mod counter_at_most;
pub mod counter_total;
pub mod exactly_once;
pub mod in_time;
pub mod no_strays;
pub mod no_zombie;
pub mod nothing_survives;
pub mod one_process;
pub mod order_kept;
pub mod output_equals;
pub mod shared_descriptions;
pub mod subject_descriptors;
pub mod subject_signals;
pub mod subject_surroundings;
