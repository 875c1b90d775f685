//! Modes: team sizes, compositions, and what a line-up still needs or takes.
//!
//! May touch: `data/modes.toml`, compiled in. Invariant: a line-up that only grew by roles for which
//! [`Mode::room_for`] said yes can always be completed.

use std::fmt;
use std::sync::LazyLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::ladder::Ladder;
use super::role::{Role, Roles};

static MODES: LazyLock<ModeFile> = LazyLock::new(|| {
    toml::from_str(include_str!("../../data/modes.toml")).expect("a test reads data/modes.toml")
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModeFile {
    mode: Vec<ModeData>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModeData {
    id: String,
    family: String,
    label: String,
    team_size: u8,
    asks_roles: bool,
    places: Vec<PlaceData>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaceData {
    role: Role,
    min: u8,
    max: u8,
    ladder: Ladder,
}

/// How many of a role one team needs and takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slots {
    /// Fewest a team must have.
    pub min: u8,
    /// Most a team may have.
    pub max: u8,
}

/// What a line-up still needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// Roles whose minimum is not met, with how many are missing; never zero.
    pub per_role: Vec<(Role, u32)>,
    /// Further places that no minimum claims.
    pub any: u32,
    /// How many of `per_role` cannot come in, because an override gave their places to other roles.
    pub displaced: u32,
}

impl Missing {
    /// What is missing when `per_role` is below its minimums and `free` places are left.
    pub(super) fn beside(per_role: Vec<(Role, u32)>, free: u32) -> Self {
        let claimed: u32 = per_role.iter().map(|(_, count)| count).sum();
        Self {
            per_role,
            any: free.saturating_sub(claimed),
            displaced: claimed.saturating_sub(free),
        }
    }

    /// Whether nobody is missing: every place is taken.
    pub fn is_none(&self) -> bool {
        self.total() == 0
    }

    /// How many people are missing, which is how many places are free.
    pub fn total(&self) -> u32 {
        self.claimed() + self.any - self.displaced
    }

    fn claimed(&self) -> u32 {
        self.per_role.iter().map(|(_, count)| count).sum()
    }
}

/// A way to play, such as 6v6 open queue. A handle on data compiled in: copy it freely.
#[derive(Clone, Copy)]
pub struct Mode(&'static ModeData);

impl Mode {
    /// Every mode, in the order they are offered; the first of a family is its default.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        MODES.mode.iter().map(Self)
    }

    /// The mode with this id, in any case. Sessions of older bots hold a family's name, which is
    /// the id of its default.
    pub fn parse(id: &str) -> Option<Self> {
        Self::all().find(|mode| mode.id().eq_ignore_ascii_case(id.trim()))
    }

    /// The stored word: "5v5", "6v6", "6v6-222", "6v6-flex", "Stadium".
    pub fn id(self) -> &'static str {
        &self.0.id
    }

    /// The group of presets it belongs to: "5v5", "6v6", "Stadium".
    pub fn family(self) -> &'static str {
        &self.0.family
    }

    /// The words for people.
    pub fn label(self) -> &'static str {
        &self.0.label
    }

    /// Players on a team.
    pub fn team_size(self) -> u8 {
        self.0.team_size
    }

    /// Whether somebody who joins is asked for roles.
    pub fn asks_roles(self) -> bool {
        self.0.asks_roles
    }

    /// The roles one can be accepted into; Flex only where roles are not fixed.
    pub fn roles(self) -> Roles {
        self.0.places.iter().map(|place| place.role).collect()
    }

    /// The roles of the mode that somebody plays who offers `offered`. Who offers Flex plays
    /// anything, which is all of them where roles are fixed; where they are not it is a role as any.
    pub fn played(self, offered: Roles) -> Roles {
        let roles = self.roles();
        if offered.contains(Role::Flex) && !roles.contains(Role::Flex) {
            roles
        } else {
            roles & offered
        }
    }

    /// How many of `role` one team needs and takes; none of a role outside [`Mode::roles`].
    pub fn slots(self, role: Role) -> Slots {
        self.place(role).map_or_else(Slots::default, |place| Slots {
            min: place.min,
            max: place.max,
        })
    }

    /// The ladder on which `role` is ranked here. Somebody who plays anything in a mode of fixed
    /// roles is ranked on that mode's first ladder.
    pub fn ladder(self, role: Role) -> Ladder {
        let place = self.place(role).or_else(|| self.0.places.first());
        place
            .expect("a test sees that every mode has places")
            .ladder
    }

    /// What `teams` teams still need beyond those accepted.
    pub fn missing(&self, teams: u8, accepted: &[Role]) -> Missing {
        let per_role = self
            .0
            .places
            .iter()
            .filter_map(|place| {
                let needed = u32::from(place.min) * u32::from(teams);
                let missing = needed.saturating_sub(count(accepted, place.role));
                (missing > 0).then_some((place.role, missing))
            })
            .collect();
        Missing::beside(
            per_role,
            self.places(teams).saturating_sub(length(accepted)),
        )
    }

    /// Whether one more of `role` may be accepted: a place is free, the role is below its cap, and
    /// beyond its minimum only if the minimums of the other roles leave a place for it. Whom an
    /// override seated beyond the composition takes up a place and nothing else.
    pub fn room_for(&self, teams: u8, accepted: &[Role], role: Role) -> bool {
        if length(accepted) >= self.places(teams) || self.is_capped(teams, accepted, role) {
            return false;
        }
        let teams = u32::from(teams);
        let low = |place: &PlaceData| u32::from(place.min) * teams;
        let beyond_low = |place: &PlaceData| {
            let high = u32::from(place.max) * teams;
            count(accepted, place.role)
                .min(high)
                .saturating_sub(low(place))
        };
        let places = || self.0.places.iter();
        let spare = u32::from(self.0.team_size) * teams - places().map(low).sum::<u32>();
        let needed = self
            .place(role)
            .is_some_and(|place| count(accepted, role) < low(place));
        needed || places().map(beyond_low).sum::<u32>() < spare
    }

    /// Whether as many of `role` are accepted as its cap allows, or more.
    pub fn is_capped(&self, teams: u8, accepted: &[Role], role: Role) -> bool {
        count(accepted, role) >= u32::from(self.slots(role).max) * u32::from(teams)
    }

    /// Places on `teams` teams altogether.
    pub fn places(self, teams: u8) -> u32 {
        u32::from(self.0.team_size) * u32::from(teams)
    }

    fn place(self, role: Role) -> Option<&'static PlaceData> {
        self.0.places.iter().find(|place| place.role == role)
    }
}

