//! Passwords and random secrets: how they are made, judged and recognised. No I/O but the system's random numbers.

use argon2::password_hash::rand_core::{OsRng, RngCore};
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use sha2::{Digest, Sha256};

/// Memory that one argon2id takes, in KiB; with it two passes and one lane. OWASP's first choice (Password Storage Cheat
/// Sheet): what makes guessing dear is the memory, and a login takes some tens of milliseconds.
pub const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Shortest password, in characters.
pub const PASSWORD_MIN_CHARS: usize = 12;
/// Longest password, in bytes: each guess is read whole.
pub const PASSWORD_MAX_BYTES: usize = 1024;
/// Length of a user's name in bytes.
pub const NAME_MAX_BYTES: usize = 64;
/// Bytes of a random secret: as many as the hash that recognises it has.
const SECRET_BYTES: usize = 32;

/// Why a password or name is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Too short.
    #[error("a password has at least {PASSWORD_MIN_CHARS} characters")]
    Short,
    /// Too long.
    #[error("a password has at most {PASSWORD_MAX_BYTES} bytes")]
    Long,
    /// Everybody knows it.
    #[error("this one is an example that everybody can read")]
    Published,
    /// A name of something else than these.
    #[error("a name has 1 to {NAME_MAX_BYTES} of the characters a-z, 0-9, dot, dash, underscore and @")]
    Name,
}

/// Whether `password` may be somebody's.
pub fn check_password(password: &str) -> Result<(), Unfit> {
    if password.len() > PASSWORD_MAX_BYTES {
        Err(Unfit::Long)
    } else if is_published(password) {
        Err(Unfit::Published)
    } else if password.chars().count() < PASSWORD_MIN_CHARS {
        Err(Unfit::Short)
    } else {
        Ok(())
    }
}

/// Whether `name` may be a user's. No capitals: two names that look alike to people would be two users.
pub fn check_name(name: &str) -> Result<(), Unfit> {
    let is_fit = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_@".contains(&byte);
    if (1..=NAME_MAX_BYTES).contains(&name.len()) && name.bytes().all(is_fit) { Ok(()) } else { Err(Unfit::Name) }
}

/// Whether a secret is one of those that stand in examples, such as the first generation's
/// `dev-agent-secret-change-in-production`.
pub fn is_published(secret: &str) -> bool {
    let text = secret.to_ascii_lowercase().replace('_', "-");
    let words = ["change-in-production", "change-me", "changeme", "example", "placeholder"];
    text.starts_with("dev-")
        || text.starts_with("your-")
        || text.starts_with('<')
        || words.iter().any(|word| text.contains(word))
}

/// Argon2id of `password` in PHC form, with a new salt. Takes tens of milliseconds and [`MEMORY_KIB`].
///
/// Errors: only where there is no memory.
pub fn hash(password: &str) -> Result<String, argon2::password_hash::Error> {
    let salt = SaltString::generate(&mut OsRng);
    Ok(argon2id().hash_password(password.as_bytes(), &salt)?.to_string())
}

/// Whether `password` is the one of `hash`, at the parameters that are written in it. Takes as long as [`hash`], whether
/// it is or not.
pub fn verify(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| argon2id().verify_password(password.as_bytes(), &hash).is_ok())
}

fn argon2id() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// A secret of 256 random bits, in hexadecimal digits.
pub fn random_secret() -> String {
    hexadecimal(&random_bytes::<SECRET_BYTES>())
}

/// Random bytes of the system.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    OsRng.fill_bytes(&mut bytes);
    bytes
}

/// SHA-256 in hexadecimal digits. Enough for what is random: nobody guesses 256 bits, so it need not be slow.
pub fn sha256(of: impl AsRef<[u8]>) -> String {
    hexadecimal(&Sha256::digest(of))
}

/// A key for `purpose`, from a secret that has another one. What is signed with one is nothing to the other.
pub fn derived_key(secret: &str, purpose: &str) -> Vec<u8> {
    let mut hasher = Sha256::new();
    hasher.update(purpose.as_bytes());
    hasher.update([0]);
    hasher.update(secret.as_bytes());
    hasher.finalize().to_vec()
}

/// Two digits a byte, in small letters.
pub fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_argon2id_at_the_stated_parameters_and_recognises_its_password_alone() {
        let hash = hash("correct horse battery").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(verify("correct horse battery", &hash));
        assert!(!verify("correct horse batterz", &hash) && !verify("", &hash));
        assert_ne!(hash, super::hash("correct horse battery").unwrap(), "salted");
        assert!(!verify("x", "") && !verify("x", "$argon2id$v=19$m=19456,t=2,p=1$"));
    }

    #[test]
    fn what_is_short_long_or_published_is_no_password() {
        assert_eq!(check_password("twelve chars"), Ok(()));
        assert_eq!(check_password("äöüäöüäöüäöü"), Ok(()), "characters, not bytes");
        assert_eq!(check_password("eleven char"), Err(Unfit::Short));
        assert_eq!(check_password(&"x".repeat(PASSWORD_MAX_BYTES + 1)), Err(Unfit::Long));
        for published in [
            "dev-agent-secret-change-in-production",
            "DEV_JWT_SECRET_CHANGE_IN_PRODUCTION",
            "your-secret-here",
            "please-change-me",
            "<the AGENT_SECRET of this master>",
        ] {
            assert_eq!(check_password(published), Err(Unfit::Published), "{published}");
        }
        assert!(!is_published(&random_secret()));
    }

    #[test]
    fn a_name_is_plain() {
        for name in ["admin", "a", "anna.b@example.org", &"x".repeat(NAME_MAX_BYTES)] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        for name in ["", "Admin", "a b", "a\nb", "ädmin", "(unknown)", &"x".repeat(NAME_MAX_BYTES + 1)] {
            assert_eq!(check_name(name), Err(Unfit::Name), "{name}");
        }
    }

    #[test]
    fn secrets_are_random_and_sums_are_the_known_ones() {
        let (one, other) = (random_secret(), random_secret());
        assert!(one.len() == 64 && one != other);
        assert_eq!(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_ne!(derived_key("s", "a"), derived_key("s", "b"));
    }
}
