//! `seaworthy completions`: a completion script for a shell.

use std::io::Write;

use clap::CommandFactory;

use crate::cli::Cli;

/// Writes the script.
pub fn write(shell: clap_complete::Shell, to: &mut dyn Write) {
    clap_complete::generate(shell, &mut Cli::command(), "seaworthy", &mut Sink(to));
}

/// `clap_complete` wants a sized writer.
struct Sink<'a>(&'a mut dyn Write);

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}
