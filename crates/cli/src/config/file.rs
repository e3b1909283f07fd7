//! Reading one configuration file. All its problems are reported together, each with its place.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use imagewire_types::{CreateImageRequest, operations};
use imagewire_validate::fields;
use serde_json::{Value, json};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    keys::{CREDENTIALS, KEYS, Kind},
    paths,
    source::Place,
};

/// Members of the request that are no defaults: the prompt, and the model, which is a key of the profile.
const OF_THEIR_OWN: &[&str] = &["prompt", "model"];

/// One file, understood.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) path: PathBuf,
    pub(crate) default_profile: Option<Entry>,
    /// The user's file alone: projects that may say where keys come from and go to.
    pub(crate) trusted_projects: Vec<PathBuf>,
    /// By name, then by key; the members of a table as `headers.NAME`.
    pub(crate) profiles: BTreeMap<String, BTreeMap<String, Entry>>,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) value: Value,
    pub(crate) place: Place,
}

impl File {
    /// `None` when there is no such file.
    pub(super) fn read(path: &Path, is_project: bool) -> Result<Option<Self>, String> {
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(path, is_project, &text).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("cannot read {}: {error}", path.display())),
        }
    }

    pub(super) fn parse(path: &Path, is_project: bool, text: &str) -> Result<Self, String> {
        let mut reader = Reader { path, is_project, text, problems: Vec::new() };
        let file = reader.file();
        match (file, reader.problems.is_empty()) {
            (Some(file), true) => Ok(file),
            _ => Err(reader.problems.join("\n")),
        }
    }
}

struct Reader<'a> {
    path: &'a Path,
    is_project: bool,
    text: &'a str,
    problems: Vec<String>,
}

