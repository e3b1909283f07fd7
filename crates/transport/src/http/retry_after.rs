//! How long a service asks to wait.

use std::time::Duration;

use ::http::{
    HeaderMap,
    header::{DATE, RETRY_AFTER},
};

/// `retry-after-ms`, then `Retry-After` as a number of seconds or as a date, which is compared with the answer's own
/// `Date` so that a wrong local clock does no harm. Nothing when it is unreadable, zero or negative.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let number = |text: &str| text.parse::<f64>().ok();
    if let Some(delay) = text("retry-after-ms").and_then(number).and_then(|number| seconds(number / 1000.0)) {
        return Some(delay);
    }
    let value = text(RETRY_AFTER.as_str())?;
    if let Some(number) = number(value) {
        return seconds(number);
    }
    let then = httpdate::parse_http_date(value).ok()?;
    let now = httpdate::parse_http_date(text(DATE.as_str())?).ok()?;
    then.duration_since(now).ok().filter(|delay| !delay.is_zero())
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
    fn a_date_needs_the_answers_own_clock() {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", HeaderValue::from_static("Sun, 22 Nov 2026 02:00:30 GMT"));
        assert_eq!(retry_after(&headers), None);
    }
}
