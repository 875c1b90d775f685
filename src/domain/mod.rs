//! The rules of the game and of time, as pure values: nothing here waits, stores or sends.
//!
//! May touch: chrono and the reference data compiled in from `data/`. Invariant: the same arguments
//! always give the same answer; the present time is an argument, never looked up.
//!
//! ```text
//! role    tank, damage, support, flex          ladder   what one can have a rank on
//! rank    tiers, divisions, distances          mode     compositions: what is missing, who fits
//! zone    time zones as people name them       when     dates and times as people type them
//! text    text as people type it, cleaned      battletag, ids
//! account, profile, session, queue, manage     what the commands decide about
//! missing what a line-up needs, and who gives it  admission  who gets a place by itself
//! check_in who is there                            short      playing with fewer than planned
//! prompt   messages that ask one person something, and what became of them
//! extras  a session's thread and scheduled event: the next step
//! balance  two fair teams: the best line-ups over all line-ups
//! teams    who is on which, arranged by an organiser or picked by captains
//! log     the record of what was done about a session
//! call    looking for one more: what a message says that looks for players
//! peers    several processes: who lives, who runs which shard    identify  when shards may
//! wide    ranked stacks that the game calls wide groups
//! backup  names of backups, and which are kept
//! ```

pub mod account;
pub mod admission;
pub mod backup;
pub mod balance;
pub mod battletag;
pub mod call;
pub mod check_in;
pub mod extras;
pub mod identify;
pub mod ids;
pub mod ladder;
pub mod log;
pub mod manage;
pub mod missing;
pub mod mode;
pub mod obstacle;
pub mod peers;
pub mod profile;
pub mod prompt;
pub mod queue;
pub mod rank;
pub mod role;
pub mod session;
pub mod short;
pub mod teams;
pub mod text;
pub mod when;
pub mod wide;
pub mod zone;
