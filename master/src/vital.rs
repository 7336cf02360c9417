//! Tasks that a master is none without: which of them has ended.
//!
//! They run for ever. One that ends nevertheless, by a panic, leaves a master that answers and does not do its work: it
//! takes no samples, or finds no silent server. Starting such a task again would go on with what the panic left behind, so
//! the process ends, and whatever runs it starts it anew.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Starts them. Clones share what has ended.
#[derive(Clone, Debug)]
pub struct Vital(Arc<watch::Sender<Option<&'static str>>>);

impl Default for Vital {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }
}

impl Vital {
    /// Starts a task. `name` says what it does, as in "… has ended".
    pub fn spawn<T: Send + 'static>(
        &self,
        name: &'static str,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        let panicked = Panicked { name, vital: self.clone() };
        tokio::spawn(async move {
            let output = task.await;
            panicked.vital.note(name);
            output
        })
    }

    /// The first task that has ended. One that was aborted has not.
    pub fn first_ended(&self) -> Option<&'static str> {
        *self.0.borrow()
    }

    /// The same, once there is one.
    pub async fn ended(&self) -> &'static str {
        let mut watched = self.0.subscribe();
        match watched.wait_for(Option::is_some).await.map(|name| *name) {
            Ok(Some(name)) => name,
            // Its sender is here.
            _ => std::future::pending().await,
        }
    }

    fn note(&self, name: &'static str) {
        self.0.send_if_modified(|first| {
            let is_first = first.is_none();
            first.get_or_insert(name);
            is_first
        });
    }
}

/// Goes with its task.
struct Panicked {
    name: &'static str,
    vital: Vital,
}

impl Drop for Panicked {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.vital.note(self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_that_ends_or_panics_is_told_and_who_is_aborted_is_not() {
        let vital = Vital::default();
        let endless = vital.spawn("the endless", std::future::pending::<()>());
        endless.abort();
        assert!(endless.await.unwrap_err().is_cancelled());
        assert_eq!(vital.first_ended(), None);
        let broken = vital.spawn("the broken", async { panic!("as a fault of ours would") });
        assert_eq!(vital.ended().await, "the broken");
        assert!(broken.await.is_err_and(|error| error.is_panic()));
        vital.spawn("the brief", async {}).await.unwrap();
        assert_eq!(vital.first_ended(), Some("the broken"));
        let vital = Vital::default();
        vital.spawn("the brief", async {}).await.unwrap();
        assert_eq!(vital.ended().await, "the brief");
    }
}
