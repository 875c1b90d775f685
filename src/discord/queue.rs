//! (to come)

use super::feature::Feature;

/// The feature's table.
pub const FEATURE: Feature = Feature {
    commands: &[],
    components: &[],
    modals: &[],
};
