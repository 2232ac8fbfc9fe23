//! What technicians hold of a modem: what is known of it, and what may be asked of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use postrider_model::{LinkName, ModemAnswer, ModemRequest, ModemStatus};

/// Requests that wait for one modem.
pub(super) const REQUESTS_MAX: usize = 8;
/// A USSD dialogue may take two minutes, and may have to wait for a send of three.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(330);

/// A request and where its answer goes.
#[derive(Debug)]
pub(super) struct Request {
    pub what: ModemRequest,
    pub answer: oneshot::Sender<ModemAnswer>,
}

/// The snapshot that link and handle share.
pub(super) type SharedStatus = Arc<Mutex<ModemStatus>>;

/// The snapshot is a value and nothing depends on it, so a poisoned lock is as good as a clean one.
pub(super) fn lock(status: &SharedStatus) -> MutexGuard<'_, ModemStatus> {
    status.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A modem, as technicians reach it.
#[derive(Debug, Clone)]
pub struct ModemHandle {
    pub(super) name: LinkName,
    pub(super) status: SharedStatus,
    pub(super) requests: mpsc::Sender<Request>,
}

impl ModemHandle {
    /// The name of its link.
    pub fn name(&self) -> &LinkName {
        &self.name
    }

    /// Everything that is known of it now.
    pub fn status(&self) -> ModemStatus {
        self.look(ModemStatus::clone)
    }

    /// A part of what is known of it now, without a copy of the whole.
    pub fn look<T>(&self, look: impl FnOnce(&ModemStatus) -> T) -> T {
        look(&lock(&self.status))
    }

    /// Asks something of it, and waits for the answer. Sends that are under way are waited for.
    pub async fn request(&self, what: ModemRequest) -> ModemAnswer {
        let (answer, answered) = oneshot::channel();
        let failed = |why: &str| ModemAnswer::Failed(format!("modem \"{}\": {why}", self.name));
        match self.requests.try_send(Request { what, answer }) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => {
                return failed("it has as many requests as it can keep; try again in a minute");
            }
            Err(mpsc::error::TrySendError::Closed(_)) => return failed("it was stopped"),
        }
        match tokio::time::timeout(ANSWER_WAIT_MAX, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => failed("it was stopped before it answered"),
            Err(_) => failed("it did not answer within 330 s"),
        }
    }
}
