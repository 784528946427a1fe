//! Basic authentication with bcrypt hashes.
//!
//! Verifying a hash takes tens of milliseconds by design. Verified passwords are therefore cached,
//! as a digest under a random key of the process. All others are verified one at a time, outside the
//! threads that serve requests. An unknown user takes as long as a wrong password.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use ring::rand::SystemRandom;
use tokio::sync::Semaphore;

use crate::http::web::config::User;

/// Maximum number of cached passwords. The cache is cleared when it is full.
const MAX_CACHED: usize = 1000;

#[derive(Debug)]
pub(crate) struct Users {
    users: Vec<User>,
    /// The hash with the highest cost, verified for unknown users.
    slowest: Box<str>,
}

impl Users {
    #[must_use]
    pub(crate) fn new(users: Vec<User>) -> Self {
        let cost = |hash: &str| hash.parse::<bcrypt::HashParts>().map_or(0, |parts| parts.get_cost());
        let slowest = users.iter().map(|user| &user.hash).max_by_key(|hash| cost(hash)).cloned().unwrap_or_default();
        Self { users, slowest }
    }
}

/// The cache of verified passwords.
#[derive(Debug)]
pub(crate) struct Verified {
    /// `None` if the system has no source of random numbers: then nothing is cached.
    key: Option<hmac::Key>,
    digests: Mutex<HashSet<Vec<u8>>>,
    /// Allows one bcrypt verification at a time.
    verification: Arc<Semaphore>,
}

impl Default for Verified {
    fn default() -> Self {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok();
        Self { key, digests: Mutex::default(), verification: Arc::new(Semaphore::new(1)) }
    }
}

impl Verified {
    /// Checks the value of the header `Authorization`. Without users, every request is admitted.
    pub(crate) async fn admits(&self, users: &Users, credentials: Option<&str>) -> bool {
        if users.users.is_empty() {
            return true;
        }
        let Some((name, password)) = credentials.and_then(decode) else { return false };
        let user_hash = users.users.iter().find(|user| *user.name == *name).map(|user| user.hash.clone());
        let is_user = user_hash.is_some();
        let hash = user_hash.unwrap_or_else(|| users.slowest.clone());
        // The digest covers the hash, so that a changed password invalidates it.
        let digest = self.key.as_ref().map(|key| {
            let length = name.len().to_le_bytes();
            let message = [&length[..], name.as_bytes(), hash.as_bytes(), password.as_bytes()].concat();
            hmac::sign(key, &message).as_ref().to_vec()
        });
        if is_user && digest.as_ref().is_some_and(|digest| self.digests().contains(digest)) {
            return true;
        }
        let admitted = self.verify(password, hash).await && is_user;
        if let (true, Some(digest)) = (admitted, digest) {
            let mut digests = self.digests();
            if digests.len() >= MAX_CACHED {
                digests.clear();
            }
            digests.insert(digest);
        }
        admitted
    }

    async fn verify(&self, password: String, hash: Box<str>) -> bool {
        // The semaphore is never closed.
        let Ok(permit) = Arc::clone(&self.verification).acquire_owned().await else { return false };
        let verified = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            bcrypt::verify(password, &hash).unwrap_or(false)
        });
        verified.await.unwrap_or(false)
    }

    fn digests(&self) -> MutexGuard<'_, HashSet<Vec<u8>>> {
        self.digests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name and password of `Basic dXNlcjpwYXNzd29yZA==`.
fn decode(credentials: &str) -> Option<(String, String)> {
    let (scheme, encoded) = credentials.split_once(' ')?;
    let bytes = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(encoded.trim()).ok())??;
    let text = String::from_utf8(bytes).ok()?;
    text.split_once(':').map(|(name, password)| (name.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(credentials: &str) -> String {
        format!("Basic {}", STANDARD.encode(credentials))
    }

    fn users(users: &[(&str, &str)]) -> Users {
        let hash = |password: &str| bcrypt::hash_with_salt(password, 4, [7; 16]).unwrap().to_string();
        let users = users.iter().map(|(name, password)| User { name: (*name).into(), hash: hash(password).into() });
        Users::new(users.collect())
    }

    #[test]
    fn credentials_are_decoded_up_to_the_first_colon() {
        let decoded = |name: &str, password: &str| Some((name.to_owned(), password.to_owned()));
        assert_eq!(decode(&basic("kim:secret")), decoded("kim", "secret"));
        assert_eq!(decode(&basic("kim:a:b")), decoded("kim", "a:b"));
        assert_eq!(decode(&basic(":")), decoded("", ""));
        assert_eq!(decode(&basic("kim:").replace("Basic", "bAsIc")), decoded("kim", ""));
        for invalid in ["", "Basic", "Basic !", "Bearer a2ltOg==", "Basic a2lt", "Basic /////w=="] {
            assert_eq!(decode(invalid), None, "{invalid}");
        }
    }

    #[tokio::test]
    async fn only_verified_passwords_are_admitted_and_cached() {
        let verified = Verified::default();
        let both = users(&[("kim", "secret"), ("robin", "other")]);
        for _ in 0..2 {
            assert!(verified.admits(&both, Some(&basic("kim:secret"))).await);
            for invalid in ["kim:other", "robin:secret", "lee:secret", "KIM:secret", "kim:"] {
                assert!(!verified.admits(&both, Some(&basic(invalid))).await, "{invalid}");
            }
            assert!(!verified.admits(&both, None).await);
        }
        assert_eq!(verified.digests().len(), 1);
        let changed = users(&[("kim", "changed")]);
        assert!(!verified.admits(&changed, Some(&basic("kim:secret"))).await, "the cached password is invalid now");
        assert!(verified.admits(&users(&[]), None).await, "without users, authentication is off");
    }

    #[test]
    fn unknown_users_are_verified_against_the_most_expensive_hash() {
        let hash = |cost| -> Box<str> { bcrypt::hash_with_salt("a", cost, [7; 16]).unwrap().to_string().into() };
        let user = |name: &str, cost| User { name: name.into(), hash: hash(cost) };
        assert_eq!(Users::new(vec![user("a", 4), user("b", 6), user("c", 5)]).slowest, hash(6));
    }
}
