//! A YAML file as a tree that knows where everything stands, and sections that read it key by key.
//!
//! Reading goes on after a mistake, so that all of a file's problems are told at once.

use super::problem::Problem;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::rc::Rc;

/// A place in a file: line and column, from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct At {
    line: u64,
    column: u64,
}

impl From<Location> for At {
    fn from(location: Location) -> At {
        At { line: location.line(), column: location.column() }
    }
}

/// One value of a file.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) at: At,
    pub(super) value: Value,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, At, Node)>),
}

impl Node {
    /// The value as text, as far as it is one.
    pub(super) fn text(&self) -> Result<String, String> {
        match &self.value {
            Value::Text(text) => Ok(text.clone()),
            Value::Integer(number) => Ok(number.to_string()),
            other => Err(format!("{} is no text", other.kind())),
        }
    }
}

impl Value {
    /// What it is, in words.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Integer(_) | Value::Float(_) => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a section",
        }
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }
    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }
    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Integer(number))
    }
    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(i64::try_from(number).map_or(Value::Text(number.to_string()), Value::Integer))
    }
    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Float(number))
    }
    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(node) = sequence.next_element::<Node>()? {
            list.push(node);
        }
        Ok(Value::List(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            fields.push((key.value, key.referenced.into(), map.next_value()?));
        }
        Ok(Value::Map(fields))
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
        let spanned = Spanned::<Value>::deserialize(deserializer)?;
        Ok(Node { at: spanned.referenced.into(), value: spanned.value })
    }
}

/// A file being read: its lines, what is wrong with it, and which keys it could have had.
#[derive(Debug)]
pub(super) struct Document {
    name: String,
    lines: Vec<String>,
    shows_lines: Cell<bool>,
    problems: RefCell<Vec<Problem>>,
    unset: RefCell<Vec<String>>,
    places: RefCell<HashMap<String, At>>,
}

impl Document {
    /// Reads a file; the tree is `None` if it cannot be read at all, and the problems say why.
    pub(super) fn open(path: &Path, help: &str) -> (Rc<Document>, Option<Node>) {
        match read_text(path) {
            Ok(text) => Document::parse(&path.display().to_string(), &text),
            Err(error) => {
                let document = Document::empty(&path.display().to_string(), "");
                document.whole(format!("cannot be read: {error}"), help);
                (Rc::new(document), None)
            }
        }
    }

    /// As [`Document::open`], for a file that may hold secrets on any line: none is ever shown.
    pub(super) fn open_unshown(path: &Path, help: &str) -> (Rc<Document>, Option<Node>) {
        let (document, node) = Document::open(path, help);
        for problem in document.problems.borrow_mut().iter_mut() {
            problem.text.clear();
        }
        document.shows_lines.set(false);
        (document, node)
    }

    /// Reads the text of a file.
    pub(super) fn parse(name: &str, text: &str) -> (Rc<Document>, Option<Node>) {
        let document = Rc::new(Document::empty(name, text));
        let options = serde_saphyr::options! {
            strict_booleans: true,
            leading_zero_numbers_as_strings: true,
            underscored_numbers_as_strings: true,
            with_snippet: false,
        };
        match serde_saphyr::from_str_with_options::<Node>(text, options) {
            Ok(node) => (document, Some(node)),
            Err(error) => {
                let at = error.location().map(At::from).unwrap_or_default();
                let message = error.without_snippet().to_string();
                // The library ends its message with the place, which is told beside it already, and advice to programmers.
                let message = message
                    .split([','])
                    .next()
                    .and_then(|message| message.split(" at line ").next())
                    .unwrap_or_default();
                document.problem(
                    at,
                    format!("no valid YAML: {message}"),
                    "see https://yaml.org, or compare with config/reference.yaml",
                );
                (document, None)
            }
        }
    }

    fn empty(name: &str, text: &str) -> Document {
        Document {
            name: name.to_owned(),
            lines: text.lines().map(str::to_owned).collect(),
            shows_lines: Cell::new(true),
            problems: RefCell::default(),
            unset: RefCell::default(),
            places: RefCell::default(),
        }
    }

    /// Tells a problem at a place.
    pub(super) fn problem(&self, at: At, message: impl Into<String>, help: impl Into<String>) {
        let line = at.line.checked_sub(1).and_then(|line| self.lines.get(line as usize));
        let shown = line.filter(|line| self.shows_lines.get() && !may_hold_secret(line));
        let text = shown.cloned().unwrap_or_default();
        self.problems.borrow_mut().push(Problem {
            file: self.name.clone(),
            line: at.line,
            column: at.column,
            text,
            message: message.into(),
            help: help.into(),
        });
    }

