//! What `check` asks of others: the object store, and Discord.
//!
//! May touch: the network. Invariant: nobody is waited for longer than a named time, and the token is sent to
//! Discord only if that was asked for.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{AUTHORIZATION, DATE};

use super::{Line, Verdict, line};
use crate::clock::Clock;
use crate::config::{BackupConfig, Config};
use crate::discord::rest::transport::{address_of, web_client};
use crate::secret::Secret;
use crate::store::backup::remote::Remote;

/// The object store is given up on after this long, in seconds.
const STORE_WITHIN_S: u64 = 20;
/// Discord is given up on after this long, in seconds.
const DISCORD_WITHIN_S: u64 = 10;
/// A clock that differs from Discord's by more is warned of, in seconds. Discord's tells whole seconds.
const CLOCK_WARN_S: i64 = 5;
/// Beyond this the clock is wrong, in seconds.
const CLOCK_FAIL_S: i64 = 60;

/// The object store that backups are copied to.
pub(super) async fn object_store(config: &BackupConfig) -> Line {
    const NAME: &str = "object store";
    let Some(url) = &config.backup_s3_url else {
        return line(NAME, Verdict::Ok, "none; BACKUP_S3_URL is not set");
    };
    let fail = |says: String| {
        line(NAME, Verdict::Fail, says).advise(
            "see BACKUP_S3_URL, the AWS_* variables, and what the key may do: put, get, list, delete",
        )
    };
    let remote = match Remote::new(&super::super::backup::remote_settings(url)) {
        Ok(remote) => remote,
        Err(error) => return fail(error.to_string()),
    };
    let limit = Duration::from_secs(STORE_WITHIN_S);
    match tokio::time::timeout(limit, remote.probe()).await {
        Ok(Ok(())) => {
            let says = format!(
                "{}: a small object was written, read, listed and deleted",
                remote.place()
            );
            line(NAME, Verdict::Ok, says)
        }
        Ok(Err(error)) => fail(error.to_string()),
        Err(_) => fail(format!(
            "{} did not answer within {STORE_WITHIN_S} s",
            remote.place()
        )),
    }
}

/// Discord: whether it takes the token, and what its clock says.
pub(super) async fn discord(config: &Config, clock: &Clock) -> Vec<Line> {
    let asked = tokio::time::timeout(Duration::from_secs(DISCORD_WITHIN_S), ask(config)).await;
    let answer = match asked {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => return vec![unreachable(&error)],
        Err(_) => return vec![unreachable("no answer in time")],
    };
    let mut lines = vec![match answer.status {
        200 => line("Discord", Verdict::Ok, "takes the token"),
        401 if config.bot_token.is_none() => line(
            "Discord",
            Verdict::Warn,
            "answers; there is no token to try",
        ),
        401 => line("Discord", Verdict::Fail, "refuses the token in BOT_TOKEN")
            .advise("copy it again from the developer portal, or reset it there"),
        status => line(
            "Discord",
            Verdict::Warn,
            format!("answers with status {status}"),
        )
        .advise("look at discordstatus.com, and try again"),
    }];
    lines.push(compare_clocks(answer.date, clock.now()));
    lines
}

struct Answer {
    status: u16,
    /// Discord's clock, in whole seconds.
    date: Option<DateTime<Utc>>,
}

async fn ask(config: &Config) -> Result<Answer, String> {
    let web = web_client().map_err(|error| error.to_string())?;
    let address = address_of(config.discord_api_url.as_ref());
    let mut request = web.get(format!("{address}users/@me"));
    if let Some(token) = &config.bot_token {
        let header = Secret::new(format!("Bot {}", token.reveal()));
        request = request.header(AUTHORIZATION, header.reveal());
    }
    let answer = request
        .send()
        .await
        .map_err(|error| error.without_url().to_string())?;
    let date = answer
        .headers()
        .get(DATE)
        .and_then(|date| date.to_str().ok());
    let date = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok());
    Ok(Answer {
        status: answer.status().as_u16(),
        date: date.map(|date| date.to_utc()),
    })
}

fn unreachable(error: &str) -> Line {
    line(
        "Discord",
        Verdict::Fail,
        format!("cannot be reached: {error}"),
    )
    .advise("see the network, name resolution, and DISCORD_API_URL if it is set")
}

/// Sessions start and reminders go out by our clock; interactions are dated by Discord's.
fn compare_clocks(theirs: Option<DateTime<Utc>>, ours: DateTime<Utc>) -> Line {
    const NAME: &str = "Discord's clock";
    let Some(theirs) = theirs else {
        return line(
            NAME,
            Verdict::Warn,
            "the answer does not say what time it is there",
        );
    };
    let apart = (ours - theirs).abs();
    let says = match apart < TimeDelta::seconds(1) {
        true => "the same as ours".to_owned(),
        false => {
            let side = if ours > theirs { "ahead of" } else { "behind" };
            format!("ours is {} s {side} it", apart.num_seconds())
        }
    };
    let apart_s = apart.num_seconds();
    if apart_s <= CLOCK_WARN_S {
        return line(NAME, Verdict::Ok, says);
    }
    let is_wrong = apart_s > CLOCK_FAIL_S;
    let verdict = if is_wrong {
        Verdict::Fail
    } else {
        Verdict::Warn
    };
    line(NAME, verdict, says).advise("set the machine's clock, by NTP for example")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_is_judged_by_how_far_it_is_from_discords() {
        let theirs = DateTime::UNIX_EPOCH;
        for (seconds, verdict) in [
            (0, Verdict::Ok),
            (5, Verdict::Ok),
            (-5, Verdict::Ok),
            (6, Verdict::Warn),
            (-60, Verdict::Warn),
            (61, Verdict::Fail),
            (-5_000_000, Verdict::Fail),
        ] {
            let ours = theirs + TimeDelta::seconds(seconds);
            assert_eq!(
                compare_clocks(Some(theirs), ours).verdict,
                verdict,
                "{seconds}"
            );
        }
        assert_eq!(compare_clocks(None, theirs).verdict, Verdict::Warn);
    }
}
