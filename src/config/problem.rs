//! What is wrong with a file, told so that nobody has to search: file, line, column, the line itself, and what would
//! be right.

use std::fmt;

/// One mistake in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, as it was named.
    pub file: String,
    /// Line, from 1; 0 if the whole file is meant.
    pub line: u64,
    /// Column, from 1; 0 if the whole file is meant.
    pub column: u64,
    /// The line's text; empty if the whole file is meant or the line may hold a secret.
    pub text: String,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => writeln!(f, "{}: {}", self.file, self.message)?,
            line => writeln!(f, "{}:{line}:{}: {}", self.file, self.column, self.message)?,
        }
        if !self.text.is_empty() {
            let number = self.line.to_string();
            let margin = " ".repeat(number.len());
            let before: String = self
                .text
                .chars()
                .take(self.column.saturating_sub(1) as usize)
                .map(|c| if c == '\t' { c } else { ' ' })
                .collect();
            writeln!(f, "  {number} | {}", self.text)?;
            writeln!(f, "  {margin} | {before}^")?;
        }
        write!(f, "  {}", self.help)
    }
}

/// Every mistake of a configuration, in the order of files and lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.0 {
            writeln!(f, "{problem}\n")?;
        }
        match self.0.len() {
            1 => write!(f, "1 problem"),
            n => write!(f, "{n} problems"),
        }
    }
}