impl Reader<'_> {
    fn file(&mut self) -> Option<File> {
        let text = self.text;
        let root = match DeTable::parse(text) {
            Ok(root) => root,
            Err(error) => {
                // The message never quotes the file, which may hold a key.
                self.problem(error.span().map_or(0, |span| span.start), error.message());
                return None;
            }
        };
        let mut file = File {
            path: self.path.to_owned(),
            default_profile: None,
            trusted_projects: Vec::new(),
            profiles: BTreeMap::new(),
        };
        for (name, value) in in_order(root.get_ref()) {
            match (name.get_ref().as_ref(), value.get_ref()) {
                ("default_profile", DeValue::String(_)) => {
                    file.default_profile = self.entry(Kind::Text, value);
                }
                ("default_profile", _) => self.expected(value, name.get_ref(), Kind::Text.words()),
                ("profiles", DeValue::Table(profiles)) => {
                    for (name, value) in in_order(profiles) {
                        if let Some(profile) = self.profile(name, value) {
                            file.profiles.insert(name.get_ref().clone().into_owned(), profile);
                        }
                    }
                }
                ("profiles", _) => self.expected(value, name.get_ref(), "written [profiles.NAME]"),
                ("trusted_projects", _) if self.is_project => self.problem(
                    name.span().start,
                    "a project cannot declare itself trusted: this key belongs in the user's file (`imagewire config path`)",
                ),
                ("trusted_projects", DeValue::Array(folders)) => {
                    for folder in folders {
                        match folder.get_ref().as_str() {
                            Some(text) => file.trusted_projects.push(paths::resolve(text, self.folder())),
                            None => self.expected(folder, "trusted_projects", "a list of folders"),
                        }
                    }
                }
                ("trusted_projects", _) => self.expected(value, name.get_ref(), "a list of folders"),
                (unknown, _) if is_credential(unknown) => self.literal_key(name, None),
                (unknown, _) => {
                    let profile_key = KEYS.iter().any(|key| key.name == unknown);
                    let hint = if profile_key {
                        format!("`{unknown}` belongs in a profile: write it below [profiles.NAME]")
                    } else {
                        unknown_key(unknown, &["default_profile", "profiles", "trusted_projects"])
                    };
                    self.problem(name.span().start, &hint);
                }
            }
        }
        Some(file)
    }

    fn profile(
        &mut self,
        name: &Spanned<impl AsRef<str>>,
        value: &Spanned<DeValue<'_>>,
    ) -> Option<BTreeMap<String, Entry>> {
        let DeValue::Table(table) = value.get_ref() else {
            self.expected(value, name.get_ref().as_ref(), "a table: [profiles.NAME]");
            return None;
        };
        let mut entries = BTreeMap::new();
        let mut credential: Option<&str> = None;
        for (name, value) in in_order(table) {
            let text = name.get_ref().as_ref();
            let Some(key) = KEYS.iter().find(|key| key.name == text) else {
                if is_credential(text) {
                    let dialect = table.get("dialect").and_then(|dialect| dialect.get_ref().as_str());
                    self.literal_key(name, dialect);
                } else {
                    let known: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
                    self.problem(name.span().start, &unknown_key(text, &known));
                }
                continue;
            };
            if CREDENTIALS.contains(&key.name) {
                if let Some(other) = credential {
                    let message = format!("`{}` beside `{other}`: keep one of them", key.name);
                    self.problem(name.span().start, &message);
                }
                credential = Some(key.name);
            }
            match (key.kind, value.get_ref()) {
                (Kind::Headers | Kind::Fields, DeValue::Table(members)) => {
                    for (member, value) in in_order(members) {
                        let member = member.get_ref().as_ref();
                        let entry = if key.kind == Kind::Headers {
                            self.entry(Kind::Text, value)
                        } else {
                            self.field(member, value)
                        };
                        entries.extend(entry.map(|entry| (format!("{}.{member}", key.name), entry)));
                    }
                }
                (Kind::Headers | Kind::Fields, _) => self.expected(value, key.name, key.kind.words()),
                (kind, _) => {
                    let entry = self.entry(kind, value);
                    entries.extend(entry.map(|entry| (key.name.to_owned(), entry)));
                }
            }
        }
        if let Some(entry) = entries.get("dialect") {
            let dialect = entry.value.as_str().unwrap_or_default();
            if operations::find(dialect).is_none() {
                let known: Vec<&str> =
                    operations::OPERATIONS.iter().map(|operation| operation.dialect).collect();
                let nearest = nearest(dialect, &known);
                let (line, column) = (entry.place.line, entry.place.column);
                self.problem_at(line, column, &format!("no service is named {dialect:?}{nearest}"));
            }
        }
        Some(entries)
    }

    /// A member of the request: its value must be one that requests can hold.
    fn field(&mut self, name: &str, value: &Spanned<DeValue<'_>>) -> Option<Entry> {
        let known: Vec<&str> = fields()
            .iter()
            .map(|field| field.name.as_ref())
            .filter(|name| !OF_THEIR_OWN.contains(name))
            .collect();
        if !known.contains(&name) {
            let nearest = nearest(name, &known);
            let message = format!("no member of the request is named {name:?}{nearest}");
            self.problem(value.span().start, &message);
            return None;
        }
        let given = match value.get_ref() {
            DeValue::String(text) => Value::from(text.as_ref()),
            DeValue::Boolean(is) => Value::from(*is),
            DeValue::Integer(_) => integer(value.get_ref()).map_or(Value::Null, Value::from),
            DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => Value::Null,
        };
        let request = json!({ "prompt": "", name: given });
        if given.is_null() || serde_json::from_value::<CreateImageRequest>(request).is_err() {
            let message =
                format!("`{name}` does not take a value of this kind: see `imagewire explain {name}`");
            self.problem(value.span().start, &message);
            return None;
        }
        Some(Entry { value: given, place: self.place(value.span().start) })
    }

    /// The value, if it is of that kind.
    fn entry(&mut self, kind: Kind, value: &Spanned<DeValue<'_>>) -> Option<Entry> {
        let text = value.get_ref().as_str().filter(|text| !text.is_empty());
        let number = integer(value.get_ref()).filter(|number| *number > 0);
        let found = match kind {
            Kind::Text => text.map(Value::from),
            Kind::Variable => text.filter(|text| is_variable(text)).map(Value::from),
            Kind::Path => text.map(|text| json!(paths::resolve(text, self.folder()))),
            Kind::Command => command(value.get_ref()).map(Value::from),
            Kind::Duration => duration(text, number).map(|duration| Value::from(duration.as_secs())),
            Kind::Count => number.and_then(|number| u32::try_from(number).ok()).map(Value::from),
            Kind::Headers | Kind::Fields => None,
        };
        let Some(found) = found else {
            // The value is not repeated: a key may have been put into the wrong place.
            self.problem(value.span().start, &format!("{} is expected", kind.words()));
            return None;
        };
        Some(Entry { value: found, place: self.place(value.span().start) })
    }

    fn expected(&mut self, value: &Spanned<DeValue<'_>>, name: &str, what: &str) {
        self.problem(value.span().start, &format!("`{name}` is {what}"));
    }

    fn literal_key(&mut self, name: &Spanned<impl AsRef<str>>, dialect: Option<&str>) {
        let variable = dialect
            .and_then(operations::find)
            .and_then(|operation| operation.credential_env.first())
            .map_or("HICAP_API_KEY", |(name, _)| *name);
        let message = format!(
            "`{}`: a key does not belong in a file that is copied and committed; put it into the environment and write \
             api_key_env = \"{variable}\", or use api_key_file or api_key_command",
            name.get_ref().as_ref()
        );
        self.problem(name.span().start, &message);
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    fn problem(&mut self, offset: usize, message: &str) {
        let Place { line, column, .. } = self.place(offset);
        self.problem_at(line, column, message);
    }

    fn problem_at(&mut self, line: usize, column: usize, message: &str) {
        self.problems.push(format!("{}:{line}:{column}: {message}", self.path.display()));
    }

    fn place(&self, offset: usize) -> Place {
        let before = self.text.get(..offset).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Place { path: self.path.to_owned(), line, column, is_project: self.is_project }
    }
}

