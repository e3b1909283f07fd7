//! How long a service asks to wait.

use std::time::Duration;

use ::http::{
    HeaderMap,
    header::{DATE, RETRY_AFTER},
};

/// `retry-after-ms`, then `Retry-After` as a number of seconds or as a date, which is compared with the answer's own
/// `Date` so that a wrong local clock does no harm. Nothing when it is unreadable, zero or negative. Of several values
/// the longest counts.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let texts = |name| headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).map(str::trim);
    let number = |text: &str| text.parse::<f64>().ok();
    let milliseconds = texts("retry-after-ms").filter_map(|text| seconds(number(text)? / 1000.0)).max();
    if milliseconds.is_some() {
        return milliseconds;
    }
    let now = texts(DATE.as_str()).next().and_then(|date| httpdate::parse_http_date(date).ok());
    let delay = |text: &str| match number(text) {
        Some(number) => seconds(number),
        None => httpdate::parse_http_date(text).ok()?.duration_since(now?).ok(),
    };
    texts(RETRY_AFTER.as_str()).filter_map(delay).filter(|delay| !delay.is_zero()).max()
}

/// `x-should-retry`: the service's own word on whether to send the request again.
pub(crate) fn should_retry(headers: &HeaderMap) -> Option<bool> {
    match headers.get("x-should-retry")?.to_str().ok()?.trim() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// The delay in a sentence such as "Please try again in 1m30s", which sometimes is the only place that tells it.
pub(crate) fn delay_in_words(message: &str) -> Option<Duration> {
    let message = message.to_ascii_lowercase();
    let after = ["try again in ", "retry after ", "retry in ", "try again after "]
        .iter()
        .find_map(|phrase| message.split_once(phrase).map(|(_, rest)| rest))?;
    let mut rest = after;
    let mut total = None;
    while let Some((number, unit, remaining)) = quantity(rest) {
        total = Some(total.unwrap_or(0.0) + number * unit);
        rest = remaining;
    }
    seconds(total?)
}

/// A number with a unit of time in seconds, and what follows.
fn quantity(text: &str) -> Option<(f64, f64, &str)> {
    let text = text.trim_start();
    let end = text.find(|character: char| !character.is_ascii_digit() && character != '.')?;
    let (number, rest) = text.split_at(end);
    let rest = rest.trim_start();
    let end = rest.find(|character: char| !character.is_ascii_alphabetic()).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(end);
    let unit = match unit {
        "ms" | "millisecond" | "milliseconds" => 0.001,
        "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hour" | "hours" => 3600.0,
        _ => return None,
    };
    // Units follow one another directly; a full stop ends the sentence.
    Some((number.trim_end_matches('.').parse().ok()?, unit, rest))
}

/// The limit in a sentence such as "Rate limit reached … on input-images per min: Limit 5, Used 5": images in a minute.
pub(crate) fn images_per_minute_in_words(message: &str) -> Option<u32> {
    let message = message.to_ascii_lowercase();
    let (_, rest) = message.split_once("images per min")?;
    let (_, rest) = rest.split_once("limit")?;
    let rest = rest.trim_start_matches([':', ' ', '=', '`']);
    let end = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok().filter(|limit| *limit > 0)
}

fn seconds(number: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(number).ok().filter(|delay| !delay.is_zero())
}

#[cfg(test)]
mod tests {
    use ::http::HeaderValue;

    use super::*;

    #[test]
    fn all_forms() {
        let date = "Sun, 22 Nov 2026 02:00:00 GMT";
        for (name, value, expected) in [
            ("retry-after", "1", Some(1000)),
            ("retry-after", " 1.5 ", Some(1500)),
            ("retry-after-ms", "250", Some(250)),
            ("retry-after", "120", Some(120_000)),
            ("retry-after", "121", Some(121_000)),
            ("retry-after", "99999999999", Some(99_999_999_999_000)),
            ("retry-after", "Sun, 22 Nov 2026 02:00:30 GMT", Some(30_000)),
            ("retry-after", "Sun, 22 Nov 2026 01:59:59 GMT", None),
            ("retry-after", "Sun, 22 Nov 100000 02:00:30 GMT", None),
            ("retry-after", "0", None),
            ("retry-after", "-1", None),
            ("retry-after", "NaN", None),
            ("retry-after", "inf", None),
            ("retry-after", "1e309", None),
            ("retry-after", "soon", None),
            ("retry-after", "", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("date", HeaderValue::from_static(date));
            headers.insert(name, HeaderValue::from_static(value));
            assert_eq!(retry_after(&headers).map(|delay| delay.as_millis()), expected, "{name}: {value}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }

    #[test]
    fn of_several_values_the_longest_counts() {
        let mut headers = HeaderMap::new();
        for value in ["3", "soon", "20", "1"] {
            headers.append("retry-after", HeaderValue::from_static(value));
        }
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(20)));
        headers.insert("retry-after-ms", HeaderValue::from_static("7"));
        assert_eq!(retry_after(&headers), Some(Duration::from_millis(7)));
        headers.insert("retry-after-ms", HeaderValue::from_static("never"));
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(20)));
    }

    #[test]
    fn delays_in_sentences() {
        for (message, expected) in [
            ("Rate limit reached. Please try again in 12s.", Some(12_000)),
            ("Please try again in 1m30s. Contact us", Some(90_000)),
            ("please TRY AGAIN IN 350ms", Some(350)),
            ("try again in 1.5 seconds.", Some(1500)),
            ("Please retry after 20 seconds.", Some(20_000)),
            ("try again in 1h0m1s", Some(3_601_000)),
            ("try again in 2 minutes", Some(120_000)),
            ("try again in 99999999999999999999999s", None),
            ("try again in a while", None),
            ("try again in 12", None),
            ("try again in 12 parsecs", None),
            ("try again in 0s", None),
            ("try again in ..s", None),
            ("try again in ", None),
            ("Slow down", None),
        ] {
            assert_eq!(delay_in_words(message).map(|delay| delay.as_millis()), expected, "{message}");
        }
    }

    #[test]
    fn limits_in_sentences() {
        for (message, expected) in [
            ("Rate limit reached for x on input-images per min: Limit 5, Used 5, Requested 1.", Some(5)),
            ("on images per minute (IPM): Limit: 50 / 1min", Some(50)),
            ("on tokens per min: Limit 5", None),
            ("images per min: Limit 0", None),
            ("images per min: Limit 99999999999", None),
            ("Limit 5 images per min", None),
        ] {
            assert_eq!(images_per_minute_in_words(message), expected, "{message}");
        }
    }

    #[test]
    fn a_date_needs_the_answers_own_clock() {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", HeaderValue::from_static("Sun, 22 Nov 2026 02:00:30 GMT"));
        assert_eq!(retry_after(&headers), None);
    }
}
