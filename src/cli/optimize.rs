//! `optimize`: writes the database anew, without unused room, while no bot runs.

use indicatif::{ProgressBar, ProgressStyle};

use super::{Failed, database, say};
use crate::config::Config;
use crate::store::sqlite::compact::{OptimizeError, optimize};
use crate::store::sqlite::files;

pub(super) async fn run(config: Config) -> Result<(), Failed> {
    let path = database::file_only(
        &config,
        "optimize",
        "PostgreSQL takes unused room back by itself (autovacuum); VACUUM FULL does it at once",
    )?;
    let complain = |error: &dyn std::fmt::Display| {
        Failed::Other(format!("the database {}: {error}", path.display()))
    };
    let before = files::sizes(&path).map_err(|error| complain(&error))?;
    // Where nobody looks at a terminal, it draws nothing.
    let bar = ProgressBar::new(0).with_style(style());
    let told = bar.clone();
    let file = path.clone();
    let done = tokio::task::spawn_blocking(move || {
        optimize(&file, move |done, total| {
            told.set_length(total);
            told.set_position(done);
        })
    });
    let done = done.await?;
    bar.finish_and_clear();
    done.map_err(|error| match error {
        // It names the database itself.
        OptimizeError::Lock(error) => error.into(),
        error => complain(&error),
    })?;
    let after = files::sizes(&path).map_err(|error| complain(&error))?;
    let (was, is) = (before.file + before.log, after.file + after.log);
    say(format_args!(
        "{}: {} bytes before, {} bytes now, {} came back",
        path.display(),
        was,
        is,
        was.saturating_sub(is)
    ));
    Ok(())
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {wide_bar} {percent} % {elapsed}")
        .expect("a test makes this style")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_progress_bar_can_be_drawn() {
        super::style();
    }
}
