//! The properties, one file each.

pub mod as_expected;
pub mod in_time;
pub mod no_strays;
pub mod no_zombie;
pub mod nothing_survives;
pub mod one_process;
pub mod shared_descriptions;
pub mod subject_descriptors;
pub mod subject_signals;
pub mod subject_surroundings;
