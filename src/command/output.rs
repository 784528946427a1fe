//! Words, figures and colours that the commands have in common.

pub mod table;

/// How much a cell stands out where there are colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tone {
    /// As all others.
    #[default]
    Plain,
    /// A heading.
    Bold,
    /// What isn't as it should be.
    Bad,
    /// What matters less.
    Quiet,
}

impl Tone {
    /// The text in this tone; without colours the text alone.
    #[must_use]
    pub fn paint(self, text: &str, colour: bool) -> String {
        let code = match self {
            Self::Plain => return text.to_owned(),
            Self::Bold => "1",
            Self::Bad => "1;31",
            Self::Quiet => "2",
        };
        if colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// A probability in whole percent; what isn't certain doesn't read as if it were.
#[must_use]
pub fn percent(chance: f64) -> String {
    match chance {
        chance if chance > 0.0 && chance < 0.01 => "<1 %".to_owned(),
        chance if chance > 0.99 && chance < 1.0 => ">99 %".to_owned(),
        chance => format!("{:.0} %", chance * 100.0),
    }
}

/// Working days with a sign: `+3.5 d`.
#[must_use]
pub fn days(days: f64) -> String {
    let rounded = (days * 10.0).round() / 10.0;
    if rounded == 0.0 { "0 d".to_owned() } else { format!("{rounded:+} d") }
}

/// Percentage points with a sign.
#[must_use]
pub fn points(gained: f64) -> String {
    let points = (gained * 100.0).round();
    if points == 0.0 { "0".to_owned() } else { format!("{points:+}") }
}
