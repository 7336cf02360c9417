//! The promise that a collection allocates nothing, measured: from the kernel's files to the finished request body,
//! with an allocator that counts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Mutex;
use std::time::Instant;

use neon_agent_core::clock::Date;
use neon_agent_core::wire;
use neon_shared::limits::REQUEST_BODY_MAX_BYTES;

use crate::buffer_file::RingFile;
use crate::config;
use crate::outbox::{Outbox, Waiting};
use crate::reactor::block_on;
use crate::scheduler::SAMPLE_BYTES;
use crate::source::docker::scripted::{ScriptedEngine, script_of};
use crate::source::docker::{DockerBuffers, Engine};
use crate::source::kernel::{Kernel, KernelBuffers};

const CYCLES: u64 = 10_000;
/// Sweeps, which leave the engine some milliseconds to answer each time.
const SWEEPS: u64 = 2_000;

struct Counting;

thread_local! {
    /// Allocations of this thread. Other tests run beside this one, so a count over all threads would be theirs too.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    /// Bytes that this thread allocated and has not freed.
    static LIVE_BYTES: Cell<i64> = const { Cell::new(0) };
}

/// Counts an allocation of `new` bytes, a release of `old` bytes, or both.
fn count(old: usize, new: usize) {
    ALLOCATIONS.with(|allocations| allocations.set(allocations.get() + u64::from(new > 0)));
    LIVE_BYTES.with(|live| live.set(live.get() + new as i64 - old as i64));
}

// SAFETY: every call goes to the system's allocator unchanged; counting touches a thread-local without a destructor,
// which itself allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(0, layout.size());
        // SAFETY: the caller's promise is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(layout.size(), 0);
        // SAFETY: the caller's promise is the same.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(layout.size(), new_size);
        // SAFETY: the caller's promise is the same.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes that this thread allocated and has not freed; what another thread frees counts for that one.
pub fn live_bytes() -> i64 {
    LIVE_BYTES.with(Cell::get)
}

/// Allocations of this thread while `work` runs.
fn allocations_of(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.with(Cell::get);
    work();
    ALLOCATIONS.with(Cell::get) - before
}

/// A large value on the heap; made on a thread whose stack has room for it on its way there.
pub fn leaked<T: Send>(make: fn() -> T) -> &'static mut T {
    let roomy = std::thread::Builder::new().stack_size(64 * 1024 * 1024);
    roomy.spawn(move || Box::leak(Box::new(make()))).unwrap().join().unwrap()
}

#[test]
fn the_counter_counts() {
    let before = live_bytes();
    assert_eq!(allocations_of(|| drop(std::hint::black_box(Box::new(1)))), 1);
    assert_eq!(live_bytes(), before);
    let kept = std::hint::black_box(Box::new([1u8; 64]));
    assert_eq!((live_bytes(), kept.len()), (before + 64, 64));
}

fn outbox(file: Option<RingFile>) -> &'static Outbox {
    Box::leak(Box::new(Outbox::new(leaked(|| Mutex::new(Waiting::new())), file)))
}

/// Ten thousand cycles from the kernel's files to a written body, with samples that wait all the while.
fn collect_without_allocations(outbox: &'static Outbox) {
    let (sample_buffer, body) = (leaked(|| [0u8; SAMPLE_BYTES]), leaked(|| [0u8; REQUEST_BODY_MAX_BYTES]));
    let mut kernel = Kernel::new(&config::tests::config(&[]), leaked(KernelBuffers::new));
    let started = Instant::now();
    let clock = || started.elapsed();
    // The first cycle opens the files.
    kernel.collect(&clock);

    let (mut length_max, mut lost) = (0, 0);
    let allocations = allocations_of(|| {
        for _ in 0..CYCLES {
            kernel.collect(&clock);
            let taken = crate::clock::now();
            let time = outbox.tell_time(taken);
            let standing = outbox.with(|waiting| waiting.standing(taken));
            let metrics = kernel.metrics(time, standing).unwrap();
            let sample = wire::sample(&metrics, sample_buffer).unwrap();
            let date = Date { time_ms: time.unix_ms(), boot_ms: taken.boot_ms, is_fixed: false };
            (_, lost) = outbox.push(date, sample);
            outbox.settle(|waiting| {
                assert!(waiting.put_in_order());
                let (length, samples) = wire::metrics(waiting.ring.iter(), body).unwrap();
                assert!(length > 0 && samples > 0 && samples <= waiting.ring.len());
                length_max = length_max.max(length);
                // One is acknowledged, so that this too is counted.
                waiting.ring.begin_batch(usize::from(waiting.ring.len() > 500));
                waiting.acknowledge_batch(taken, false);
            });
        }
    });
    assert_eq!(allocations, 0);
    assert_eq!(lost, 0);
    assert!(length_max > REQUEST_BODY_MAX_BYTES / 2, "the body was filled with samples, {length_max} bytes");
}

