//! How values become fields: reading, and what is wrong where.

use crate::ingest::json::{Token, Value};
use std::fmt;

/// What is wrong with a value, and where below the value that was read. It never quotes the value: it may be personal.
#[derive(Debug)]
pub(in crate::ingest) struct Problem(Box<(String, String)>);

pub(super) type Result<T, E = Problem> = std::result::Result<T, E>;

impl Problem {
    pub(super) fn new(text: impl Into<String>) -> Problem {
        Problem(Box::new((String::new(), text.into())))
    }

    pub(super) fn kind(found: Value<'_, '_>, expected: &str) -> Problem {
        Problem::new(format!("invalid type: {}, expected {expected}", found.kind()))
    }

    /// The same problem, seen from the value that has this one in `step`.
    pub(super) fn within(mut self, step: &str) -> Problem {
        let path = &mut self.0.0;
        if !path.is_empty() && !path.starts_with('[') {
            path.insert(0, '.');
        }
        path.insert_str(0, step);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, text) = &*self.0;
        if path.is_empty() { f.write_str(text) } else { write!(f, "{path}: {text}") }
    }
}

/// What can be read from a value.
pub(in crate::ingest) trait Read<'a>: Sized {
    /// Reads it.
    fn read(value: Value<'_, 'a>) -> Result<Self>;
}

impl<'a, T: Read<'a>> Read<'a> for Option<T> {
    fn read(value: Value<'_, 'a>) -> Result<Option<T>> {
        match value.token() {
            Token::Null => Ok(None),
            _ => T::read(value).map(Some),
        }
    }
}

impl<'a, T: Read<'a>> Read<'a> for Vec<T> {
    fn read(value: Value<'_, 'a>) -> Result<Vec<T>> {
        let Token::List(_) = value.token() else { return Err(Problem::kind(value, "a list")) };
        let item = |(n, (_, value))| T::read(value).map_err(|problem: Problem| problem.within(&format!("[{n}]")));
        value.parts().enumerate().map(item).collect()
    }
}

/// An object of known fields; others are allowed and say nothing.
pub(super) trait Fields<'a>: Default {
    /// Reads the field `name`, if it is known. `seen` has a bit for each that was there.
    fn set(&mut self, name: &str, value: Value<'_, 'a>, seen: &mut u64) -> Result<()>;
}

impl<'a, T: Fields<'a>> Read<'a> for T {
    fn read(value: Value<'_, 'a>) -> Result<T> {
        let Token::Object(_) = value.token() else { return Err(Problem::kind(value, "an object")) };
        let (mut object, mut seen) = (T::default(), 0);
        for (name, value) in value.parts() {
            object.set(name, value, &mut seen).map_err(|problem| problem.within(name))?;
        }
        Ok(object)
    }
}

/// A struct that is an object on the wire: its names are those of its fields, or what is behind `as`.
macro_rules! fields {
    ($(#[$about:meta])* struct $name:ident {
        $($(#[$meta:meta])* $field:ident $(as $written:literal)?: $type:ty,)*
    }) => {
        $(#[$about])*
        #[derive(Debug, Default, JsonSchema)]
        pub(in crate::ingest) struct $name<'a> {
            $($(#[$meta])* $(#[schemars(rename = $written)])? pub(in crate::ingest) $field: $type,)*
        }

        impl<'a> Fields<'a> for $name<'a> {
            fn set(&mut self, name: &str, value: Value<'_, 'a>, seen: &mut u64) -> Result<()> {
                #[expect(non_camel_case_types, reason = "they are the names of fields")]
                enum Place { $($field),* }
                match name {
                    $(fields!(@written $field $($written)?) => {
                        let bit = 1 << Place::$field as u32;
                        if *seen & bit != 0 {
                            return Err(Problem::new("it is there twice"));
                        }
                        *seen |= bit;
                        self.$field = Read::read(value)?;
                    })*
                    _ => {}
                }
                Ok(())
            }
        }
    };
    (@written $field:ident) => { stringify!($field) };
    (@written $field:ident $written:literal) => { $written };
}

pub(super) use fields;