    /// Tells a problem of a value, written as "what is wrong; what would be right".
    pub(super) fn wrong(&self, at: At, path: &str, problem: &str) {
        let (message, help) = problem.split_once("; ").unwrap_or((problem, "see config/reference.yaml"));
        self.problem(at, format!("{path}: {message}"), help);
    }

    /// Tells a problem of the file as a whole.
    pub(super) fn whole(&self, message: impl Into<String>, help: impl Into<String>) {
        self.problem(At::default(), message, help);
    }

    /// The problems found so far, by line.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut problems = self.problems.borrow().clone();
        problems.sort_by_key(|problem| (problem.line, problem.column));
        problems
    }

    /// Where an option that was read stands, or else the section that it would stand in.
    pub(super) fn place(&self, path: &str) -> At {
        let mut path = path;
        loop {
            if let Some(at) = self.places.borrow().get(path) {
                return *at;
            }
            match path.rsplit_once('.') {
                Some((section, _)) => path = section,
                None => return At::default(),
            }
        }
    }

    /// True if an option that was read stands in the file.
    pub(super) fn has(&self, path: &str) -> bool {
        self.places.borrow().contains_key(path)
    }

    /// The keys that the file could have had and did not, as paths.
    pub(super) fn unset(&self) -> Vec<String> {
        self.unset.borrow().clone()
    }
}

/// No file of a configuration is larger, in bytes.
const LARGEST: u64 = 64 << 20;

/// Reads a file. What may have no end, or may never say anything, is none: a reload must not wait for it.
pub(super) fn read_text(path: &Path) -> io::Result<String> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut text = String::new();
    File::open(path)?.take(LARGEST + 1).read_to_string(&mut text)?;
    match text.len() as u64 > LARGEST {
        true => Err(io::Error::other(format!("it has more than {} MiB", LARGEST >> 20))),
        false => Ok(text),
    }
}

/// One mapping of a file. Keys are taken out one by one; what is left when it is dropped is unknown.
pub(super) struct Section {
    document: Rc<Document>,
    path: String,
    pub(super) at: At,
    fields: Vec<(String, At, Node)>,
    known: Vec<&'static str>,
    /// True if the section stands in the file.
    pub(super) is_there: bool,
    /// True if its keys are the owner's own words.
    open: bool,
}

impl Section {
    /// The section that a node is; tells a problem if it is none.
    pub(super) fn of(document: &Rc<Document>, path: &str, node: Option<Node>) -> Section {
        let (is_there, at, fields) = match node {
            None => (false, At::default(), Vec::new()),
            Some(Node { at, value: Value::Map(fields) }) => (true, at, fields),
            Some(Node { at, value: Value::Null }) => (true, at, Vec::new()),
            Some(Node { at, value }) => {
                let name = if path.is_empty() { "the file" } else { path };
                document.problem(
                    at,
                    format!("{name} must be a section, not {}", value.kind()),
                    "write `key: value` lines",
                );
                (false, at, Vec::new())
            }
        };
        let path = path.to_owned();
        Section { document: document.clone(), path, at, fields, known: Vec::new(), is_there, open: false }
    }

    /// The file it stands in.
    pub(super) fn document(&self) -> &Rc<Document> {
        &self.document
    }

    /// The full name of a key.
    pub(super) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// True if a key stands there and was not taken out yet.
    pub(super) fn has(&self, key: &str) -> bool {
        self.fields.iter().any(|(name, ..)| name == key)
    }

    /// Where a key stands that has not been read yet; the section itself if it is not there.
    pub(super) fn place_of(&self, key: &str) -> At {
        self.fields.iter().find(|(name, ..)| name == key).map_or(self.at, |(_, at, _)| *at)
    }

    /// True if no key is left in it.
    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Takes a key out; `None` if it is absent or `null`.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Node> {
        self.known.push(key);
        match self.fields.iter().position(|(name, ..)| name == key) {
            None => {
                self.document.unset.borrow_mut().push(self.path_of(key));
                None
            }
            Some(found) => {
                let (_, at, node) = self.fields.remove(found);
                self.document.places.borrow_mut().insert(self.path_of(key), at);
                Some(node).filter(|node| !matches!(node.value, Value::Null))
            }
        }
    }

