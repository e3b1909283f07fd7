//! Points in time.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::de::{Error, Unexpected, Visitor};

/// Seconds since 1970-01-01 00:00:00 UTC. Written as a whole number; read also from a fraction (cut off) or from text,
/// since one service's own example has it so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnixTime(pub i64);

impl UnixTime {
    /// The present.
    #[must_use]
    pub fn now() -> Self {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_secs());
        Self(i64::try_from(seconds).unwrap_or(i64::MAX))
    }

    /// The same time for the standard library; `None` before 1970 and when it is out of range.
    #[must_use]
    pub fn to_system_time(self) -> Option<SystemTime> {
        UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(self.0).ok()?))
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

impl serde::Serialize for UnixTime {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl<'de> serde::Deserialize<'de> for UnixTime {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl Visitor<'_> for Reader {
    type Value = UnixTime;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("seconds since 1970 as a number or as text")
    }

    fn visit_i64<E: Error>(self, seconds: i64) -> Result<UnixTime, E> {
        Ok(UnixTime(seconds))
    }

    fn visit_u64<E: Error>(self, seconds: u64) -> Result<UnixTime, E> {
        i64::try_from(seconds)
            .map(UnixTime)
            .map_err(|_| E::invalid_value(Unexpected::Unsigned(seconds), &self))
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "the range is checked")]
    fn visit_f64<E: Error>(self, seconds: f64) -> Result<UnixTime, E> {
        if seconds.abs() < i64::MAX as f64 {
            Ok(UnixTime(seconds as i64))
        } else {
            Err(E::invalid_value(Unexpected::Float(seconds), &self))
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<UnixTime, E> {
        match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(seconds), _) => Ok(UnixTime(seconds)),
            (_, Ok(seconds)) if seconds.is_finite() => self.visit_f64(seconds),
            _ => Err(E::custom("the text is not a number of seconds")),
        }
    }
}

crate::wire::read_by_serde!(UnixTime);

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for UnixTime {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "UnixTime".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["integer", "number", "string"] })
    }
}
