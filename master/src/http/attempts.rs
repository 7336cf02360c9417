//! How often somebody may try to log in, and how often with another code.
//!
//! Counted per address and per user in memory: a restart forgets it, which costs an attacker more than it gives. Each
//! table is bounded; the hash of its keys is random, so that nobody can choose which ones meet.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many are too many.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Wrong ones that a user may have in a window, whoever sends them.
    pub per_user: u32,
    /// Wrong ones from one address in a window, for whichever users. A reverse proxy is one address.
    pub per_address: u32,
    /// A window begins with its first attempt.
    pub window: Duration,
}

/// Of passwords.
pub const PASSWORDS: Limits = Limits { per_user: 10, per_address: 30, window: Duration::from_secs(300) };
/// Of codes, once the password was right. Of a million three are good at a time: at 240 a day, a guess takes a year and more
/// to be as likely as a die's.
pub const CODES: Limits = Limits { per_user: 10, per_address: 30, window: Duration::from_secs(3600) };
/// Of logins that come back from a provider, which has limits of its own. The user is not known before it was asked.
pub const PROVIDERS: Limits = Limits { per_user: u32::MAX, per_address: 30, window: Duration::from_secs(300) };
/// Addresses, and users, that are counted at a time: 64 bytes each. Past it the one whose window began first is forgotten.
const COUNTED_MAX: usize = 10_000;

/// Counts attempts.
#[derive(Debug)]
pub struct Attempts {
    limits: Limits,
    tables: Mutex<Tables>,
    hasher: RandomState,
}

#[derive(Debug, Default)]
struct Tables {
    users: HashMap<u64, Window>,
    addresses: HashMap<u64, Window>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    began: Instant,
    attempts: u32,
    is_told: bool,
}

/// An attempt that counts, unless it is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    user: u64,
    address: u64,
}

/// There were too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limited {
    /// When the window is over.
    pub retry_after_s: u64,
    /// Whether nobody was told yet, in this window.
    pub is_first: bool,
}

impl Attempts {
    /// None so far.
    pub fn new(limits: Limits) -> Self {
        Self { limits, tables: Mutex::default(), hasher: RandomState::new() }
    }

    /// Counts an attempt before its password is looked at, so that attempts at the same time count as well.
    pub fn begin(&self, address: &str, user: &str, now: Instant) -> Result<Attempt, Limited> {
        let attempt = Attempt {
            user: self.hasher.hash_one(user),
            address: self.hasher.hash_one(address.parse().map(network).unwrap_or_default()),
        };
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let Tables { users, addresses } = &mut *tables;
        let Limits { per_user, per_address, window: length } = self.limits;
        let of_user = window(users, attempt.user, length, now);
        let of_address = window(addresses, attempt.address, length, now);
        let is_full = |window: &Window, max| window.attempts >= max;
        let full = match (is_full(of_user, per_user), is_full(of_address, per_address)) {
            (false, false) => {
                of_user.attempts += 1;
                of_address.attempts += 1;
                return Ok(attempt);
            }
            (_, true) => of_address,
            (true, false) => of_user,
        };
        let left = (full.began + length).saturating_duration_since(now);
        Err(Limited { retry_after_s: left.as_secs() + 1, is_first: !std::mem::replace(&mut full.is_told, true) })
    }

    /// Takes an attempt back that was none at guessing. Others of the same address and user stay counted: whoever has a
    /// password of their own must not be able to guess at others' without end.
    pub fn give_back(&self, attempt: Attempt) {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let Tables { users, addresses } = &mut *tables;
        for window in [users.get_mut(&attempt.user), addresses.get_mut(&attempt.address)].into_iter().flatten() {
            window.attempts = window.attempts.saturating_sub(1);
        }
    }
}

/// The window of `key`, a new one where the last is over.
fn window(table: &mut HashMap<u64, Window>, key: u64, length: Duration, now: Instant) -> &mut Window {
    let is_over = |window: &Window| now.saturating_duration_since(window.began) >= length;
    if table.len() >= COUNTED_MAX && !table.contains_key(&key) {
        table.retain(|_, window| !is_over(window));
        if table.len() >= COUNTED_MAX {
            let oldest = table.iter().min_by_key(|(_, window)| window.began).map(|(key, _)| *key);
            oldest.map(|oldest| table.remove(&oldest));
        }
    }
    let fresh = Window { began: now, attempts: 0, is_told: false };
    let window = table.entry(key).or_insert(fresh);
    if is_over(window) {
        *window = fresh;
    }
    window
}

/// What counts as one address: of IPv6 the half that a single customer is given.
pub fn network(address: IpAddr) -> [u8; 16] {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => (u128::from(address) >> 64 << 64).to_be_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PER_USER: u32 = PASSWORDS.per_user;
    const PER_ADDRESS: u32 = PASSWORDS.per_address;
    const WINDOW: Duration = PASSWORDS.window;

    #[test]
    fn a_user_is_limited_from_everywhere_and_an_address_for_everybody() {
        let (attempts, now) = (Attempts::new(PASSWORDS), Instant::now());
        for count in 0..PER_USER {
            assert!(attempts.begin(&format!("192.0.2.{count}"), "anna", now).is_ok());
        }
        let limited = attempts.begin("198.51.100.1", "anna", now).unwrap_err();
        assert_eq!(limited, Limited { retry_after_s: WINDOW.as_secs() + 1, is_first: true });
        assert!(!attempts.begin("198.51.100.2", "anna", now).unwrap_err().is_first, "said once");
        assert!(attempts.begin("198.51.100.1", "ben", now).is_ok());

        for count in 0..PER_ADDRESS {
            assert!(attempts.begin("2001:db8::1", &format!("user-{count}"), now).is_ok());
        }
        assert!(attempts.begin("2001:db8::2", "carl", now).is_err(), "the same network");
        assert!(attempts.begin("2001:db8:0:1::2", "carl", now).is_ok(), "another one");

        let later = now + WINDOW;
        assert!(attempts.begin("2001:db8::1", "anna", later).is_ok(), "the window is over");
    }

    #[test]
    fn what_is_given_back_does_not_count_and_the_rest_does() {
        let (attempts, now) = (Attempts::new(PASSWORDS), Instant::now());
        for _ in 0..PER_USER - 1 {
            attempts.begin("192.0.2.1", "anna", now).unwrap();
        }
        for _ in 0..100 {
            let right = attempts.begin("192.0.2.1", "anna", now).unwrap();
            attempts.give_back(right);
        }
        attempts.begin("192.0.2.1", "anna", now).unwrap();
        assert!(attempts.begin("192.0.2.1", "anna", now).is_err());
    }

    #[test]
    fn the_tables_are_bounded() {
        let (attempts, now) = (Attempts::new(PASSWORDS), Instant::now());
        for count in 0..COUNTED_MAX + 100 {
            let at = now + Duration::from_millis(count as u64 / 100);
            attempts.begin(&format!("10.{}.{}.1", count / 256, count % 256), &format!("user-{count}"), at).unwrap();
        }
        let tables = attempts.tables.lock().unwrap();
        assert_eq!((tables.users.len(), tables.addresses.len()), (COUNTED_MAX, COUNTED_MAX));
    }
}