    /// Reads a key; `None` if it is absent or wrong, which is then told.
    pub(super) fn read<T>(&mut self, key: &'static str, read: impl Fn(&Node) -> Result<T, String>) -> Option<T> {
        self.take(key).and_then(|node| self.value(key, &node, read))
    }

    /// Reads a key that has a default.
    pub(super) fn read_or<T>(&mut self, key: &'static str, default: T, read: impl Fn(&Node) -> Result<T, String>) -> T {
        self.read(key, read).unwrap_or(default)
    }

    /// Reads a key that must be there.
    pub(super) fn required<T>(&mut self, key: &'static str, read: impl Fn(&Node) -> Result<T, String>) -> Option<T> {
        match self.take(key) {
            Some(node) => self.value(key, &node, read),
            None => {
                let name = self.path_of(key);
                self.document.problem(self.at, format!("{name} is missing"), format!("add `{key}: ...` here"));
                None
            }
        }
    }

    /// Reads a list; entries that are wrong are told and left out. `None` if the key is absent.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&Node) -> Result<T, String>,
    ) -> Option<Vec<(At, T)>> {
        let nodes = self.nodes(key)?;
        Some(nodes.into_iter().filter_map(|node| Some((node.at, self.value(key, &node, &read)?))).collect())
    }

    /// The sections of a list; empty if the key is absent.
    pub(super) fn sections(&mut self, key: &'static str) -> Vec<Section> {
        let nodes = self.nodes(key).unwrap_or_default();
        let path = self.path_of(key);
        nodes.into_iter().map(|node| Section::of(&self.document, &path, Some(node))).collect()
    }

    /// The section under a key; without keys if it is absent.
    pub(super) fn section(&mut self, key: &'static str) -> Section {
        let path = self.path_of(key);
        let node = self.take(key);
        Section::of(&self.document, &path, node)
    }

    /// Everything in a section whose keys are the owner's own words.
    pub(super) fn entries(mut self) -> Vec<(String, At, Node)> {
        self.open = true;
        let places = self.fields.iter().map(|(key, at, _)| (self.path_of(key), *at));
        self.document.places.borrow_mut().extend(places);
        std::mem::take(&mut self.fields)
    }

    fn nodes(&mut self, key: &'static str) -> Option<Vec<Node>> {
        match self.take(key)? {
            Node { value: Value::List(nodes), .. } => Some(nodes),
            Node { at, value } => {
                let name = self.path_of(key);
                let help = format!("write `{key}: [...]`, or one line with `- ` for each");
                self.document.problem(at, format!("{name} must be a list, not {}", value.kind()), help);
                None
            }
        }
    }

    fn value<T>(&self, key: &str, node: &Node, read: impl Fn(&Node) -> Result<T, String>) -> Option<T> {
        match read(node) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.document.wrong(node.at, &self.path_of(key), &problem);
                None
            }
        }
    }
}

impl Drop for Section {
    fn drop(&mut self) {
        if self.open {
            return;
        }
        for (key, at, _) in &self.fields {
            let known = self.known.join(", ");
            let near = self.known.iter().map(|name| (distance(key, name), name)).min().filter(|(far, _)| *far <= 2);
            let help = match near {
                Some((_, name)) => format!("did you mean `{name}`? Known here: {known}"),
                None => format!("known here: {known}"),
            };
            self.document.problem(*at, format!("unknown key `{}`", self.path_of(key)), help);
        }
    }
}

/// Problems are printed and logged: a line with a password is not shown.
fn may_hold_secret(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    ["password", "secret", ".pem", "jaas"].iter().any(|word| line.contains(word))
}

/// How many letters must change to make one word the other.
pub(super) fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = corner + usize::from(x != *y);
            corner = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_a_file_and_has_an_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let said = |path: &Path| read_text(path).map_err(|error| error.to_string());
        assert_eq!(said(folder.path()), Err("it is no file".to_owned()));
        assert_eq!(said(Path::new("/dev/zero")), Err("it is no file".to_owned()));
        let large = folder.path().join("large");
        File::create(&large).and_then(|file| file.set_len(LARGEST + 1)).expect("a file of holes");
        assert_eq!(said(&large), Err("it has more than 64 MiB".to_owned()));
        std::fs::write(&large, "text").expect("can be written");
        assert_eq!(said(&large), Ok("text".to_owned()));
    }

    #[test]
    fn distance_counts_changed_letters() {
        assert_eq!(distance("borkers", "brokers"), 2);
        assert_eq!(distance("topic", "topics"), 1);
        assert_eq!(distance("", "abc"), 3);
    }
}
