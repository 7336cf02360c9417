//! The promise that a collection allocates nothing, measured: from the kernel's files to the finished request body,
//! with an allocator that counts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use neon_agent_core::wire;
use neon_shared::time::Timestamp;

use crate::config;
use crate::outbox::Outbox;
use crate::source::kernel::{Kernel, KernelFileBuffer};

const CYCLES: u64 = 1000;

struct Counting;

thread_local! {
    /// Allocations of this thread. Other tests run beside this one, so a count over all threads would be theirs too.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    ALLOCATIONS.with(|allocations| allocations.set(allocations.get() + 1));
}

// SAFETY: every call goes to the system's allocator unchanged; counting touches a thread-local without a destructor,
// which itself allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is the same.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is the same.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations of this thread while `work` runs.
fn allocations_of(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.with(Cell::get);
    work();
    ALLOCATIONS.with(Cell::get) - before
}

/// A large value on the heap; made on a thread whose stack has room for it on its way there.
fn leaked<T: Send>(make: fn() -> T) -> &'static mut T {
    let roomy = std::thread::Builder::new().stack_size(64 * 1024 * 1024);
    roomy.spawn(move || Box::leak(Box::new(make()))).unwrap().join().unwrap()
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations_of(|| drop(std::hint::black_box(Box::new(1)))), 1);
}

#[test]
fn a_thousand_metrics_collections_allocate_nothing() {
    let outbox: &'static Outbox = leaked(Outbox::new);
    let body = leaked(|| [0u8; 1024 * 1024]);
    let mut kernel = Kernel::new(&config::tests::config(&[]), leaked(KernelFileBuffer::new));
    // The first cycle opens the files.
    kernel.prime_cpu();
    kernel.sample(Timestamp::EPOCH).unwrap();

    let allocations = allocations_of(|| {
        for cycle in 0..CYCLES {
            let sample = kernel.sample(Timestamp::from_unix_ms(cycle as i64)).unwrap();
            outbox.with(|waiting| {
                waiting.ring.push(sample);
                let (length, samples) = wire::metrics(waiting.ring.iter(), body).unwrap();
                assert!(length > 0 && samples as u64 == cycle + 1);
            });
        }
    });
    assert_eq!(allocations, 0);
}
