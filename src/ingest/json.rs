//! JSON as far as events need it: one pass over a message cuts it into values that borrow from it, in whatever order its
//! names come. Numbers and texts that are not plain are left to `serde_json`.

use serde_json::value::RawValue;
use std::borrow::Cow;

/// Objects and lists in each other that are kept: the envelope, its `data`, a list in that, the objects of the list.
const LEVELS: u8 = 4;
/// Whole numbers of so many digits fit in 64 bits.
const MAX_DIGITS: usize = 18;

/// So many values are kept in memory for the next message.
const KEPT: usize = 1024;

/// One value, without what is in it.
#[derive(Debug, PartialEq)]
pub(super) enum Token<'a> {
    Null,
    Flag(bool),
    Whole(u64),
    Negative(i64),
    Fraction(f64),
    Text(Cow<'a, str>),
    /// So many values follow that are in it.
    List(usize),
    /// So many values follow that are in it.
    Object(usize),
    /// Well-formed, but it says nothing: half a surrogate, a number beyond all numbers, nesting beyond all levels, or a
    /// header that is no text.
    Senseless,
}

/// The values of a message in the order in which they are written, with their names; those of a list have none.
pub(super) type Cut<'a> = Vec<(Cow<'a, str>, Token<'a>)>;

/// A value with all that is in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value<'c, 'a>(&'c [(Cow<'a, str>, Token<'a>)]);

impl<'c, 'a> Value<'c, 'a> {
    /// A value that is not there.
    pub(super) const NULL: Value<'static, 'static> = Value(&[(Cow::Borrowed(""), Token::Null)]);

    /// All that was cut up.
    pub(super) fn of(cut: &'c Cut<'a>) -> Value<'c, 'a> {
        Value(cut)
    }

    /// The value itself.
    pub(super) fn token(self) -> &'c Token<'a> {
        &self.0[0].1
    }

    /// The values in it, with their names.
    pub(super) fn parts(self) -> impl Iterator<Item = (&'c str, Value<'c, 'a>)> {
        let mut rest = &self.0[1..];
        std::iter::from_fn(move || {
            let (name, token) = rest.first()?;
            let within = match token {
                Token::List(within) | Token::Object(within) => *within,
                _ => 0,
            };
            let (value, behind) = rest.split_at(1 + within);
            rest = behind;
            Some((name.as_ref(), Value(value)))
        })
    }

    /// What kind of value it is. The value itself may be personal.
    pub(super) fn kind(self) -> &'static str {
        match self.token() {
            Token::Null => "null",
            Token::Flag(_) => "boolean",
            Token::Whole(_) | Token::Negative(_) => "integer",
            Token::Fraction(_) => "fraction",
            Token::Text(_) => "string",
            Token::List(_) => "list",
            Token::Object(_) => "object",
            Token::Senseless => "senseless value",
        }
    }
}

/// Reads one value that fills `text` into the empty `cut`; none if that is no JSON.
pub(super) fn read<'c, 'a>(text: &'a str, cut: &'c mut Cut<'a>) -> Option<Value<'c, 'a>> {
    let mut scanner = Scanner { text, at: 0, cut };
    scanner.value(Cow::Borrowed(""), LEVELS)?;
    scanner.peek().is_none().then_some(Value(scanner.cut))
}

/// An object of these fields.
pub(super) fn object<'a>(fields: impl Iterator<Item = (&'a str, Token<'a>)>) -> Cut<'a> {
    let mut cut = vec![(Cow::Borrowed(""), Token::Null)];
    cut.extend(fields.map(|(name, token)| (Cow::Borrowed(name), token)));
    cut[0].1 = Token::Object(cut.len() - 1);
    cut
}

/// An empty list in the memory of one that is no longer needed, unless that is large.
pub(super) fn emptied<'b>(mut cut: Cut<'_>) -> Cut<'b> {
    cut.clear();
    cut.shrink_to(KEPT);
    // Collected where it stands: only the lifetime changes.
    cut.into_iter().map_while(|_| None).collect()
}

struct Scanner<'c, 'a> {
    text: &'a str,
    at: usize,
    cut: &'c mut Cut<'a>,
}

