//! `playground`: a small Discord on this machine, the real bot connected to it, and a web page.

use super::Failed;
use crate::config::Config;

/// Where the playground keeps its database if nobody says otherwise.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The port of the web page
    #[arg(
        long,
        env = "PLAYGROUND_PORT",
        value_name = "PORT",
        default_value_t = 8765
    )]
    playground_port: u16,
}

pub(super) async fn run(_config: Config, arguments: Arguments) -> Result<(), Failed> {
    Err(Failed::Other(format!(
        "nothing on {} yet",
        arguments.playground_port
    )))
}
