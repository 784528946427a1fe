//! The moment for which a plan is evaluated.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::date::end_of_day;
use crate::model::load::{Loaded, load};

/// The moment for which a plan is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AsOf {
    Moment(Timestamp),
    /// The end of this day, in the time zone of each project.
    Day(Date),
}

impl AsOf {
    /// Loads `text`, and returns the moment for which it was evaluated.
    pub(crate) fn load(self, text: &str) -> (Loaded, Timestamp) {
        match self {
            Self::Moment(moment) => (load(text, moment), moment),
            Self::Day(day) => {
                let moment = end_of_day(day, &TimeZone::UTC);
                let loaded = load(text, moment);
                // The time zone is known only after the first load.
                let zone = loaded.plan.as_ref().map_or(TimeZone::UTC, |plan| plan.project.zone.clone());
                let zoned = end_of_day(day, &zone);
                if zoned == moment { (loaded, moment) } else { (load(text, zoned), zoned) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_day_ends_in_the_time_zone_of_the_project() {
        for zone in ["UTC", "Pacific/Auckland", "America/Los_Angeles"] {
            let text = format!("project: x\ntimezone: {zone}\nnext_review: 2026-03-02\n");
            let findings = |day| AsOf::Day(date(2026, 3, day)).load(&text).0.findings.len();
            assert_eq!((findings(2), findings(3)), (0, 1), "{zone}");
        }
    }
}
