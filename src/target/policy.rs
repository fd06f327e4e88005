//! What an audit may send: by method, and by what the user said yes to.

/// A method that no standard knows; a server must refuse it (RFC 9110, section 9.1).
pub const UNKNOWN_METHOD: &str = "SEAWORTHY";

/// Methods that change nothing (RFC 9110, section 9.2.1), and the unknown one.
const SAFE: &[&str] = &["GET", "HEAD", "OPTIONS", "TRACE", UNKNOWN_METHOD];

/// Methods that need `--writes`.
const WRITING: &[&str] = &["POST", "PUT", "PATCH", "DELETE"];

/// What the user said yes to, beyond looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// Objects that the audit makes itself may be created, changed and deleted.
    pub writes: bool,
    /// Requests that others may feel may be sent.
    pub intrusive: bool,
}

impl Policy {
    /// Whether a request of this method may be sent. The configured login is judged apart.
    pub fn permits(self, method: &str) -> bool {
        SAFE.contains(&method) || (self.writes && WRITING.contains(&method))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_writes_nothing_that_changes_state_is_sent() {
        let looking = Policy::default();
        for method in ["GET", "HEAD", "OPTIONS", "TRACE", "SEAWORTHY"] {
            assert!(looking.permits(method), "{method}");
        }
        for method in ["POST", "PUT", "PATCH", "DELETE", "CONNECT", "PROPFIND", "get", "GET "] {
            assert!(!looking.permits(method), "{method}");
        }
        assert!(Policy { writes: true, intrusive: false }.permits("DELETE"));
        assert!(!Policy { writes: true, intrusive: true }.permits("CONNECT"));
    }
}
