//! The working-day calendar.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday, date};

use crate::quantity::WorkWeek;

/// Working days of the week, and holidays.
#[derive(Debug, Clone, PartialEq)]
pub struct Calendar {
    workdays: [bool; 7],
    hours_per_day: f64,
    /// Only those on workdays, sorted.
    holidays: Box<[Date]>,
}

/// The default number of working hours in a day.
const HOURS_PER_DAY: f64 = 8.0;

/// A Monday: the start of the count of days.
const MONDAY: Date = date(1970, 1, 5);

impl Calendar {
    /// A calendar of these workdays without these holidays. Default: Monday to Friday.
    #[must_use]
    pub fn new(workdays: &[Weekday], mut holidays: Vec<Date>) -> Self {
        let default = [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];
        let days = if workdays.is_empty() { &default } else { workdays };
        let mut week = [false; 7];
        for day in days {
            week[weekday_index(*day)] = true;
        }
        holidays.retain(|day| week[weekday_index(day.weekday())]);
        holidays.sort_unstable();
        holidays.dedup();
        Self { workdays: week, hours_per_day: HOURS_PER_DAY, holidays: holidays.into() }
    }

    /// The calendar with this number of working hours in a day. Default: 8.
    #[must_use]
    pub fn with_hours_per_day(self, hours_per_day: f64) -> Self {
        Self { hours_per_day, ..self }
    }

    /// Whether `day` is a working day.
    #[must_use]
    pub fn is_working(&self, day: Date) -> bool {
        self.workdays[weekday_index(day.weekday())] && self.holidays.binary_search(&day).is_err()
    }

    /// The number of working days in a week without holidays: 1 to 7.
    #[must_use]
    pub fn days_per_week(&self) -> u8 {
        self.workdays.iter().map(|&works| u8::from(works)).sum()
    }

    /// The length of a working day and of a week without holidays.
    #[must_use]
    pub fn work_week(&self) -> WorkWeek {
        WorkWeek { days: f64::from(self.days_per_week()), hours_per_day: self.hours_per_day }
    }

    /// The number of working days after `from`, up to and including `to`; negative if `to` is earlier.
    #[must_use]
    pub fn working_days(&self, from: Date, to: Date) -> i64 {
        self.count(to) - self.count(from)
    }

    /// The `number`-th working day after `day`. The 0th is `day` itself. If the calendar ends before, the
    /// last day of the year 9999.
    #[must_use]
    pub fn working_day_after(&self, day: Date, number: u32) -> Date {
        let (first, last) = (days_since_monday(day), days_since_monday(Date::MAX));
        let enough = |after: i64| self.count(at_day(first + after)) - self.count(day) >= i64::from(number);
        // Counting is cheap: binary search, however far away the day is.
        let (mut low, mut high) = (0, last - first);
        while low < high {
            let middle = i64::midpoint(low, high);
            if enough(middle) { high = middle } else { low = middle + 1 }
        }
        at_day(first + low)
    }

    /// Working days from the first Monday of 1970 up to and including `day`.
    fn count(&self, day: Date) -> i64 {
        let days = days_since_monday(day) + 1;
        let part = usize::try_from(days.rem_euclid(7)).unwrap_or_default();
        let of_part: i64 = self.workdays[..part].iter().map(|&works| i64::from(works)).sum();
        let holidays = self.holidays.partition_point(|holiday| *holiday <= day);
        days.div_euclid(7) * i64::from(self.days_per_week()) + of_part - i64::try_from(holidays).unwrap_or(i64::MAX)
    }

    /// The last working day before `day`; `None` if more than a year of holidays precedes it.
    #[must_use]
    pub fn last_working_day_before(&self, day: Date) -> Option<Date> {
        (1..400).filter_map(|back| day.checked_sub(back.days()).ok()).find(|&day| self.is_working(day))
    }

    /// The reason why `day` isn't a working day: "a Saturday", or "a holiday".
    #[must_use]
    pub fn non_working_reason(&self, day: Date) -> Option<&'static str> {
        let names = ["a Monday", "a Tuesday", "a Wednesday", "a Thursday", "a Friday", "a Saturday", "a Sunday"];
        let weekday = weekday_index(day.weekday());
        match (self.workdays[weekday], self.is_working(day)) {
            (_, true) => None,
            (true, false) => Some("a holiday"),
            (false, false) => Some(names[weekday]),
        }
    }
}

fn days_since_monday(day: Date) -> i64 {
    day.duration_since(MONDAY).as_hours() / 24
}

fn at_day(days: i64) -> Date {
    MONDAY.checked_add(days.days()).unwrap_or(Date::MAX)
}

fn weekday_index(day: Weekday) -> usize {
    usize::try_from(day.to_monday_zero_offset()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn weekends_and_holidays_are_no_working_days() {
        let calendar = Calendar::new(&[], vec![date(2026, 4, 3)]);
        assert_eq!(calendar.non_working_reason(date(2026, 2, 28)), Some("a Saturday"));
        assert_eq!(calendar.non_working_reason(date(2026, 4, 3)), Some("a holiday"));
        assert_eq!(calendar.non_working_reason(date(2026, 4, 2)), None);
        assert_eq!(calendar.last_working_day_before(date(2026, 4, 5)), Some(date(2026, 4, 2)));
        assert_eq!(calendar.days_per_week(), 5);
    }

    #[test]
    fn working_days_have_the_known_answers() {
        let calendar = Calendar::new(&[], Vec::new());
        let after = |number| calendar.working_day_after(date(2026, 1, 27), number);
        let ends =
            [(13, (2, 13)), (18, (2, 20)), (25, (3, 3)), (35, (3, 17)), (48, (4, 3)), (60, (4, 21)), (67, (4, 30))];
        for (number, (month, day)) in ends {
            assert_eq!(after(number), date(2026, month, day), "{number}");
        }
        assert_eq!(calendar.working_days(date(2026, 1, 27), date(2026, 4, 30)), 67);
        assert_eq!(calendar.working_day_after(date(2026, 1, 4), 15), date(2026, 1, 23));
        assert_eq!(calendar.working_day_after(date(2026, 2, 7), 0), date(2026, 2, 7));
        assert_eq!(calendar.working_day_after(date(2026, 2, 7), u32::MAX), Date::MAX);
        assert_eq!(calendar.working_day_after(date(1960, 2, 8), u32::MAX), Date::MAX);
        assert_eq!(calendar.working_days(date(2028, 2, 28), date(2028, 3, 1)), 2);
    }

    proptest! {
        #[test]
        fn counting_agrees_with_checking_each_day(
            from in -400..400_i64, length in 0..200_i64, week in prop::collection::vec(0..7_i8, 1..7),
            holidays in prop::collection::vec(-400..600_i64, 0..40),
        ) {
            let week: Vec<_> = week.iter().filter_map(|&day| Weekday::from_monday_zero_offset(day).ok()).collect();
            let calendar = Calendar::new(&week, holidays.iter().map(|&day| at_day(day)).collect());
            let (first, last) = (at_day(from), at_day(from + length));
            let working: Vec<_> = (1..=length).map(|day| at_day(from + day)).filter(|&day| calendar.is_working(day)).collect();
            prop_assert_eq!(calendar.working_days(first, last), i64::try_from(working.len()).unwrap());
            prop_assert_eq!(calendar.working_days(last, first), -i64::try_from(working.len()).unwrap());
            for (number, day) in (1..).zip(&working) {
                prop_assert_eq!(calendar.working_day_after(first, number), *day);
            }
        }
    }
}
