//! What is stored so that whoever reads the store does not get it: AES-256-GCM with a key derived from `JWT_SECRET`, bound
//! to the user it belongs to. No I/O but the system's random numbers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use super::password::{derived_key, random_bytes};
use crate::config::Secrets;

/// Seals with the newest key, and opens with any that is good.
pub struct Seal {
    /// The newest first.
    keys: Vec<LessSafeKey>,
}

/// What was sealed.
pub struct Opened {
    /// It.
    pub bytes: Vec<u8>,
    /// Whether the newest key has sealed it.
    pub is_newest: bool,
}

impl Seal {
    /// One for `purpose`.
    pub fn new(secrets: &Secrets, purpose: &str) -> Self {
        let keys = secrets.iter().map(|secret| derived_key(secret.reveal(), purpose));
        // 32 bytes are what this algorithm asks for.
        let keys = keys.filter_map(|key| UnboundKey::new(&AES_256_GCM, &key).ok()).map(LessSafeKey::new).collect();
        Self { keys }
    }

    /// `bytes`, sealed for the user of this number. The nonce is random: of 2³² seals with one key, RFC 5116's bound, we
    /// make as many as users turn their second factor on.
    pub fn seal(&self, user_id: i64, bytes: &[u8]) -> Option<String> {
        let nonce: [u8; NONCE_LEN] = random_bytes();
        let mut sealed = bytes.to_vec();
        let key = self.keys.first()?;
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), bound_to(user_id), &mut sealed).ok()?;
        Some(STANDARD_NO_PAD.encode([&nonce[..], &sealed].concat()))
    }

    /// What was sealed for this user. `None` where it was with another key, for another user, or changed since.
    pub fn open(&self, user_id: i64, text: &str) -> Option<Opened> {
        let whole = STANDARD_NO_PAD.decode(text).ok()?;
        let (nonce, sealed) = whole.split_at_checked(NONCE_LEN)?;
        self.keys.iter().enumerate().find_map(|(number, key)| {
            let mut bytes = sealed.to_vec();
            let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
            let length = key.open_in_place(nonce, bound_to(user_id), &mut bytes).ok()?.len();
            bytes.truncate(length);
            Some(Opened { bytes, is_newest: number == 0 })
        })
    }
}

fn bound_to(user_id: i64) -> Aad<[u8; 8]> {
    Aad::from(user_id.to_be_bytes())
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    fn seal(newest: &str, previous: Option<&str>) -> Seal {
        let secret = |text: &str| Secret::new(text.to_owned());
        Seal::new(&Secrets { newest: secret(newest), previous: previous.map(secret) }, "test")
    }

    #[test]
    fn what_is_sealed_is_opened_for_its_user_alone_and_only_as_it_was() {
        let one = seal("one", None);
        let text = one.seal(7, b"a secret").unwrap();
        assert_ne!(text, one.seal(7, b"a secret").unwrap(), "never twice the same");
        let opened = one.open(7, &text).unwrap();
        assert!(opened.bytes == b"a secret" && opened.is_newest);
        assert!(one.open(8, &text).is_none(), "another user's");
        for changed in ["", "x", &text[1..], &text[..text.len() - 2], &format!("{text}AAAA")] {
            assert!(one.open(7, changed).is_none(), "{changed}");
        }
        assert!(seal("other", None).open(7, &text).is_none());
        assert!(
            Seal::new(&Secrets { newest: Secret::new("one".to_owned()), previous: None }, "else")
                .open(7, &text)
                .is_none()
        );
    }

    #[test]
    fn a_seal_survives_the_rotation_of_its_secret() {
        let text = seal("one", None).seal(7, b"a secret").unwrap();
        let opened = seal("two", Some("one")).open(7, &text).unwrap();
        assert!(opened.bytes == b"a secret" && !opened.is_newest);
        assert!(seal("two", Some("one")).open(7, &seal("two", None).seal(7, b"x").unwrap()).unwrap().is_newest);
    }
}