/// The entries in the order of the file.
fn in_order<'a, 'i>(
    table: &'a DeTable<'i>,
) -> Vec<(&'a Spanned<toml::de::DeString<'i>>, &'a Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    entries
}

fn integer(value: &DeValue<'_>) -> Option<u64> {
    let integer = value.as_integer()?;
    u64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

fn duration(text: Option<&str>, seconds: Option<u64>) -> Option<Duration> {
    let duration = match text {
        Some(text) => humantime::parse_duration(text).ok()?,
        None => Duration::from_secs(seconds?),
    };
    (duration.as_secs() > 0).then_some(duration)
}

/// The arguments of a command, the program first.
fn command(value: &DeValue<'_>) -> Option<Vec<String>> {
    let arguments = match value {
        DeValue::String(line) => shlex::split(line)?,
        DeValue::Array(items) => items
            .iter()
            .map(|item| item.get_ref().as_str().map(str::to_owned))
            .collect::<Option<Vec<String>>>()?,
        DeValue::Table(table) if table.len() == 1 => {
            let line = table.get("shell")?.get_ref().as_str()?;
            ["sh", "-c", line].map(str::to_owned).to_vec()
        }
        _ => return None,
    };
    arguments.first().is_some_and(|program| !program.is_empty()).then_some(arguments)
}

fn is_variable(text: &str) -> bool {
    !text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Names that people give to a key itself.
fn is_credential(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('-', "_");
    let is_key = ["key", "token", "secret", "password", "authorization", "apikey", "credential"]
        .iter()
        .any(|word| name.split('_').any(|part| part == *word));
    is_key && !["env", "file", "command"].iter().any(|end| name.ends_with(end))
}

fn unknown_key(name: &str, known: &[&str]) -> String {
    format!("no key is named {name:?}{}; known: {}", nearest(name, known), known.join(", "))
}

/// `, did you mean …?`, if a name comes near.
fn nearest(name: &str, known: &[&str]) -> String {
    known
        .iter()
        .map(|known| (strsim::jaro_winkler(&name.to_lowercase(), known), known))
        .filter(|(similarity, _)| *similarity > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map_or_else(String::new, |(_, known)| format!(", did you mean {known:?}?"))
}
