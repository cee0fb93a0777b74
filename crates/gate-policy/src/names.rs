//! What packs name and data files hold: zones and calendars.

use crate::reader::list;
use gate_core::policy::{Calendar, Zone};
use jiff::tz::TimeZone;

/// Names that packs refer to.
pub(crate) struct Names {
    pub(crate) zones: Vec<Zone>,
    pub(crate) calendars: Vec<Calendar>,
}

impl Names {
    pub(crate) fn zone(&self, name: &str) -> Option<u16> {
        let at = self.zones.binary_search_by(|zone| zone.name.as_str().cmp(name)).ok()?;
        u16::try_from(at).ok()
    }

    pub(crate) fn time_zone(&self, index: u16) -> TimeZone {
        self.zones.get(usize::from(index)).map_or(TimeZone::UTC, |zone| zone.time_zone.clone())
    }

    pub(crate) fn calendar(&self, id: &str) -> Option<u16> {
        let at = self.calendars.iter().position(|calendar| calendar.id == id)?;
        u16::try_from(at).ok()
    }

    pub(crate) fn calendars(&self) -> String {
        list(self.calendars.iter().map(|calendar| calendar.id.as_str()))
    }
}