impl PartialEq for Mode {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl Eq for Mode {}

impl std::hash::Hash for Mode {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.id().hash(state);
    }
}

impl fmt::Debug for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mode({})", self.id())
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.label())
    }
}

impl Serialize for Mode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

impl<'de> Deserialize<'de> for Mode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = String::deserialize(deserializer)?;
        Self::parse(&id).ok_or_else(|| de::Error::custom(format!("unknown mode {id:?}")))
    }
}

fn count(accepted: &[Role], role: Role) -> u32 {
    length(accepted.iter().filter(|accepted| **accepted == role))
}

fn length<'a>(roles: impl IntoIterator<Item = &'a Role>) -> u32 {
    roles.into_iter().fold(0, |count, _| count + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use Role::{Damage, Flex, Support, Tank};

    fn mode(id: &str) -> Mode {
        Mode::parse(id).expect("a mode")
    }

    #[test]
    fn the_data_is_consistent() {
        for mode in Mode::all() {
            assert_eq!(Mode::parse(mode.id()), Some(mode));
            assert!(!mode.roles().is_empty());
            assert_eq!(mode.asks_roles(), !mode.roles().contains(Flex));
            let slots: Vec<_> = mode.roles().iter().map(|role| mode.slots(role)).collect();
            let sum = |pick: fn(&Slots) -> u8| slots.iter().map(pick).sum::<u8>();
            assert!(sum(|slots| slots.min) <= mode.team_size());
            assert!(sum(|slots| slots.max) >= mode.team_size());
            // Sessions of older bots hold the family's name as their mode.
            assert_eq!(
                Mode::parse(mode.family()).expect("well-formed").family(),
                mode.family()
            );
        }
        let ids: Vec<_> = Mode::all().map(Mode::id).collect();
        assert_eq!(ids, ["5v5", "6v6", "6v6-222", "6v6-flex", "Stadium"]);
    }

    #[test]
    fn roles_are_ranked_on_the_ladder_of_the_mode() {
        assert_eq!(mode("5v5").ladder(Damage), Ladder::Damage);
        assert_eq!(mode("stadium").ladder(Tank), Ladder::StadiumTank);
        for role in Role::ALL {
            assert_eq!(mode("6v6").ladder(role), Ladder::OpenQueue);
        }
    }

    #[test]
    fn who_plays_anything_plays_every_role_where_roles_are_fixed() {
        let played = |id, roles: &[Role]| mode(id).played(roles.iter().copied().collect());
        let core = Roles::from_iter(Role::CORE);
        assert_eq!(played("5v5", &[Flex]), core);
        assert_eq!(played("6v6-flex", &[Tank, Flex]), core);
        assert_eq!(played("5v5", &[Tank]), Roles::from_iter([Tank]));
        assert_eq!(played("6v6", &[Flex]), Roles::from_iter([Flex]));
        assert_eq!(played("6v6", &[Tank]), Roles::from_iter([Tank]));
    }

    #[test]
    fn an_empty_team_needs_its_composition() {
        let missing = mode("5v5").missing(1, &[]);
        assert_eq!(missing.per_role, [(Tank, 1), (Damage, 2), (Support, 2)]);
        assert_eq!(missing.any, 0);
        assert_eq!(mode("5v5").missing(2, &[]).total(), 10);
        let open = mode("6v6").missing(1, &[Flex]);
        assert_eq!((open.per_role.len(), open.any), (0, 5));
    }

    #[test]
    fn a_full_team_needs_nothing_and_takes_nobody() {
        let full = [Tank, Damage, Damage, Support, Support];
        assert!(mode("5v5").missing(1, &full).is_none());
        for role in Role::ALL {
            assert!(!mode("5v5").room_for(1, &full, role));
        }
        assert!(mode("5v5").room_for(2, &full, Tank));
    }

    #[test]
    fn a_third_tank_is_refused_in_open_queue() {
        assert!(mode("6v6").room_for(1, &[Tank], Tank));
        assert!(!mode("6v6").room_for(1, &[Tank, Tank], Tank));
        assert!(mode("6v6").room_for(1, &[Tank, Tank], Flex));
    }

    #[test]
    fn the_last_places_are_kept_for_the_roles_still_needed() {
        let accepted = [Tank, Tank, Damage, Damage, Damage];
        let mode = mode("6v6-flex");
        assert!(!mode.room_for(1, &accepted, Tank));
        assert!(mode.room_for(1, &accepted, Support));
        assert_eq!(mode.missing(1, &accepted).per_role, [(Support, 1)]);
    }

    proptest! {
        #[test]
        fn a_line_up_grown_where_there_is_room_gets_complete(
            mode in proptest::sample::select(Mode::all().collect::<Vec<_>>()),
            teams in 1_u8..=2,
            wishes in proptest::collection::vec(proptest::sample::select(Role::ALL.to_vec()), 0..40),
        ) {
            let mut accepted = Vec::new();
            for wish in wishes.into_iter().chain(Role::ALL.into_iter().cycle().take(60)) {
                if mode.room_for(teams, &accepted, wish) {
                    accepted.push(wish);
                }
            }
            prop_assert!(mode.missing(teams, &accepted).is_none());
            prop_assert_eq!(length(&accepted), mode.places(teams));
        }
    }
}
