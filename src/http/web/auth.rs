//! Basic authentication against bcrypt hashes.
//!
//! A hash takes tens of milliseconds, on purpose. So a password that was found right is remembered,
//! by a digest under a key that nobody knows; what is new is verified one at a time, off the threads
//! that serve. A name that doesn't exist costs what a wrong password costs.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use ring::rand::SystemRandom;
use tokio::sync::Semaphore;

use crate::http::web::config::User;

/// How many right passwords are remembered; more of them begin anew.
const MOST_REMEMBERED: usize = 1000;

/// Who may ask.
#[derive(Debug)]
pub struct Users {
    users: Vec<User>,
    /// The hash that takes longest: what a name that doesn't exist is verified against.
    slowest: Box<str>,
}

impl Users {
    /// Those who may ask; without any, everybody may.
    #[must_use]
    pub fn new(users: Vec<User>) -> Self {
        let cost = |hash: &str| hash.parse::<bcrypt::HashParts>().map_or(0, |parts| parts.get_cost());
        let slowest = users.iter().map(|user| &user.hash).max_by_key(|hash| cost(hash)).cloned().unwrap_or_default();
        Self { users, slowest }
    }
}

/// The passwords that were found right.
#[derive(Debug)]
pub struct Verified {
    /// `None` where the system has no random numbers: then nothing is remembered.
    key: Option<hmac::Key>,
    right: Mutex<HashSet<Vec<u8>>>,
    turn: Arc<Semaphore>,
}

impl Default for Verified {
    fn default() -> Self {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok();
        Self { key, right: Mutex::default(), turn: Arc::new(Semaphore::new(1)) }
    }
}

impl Verified {
    /// Whether who sends `credentials`, the value of the header `Authorization`, is one of `users`.
    pub async fn admits(&self, users: &Users, credentials: Option<&str>) -> bool {
        if users.users.is_empty() {
            return true;
        }
        let Some((name, password)) = credentials.and_then(decoded) else { return false };
        let known = users.users.iter().find(|user| *user.name == *name).map(|user| user.hash.clone());
        let is_known = known.is_some();
        let hash = known.unwrap_or_else(|| users.slowest.clone());
        // The hash is part of it: a password that was changed isn't right any longer.
        let digest = self.key.as_ref().map(|key| {
            let length = name.len().to_le_bytes();
            let message = [&length[..], name.as_bytes(), hash.as_bytes(), password.as_bytes()].concat();
            hmac::sign(key, &message).as_ref().to_vec()
        });
        if is_known && digest.as_ref().is_some_and(|digest| self.right().contains(digest)) {
            return true;
        }
        let right = self.verify(password, hash).await && is_known;
        if let (true, Some(digest)) = (right, digest) {
            let mut remembered = self.right();
            if remembered.len() >= MOST_REMEMBERED {
                remembered.clear();
            }
            remembered.insert(digest);
        }
        right
    }

    async fn verify(&self, password: String, hash: Box<str>) -> bool {
        // The semaphore is never closed.
        let Ok(turn) = Arc::clone(&self.turn).acquire_owned().await else { return false };
        let verified = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            bcrypt::verify(password, &hash).unwrap_or(false)
        });
        verified.await.unwrap_or(false)
    }

    fn right(&self) -> std::sync::MutexGuard<'_, HashSet<Vec<u8>>> {
        self.right.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name and password of `Basic dXNlcjpwYXNzd29yZA==`.
fn decoded(credentials: &str) -> Option<(String, String)> {
    let (scheme, encoded) = credentials.split_once(' ')?;
    let bytes = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(encoded.trim()).ok())??;
    let text = String::from_utf8(bytes).ok()?;
    text.split_once(':').map(|(name, password)| (name.to_owned(), password.to_owned()))
}
