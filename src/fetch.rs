//! Downloads: one address at a time, streamed, bounded, and never over an open wire.
//!
//! This is for what the user's own configuration names (advisories, metadata of registries), not for what is
//! under audit: that has a client of its own, which is pinned to its target. Nothing here reads the environment
//! or a clock of its own: variables are passed in, and a [`Deadline`] ends each download.

mod address;
mod proxy;
mod web;

#[cfg(test)]
mod tests;

use std::{
    fs::File,
    io::{self, Read, Write},
    path::Path,
    time::UNIX_EPOCH,
};

use thiserror::Error;

use crate::deadline::Deadline;

pub use address::Address;
pub use web::Client;

/// Bytes that are moved at once.
const CHUNK: usize = 64 << 10;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Where it is.
    pub address: &'a Address,
    /// The form in which it is wanted, as a header `Accept` says it; `None` takes any.
    pub accept: Option<&'a str>,
    /// What is known of it from the last time: if it is still the same, it is not sent again.
    pub known: &'a Validators,
    /// More bytes than these are an error.
    pub most_bytes: u64,
}

/// By which a server tells whether something has changed (RFC 9110, section 8.8).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// The header `ETag`, with its quotation marks. Of a file: its size and when it was written.
    pub tag: Option<String>,
    /// The header `Last-Modified`.
    pub modified: Option<String>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is what is known already; nothing was written.
    Unchanged,
    /// It was written, all of it.
    Fresh {
        /// What to know for the next time.
        validators: Validators,
        /// Its bytes.
        size: u64,
    },
}

/// How far a download is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// Bytes that were written so far.
    pub bytes: u64,
    /// All bytes, if they were announced.
    pub of: Option<u64>,
}

/// Why something was not fetched. None says more of an address than its scheme, host and path: a query may hold
/// a key.
#[derive(Debug, Error)]
pub enum FetchError {
    /// The text is not an address that can be used.
    #[error("`{address}` can not be fetched: {reason}")]
    Address {
        /// The text.
        address: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A variable of the environment that says how to reach others can not be used.
    #[error("use the variable {name}: {reason}")]
    Variable {
        /// Its name.
        name: &'static str,
        /// What is wrong with it. Never its value, which may hold a password.
        reason: String,
    },
    /// It did not come, or not all of it.
    #[error("{address}: {reason}")]
    Failed {
        /// Where it was asked for.
        address: String,
        /// What happened.
        reason: String,
    },
    /// A server answers with another status than one of success.
    #[error("{address}: the server answers {status}")]
    Status {
        /// Where it was asked for.
        address: String,
        /// The status: 404, 503.
        status: u16,
    },
    /// A server has too much to do (429, 503), and may say when to ask again.
    #[error("{address}: the server answers {status}")]
    Busy {
        /// Where it was asked for.
        address: String,
        /// The status.
        status: u16,
        /// After how many seconds, by its header `Retry-After`.
        seconds: Option<u64>,
    },
    /// It has more bytes than are wanted.
    #[error("{address}: has more than {most_bytes} bytes, which is too much")]
    TooLarge {
        /// Where it was asked for.
        address: String,
        /// The most that is taken.
        most_bytes: u64,
    },
    /// The time is over, or the user wants to end.
    #[error("{address}: {reason}")]
    Stopped {
        /// Where it was asked for.
        address: String,
        /// Which of both.
        reason: &'static str,
    },
    /// What came could not be written.
    #[error("write what came from {address}: {source}")]
    Write {
        /// Where it was asked for.
        address: String,
        /// What the system says.
        source: io::Error,
    },
}

impl FetchError {
    /// Whether the server has no such thing, which is another matter than a server that does not answer.
    pub const fn is_missing(&self) -> bool {
        matches!(self, Self::Status { status: 404 | 410, .. })
    }
}

/// One download on its way to a writer.
struct Copying<'a> {
    /// The address as errors show it.
    shown: &'a str,
    most_bytes: u64,
    /// What was announced.
    of: Option<u64>,
    deadline: &'a Deadline<'a>,
    seen: &'a mut dyn FnMut(Received),
}

impl Copying<'_> {
    /// Copies all of it, and says how much that was. `explain` puts what a reader says into words.
    fn run(
        self,
        mut from: impl Read,
        to: &mut dyn Write,
        explain: impl Fn(io::Error) -> String,
    ) -> Result<u64, FetchError> {
        let address = || self.shown.to_owned();
        let too_large = || FetchError::TooLarge { address: address(), most_bytes: self.most_bytes };
        if self.of.is_some_and(|size| size > self.most_bytes) {
            return Err(too_large());
        }
        let mut buffer = vec![0; CHUNK];
        let mut bytes: u64 = 0;
        loop {
            if self.deadline.passed() {
                let reason = self.deadline.reason();
                return Err(FetchError::Stopped { address: address(), reason });
            }
            let count = match from.read(&mut buffer) {
                Ok(0) => return Ok(bytes),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    return Err(FetchError::Failed { address: address(), reason: explain(error) });
                }
            };
            bytes += count as u64;
            if bytes > self.most_bytes {
                return Err(too_large());
            }
            to.write_all(&buffer[..count])
                .map_err(|source| FetchError::Write { address: address(), source })?;
            (self.seen)(Received { bytes, of: self.of });
        }
    }
}

/// Reads a file as if a server had sent it.
fn read_file(
    path: &Path,
    request: &Request<'_>,
    to: &mut dyn Write,
    deadline: &Deadline<'_>,
    seen: &mut dyn FnMut(Received),
) -> Result<Answer, FetchError> {
    let shown = request.address.to_string();
    let failed =
        |error: io::Error| FetchError::Failed { address: shown.clone(), reason: error.to_string() };
    let file = File::open(path).map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    if !about.is_file() {
        let reason = "it is not a file".to_owned();
        return Err(FetchError::Failed { address: shown, reason });
    }
    let written = about.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let tag = written.map(|written| format!("\"{}-{}\"", about.len(), written.as_nanos()));
    let validators = Validators { tag, modified: None };
    if validators.tag.is_some() && validators.tag == request.known.tag {
        return Ok(Answer::Unchanged);
    }
    let (most_bytes, of) = (request.most_bytes, Some(about.len()));
    let copying = Copying { shown: &shown, most_bytes, of, deadline, seen };
    let size = copying.run(file, to, |error| error.to_string())?;
    Ok(Answer::Fresh { validators, size })
}
