//! What one running shop knows: accounts, products, orders, uploads, sessions and counters.
//!
//! Everything lives in memory, is bounded, and begins afresh with each shop. Names of products are
//! invented; passwords and keys are drawn when the shop opens.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use super::{
    Credentials,
    catalogue::{self, Product},
    defect::{Defect, Switches},
    files,
    limiter::Limiter,
    orders::{self, Order},
    password::PasswordHash,
    random,
    token::{Checks, Claims, Role},
};

/// Accounts, orders and uploads that a shop keeps at most, each.
pub(super) const CAPACITY: usize = 500;

/// One running shop.
pub(super) struct ShopState {
    /// Which defects the shop has.
    pub(super) switches: Switches,
    /// How tokens are signed and checked.
    pub(super) tokens: Checks,
    /// The clock that dates tokens, in seconds since 1970.
    pub(super) now: fn() -> u64,
    /// When the shop opened.
    pub(super) opened: Instant,
    store: Mutex<Store>,
}

/// What changes while the shop is open.
pub(super) struct Store {
    /// Accounts by name.
    pub(super) accounts: BTreeMap<String, Account>,
    /// What is for sale.
    pub(super) products: Vec<Product>,
    /// Orders by number.
    pub(super) orders: BTreeMap<u32, Order>,
    /// Uploads by name.
    pub(super) uploads: BTreeMap<String, Upload>,
    /// The youngest sessions.
    pub(super) sessions: VecDeque<String>,
    /// Failed logins.
    pub(super) limiter: Limiter,
    /// Answers by status.
    pub(super) answers: BTreeMap<u16, u64>,
}

/// Somebody who can log in.
pub(super) struct Account {
    /// What the account may do.
    pub(super) role: Role,
    /// The hash of its password.
    pub(super) password: PasswordHash,
}

/// A file that a customer has sent.
#[derive(Clone)]
pub(super) struct Upload {
    /// The media type with which it is served.
    pub(super) media_type: String,
    /// Its bytes.
    pub(super) body: axum::body::Bytes,
}

impl ShopState {
    /// A freshly opened shop with one customer and one administrator.
    pub(super) fn new(
        switches: Switches,
        customer: &Credentials,
        administrator: &Credentials,
        now: fn() -> u64,
    ) -> Self {
        let tokens = token_checks(&switches);
        let accounts = [(customer, Role::Customer), (administrator, Role::Admin)]
            .into_iter()
            .map(|(who, role)| (who.username.clone(), Account::new(role, &who.password)))
            .collect();
        let store = Store {
            accounts,
            products: catalogue::seed(),
            orders: orders::seed(&customer.username, &administrator.username),
            uploads: files::seed(),
            sessions: VecDeque::new(),
            limiter: Limiter::default(),
            answers: BTreeMap::new(),
        };
        Self { switches, tokens, now, opened: Instant::now(), store: Mutex::new(store) }
    }

    /// Whether the shop has the defect.
    pub(super) fn has(&self, defect: Defect) -> bool {
        self.switches.has(defect)
    }

    /// The store, for as long as the guard lives; never held over an `await`.
    pub(super) fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The claims of a token that is good now.
    pub(super) fn verify(&self, token: &str) -> Option<Claims> {
        self.tokens.verify(token, (self.now)())
    }
}

impl Account {
    /// An account with the hash of its password.
    pub(super) fn new(role: Role, password: &str) -> Self {
        Self { role, password: PasswordHash::new(password) }
    }
}

fn token_checks(switches: &Switches) -> Checks {
    let weak = switches.has(Defect::TokenSecretWeak);
    Checks {
        key: if weak { b"secret".to_vec() } else { random::bytes().to_vec() },
        signature: !switches.has(Defect::TokenSignatureUnchecked),
        none_allowed: switches.has(Defect::TokenAlgorithmNone),
        expiry: !switches.has(Defect::TokenExpiryUnchecked),
    }
}