#[test]
fn ten_thousand_metrics_collections_allocate_nothing() {
    collect_without_allocations(outbox(None));
}

/// The same with every sample written to a file as well. On a file system in memory: what is counted are allocations.
#[test]
fn ten_thousand_metrics_collections_with_a_buffer_file_allocate_nothing() {
    let memory = std::path::Path::new("/dev/shm");
    let folder = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let path = folder.join(format!("neon-agent-hot-path-buffer-{}", std::process::id()));
    let file = RingFile::open(&path).expect("the file can be made");
    collect_without_allocations(outbox(Some(file)));
    assert_eq!(std::fs::metadata(&path).unwrap().len(), crate::buffer_file::FILE_BYTES);
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn ten_thousand_collections_with_mounts_and_sensors_that_may_hang_allocate_nothing() {
    let root = std::env::temp_dir().join(format!("neon-agent-hot-path-{}", std::process::id()));
    let chip = "sys/class/hwmon/hwmon0";
    for (file, text) in [
        ("proc/stat", "cpu 10 0 0 90\n"),
        ("proc/1/mountinfo", "1 2 0:45 / / rw - nfs4 files:/x rw\n3 1 8:1 / /proc/1 rw - xfs /dev/sda1 rw\n"),
        (&format!("{chip}/name"), "nvme\n"),
        (&format!("{chip}/temp1_input"), "45000\n"),
    ] {
        let path = root.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let config = config::tests::config(&[("HOST_ROOT", root.to_str().unwrap()), ("MOUNTS", "/")]);
    let mut kernel = Kernel::new(&config, leaked(KernelBuffers::new));
    let started = Instant::now();
    let clock = || started.elapsed();
    let mut collect = || {
        kernel.collect(&clock);
        for name in ["mountinfo", "hwmon"] {
            let source = kernel.sources().iter().find(|source| source.source == name).unwrap();
            assert_eq!(source.error, None);
        }
    };
    // The first opens the files and starts a thread.
    collect();
    assert_eq!(allocations_of(|| (0..CYCLES).for_each(|_| collect())), 0);
    std::fs::remove_dir_all(&root).unwrap();
}

#[test]
fn two_thousand_container_sweeps_allocate_nothing() {
    const CONTAINERS: usize = 3;
    // Pieces smaller than an answer, so that the reactor has to wait in the middle of them.
    let scripted = ScriptedEngine::start(script_of(CONTAINERS), 3000);
    let mut engine = Engine::new(&scripted.socket, leaked(DockerBuffers::new));
    let outbox: &'static Outbox = outbox(None);
    let mut sweep = || {
        let sweep = block_on(engine.containers()).unwrap().unwrap();
        assert_eq!((sweep.containers, sweep.omitted, sweep.without_details), (CONTAINERS, 0, 0));
        assert!(matches!(sweep.images, Ok(0)));
        outbox.with(|waiting| waiting.put_containers(sweep.body));
    };
    // The first sweep connects.
    sweep();
    assert_eq!(allocations_of(|| (0..SWEEPS).for_each(|_| sweep())), 0);
    assert_eq!(scripted.requests().len() as u64, (SWEEPS + 1) * (2 + CONTAINERS as u64));
    assert_eq!(scripted.connections(), 2, "they were kept");
}
