//! The practice shop: a small web shop on loopback, with every planted defect behind a switch.
//!
//! It is a target, not a part: it uses no other module, and no other module knows how it works.
//! Handlers and state are real, but nothing outside of the process can be reached: no disk, no
//! network, no commands. Each shop draws its own passwords and keys, and forgets everything when it
//! closes.
//!
//! ```no_run
//! use seaworthy::demo::{self, Defect, Switches};
//!
//! let shop = demo::start(Switches::repaired().with(Defect::StackTrace))?;
//! let url = shop.url();
//! # Ok::<(), std::io::Error>(())
//! ```

mod account;
mod answer;
mod catalogue;
mod defect;
mod files;
mod front;
mod limiter;
mod orders;
mod pages;
mod password;
mod random;
mod routes;
mod service;
pub mod source;
mod sql;
mod state;
#[cfg(test)]
mod tests;
mod token;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::mpsc,
    thread::{self, JoinHandle},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::{net::TcpListener, sync::oneshot, task, time};

pub use self::{
    defect::{Defect, Switches, UnknownDefect},
    service::API_DESCRIPTION,
};
use self::{routes::router, state::ShopState};

/// How long a closing shop waits for answers that are under way.
const PATIENCE: Duration = Duration::from_secs(2);

/// A name and the password that goes with it, good for one shop only.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The name.
    pub username: String,
    /// The password, drawn when the shop opens.
    pub password: String,
}

/// An open shop, within a runtime of the caller.
pub struct Shop {
    /// Where the shop listens: loopback, at a port that was free.
    pub address: SocketAddr,
    /// The customer `alice`.
    pub customer: Credentials,
    /// The administrator `root`.
    pub administrator: Credentials,
    stop: oneshot::Sender<()>,
    served: task::JoinHandle<io::Result<()>>,
}

/// An open shop with a thread and a runtime of its own; dropping it closes the shop.
pub struct RunningShop {
    /// Where the shop listens: loopback, at a port that was free.
    pub address: SocketAddr,
    /// The customer `alice`.
    pub customer: Credentials,
    /// The administrator `root`.
    pub administrator: Credentials,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Opens a shop; needs a tokio runtime with time and network.
///
/// # Errors
///
/// When no port of 127.0.0.1 can be had.
pub async fn serve(switches: Switches) -> io::Result<Shop> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let [customer, administrator] = ["alice", "root"].map(Credentials::new);
    let state = ShopState::new(switches, &customer, &administrator, seconds_since_1970);
    let (stop, stopped) = oneshot::channel();
    // The shop closes on the signal, and also when the sender is dropped without one.
    let signal = async { drop(stopped.await) };
    let serving = axum::serve(listener, router(state)).with_graceful_shutdown(signal);
    let served = tokio::spawn(serving.into_future());
    Ok(Shop { address, customer, administrator, stop, served })
}

/// Opens a shop on a thread of its own, for callers without a runtime.
///
/// # Errors
///
/// When the thread, its runtime or a port can not be had.
pub fn start(switches: Switches) -> io::Result<RunningShop> {
    let (stop, stopped) = oneshot::channel();
    let (report, reported) = mpsc::channel();
    let thread = thread::Builder::new()
        .name("practice shop".to_owned())
        .spawn(move || run(switches, &report, stopped))?;
    let opened =
        reported.recv().map_err(|_| io::Error::other("the practice shop has failed"))??;
    let (address, customer, administrator) = opened;
    Ok(RunningShop { address, customer, administrator, stop: Some(stop), thread: Some(thread) })
}

impl Credentials {
    fn new(username: &str) -> Self {
        Self { username: username.to_owned(), password: random::text() }
    }
}

impl Shop {
    /// The address as a URL, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Closes the shop: no new requests, and two seconds for those that are under way.
    ///
    /// # Errors
    ///
    /// When serving has failed before.
    pub async fn stop(self) -> io::Result<()> {
        let Self { stop, mut served, .. } = self;
        drop(stop);
        if let Ok(ended) = time::timeout(PATIENCE, &mut served).await {
            return ended.map_err(io::Error::other)?;
        }
        served.abort();
        Ok(())
    }
}

impl RunningShop {
    /// The address as a URL, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for RunningShop {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A shop that has panicked is closed as well.
            drop(thread.join());
        }
    }
}

type Opened = (SocketAddr, Credentials, Credentials);

fn run(
    switches: Switches,
    report: &mpsc::Sender<io::Result<Opened>>,
    stopped: oneshot::Receiver<()>,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(report.send(Err(error))),
    };
    runtime.block_on(async {
        let shop = match serve(switches).await {
            Ok(shop) => shop,
            Err(error) => return drop(report.send(Err(error))),
        };
        let opened = (shop.address, shop.customer.clone(), shop.administrator.clone());
        // Nobody receives when the caller is gone; then the sender of `stopped` is gone as well.
        drop(report.send(Ok(opened)));
        drop(stopped.await);
        drop(shop.stop().await);
    });
}

#[expect(clippy::disallowed_methods, reason = "a server dates its tokens by the wall clock")]
fn seconds_since_1970() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}
