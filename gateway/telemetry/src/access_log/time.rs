//! Moments, as `%START_TIME(…)%` prints them: strftime's letters with Envoy's additions. Always in
//! UTC; a log that is read in two places has one time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What Envoy prints when no format is given: RFC 3339 with milliseconds.
pub(super) const RFC_3339: &str = "%Y-%m-%dT%H:%M:%S.%3fZ";

/// A format for moments, compiled.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Pattern(Vec<Part>);

#[derive(Clone, Debug, Eq, PartialEq)]
enum Part {
    Literal(Box<str>),
    Field(Field),
    /// This many digits of the fraction of a second.
    Fraction(u8),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Field {
    Century,
    Day,
    DayOfYear,
    DaySpaced,
    Epoch,
    HalfDay,
    Hour,
    Hour12,
    Minute,
    Month,
    MonthLong,
    MonthShort,
    Second,
    WeekdayLong,
    WeekdayNumber,
    WeekdayShort,
    WeekdayIso,
    Year,
    YearShort,
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

impl Pattern {
    /// # Errors
    /// The sequence that is not understood.
    pub(super) fn parse(format: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        parse(format, &mut parts)?;
        Ok(Self(parts))
    }

    /// Appends a moment. One before 1970 is shown as 1970.
    pub(super) fn write(&self, out: &mut Vec<u8>, moment: SystemTime) {
        let since = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
        let civil = Civil::of(since);
        for part in &self.0 {
            match part {
                Part::Literal(text) => out.extend_from_slice(text.as_bytes()),
                Part::Fraction(digits) => {
                    let cut = u64::from(since.subsec_nanos()) / 10_u64.pow(9 - u32::from(*digits));
                    padded(out, cut, usize::from(*digits), b'0');
                }
                Part::Field(field) => civil.write(out, *field),
            }
        }
    }
}

/// Appends a number with at least this many digits.
pub(super) fn padded(out: &mut Vec<u8>, mut number: u64, width: usize, pad: u8) {
    // Most of what a line prints: statuses, parts of times, bytes of addresses.
    if number < 10 && width == 1 {
        return out.push(b'0' + number as u8);
    }
    if number < 100 && width == 2 && pad == b'0' {
        return out.extend_from_slice(&[b'0' + (number / 10) as u8, b'0' + (number % 10) as u8]);
    }
    let mut digits = [pad; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    let at = at.min(digits.len() - width);
    out.extend_from_slice(&digits[at..]);
}

fn parse(format: &str, parts: &mut Vec<Part>) -> Result<(), String> {
    let mut rest = format;
    while let Some(percent) = rest.find('%') {
        literal(parts, &rest[..percent]);
        rest = &rest[percent + 1..];
        let Some(letter) = rest.chars().next() else {
            return Err("the format ends after a `%`".to_owned());
        };
        let after = &rest[letter.len_utf8()..];
        rest = match letter {
            '1'..='9' if after.starts_with('f') => {
                parts.push(Part::Fraction(letter as u8 - b'0'));
                &after[1..]
            }
            // Abseil's, which Envoy formats times with.
            'E' => extended(parts, after)?,
            letter => {
                parse_letter(letter, parts)?;
                after
            }
        };
    }
    literal(parts, rest);
    Ok(())
}

/// `%E3S`, seconds with a fraction, and `%Ez`, the distance from UTC with a colon.
fn extended<'a>(parts: &mut Vec<Part>, after: &'a str) -> Result<&'a str, String> {
    let bytes = after.as_bytes();
    match bytes {
        [b'z', ..] => {
            literal(parts, "+00:00");
            Ok(&after[1..])
        }
        [digit @ b'1'..=b'9', b'S', ..] => {
            parts.push(Part::Field(Field::Second));
            literal(parts, ".");
            parts.push(Part::Fraction(digit - b'0'));
            Ok(&after[2..])
        }
        _ => Err("`%E` is followed by `z`, or by a digit and `S`".to_owned()),
    }
}

fn parse_letter(letter: char, parts: &mut Vec<Part>) -> Result<(), String> {
    let field = match letter {
        'A' => Field::WeekdayLong,
        'B' => Field::MonthLong,
        'C' => Field::Century,
        'H' => Field::Hour,
        'I' => Field::Hour12,
        'M' => Field::Minute,
        'S' => Field::Second,
        'Y' => Field::Year,
        'a' => Field::WeekdayShort,
        'b' | 'h' => Field::MonthShort,
        'd' => Field::Day,
        'e' => Field::DaySpaced,
        'j' => Field::DayOfYear,
        'm' => Field::Month,
        'p' => Field::HalfDay,
        's' => Field::Epoch,
        'u' => Field::WeekdayIso,
        'w' => Field::WeekdayNumber,
        'y' => Field::YearShort,
        'f' => {
            parts.push(Part::Fraction(9));
            return Ok(());
        }
        'c' => return parse("%a %b %e %H:%M:%S %Y", parts),
        'D' | 'x' => return parse("%m/%d/%y", parts),
        'F' => return parse("%Y-%m-%d", parts),
        'R' => return parse("%H:%M", parts),
        'r' => return parse("%I:%M:%S %p", parts),
        'T' | 'X' => return parse("%H:%M:%S", parts),
        'Z' => return parse("UTC", parts),
        'z' => return parse("+0000", parts),
        '%' => {
            literal(parts, "%");
            return Ok(());
        }
        other => return Err(format!("`%{other}` is no part of a moment that is served here")),
    };
    parts.push(Part::Field(field));
    Ok(())
}

/// Joins literals, so that each costs one copy.
fn literal(parts: &mut Vec<Part>, text: &str) {
    if text.is_empty() {
        return;
    }
    if let Some(Part::Literal(before)) = parts.last_mut() {
        *before = format!("{before}{text}").into();
    } else {
        parts.push(Part::Literal(text.into()));
    }
}

/// A moment on the calendar.
struct Civil {
    seconds: u64,
    year: u64,
    /// From 1.
    month: u64,
    day: u64,
    /// From 1.
    day_of_year: u64,
    /// From Sunday, which is 0.
    weekday: u64,
}

impl Civil {
    /// Days to a date in the Gregorian calendar, after Howard Hinnant's `civil_from_days`: years
    /// begin in March, so that the day that is sometimes there comes last.
    fn of(since: Duration) -> Self {
        let seconds = since.as_secs();
        let days = seconds / 86_400;
        let shifted = days + 719_468;
        let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let from_march = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * from_march + 2) / 153;
        let day = from_march - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let day_of_year =
            if month > 2 { from_march + 60 + u64::from(is_leap) } else { from_march - 305 };
        Self { seconds, year, month, day, day_of_year, weekday: (days + 4) % 7 }
    }

