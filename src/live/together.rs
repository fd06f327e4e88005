//! Several futures on one thread, polled until the last has ended.

use std::{pin::Pin, task::Poll};

/// Runs all of them, and returns when all have ended.
pub(super) async fn together<'a>(futures: impl Iterator<Item = impl Future<Output = ()> + 'a>) {
    let mut running: Vec<Pin<Box<dyn Future<Output = ()> + 'a>>> =
        futures.map(|future| Box::pin(future) as _).collect();
    std::future::poll_fn(|context| {
        running.retain_mut(|future| future.as_mut().poll(context).is_pending());
        if running.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
