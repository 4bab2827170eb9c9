//! The program: reads the command line and runs the river.

fn main() {}
