//! The features, one file each; none knows of another.

pub mod voice;
pub mod workspace;
