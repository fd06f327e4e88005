//! The target: one origin that the user named, and the only client that talks to it.
//!
//! The client is pinned to the origin and to the addresses that its name had at the start. It counts
//! requests and refuses the one too many, sends only the methods that the user allowed, keeps away from
//! routes that could harm, and attaches credentials itself. A probe that is wrong can not break that.

pub mod address;
pub mod client;
mod connection;
pub mod exchange;
pub mod exclusion;
pub mod openapi;
pub mod operation;
pub mod policy;
#[cfg(test)]
pub(crate) mod practice;
pub mod random;
#[cfg(test)]
mod tests;
mod trust;

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

pub use address::{Origin, Scheme, TargetError};
pub use client::{Answered, Body, Budget, Client, Identity, Request, SendError};
pub(crate) use client::{USER_AGENT, read};
pub(crate) use connection::{Sender, shake_hands};
pub use exchange::Exchange;
pub use exclusion::Exclusions;
pub use operation::{Location, Operation, Parameter};
pub use policy::{Policy, UNKNOWN_METHOD};
pub(crate) use trust::roots;

use crate::finding::Secret;

/// What the client may spend, and on what terms.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Most time that one request may take, its answer's body included.
    pub timeout: Duration,
    /// Most bytes of a body that are read.
    pub body: usize,
    /// What the audit may send.
    pub policy: Policy,
    /// Routes that are not requested.
    pub exclusions: Exclusions,
    /// PEM texts of authorities that are trusted beside the public ones and the platform's.
    pub authorities: Vec<Vec<u8>>,
    /// The port at which plain HTTP is asked whether it redirects: 80.
    pub plain_port: u16,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            body: 1 << 20,
            policy: Policy::default(),
            exclusions: Exclusions::default(),
            authorities: Vec::new(),
            plain_port: 80,
        }
    }
}

/// One origin at fixed addresses.
pub struct Target {
    origin: Origin,
    base: String,
    addresses: Vec<SocketAddr>,
    pinned: OnceLock<SocketAddr>,
    limits: Limits,
    trust: Option<trust::Trust>,
    credential: Mutex<Option<Arc<Credential>>>,
}

/// What the client attaches for a user, and to no other origin.
struct Credential {
    header: &'static str,
    value: Secret,
}

impl Target {
    /// Takes a URL that the user named: resolves its host once, and refuses addresses that no audit may
    /// reach (link-local and metadata services).
    pub fn new(url: &str, limits: Limits) -> Result<Self, TargetError> {
        let (origin, base) = address::parse(url)?;
        let addresses = address::resolve(&origin)?;
        let trust = match origin.scheme {
            Scheme::Https => Some(trust::Trust::new(&limits.authorities, &origin.host)?),
            Scheme::Http => None,
        };
        Ok(Self {
            origin,
            base,
            addresses,
            pinned: OnceLock::new(),
            limits,
            trust,
            credential: Mutex::new(None),
        })
    }

    /// Scheme, host and port.
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// What the client may spend.
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The path on the origin of a route of the application.
    pub fn path_of(&self, route: &str) -> String {
        format!("{}{route}", self.base)
    }

    /// The URL of a path on the origin.
    pub fn url_of(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// Whether it is an address of this machine, where nobody listens in.
    pub fn is_loopback(&self) -> bool {
        self.addresses.iter().all(|address| match address.ip() {
            IpAddr::V4(v4) => v4.is_loopback(),
            IpAddr::V6(v6) => v6.is_loopback(),
        })
    }

    /// Why the certificate of some connection did not verify, if one did not.
    pub fn certificate_failure(&self) -> Option<String> {
        self.trust.as_ref()?.failure()
    }

    /// Attaches `Authorization: Bearer TOKEN` to requests of [`Identity::User`] from now on.
    pub fn use_token(&self, token: &str) {
        self.use_credential("authorization", &format!("Bearer {token}"));
    }

    /// Attaches these cookies (`a=1; b=2`) to requests of [`Identity::User`] from now on.
    pub fn use_cookies(&self, cookies: &str) {
        self.use_credential("cookie", cookies);
    }

    /// Whether there are credentials to attach.
    pub fn has_credential(&self) -> bool {
        self.credential().is_some()
    }

    fn use_credential(&self, header: &'static str, value: &str) {
        let credential = Arc::new(Credential { header, value: Secret::new(value.as_bytes()) });
        *self.credential.lock().unwrap_or_else(PoisonError::into_inner) = Some(credential);
    }

    fn credential(&self) -> Option<Arc<Credential>> {
        self.credential.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
