//! The rules of the game and of time, as pure values: nothing here waits, stores or sends.
//!
//! May touch: chrono and the reference data compiled in from `data/`. Invariant: the same arguments
//! always give the same answer; the present time is an argument, never looked up.
//!
//! ```text
//! role       tank, damage, support, flex       ladder  what one can have a rank on
//! rank       tiers, divisions, distances       mode    compositions: what is missing, who fits
//! battletag  a player's name in the game       text    what people typed, made fit to keep
//! zone       time zones, found by what they are called
//! when       dates and times as people type them; choosing them; lengths
//! ```

pub mod battletag;
pub mod ladder;
pub mod mode;
pub mod rank;
pub mod role;
pub mod text;
pub mod when;
pub mod zone;
