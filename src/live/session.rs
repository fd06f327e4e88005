//! What every stage of the audit needs: the client, and the masker for whatever is quoted.

use std::sync::{Mutex, PoisonError};

use super::LiveRequest;
use crate::{
    engines::secret::{masker::Masker, scanner::Scanner},
    finding::{Quoted, Secret},
    target::{Answered, Client, Identity, Request},
};

/// One audit's way to the target, and to text that may be shown.
pub(super) struct Session<'a> {
    pub(super) request: &'a LiveRequest<'a>,
    pub(super) client: Client<'a>,
    scanner: &'a Scanner,
    hidden: Mutex<Vec<Secret>>,
}

impl<'a> Session<'a> {
    /// A session that hides what the scanner knows by its form, and no other value yet.
    pub(super) const fn new(
        request: &'a LiveRequest<'a>,
        client: Client<'a>,
        scanner: &'a Scanner,
    ) -> Self {
        Self { request, client, scanner, hidden: Mutex::new(Vec::new()) }
    }

    /// Values that no text may show from now on: passwords, tokens.
    pub(super) fn hide(&self, value: &[u8]) {
        let mut hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        hidden.push(Secret::new(value));
    }

    /// Text of an answer, or with parts of one, that may be shown.
    pub(super) fn quote(&self, raw: &str) -> Quoted {
        let hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = Vec::new();
        let mut places = Vec::new();
        for secret in hidden.iter() {
            let start = bytes.len();
            bytes.extend_from_slice(secret.expose());
            places.push(start..bytes.len());
        }
        Masker::new(self.scanner, &bytes, &places).quote(raw)
    }

    /// An anonymous GET of a route of the application.
    pub(super) async fn get(&self, route: &str) -> Answered {
        self.client.send(&Request::get(&self.path(route))).await
    }

    /// A GET of a route with the credentials of the login.
    pub(super) async fn get_as_user(&self, route: &str) -> Answered {
        self.client.send(&Request::get(&self.path(route)).by(Identity::User)).await
    }

    /// The path on the origin of a route of the application.
    pub(super) fn path(&self, route: &str) -> String {
        self.client.target().path_of(route)
    }
}
