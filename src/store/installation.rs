//! Which database this is: its identity, which stays with its rows, and its incarnation, which a restore,
//! a copy and an adoption renew.
//!
//! May touch: [`Transaction`]. Invariant: two databases that go on from the same rows have the same identity
//! and different incarnations.

use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};

use super::sql::{sql, values};
use super::{Command, Stop, Transaction};

/// The length of an identity and of an incarnation, in bytes; hexadecimal has twice as many digits.
const RANDOM_BYTES: usize = 16;

/// A database's identity and incarnation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installation {
    /// Which database the rows come from, in hexadecimal.
    pub identity: String,
    /// Which continuation of it this is, in hexadecimal. Empty if it has been going on since a version that
    /// knew none.
    pub incarnation: String,
}

/// Returns the identity and the incarnation of the database, and makes those that it lacks.
#[derive(Clone, Debug, PartialEq)]
pub struct Identify {
    /// What it has if it lacks them.
    new: Installation,
}

impl Identify {
    /// With random ones, if they are lacking.
    ///
    /// # Panics
    /// If the operating system gives no random numbers; TLS needs them as well.
    pub fn or_at_random() -> Self {
        Self {
            new: Installation {
                identity: random(),
                incarnation: random(),
            },
        }
    }
}

impl Command for Identify {
    const NAME: &'static str = "identify";
    type Answer = Installation;
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Self::Answer, Stop<Self::Refusal>> {
        let Installation {
            identity,
            incarnation,
        } = &self.new;
        tx.execute(sql!("installation/make"), values![identity, incarnation])?;
        tx.execute(sql!("installation/renew"), values![incarnation])?;
        let row = tx.query_one(sql!("installation/find"), values![])?;
        let Some(row) = row else {
            return Ok(self.new.clone());
        };
        Ok(Installation {
            identity: row.get("identity")?,
            incarnation: row.get("incarnation")?,
        })
    }
}

/// A random number, in hexadecimal.
pub(super) fn random() -> String {
    let mut bytes = [0; RANDOM_BYTES];
    SystemRandom::new()
        .fill(&mut bytes)
        .expect("the operating system gives random numbers");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::Scene;

    #[tokio::test]
    async fn identity_and_incarnation_are_made_once() {
        let scene = Scene::open().await;
        let Ok(first) = scene.run(Identify::or_at_random()).await;
        let Ok(second) = scene.run(Identify::or_at_random()).await;
        assert_eq!(first, second);
        assert_eq!(first.identity.len(), 2 * RANDOM_BYTES);
        assert_ne!(first.identity, first.incarnation);
    }
}
