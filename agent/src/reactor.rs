//! Waits for sockets, signals and deadlines: one thread, one poll(2) per wait, no allocation.
//!
//! [`block_on`] polls one future, which is all of the agent's. A leaf that cannot go on notes here what it waits for
//! and is pending; when all are, poll(2) waits for whatever comes first, and the whole future is polled again. With a
//! handful of leaves that is cheaper than knowing which one to wake: there are no wakers. The notes are the thread's
//! own, so that a leaf finds them without every function on the way handing them on.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::os::fd::AsFd;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// Descriptors that are waited for at once; the agent waits for two, a signal and the engine. One more is refused
/// with an error.
pub const WAITS_MAX: usize = 8;
/// Attempts that succeed in a row before other futures get their turn, however fast a peer is.
const ATTEMPTS_MAX: u32 = 64;

/// What a descriptor is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It has something to read, or its peer is gone.
    Read,
    /// There is room to write, or its peer is gone.
    Write,
}

/// What the pending leaves of this thread wait for, and what the last wait brought.
struct Waits {
    /// Waits so far. Tells a note of the last wait from an older one.
    round: u64,
    /// Shared with the leaf, so that a descriptor stays open while it is waited for.
    descriptors: heapless::Vec<(Rc<dyn AsFd>, Readiness), WAITS_MAX>,
    nearest_deadline: Option<Instant>,
    /// Which of the last wait's descriptors are ready.
    ready: [bool; WAITS_MAX],
    /// When the last wait ended.
    now: Option<Instant>,
    /// Successful attempts since then.
    attempts: u32,
}

thread_local! {
    static WAITS: RefCell<Waits> = const { RefCell::new(Waits::new()) };
}

/// Runs `future` to its end on this thread. Not to be called from within a future.
///
/// Errors: poll(2) fails, for want of memory.
pub fn block_on<T>(future: impl Future<Output = T>) -> io::Result<T> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            WAITS.with_borrow_mut(Waits::forget);
            return Ok(value);
        }
        WAITS.with_borrow_mut(Waits::wait)?;
    }
}

/// Waits until `descriptor` is ready. Errors: [`WAITS_MAX`] descriptors are waited for already.
pub async fn ready(descriptor: Rc<dyn AsFd>, readiness: Readiness) -> io::Result<()> {
    let mut noted = None;
    poll_fn(move |_| {
        WAITS.with_borrow_mut(|waits| {
            if noted.is_some_and(|(round, slot)| waits.is_ready(round, slot)) {
                return Poll::Ready(Ok(()));
            }
            match waits.note(&descriptor, readiness) {
                Ok(slot) => noted = Some((waits.round, slot)),
                Err(error) => return Poll::Ready(Err(error)),
            }
            Poll::Pending
        })
    })
    .await
}

