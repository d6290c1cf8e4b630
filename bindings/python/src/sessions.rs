//! The sessions of one policy: as many as threads decide at once, their buffers used again.

use std::sync::{Arc, Mutex};

use gatelaw::{Plan, Session};

/// Holds a plan, and the sessions that nobody uses now.
pub(crate) struct Sessions {
    plan: Arc<Plan>,
    // INVARIANT: never more than were ever in use at once; one that a call panicked in doesn't come back.
    #[expect(clippy::vec_box, reason = "each call moves one out and in, and a session has a thousand bytes")]
    idle: Mutex<Vec<Box<Session<Arc<Plan>>>>>,
}

impl Sessions {
    pub(crate) fn new(plan: Plan) -> Self {
        Self { plan: Arc::new(plan), idle: Mutex::new(Vec::new()) }
    }

    pub(crate) fn shared_plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Calls with a session of its own.
    pub(crate) fn with<T>(&self, then: impl FnOnce(&mut Session<Arc<Plan>>) -> T) -> T {
        // Never waits: a process that was forked while another thread held the lock would wait for ever.
        let taken = self.idle.try_lock().ok().and_then(|mut idle| idle.pop());
        let mut session = taken.unwrap_or_else(|| Box::new(Session::new(Arc::clone(&self.plan))));
        let answer = then(&mut session);
        if let Ok(mut idle) = self.idle.try_lock() {
            idle.push(session);
        }
        answer
    }
}
