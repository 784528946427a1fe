//! As of when a plan is judged.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::date::end_of_day;
use crate::model::load::{Loaded, load};

/// As of when a plan is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsOf {
    /// This moment.
    Moment(Timestamp),
    /// The end of this day, in the zone of each project.
    Day(Date),
}

impl AsOf {
    /// What `text` says as of then, and the moment that this is.
    #[must_use]
    pub fn load(self, text: &str) -> (Loaded, Timestamp) {
        match self {
            Self::Moment(moment) => (load(text, moment), moment),
            Self::Day(day) => {
                let moment = end_of_day(day, &TimeZone::UTC);
                let loaded = load(text, moment);
                // Where the day ends is only known once the file has been read.
                let zone = loaded.plan.as_ref().map_or(TimeZone::UTC, |plan| plan.project.zone.clone());
                let own = end_of_day(day, &zone);
                if own == moment { (loaded, moment) } else { (load(text, own), own) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_day_ends_where_the_project_is() {
        for zone in ["UTC", "Pacific/Auckland", "America/Los_Angeles"] {
            let text = format!("project: x\ntimezone: {zone}\nnext_review: 2026-03-02\n");
            let findings = |day| AsOf::Day(date(2026, 3, day)).load(&text).0.findings.len();
            assert_eq!((findings(2), findings(3)), (0, 1), "{zone}");
        }
    }
}