/// Repeats `attempt` until it would not block, waiting in between; the attempt comes first.
pub async fn retry<D: AsFd + 'static, T>(
    descriptor: &Rc<D>,
    readiness: Readiness,
    mut attempt: impl FnMut(&D) -> io::Result<T>,
) -> io::Result<T> {
    if WAITS.with_borrow_mut(Waits::is_turn_over) {
        until(Instant::now()).await;
    }
    loop {
        match attempt(descriptor) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready(descriptor.clone(), readiness).await?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Waits until `deadline`, and lets the other futures have a turn even if it has passed.
pub async fn until(deadline: Instant) {
    poll_fn(|_| {
        WAITS.with_borrow_mut(|waits| {
            if waits.now.is_some_and(|now| now >= deadline) {
                return Poll::Ready(());
            }
            waits.nearest_deadline = Some(waits.nearest_deadline.map_or(deadline, |nearest| nearest.min(deadline)));
            Poll::Pending
        })
    })
    .await;
}

/// Waits for `duration`.
pub async fn after(duration: Duration) {
    until(Instant::now() + duration).await;
}

impl Waits {
    const fn new() -> Self {
        Self {
            round: 0,
            descriptors: heapless::Vec::new(),
            nearest_deadline: None,
            ready: [false; WAITS_MAX],
            now: None,
            attempts: 0,
        }
    }

    fn note(&mut self, descriptor: &Rc<dyn AsFd>, readiness: Readiness) -> io::Result<usize> {
        let slot = self.descriptors.len();
        let pushed = self.descriptors.push((descriptor.clone(), readiness));
        pushed.map_err(|_| io::Error::from(io::ErrorKind::QuotaExceeded))?;
        Ok(slot)
    }

    /// Whether what was noted in `slot` before the last wait became ready in it.
    fn is_ready(&self, round: u64, slot: usize) -> bool {
        round + 1 == self.round && self.ready.get(slot).is_some_and(|ready| *ready)
    }

    fn is_turn_over(&mut self) -> bool {
        self.attempts += 1;
        self.attempts > ATTEMPTS_MAX
    }

    /// Waits once for all that was noted. A signal handler that cuts it short makes it a wait that brought nothing.
    fn wait(&mut self) -> io::Result<()> {
        let ready = match self.poll() {
            Err(Errno::EINTR) => [false; WAITS_MAX],
            ready => ready?,
        };
        self.forget();
        self.ready = ready;
        Ok(())
    }

    /// One poll(2): which descriptors are ready.
    fn poll(&self) -> nix::Result<[bool; WAITS_MAX]> {
        let noted = self.descriptors.iter().map(|(descriptor, readiness)| {
            let flags = match readiness {
                Readiness::Read => PollFlags::POLLIN,
                Readiness::Write => PollFlags::POLLOUT,
            };
            PollFd::new(descriptor.as_fd(), flags)
        });
        let mut polled: heapless::Vec<PollFd<'_>, WAITS_MAX> = noted.collect();
        poll(&mut polled, timeout(self.nearest_deadline))?;
        let mut ready = [false; WAITS_MAX];
        for (ready, descriptor) in ready.iter_mut().zip(&polled) {
            // A flag that nix does not know is some readiness, too: the attempt will tell.
            *ready = descriptor.any().unwrap_or(true);
        }
        Ok(ready)
    }

    fn forget(&mut self) {
        self.round += 1;
        self.descriptors.clear();
        self.nearest_deadline = None;
        self.ready = [false; WAITS_MAX];
        self.now = Some(Instant::now());
        self.attempts = 0;
    }
}

/// Milliseconds until `deadline`, rounded up so that a wait never ends before it.
fn timeout(deadline: Option<Instant>) -> PollTimeout {
    let Some(deadline) = deadline else { return PollTimeout::NONE };
    let left = deadline.saturating_duration_since(Instant::now());
    i32::try_from(left.as_nanos().div_ceil(1_000_000))
        .ok()
        .and_then(|ms| ms.try_into().ok())
        .unwrap_or(PollTimeout::MAX)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    use futures_lite::future::{or, zip};

    use super::*;

    fn pair() -> (Rc<UnixStream>, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        (Rc::new(ours), theirs)
    }

    async fn read(stream: &Rc<UnixStream>) -> io::Result<u8> {
        let mut byte = [0];
        retry(stream, Readiness::Read, |mut stream| stream.read_exact(&mut byte)).await?;
        Ok(byte[0])
    }

    #[test]
    fn no_deadline_ends_early_and_the_nearest_ends_first() {
        let (started, order) = (Instant::now(), RefCell::new(Vec::new()));
        let wait = async |ms| {
            after(Duration::from_millis(ms)).await;
            assert!(started.elapsed() >= Duration::from_millis(ms));
            order.borrow_mut().push(ms);
        };
        // Far enough apart that a busy machine does not find two of them passed at once.
        block_on(zip(wait(3000), zip(wait(1), wait(1500)))).unwrap();
        assert_eq!(*order.borrow(), [1, 1500, 3000]);
    }

    #[test]
    fn a_deadline_that_has_passed_lets_the_others_have_a_turn() {
        let others = Cell::new(0);
        let busy = async {
            for _ in 0..3 {
                until(Instant::now() - Duration::from_secs(1)).await;
            }
            others.get()
        };
        let other = async {
            loop {
                others.set(others.get() + 1);
                after(Duration::ZERO).await;
            }
        };
        assert!(block_on(or(busy, other)).unwrap() > 0);
    }

    #[test]
    fn what_is_ready_goes_on_and_what_is_not_waits() {
        let ((ours, mut theirs), (silent, _kept_open)) = (pair(), pair());
        let writer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            theirs.write_all(b"x").unwrap();
        });
        let read = block_on(or(async { read(&ours).await.ok() }, async { read(&silent).await.ok() }));
        assert_eq!(read.unwrap(), Some(b'x'));
        writer.join().unwrap();
    }

    #[test]
    fn a_peer_that_is_gone_ends_the_wait() {
        let (ours, theirs) = pair();
        drop(theirs);
        let error = block_on(read(&ours)).unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn a_full_socket_waits_for_its_reader() {
        let (ours, mut theirs) = pair();
        let reader = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            std::io::copy(&mut (&mut theirs).take(1_000_000), &mut std::io::sink()).unwrap()
        });
        let mut left = 1_000_000;
        while left > 0 {
            let write = retry(&ours, Readiness::Write, |mut stream| stream.write(&[0; 65_536][..left.min(65_536)]));
            left -= block_on(write).unwrap().unwrap();
        }
        assert_eq!(reader.join().unwrap(), 1_000_000);
    }

    #[test]
    fn one_descriptor_too_many_is_an_error_and_the_others_are_waited_for() {
        let ends: Vec<_> = (0..=WAITS_MAX).map(|_| pair()).collect();
        let refused = Cell::new(0);
        let mut all = ends.iter().map(|(ours, _)| Box::pin(ready(ours.clone(), Readiness::Read))).collect::<Vec<_>>();
        let ended = block_on(poll_fn(|context| {
            for waiting in &mut all {
                match waiting.as_mut().poll(context) {
                    Poll::Ready(Err(error)) => {
                        assert_eq!(error.kind(), io::ErrorKind::QuotaExceeded);
                        refused.set(refused.get() + 1);
                    }
                    other => assert!(other.is_pending()),
                }
            }
            Poll::Ready(())
        }));
        assert_eq!((ended.is_ok(), refused.get()), (true, 1));
        // What was noted is forgotten with the future that noted it.
        assert!(block_on(async { or(async { read(&ends[0].0).await.is_ok() }, async { true }).await }).unwrap());
    }

    #[test]
    fn a_peer_that_never_pauses_does_not_hold_up_a_deadline() {
        let (ours, _theirs) = pair();
        let greedy = async {
            // Always ready, as an engine that sends without end.
            while retry(&ours, Readiness::Write, |_| Ok(())).await.is_ok() {}
        };
        block_on(or(greedy, after(Duration::from_millis(5)))).unwrap();
    }
}
