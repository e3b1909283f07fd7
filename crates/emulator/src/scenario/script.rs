//! Which scenario comes next: what was pushed, then what the script says.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;

use super::{Scenario, from_value};

/// A sequence of scenarios, usually from a file.
///
/// ```
/// let script = imagewire_emulator::Script::from_toml(
///     r#"
///     repeat = true
///
///     [[step]]
///     kind = "rate-limit"
///     retry_after = 1
///     times = 2
///
///     [[step]]
///     kind = "none"
///     "#,
/// )?;
/// assert_eq!(script.len(), 3);
/// # Ok::<(), imagewire_emulator::InvalidScenario>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Script {
    steps: Vec<Scenario>,
    repeat: bool,
}

/// A script has at most so many steps, repetitions counted.
const MAX_STEPS: usize = 100_000;

impl Script {
    /// Reads a script: `[[step]]` tables with a `kind`, the scenario's settings and `times`, and `repeat` for a script
    /// that starts again at its end.
    ///
    /// # Errors
    /// When the text is no TOML, or a step is no scenario.
    pub fn from_toml(text: &str) -> Result<Self, InvalidScenario> {
        let table: toml::Table =
            toml::from_str(text).map_err(|error| InvalidScenario::new(error.message()))?;
        let value = serde_json::to_value(table).map_err(|error| InvalidScenario::new(&error.to_string()))?;
        let Value::Object(mut members) = value else {
            return Err(InvalidScenario::new("a table is expected"));
        };
        let repeat = match members.remove("repeat") {
            None => false,
            Some(Value::Bool(repeat)) => repeat,
            Some(_) => return Err(InvalidScenario::new("`repeat` is true or false")),
        };
        let steps = members.remove("step").unwrap_or_default();
        if let Some((name, _)) = members.into_iter().next() {
            return Err(InvalidScenario::new(&format!("unknown key `{name}`")));
        }
        Ok(Self { steps: Self::steps(steps)?, repeat })
    }

    /// One step or an array of steps, each with an optional `times`.
    pub(crate) fn steps(value: Value) -> Result<Vec<Scenario>, InvalidScenario> {
        let steps = match value {
            Value::Null => Vec::new(),
            Value::Array(steps) => steps,
            step => vec![step],
        };
        let mut all = Vec::new();
        for (number, mut step) in steps.into_iter().enumerate() {
            let times = step.as_object_mut().and_then(|members| members.remove("times"));
            let times =
                times.map_or(Some(1), |times| times.as_u64()).and_then(|times| usize::try_from(times).ok());
            let place = |error: InvalidScenario| InvalidScenario(format!("step {}: {}", number + 1, error.0));
            let scenario = from_value(step).map_err(place)?;
            match times.filter(|times| all.len().saturating_add(*times) <= MAX_STEPS) {
                Some(times) => all.extend(std::iter::repeat_n(scenario, times)),
                None => return Err(place(InvalidScenario::new("`times` is a number, 100,000 steps in all"))),
            }
        }
        Ok(all)
    }

    /// How many requests it takes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

/// A text that names no scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidScenario(String);

impl InvalidScenario {
    pub(crate) fn new(message: &str) -> Self {
        Self(message.to_owned())
    }
}

impl fmt::Display for InvalidScenario {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for InvalidScenario {}

/// The scenarios that are waiting for a request.
#[derive(Debug, Default)]
pub struct Scenarios {
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    pushed: VecDeque<Scenario>,
    script: Script,
    at: usize,
}

impl Scenarios {
    pub(crate) fn new(script: Script) -> Self {
        Self { waiting: Mutex::new(Waiting { pushed: VecDeque::new(), script, at: 0 }) }
    }

    /// Adds a scenario for one request, after those that were pushed before and ahead of the script.
    pub fn push(&self, scenario: Scenario) {
        self.lock().pushed.push_back(scenario);
    }

    /// Adds a scenario for so many requests.
    pub fn push_times(&self, times: usize, scenario: &Scenario) {
        self.lock().pushed.extend(std::iter::repeat_n(scenario, times).cloned());
    }

    /// Adds the scenarios, each for one request, unless too many wait.
    pub(crate) fn push_all(&self, scenarios: Vec<Scenario>) -> Result<(), InvalidScenario> {
        let pushed = &mut self.lock().pushed;
        if pushed.len().saturating_add(scenarios.len()) > MAX_STEPS {
            return Err(InvalidScenario::new("100,000 scenarios wait at most"));
        }
        pushed.extend(scenarios);
        Ok(())
    }

    /// Forgets what was pushed and what is left of the script.
    pub fn clear(&self) {
        *self.lock() = Waiting::default();
    }

    /// What was pushed and not yet used, and what is left of the script's present round.
    #[must_use]
    pub fn waiting(&self) -> Vec<Scenario> {
        let waiting = self.lock();
        let script = waiting.script.steps.iter().skip(waiting.at);
        waiting.pushed.iter().chain(script).cloned().collect()
    }

    pub(crate) fn next(&self) -> Option<Scenario> {
        let mut waiting = self.lock();
        if let Some(scenario) = waiting.pushed.pop_front() {
            return Some(scenario);
        }
        if waiting.script.repeat && waiting.at >= waiting.script.steps.len() {
            waiting.at = 0;
        }
        let scenario = waiting.script.steps.get(waiting.at).cloned()?;
        waiting.at += 1;
        Some(scenario)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
