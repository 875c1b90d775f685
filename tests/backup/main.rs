//! Backups with real parts: SQLite under a load, an S3 server, full and read-only disks, Litestream.

mod command_line;
mod disks;
mod first_start;
mod home;
mod litestream;
mod local;
mod modes;
mod restore;
mod s3;
mod schema;
mod taken_away;
