//! On which days people work.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

/// The days of the week on which people work, less the holidays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    workdays: [bool; 7],
    holidays: Box<[Date]>,
}

impl Calendar {
    /// A calendar of these workdays, Monday to Friday if there are none, less these holidays.
    #[must_use]
    pub fn new(workdays: &[Weekday], mut holidays: Vec<Date>) -> Self {
        let default = [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];
        let days = if workdays.is_empty() { &default } else { workdays };
        let mut week = [false; 7];
        for day in days {
            week[weekday_index(*day)] = true;
        }
        holidays.sort_unstable();
        holidays.dedup();
        Self { workdays: week, holidays: holidays.into() }
    }

    /// Whether people work on `day`.
    #[must_use]
    pub fn is_working(&self, day: Date) -> bool {
        self.workdays[weekday_index(day.weekday())] && self.holidays.binary_search(&day).is_err()
    }

    /// How many working days a week without holidays has: 1 to 7.
    #[must_use]
    pub fn days_per_week(&self) -> u8 {
        self.workdays.iter().map(|&works| u8::from(works)).sum()
    }

    /// The last working day before `day`; `None` where more than a year of holidays precedes it.
    #[must_use]
    pub fn last_working_day_before(&self, day: Date) -> Option<Date> {
        (1..400).filter_map(|back| day.checked_sub(back.days()).ok()).find(|&day| self.is_working(day))
    }

    /// Why nobody works on `day`: "a Saturday", or "a holiday".
    #[must_use]
    pub fn why_free(&self, day: Date) -> Option<&'static str> {
        let names = ["a Monday", "a Tuesday", "a Wednesday", "a Thursday", "a Friday", "a Saturday", "a Sunday"];
        let weekday = weekday_index(day.weekday());
        match (self.workdays[weekday], self.is_working(day)) {
            (_, true) => None,
            (true, false) => Some("a holiday"),
            (false, false) => Some(names[weekday]),
        }
    }
}

fn weekday_index(day: Weekday) -> usize {
    usize::try_from(day.to_monday_zero_offset()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn weekends_and_holidays_are_free() {
        let calendar = Calendar::new(&[], vec![date(2026, 4, 3)]);
        assert_eq!(calendar.why_free(date(2026, 2, 28)), Some("a Saturday"));
        assert_eq!(calendar.why_free(date(2026, 4, 3)), Some("a holiday"));
        assert_eq!(calendar.why_free(date(2026, 4, 2)), None);
        assert_eq!(calendar.last_working_day_before(date(2026, 4, 5)), Some(date(2026, 4, 2)));
        assert_eq!(calendar.days_per_week(), 5);
    }
}
