//! Where in the dashboard an organiser is, as every custom id of it carries it.
//!
//! Pure. Invariant: whatever a custom id says gives a place that exists; what is out of range is
//! brought into it when it is shown.

use std::fmt;

/// People on one page of a list: as many as a menu has options.
pub(super) const PAGE_MAX: usize = 25;

/// Which list is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tab {
    /// Those who wait.
    #[default]
    Waiting,
    /// Those who were turned down.
    Rejected,
}

/// A page of a list; the first one is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) tab: Tab,
    pub(super) page: usize,
}

impl Place {
    /// The first page of a list.
    pub(super) fn first(tab: Tab) -> Self {
        Self { tab, page: 0 }
    }

    /// The place that a custom id names; the first page of those who wait if it names none.
    pub(super) fn parse(word: Option<&str>) -> Self {
        let read = |word: &str| {
            let mut letters = word.chars();
            let tab = match letters.next()? {
                'w' => Tab::Waiting,
                'r' => Tab::Rejected,
                _ => return None,
            };
            let page = letters.as_str().parse().ok()?;
            Some(Self { tab, page })
        };
        word.and_then(read).unwrap_or_default()
    }

    /// The same, or the last page if a list of `count` people has no such page.
    pub(super) fn within(self, count: usize) -> Self {
        let last = pages(count) - 1;
        Self {
            page: self.page.min(last),
            ..self
        }
    }

    /// Another page of the same list.
    pub(super) fn at(self, page: usize) -> Self {
        Self { page, ..self }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tab = match self.tab {
            Tab::Waiting => 'w',
            Tab::Rejected => 'r',
        };
        write!(f, "{tab}{}", self.page)
    }
}

/// Pages that a list of `count` people has, at least one.
pub(super) fn pages(count: usize) -> usize {
    count.div_ceil(PAGE_MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_back_and_anything_else_is_the_beginning() {
        let place = Place {
            tab: Tab::Rejected,
            page: 7,
        };
        assert_eq!(Place::parse(Some(&place.to_string())), place);
        for word in [
            None,
            Some(""),
            Some("w"),
            Some("x3"),
            Some("w-1"),
            Some("é1"),
        ] {
            assert_eq!(Place::parse(word), Place::default(), "{word:?}");
        }
    }

    #[test]
    fn a_page_that_is_gone_is_the_last_one() {
        let far = Place::parse(Some("w99"));
        assert_eq!(far.within(0).page, 0);
        assert_eq!(far.within(25).page, 0);
        assert_eq!(far.within(26).page, 1);
    }
}
