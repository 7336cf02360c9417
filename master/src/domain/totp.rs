//! Codes of a second factor: TOTP (RFC 6238) with HMAC-SHA-1, six digits and half minutes, which is what every
//! authenticator knows; and the recovery codes for when that is lost. No I/O but the system's random numbers.

use ring::hmac;
use subtle::ConstantTimeEq;

use super::password::{random_bytes, sha256};

/// How long a code lasts, in seconds.
pub const STEP_S: i64 = 30;
/// Steps before and after the present one whose codes are taken: clocks differ, and people type (RFC 6238, 5.2).
const STEPS_AROUND: i64 = 1;
/// Digits of a code.
const DIGITS: usize = 6;
/// As long as the sum of SHA-1 (RFC 4226, 4).
const SECRET_BYTES: usize = 20;
/// Recovery codes that are made at a time.
pub const RECOVERY_CODES: usize = 10;
/// Random bytes of a recovery code. Nobody guesses 80 bits, so that a plain hash recognises them.
const RECOVERY_CODE_BYTES: usize = 10;
/// Digits that 80 bits take in base 32.
const RECOVERY_CODE_DIGITS: usize = 16;
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What the two sides share. No `Debug`.
pub struct TotpSecret(Vec<u8>);

/// What somebody typed as a code.
pub enum TypedCode {
    /// Six digits of an authenticator.
    Totp(String),
    /// A recovery code, by its hash.
    Recovery(String),
}

impl TotpSecret {
    /// A new one.
    pub fn random() -> Self {
        Self(random_bytes::<SECRET_BYTES>().to_vec())
    }

    /// One that was made before.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// What is stored, sealed.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// As people type it where a picture cannot be read (RFC 4648, 6; without padding).
    pub fn base32(&self) -> String {
        base32(&self.0)
    }

    /// What an authenticator reads from a QR code: Google's "Key Uri Format". `name` is a user's, of characters that need
    /// no escape there but `@`.
    pub fn uri(&self, name: &str) -> String {
        let name = name.replace('@', "%40");
        format!("otpauth://totp/Neon:{name}?secret={}&issuer=Neon&algorithm=SHA1&digits=6&period=30", self.base32())
    }

    /// The step that `code` is of: the present one, at `unix_s`, or one beside it.
    pub fn step_of(&self, code: &str, unix_s: i64) -> Option<i64> {
        let present = unix_s.div_euclid(STEP_S);
        // All are compared, in constant time: how close a guess was is nobody's to know.
        (present - STEPS_AROUND..=present + STEPS_AROUND)
            .filter(|step| bool::from(self.code(*step).as_bytes().ct_eq(code.as_bytes())))
            .max()
    }

    /// HOTP of the step (RFC 4226, 5.3).
    fn code(&self, step: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let sum = hmac::sign(&key, &step.to_be_bytes());
        let sum = sum.as_ref();
        let offset = usize::from(sum.last().copied().unwrap_or_default() & 0x0f);
        let part = sum.get(offset..offset + 4).unwrap_or_default();
        let number = part.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) & 0x7fff_ffff;
        format!("{:0width$}", number % 10_u32.pow(DIGITS as u32), width = DIGITS)
    }
}

impl TypedCode {
    /// What `text` may be; spaces and dashes are there for people. `None` for what is neither.
    pub fn of(text: &str) -> Option<Self> {
        let is_code = |char: &char| !matches!(char, ' ' | '-');
        let digits: String = text.chars().filter(is_code).take(RECOVERY_CODE_DIGITS + 1).collect();
        if digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Self::Totp(digits));
        }
        let digits = digits.to_ascii_uppercase();
        let is_recovery_code =
            digits.len() == RECOVERY_CODE_DIGITS && digits.bytes().all(|byte| BASE32.contains(&byte));
        is_recovery_code.then(|| Self::Recovery(sha256(digits)))
    }
}

/// New recovery codes, as people keep them, and what each is recognised by.
pub fn recovery_codes() -> (Vec<String>, Vec<String>) {
    let one = || {
        let digits = base32(&random_bytes::<RECOVERY_CODE_BYTES>());
        let groups: Vec<&str> = [0, 4, 8, 12].iter().filter_map(|at| digits.get(*at..*at + 4)).collect();
        (groups.join("-").to_ascii_lowercase(), sha256(&digits))
    };
    (0..RECOVERY_CODES).map(|_| one()).unzip()
}

fn base32(bytes: &[u8]) -> String {
    let five = |chunk: &[u8]| {
        // A chunk is five bytes at most, which are 40 bits.
        let bits = (0..5).fold(0_u64, |bits, at| bits << 8 | u64::from(chunk.get(at).copied().unwrap_or_default()));
        let digit = |at: usize| BASE32.get((bits >> (35 - 5 * at) & 31) as usize).copied().map_or(' ', char::from);
        (0..(8 * chunk.len()).div_ceil(5)).map(digit).collect::<String>()
    };
    bytes.chunks(5).map(five).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B: SHA-1, of which we show the last six digits.
    #[test]
    fn codes_are_those_of_the_rfc() {
        let secret = TotpSecret::from_bytes(b"12345678901234567890".to_vec());
        for (unix_s, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(secret.code(unix_s / STEP_S), code);
            assert_eq!(secret.step_of(code, unix_s), Some(unix_s / STEP_S));
        }
    }

    #[test]
    fn a_code_is_good_a_step_around_its_own_and_no_longer() {
        let secret = TotpSecret::from_bytes(b"12345678901234567890".to_vec());
        let code = secret.code(1000);
        for (unix_s, is_good) in [(29_969, false), (29_970, true), (30_000, true), (30_059, true), (30_060, false)] {
            assert_eq!(secret.step_of(&code, unix_s), is_good.then_some(1000), "{unix_s}");
        }
        for bad in ["", "12345", "1234567", "abcdef", "28708２"] {
            assert_eq!(secret.step_of(bad, 59), None, "{bad}");
        }
    }

    #[test]
    fn base_32_is_that_of_the_rfc() {
        for (bytes, text) in
            [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB")]
        {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
        let secret = TotpSecret::from_bytes(b"12345678901234567890".to_vec());
        assert_eq!(
            secret.uri("a@b"),
            "otpauth://totp/Neon:a%40b?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Neon&algorithm=SHA1&digits=6&period=30"
        );
    }

    #[test]
    fn recovery_codes_are_different_and_recognised_however_they_are_typed() {
        let (codes, hashes) = recovery_codes();
        assert_eq!((codes.len(), hashes.len()), (RECOVERY_CODES, RECOVERY_CODES));
        let mut unique = hashes.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), RECOVERY_CODES);
        let hash_of = |text: &str| match TypedCode::of(text) {
            Some(TypedCode::Recovery(hash)) => Some(hash),
            _ => None,
        };
        for (code, hash) in codes.iter().zip(&hashes) {
            for typed in [code.clone(), code.to_ascii_uppercase(), code.replace('-', ""), code.replace('-', " ")] {
                assert_eq!(hash_of(&typed).as_ref(), Some(hash), "{typed}");
            }
            assert_eq!(hash_of(&code[1..]), None);
        }
        assert!(matches!(TypedCode::of(" 287 082 "), Some(TypedCode::Totp(digits)) if digits == "287082"));
        for neither in ["", "12345", "1234567", "abcdef", &"a".repeat(100_000), "\u{0}", "１２３４５６"] {
            assert!(TypedCode::of(neither).is_none());
        }
    }
}