impl<'a> Scanner<'_, 'a> {
    /// The next byte that is not blank.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match *self.text.as_bytes().get(self.at)? {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    /// Steps over `wanted` if it is next.
    fn take(&mut self, wanted: u8) -> Option<()> {
        let is_next = self.peek()? == wanted;
        self.at += usize::from(is_next);
        is_next.then_some(())
    }

    fn value(&mut self, name: Cow<'a, str>, levels: u8) -> Option<()> {
        let token = match self.peek()? {
            b'"' => match self.plain_text() {
                Some(text) => Token::Text(Cow::Borrowed(text)),
                None => {
                    serde_json::from_str(self.other()?).map_or(Token::Senseless, |text| Token::Text(Cow::Owned(text)))
                }
            },
            b'{' if levels > 0 => return self.within(name, levels - 1, b'}', Token::Object),
            b'[' if levels > 0 => return self.within(name, levels - 1, b']', Token::List),
            b't' => self.word("true", Token::Flag(true))?,
            b'f' => self.word("false", Token::Flag(false))?,
            b'n' => self.word("null", Token::Null)?,
            b'-' | b'0'..=b'9' => self.number()?,
            _ => {
                self.other()?;
                Token::Senseless
            }
        };
        self.cut.push((name, token));
        Some(())
    }

    /// A list or an object, and what is in it.
    fn within(&mut self, name: Cow<'a, str>, levels: u8, end: u8, token: fn(usize) -> Token<'a>) -> Option<()> {
        let place = self.cut.len();
        self.cut.push((name, Token::Null));
        self.at += 1;
        if self.take(end).is_none() {
            loop {
                let name = if end == b'}' { self.name()? } else { Cow::Borrowed("") };
                self.value(name, levels)?;
                if self.take(b',').is_none() {
                    break self.take(end)?;
                }
            }
        }
        self.cut[place].1 = token(self.cut.len() - place - 1);
        Some(())
    }

    fn name(&mut self) -> Option<Cow<'a, str>> {
        if self.peek()? != b'"' {
            return None;
        }
        let name = match self.plain_text() {
            Some(name) => Cow::Borrowed(name),
            // A name that is no text is none that anybody knows.
            None => Cow::Owned(serde_json::from_str(self.other()?).unwrap_or_default()),
        };
        self.take(b':')?;
        Some(name)
    }

    /// The text that begins here, unless it has escapes or is no JSON.
    fn plain_text(&mut self) -> Option<&'a str> {
        let start = self.at + 1;
        let rest = self.text.get(start..)?;
        let length = plain_length(rest.as_bytes());
        let ends = rest.as_bytes().get(length) == Some(&b'"');
        self.at += if ends { length + 2 } else { 0 };
        if ends { rest.get(..length) } else { None }
    }

    fn number(&mut self) -> Option<Token<'a>> {
        if let Some(number) = self.plain_number() {
            return Some(Token::Whole(number));
        }
        let number: Option<serde_json::Number> = serde_json::from_str(self.other()?).ok();
        let token = number.and_then(|number| {
            let whole = number.as_u64().map(Token::Whole).or_else(|| number.as_i64().map(Token::Negative));
            whole.or_else(|| number.as_f64().map(Token::Fraction))
        });
        Some(token.unwrap_or(Token::Senseless))
    }

    /// The number that begins here, unless it is negative, long, a fraction or no JSON.
    fn plain_number(&mut self) -> Option<u64> {
        let rest = &self.text.as_bytes()[self.at..];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let is_plain = (1..=MAX_DIGITS).contains(&digits)
            && (rest[0] != b'0' || digits == 1)
            && !matches!(rest.get(digits), Some(b'.' | b'e' | b'E'));
        let number = is_plain.then(|| rest[..digits].iter().fold(0, |n, digit| n * 10 + u64::from(digit - b'0')))?;
        self.at += digits;
        Some(number)
    }

    fn word(&mut self, word: &str, token: Token<'a>) -> Option<Token<'a>> {
        let is_there = self.text.as_bytes()[self.at..].starts_with(word.as_bytes());
        self.at += word.len();
        is_there.then_some(token)
    }

    /// Whatever valid value begins here, as it is written.
    fn other(&mut self) -> Option<&'a str> {
        let mut values = serde_json::Deserializer::from_str(&self.text[self.at..]).into_iter::<&RawValue>();
        let value = values.next()?.ok()?.get();
        self.at += value.len();
        Some(value)
    }
}

