//! Signs callbacks and checks signatures in the form of Standard Webhooks 1.0: HMAC-SHA-256 over id, time and body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use postrider_model::Timestamp;

/// How a secret starts when it is written down.
pub const SECRET_PREFIX: &str = "whsec_";
const SIGNATURE_PREFIX: &str = "v1,";
const KEY_SIZE_BYTES: std::ops::RangeInclusive<usize> = 16..=64;
const SIGNATURE_LENGTH: usize = 44;

/// Signs with one secret, or with two while the secret is being changed.
#[derive(Clone)]
pub struct Signer {
    keys: Vec<Hmac<Sha256>>,
}

/// A secret never reaches a log.
impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({} secrets)", self.keys.len())
    }
}

/// A text that is not a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a callback secret is whsec_ and base64 of 16 to 64 octets")]
pub struct SecretError;

impl Signer {
    /// A signer with this secret (`whsec_` and base64).
    ///
    /// # Errors
    /// When the text is no such secret; the text is not repeated.
    pub fn new(secret: &str) -> Result<Self, SecretError> {
        Self { keys: Vec::with_capacity(1) }.with_secret(secret)
    }

    /// With one more secret: every callback gets a signature by each.
    ///
    /// # Errors
    /// As [`Signer::new`].
    pub fn with_secret(mut self, secret: &str) -> Result<Self, SecretError> {
        let key =
            STANDARD.decode(secret.trim().strip_prefix(SECRET_PREFIX).ok_or(SecretError)?).map_err(|_| SecretError)?;
        if !KEY_SIZE_BYTES.contains(&key.len()) {
            return Err(SecretError);
        }
        self.keys.push(Hmac::new_from_slice(&key).map_err(|_| SecretError)?);
        Ok(self)
    }

    /// The value of `webhook-signature` for this id, time and body.
    pub fn sign(&self, id: &str, seconds: i64, body: &[u8]) -> String {
        let mut out = String::with_capacity(self.keys.len() * (SIGNATURE_PREFIX.len() + SIGNATURE_LENGTH + 1));
        for key in &self.keys {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(SIGNATURE_PREFIX);
            STANDARD.encode_string(over(key, id, seconds, body).finalize().into_bytes(), &mut out);
        }
        out
    }

    /// Whether one of the signatures in `header` is by one of the secrets, and `seconds` is within `tolerance` of `now`.
    pub fn verify(
        &self,
        id: &str,
        seconds: i64,
        body: &[u8],
        header: &str,
        now: Timestamp,
        tolerance_seconds: u64,
    ) -> bool {
        if now.as_seconds().abs_diff(seconds) > tolerance_seconds {
            return false;
        }
        let given = header.split(' ').filter_map(|one| STANDARD.decode(one.strip_prefix(SIGNATURE_PREFIX)?).ok());
        given.into_iter().any(|tag| self.keys.iter().any(|key| over(key, id, seconds, body).verify_slice(&tag).is_ok()))
    }
}

/// The secret with these octets, as it is written down.
pub fn format_secret(key: &[u8; 32]) -> String {
    format!("{SECRET_PREFIX}{}", STANDARD.encode(key))
}

fn over(key: &Hmac<Sha256>, id: &str, seconds: i64, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = key.clone();
    mac.update(id.as_bytes());
    mac.update(b".");
    mac.update(Digits::of(seconds).as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}

/// A number in decimal, without a heap allocation on the way of every callback.
struct Digits {
    text: [u8; 20],
    start: usize,
}

impl Digits {
    fn of(number: i64) -> Self {
        let mut digits = Self { text: [b'0'; 20], start: 20 };
        let mut rest = number.unsigned_abs();
        while rest > 0 || digits.start == 20 {
            digits.start -= 1;
            digits.text[digits.start] = b'0' + (rest % 10).to_le_bytes()[0];
            rest /= 10;
        }
        if number < 0 {
            digits.start -= 1;
            digits.text[digits.start] = b'-';
        }
        digits
    }

    fn as_bytes(&self) -> &[u8] {
        &self.text[self.start..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SECONDS: i64 = 1_614_265_330;

    #[test]
    fn the_published_example_gets_its_signature() {
        // Computed with the reference implementation in Python (standardwebhooks 1.0).
        let signature = Signer::new(SECRET).unwrap().sign(ID, SECONDS, BODY);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_changed_body_time_id_or_secret_does_not_verify() {
        let signer = Signer::new(SECRET).unwrap();
        let header = signer.sign(ID, SECONDS, BODY);
        let now = Timestamp::from_millis(SECONDS * 1_000);
        assert!(signer.verify(ID, SECONDS, BODY, &header, now, 300));
        assert!(!signer.verify(ID, SECONDS, b"{}", &header, now, 300));
        assert!(!signer.verify("msg_other", SECONDS, BODY, &header, now, 300));
        assert!(!signer.verify(ID, SECONDS + 1, BODY, &header, now, 300));
        assert!(!signer.verify(ID, SECONDS, BODY, &header, now.plus(std::time::Duration::from_secs(301)), 300));
        assert!(!signer.verify(ID, SECONDS, BODY, "v1,AAAA v2,x", now, 300));
        assert!(!Signer::new(&format_secret(&[7; 32])).unwrap().verify(ID, SECONDS, BODY, &header, now, 300));
    }

    #[test]
    fn while_the_secret_is_changed_both_verify() {
        let both = Signer::new(SECRET).unwrap().with_secret(&format_secret(&[7; 32])).unwrap();
        let header = both.sign(ID, SECONDS, BODY);
        let now = Timestamp::from_millis(SECONDS * 1_000);
        for one in [SECRET.to_owned(), format_secret(&[7; 32])] {
            assert!(Signer::new(&one).unwrap().verify(ID, SECONDS, BODY, &header, now, 300));
        }
    }

    #[test]
    fn a_secret_that_is_none_is_refused_without_being_shown() {
        for text in ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_AAAA", "whsec_%%%"] {
            assert_eq!(Signer::new(text).unwrap_err(), SecretError, "{text}");
        }
        assert_eq!(format!("{:?}", Signer::new(SECRET).unwrap()), "Signer(1 secrets)");
    }

    #[test]
    fn digits_are_what_format_writes() {
        for number in [0, 7, -1, 1_614_265_330, i64::MAX, i64::MIN] {
            assert_eq!(Digits::of(number).as_bytes(), number.to_string().as_bytes());
        }
    }
}
