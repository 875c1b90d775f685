//! Discord at the start: asked again until it answers.
//!
//! May touch: the status, for whoever wonders why the bot is not ready. Invariant: only what a later try
//! cannot change ends the start.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use super::StartError;
use crate::discord::rest::RestError;
use crate::status::Status;

/// The wait before the second try, in milliseconds; each further one waits twice as long.
const RETRY_FIRST_MS: u64 = 500;
/// The longest wait, in milliseconds. A rate limit that holds for longer is waited for all the same.
const RETRY_MAX_MS: u64 = 60_000;

/// Asks until there is an answer, or an error that does not pass.
///
/// # Errors
/// [`StartError`]; [`StartError::TokenRefused`] at the first 401.
pub(super) async fn until_answered<T>(
    status: &Status,
    ask: impl AsyncFn() -> Result<T, RestError>,
) -> Result<T, StartError> {
    let mut pause = Duration::from_millis(RETRY_FIRST_MS);
    loop {
        let error = match ask().await {
            Ok(answer) => {
                status.start_waits(None);
                return Ok(answer);
            }
            Err(error @ RestError::Refused { status: 401, .. }) => return Err(error.into()),
            Err(error) if !error.is_passing() => return Err(error.into()),
            Err(error) => error,
        };
        let wait = match &error {
            RestError::Limited { retry_after } => pause.max(*retry_after),
            _ => pause,
        };
        let wait = wait + jitter(pause);
        let wait_s = wait.as_secs_f64();
        tracing::warn!(%error, wait_s, "the start waits for Discord");
        status.start_waits(Some(format!(
            "the start waits for Discord; it is asked again in {wait_s:.1} s, and the log says why"
        )));
        tokio::time::sleep(wait).await;
        pause = (pause * 2).min(Duration::from_millis(RETRY_MAX_MS));
    }
}

/// Up to a quarter of `pause`, so that processes that failed together do not come back together.
fn jitter(pause: Duration) -> Duration {
    let random = RandomState::new().hash_one(0_u8);
    pause.mul_f64(f64::from(u32::try_from(random >> 32).unwrap_or(0)) / f64::from(u32::MAX) / 4.0)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn refused(status: u16) -> RestError {
        RestError::Refused {
            status,
            code: 0,
            message: "no".into(),
        }
    }

    #[tokio::test]
    async fn whatever_passes_is_waited_for_longer_each_time() {
        let (status, tries) = (Status::default(), Cell::new(0));
        let begun = tokio::time::Instant::now();
        let retry_after = Duration::from_millis(3_000);
        let answer = until_answered(&status, async || {
            tries.set(tries.get() + 1);
            assert_eq!(status.why_start_waits().is_some(), tries.get() > 1);
            match tries.get() {
                1 => Err(refused(502)),
                2 => Err(RestError::Unknown("torn".into())),
                3 => Err(RestError::Limited { retry_after }),
                _ => Ok(tries.get()),
            }
        });
        assert_eq!(answer.await.expect("an answer"), 4);
        let waited = begun.elapsed();
        // Half a second, a second, and what the limit says.
        assert!(waited >= Duration::from_millis(1_500) + retry_after);
        assert_eq!(status.why_start_waits(), None);
    }

    #[tokio::test]
    async fn what_does_not_pass_ends_the_start_at_once() {
        let status = Status::default();
        let refuse = async |code| until_answered::<()>(&status, async || Err(refused(code))).await;
        assert!(matches!(refuse(401).await, Err(StartError::TokenRefused)));
        assert!(matches!(refuse(400).await, Err(StartError::Discord(_))));
    }
}