/// How far `text` goes without a quote, a backslash or a control character.
fn plain_length(text: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let (words, _) = text.as_chunks::<8>();
    let mut length = 0;
    for bytes in words {
        let word = u64::from_le_bytes(*bytes);
        // A byte that is less than what is taken from it borrows, and gets its highest bit set; only bytes behind such a
        // one can be mistaken for another.
        let quotes = (word ^ (ONES * u64::from(b'"'))).wrapping_sub(ONES);
        let backslashes = (word ^ (ONES * u64::from(b'\\'))).wrapping_sub(ONES);
        let controls = word.wrapping_sub(ONES * u64::from(b' '));
        let found = (quotes | backslashes | controls) & !word & (ONES << 7);
        if found != 0 {
            return length + found.trailing_zeros() as usize / 8;
        }
        length += 8;
    }
    let is_plain = |byte: &&u8| !matches!(byte, b'"' | b'\\' | 0..b' ');
    length + text[length..].iter().take_while(is_plain).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use serde::de::IgnoredAny;

    /// As `serde_json` has it: of a name that is there twice the last stays.
    fn plain(value: Value<'_, '_>) -> serde_json::Value {
        match value.token() {
            Token::Null => serde_json::Value::Null,
            Token::Flag(flag) => (*flag).into(),
            Token::Whole(number) => (*number).into(),
            Token::Negative(number) => (*number).into(),
            Token::Fraction(number) => (*number).into(),
            Token::Text(text) => text.as_ref().into(),
            Token::List(_) => value.parts().map(|(_, part)| plain(part)).collect(),
            Token::Object(_) => value.parts().map(|(name, part)| (name.to_owned(), plain(part))).collect(),
            Token::Senseless => "senseless".into(),
        }
    }

    #[test]
    fn texts_written_and_damaged_at_random_are_read_as_serde_json_reads_them() {
        const SEED: u64 = 41;
        println!("seed {SEED}");
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(SEED);
        let parts = [
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            " ",
            "\n",
            "\"",
            "\"a\"",
            "\"name\":",
            "\"longer than eight bytes\"",
            "\\",
            "\\n",
            "\\u0041",
            "\"\\ud83d\\ude00\"",
            "\"\u{1}\"",
            "\"ø\u{7f}\"",
            "0",
            "7",
            "-",
            "-0",
            "-12",
            "01",
            "1.5",
            "1e3",
            ".",
            "E",
            "123456789012345678",
            "1234567890123456789",
            "18446744073709551616",
            "true",
            "false",
            "null",
            "nul",
            "x",
        ];
        let whole =
            r#"{"a":"x","b":{"c":[1,-2,2.5e0,{"d":"\u00e9\\"}],"ee":null},"f":true,"g":"longer than eight bytes"}"#;
        let (mut valid, mut invalid, mut senseless) = (0, 0, 0);
        let mut memory = Cut::new();
        for n in 0..200_000 {
            let mut text = String::new();
            if n % 2 == 0 {
                (0..random.random_range(1..7)).for_each(|_| text += parts[random.random_range(0..parts.len())]);
            } else {
                text += whole;
                for _ in 0..random.random_range(0..3) {
                    let at = text.floor_char_boundary(random.random_range(0..text.len()));
                    let part = parts[random.random_range(0..parts.len())];
                    let end = text.ceil_char_boundary(at + random.random_range(0..2));
                    text.replace_range(at..end, part);
                }
            }
            let mut cut = emptied(memory);
            let is_valid = serde_json::from_str::<IgnoredAny>(&text).is_ok();
            match (serde_json::from_str::<serde_json::Value>(&text), read(&text, &mut cut)) {
                (Ok(wanted), Some(found)) => {
                    valid += 1;
                    assert_eq!(plain(found), wanted, "{text}");
                }
                (Err(_), None) if !is_valid => invalid += 1,
                (Err(_), Some(_)) if is_valid => senseless += 1,
                (wanted, found) => panic!("{text}: {found:?}, not {wanted:?}"),
            }
            memory = emptied(cut);
        }
        let numbers = format!("{valid} valid, {invalid} invalid, {senseless} senseless");
        assert!(valid > 10_000 && invalid > 10_000 && senseless > 10, "{numbers}: proves nothing");
    }

    #[test]
    fn what_is_valid_and_says_nothing_is_known_as_such() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        for text in ["\"\\ud800\"", "1e999"] {
            let mut cut = Cut::new();
            assert_eq!(read(text, &mut cut).map(|value| value.token()), Some(&Token::Senseless), "{text}");
        }
        assert!(read(&deep, &mut Cut::new()).is_some(), "deep nesting is valid");
        assert!(read(&deep[1..], &mut Cut::new()).is_none(), "one bracket too many");
    }

    #[test]
    fn memory_is_used_again_unless_it_is_large() {
        let mut cut = Cut::new();
        read("[1,2,3]", &mut cut).expect("is JSON");
        let (place, capacity) = (cut.as_ptr() as usize, cut.capacity());
        let cut = emptied(cut);
        assert_eq!((cut.as_ptr() as usize, cut.capacity(), cut.len()), (place, capacity, 0));
        let mut cut = emptied(cut);
        let text = format!("[{}1]", "1,".repeat(100_000));
        read(&text, &mut cut).expect("is JSON");
        assert!(emptied(cut).capacity() <= KEPT);
    }
}
