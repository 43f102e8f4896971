//! Freeing off the way of requests: large values and whole tables are dropped by a thread of their
//! own, so that nobody waits for a DEL of millions of elements.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};

/// A value that owns more than this is freed by the background thread. Below it, handing over costs
/// more than freeing.
pub const HEAVY_BYTES: usize = 64 * 1024;

/// The way to the thread that frees.
pub struct Garbage {
    heap: Sender<Box<dyn Any + Send>>,
    pending: Arc<AtomicUsize>,
    freed: Arc<AtomicUsize>,
}

impl Garbage {
    /// Starts the thread. It ends when the keyspace does.
    pub fn start() -> Self {
        let (heap, arrivals) = channel::<Box<dyn Any + Send>>();
        let pending = Arc::new(AtomicUsize::new(0));
        let freed = Arc::new(AtomicUsize::new(0));
        let (left, done) = (pending.clone(), freed.clone());
        let run = move || {
            for rubbish in arrivals {
                drop(rubbish);
                left.fetch_sub(1, Ordering::Relaxed);
                done.fetch_add(1, Ordering::Relaxed);
            }
        };
        let thread = std::thread::Builder::new().name("redstart-free".into());
        thread.spawn(run).expect("the operating system starts the freeing thread");
        Garbage { heap, pending, freed }
    }

    /// Hands something over to be dropped.
    pub fn free<T: Send + 'static>(&self, rubbish: T) {
        self.pending.fetch_add(1, Ordering::Relaxed);
        // The thread lives as long as the sender; were it gone, the value would be dropped here.
        if self.heap.send(Box::new(rubbish)).is_err() {
            self.pending.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// How many things wait to be freed: INFO's lazyfree_pending_objects.
    pub fn pending(&self) -> usize {
        self.pending.load(Ordering::Relaxed)
    }

    /// How many were freed: INFO's lazyfreed_objects.
    pub fn freed(&self) -> usize {
        self.freed.load(Ordering::Relaxed)
    }
}
