//! Keeps a panic of ours from ending more than what it happened in, where a person's file is read while messages flow.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use anyhow::anyhow;

/// What `work` gives. A panic becomes an error that says whose fault it is; `what` begins the sentence.
///
/// # Errors
/// When `work` panicked.
pub fn caught<T>(what: &str, work: impl FnOnce() -> T) -> anyhow::Result<T> {
    // Whatever `work` was at is dropped with it: the caller sees a result or none.
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| own_fault(what, &*panic))
}

/// As [`caught`], for work that waits.
///
/// # Errors
/// When `work` panicked.
pub async fn caught_while<T>(what: &str, work: impl Future<Output = T>) -> anyhow::Result<T> {
    let mut work = pin!(work);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx))) {
        Ok(Poll::Ready(done)) => Poll::Ready(Ok(done)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(panic) => Poll::Ready(Err(own_fault(what, &*panic))),
    })
    .await
}

fn own_fault(what: &str, panic: &(dyn Any + Send)) -> anyhow::Error {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it does not say why");
    anyhow!("{what} failed by a fault of postrider's own ({text}); please report it together with the file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error_that_says_whose_fault_it_is() {
        assert_eq!(caught("Reading a.toml", || 5).unwrap(), 5);
        let told =
            "Reading a.toml failed by a fault of postrider's own (oops); please report it together with the file";
        assert_eq!(caught("Reading a.toml", || -> u8 { panic!("oops") }).unwrap_err().to_string(), told);
        let later = async {
            tokio::task::yield_now().await;
            panic!("oo{}", "ps")
        };
        let caught: anyhow::Result<()> = caught_while("Reading a.toml", later).await;
        assert_eq!(caught.unwrap_err().to_string(), told);
        assert_eq!(caught_while("Reading", async { 5 }).await.unwrap(), 5);
    }
}
