//! Command line of goalkeeper.

fn main() {}
