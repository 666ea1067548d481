//! Running cases for real: sessions, wardens, actors, subjects.
