//! The time that a run may take, and the user's wish to end it sooner.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

/// Longer limits are cut to this: one day.
const LONGEST: Duration = Duration::from_hours(24);

/// When to stop. Static checks ask between files, the client before each request.
#[derive(Debug, Clone, Copy)]
pub struct Deadline<'a> {
    until: Instant,
    interrupted: &'a AtomicBool,
}

impl<'a> Deadline<'a> {
    /// A deadline `limit` from now, or as soon as `interrupted` is set.
    pub fn after(limit: Duration, interrupted: &'a AtomicBool) -> Self {
        Self { until: Instant::now() + limit.min(LONGEST), interrupted }
    }

    /// Whether it is time to stop.
    pub fn passed(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed) || Instant::now() >= self.until
    }

    /// Why it is time to stop, for reports.
    pub fn reason(&self) -> &'static str {
        if self.interrupted.load(Ordering::Relaxed) { "interrupted" } else { "deadline passed" }
    }

    /// How much time is left.
    pub fn remaining(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }
}