    fn write(&self, out: &mut Vec<u8>, field: Field) {
        let hour = self.seconds / 3_600 % 24;
        let (number, width) = match field {
            Field::Century => (self.year / 100, 2),
            Field::Day => (self.day, 2),
            Field::DayOfYear => (self.day_of_year, 3),
            Field::DaySpaced => return padded(out, self.day, 2, b' '),
            Field::Epoch => (self.seconds, 1),
            Field::HalfDay => return out.extend(if hour < 12 { b"AM" } else { b"PM" }),
            Field::Hour => (hour, 2),
            Field::Hour12 => ((hour + 11) % 12 + 1, 2),
            Field::Minute => (self.seconds / 60 % 60, 2),
            Field::Month => (self.month, 2),
            Field::MonthLong => return out.extend(self.month_name().bytes()),
            Field::MonthShort => return out.extend(self.month_name().bytes().take(3)),
            Field::Second => (self.seconds % 60, 2),
            Field::WeekdayLong => return out.extend(self.weekday_name().bytes()),
            Field::WeekdayShort => return out.extend(self.weekday_name().bytes().take(3)),
            Field::WeekdayNumber => (self.weekday, 1),
            Field::WeekdayIso => ((self.weekday + 6) % 7 + 1, 1),
            Field::Year => (self.year, 4),
            Field::YearShort => (self.year % 100, 2),
        };
        padded(out, number, width, b'0');
    }

    fn month_name(&self) -> &'static str {
        MONTHS[(self.month - 1) as usize]
    }

    fn weekday_name(&self) -> &'static str {
        WEEKDAYS[self.weekday as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(format: &str, seconds: u64, nanos: u32) -> String {
        let mut out = Vec::new();
        let moment = UNIX_EPOCH + Duration::new(seconds, nanos);
        Pattern::parse(format).unwrap().write(&mut out, moment);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn moments_read_as_strftime_prints_them() {
        // What `date --utc --date=@1790000000 +…` says.
        let cases = [
            ("%Y-%m-%dT%H:%M:%S.%3fZ", "2026-09-21T14:13:20.123Z"),
            ("%Y/%m/%dT%H:%M:%S%z %s", "2026/09/21T14:13:20+0000 1790000000"),
            ("%s.%3f %s.%6f %s.%9f", "1790000000.123 1790000000.123456 1790000000.123456789"),
            ("%f %1f", "123456789 1"),
            ("%d/%b/%Y:%H:%M:%S %z", "21/Sep/2026:14:13:20 +0000"),
            ("%A %a %B %j %u %w %y %C", "Monday Mon September 264 1 1 26 20"),
            ("%F %T %R %D %I %p %r", "2026-09-21 14:13:20 14:13 09/21/26 02 PM 02:13:20 PM"),
            ("%c|%x|%X|%e|%Z|%%", "Mon Sep 21 14:13:20 2026|09/21/26|14:13:20|21|UTC|%"),
            ("%E3S %Ez", "20.123 +00:00"),
        ];
        for (format, expected) in cases {
            assert_eq!(show(format, 1_790_000_000, 123_456_789), expected, "{format}");
        }
        assert_eq!(show("%e", 0, 0), " 1");
    }

    #[test]
    fn the_calendar_holds_for_four_centuries() {
        // An oracle that counts days one by one.
        let (mut year, mut month, mut day, mut of_year) = (1970_u64, 1_u64, 1_u64, 1_u64);
        for days in 0..146_097_u64 {
            let civil = Civil::of(Duration::from_secs(days * 86_400 + 86_399));
            let seen = (civil.year, civil.month, civil.day, civil.day_of_year);
            assert_eq!(seen, (year, month, day, of_year));
            let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let length = match month {
                2 => 28 + u64::from(is_leap),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            (day, of_year) = (day + 1, of_year + 1);
            if day > length {
                (day, month) = (1, month + 1);
            }
            if month > 12 {
                (month, year, of_year) = (1, year + 1, 1);
            }
        }
    }

    #[test]
    fn unknown_letters_are_refused() {
        for format in ["%", "%Q", "%0f", "%E", "%E3", "%Es", "%3", "é%é"] {
            assert!(Pattern::parse(format).is_err(), "{format}");
        }
    }
}
