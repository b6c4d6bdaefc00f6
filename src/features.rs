//! The features, one file each; none knows of another.

pub mod workspace;
