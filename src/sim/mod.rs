//! See the files of this folder.
pub mod scenario;
