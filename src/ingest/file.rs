//! Events from files: one JSON object a line, plain, gzip or zstd, or standard input.

use anyhow::Context;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A file of events, read line by line. What it is packed with is seen from its first bytes.
pub struct Lines {
    reader: Box<dyn BufRead + Send>,
    line: Vec<u8>,
    progress: Progress,
}

/// How much of a file has been read, to be watched from elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    read: Arc<AtomicU64>,
    size: u64,
}

impl Progress {
    /// Bytes read so far, as they lie in the file.
    pub fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }
    /// Bytes in the file; 0 if that is not known.
    pub fn size(&self) -> u64 {
        self.size
    }
}

struct Counted<R> {
    inner: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.read.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// A line longer than this is no event; what is beyond is skipped and the line refused as too large.
const MAX_LINE: u64 = super::decode::MAX_PAYLOAD as u64 + 2;

impl Lines {
    /// Opens a file; `-` is standard input.
    ///
    /// # Errors
    /// If the file cannot be opened or begins like a packed file but is none.
    pub fn open(path: &Path) -> anyhow::Result<Lines> {
        if path.as_os_str() == "-" {
            return Lines::unpack(std::io::stdin(), Progress::default()).context("reading standard input");
        }
        let naming = || format!("reading {}", path.display());
        let mut file = File::open(path).with_context(naming)?;
        let size = file.seek(SeekFrom::End(0)).unwrap_or(0);
        // A pipe has no end to seek to; it is read as it comes.
        let _ = file.rewind();
        Lines::unpack(file, Progress { size, ..Progress::default() }).with_context(naming)
    }

    fn unpack(inner: impl Read + Send + 'static, progress: Progress) -> anyhow::Result<Lines> {
        let mut raw = BufReader::with_capacity(1 << 18, Counted { inner, read: progress.read.clone() });
        let start = raw.fill_buf()?;
        let reader: Box<dyn BufRead + Send> = match start {
            [0x1f, 0x8b, ..] => Box::new(BufReader::with_capacity(1 << 18, flate2::bufread::MultiGzDecoder::new(raw))),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => {
                Box::new(BufReader::with_capacity(1 << 18, zstd::stream::Decoder::with_buffer(raw)?))
            }
            _ => Box::new(raw),
        };
        Ok(Lines { reader, line: Vec::new(), progress })
    }

    /// How far reading has come.
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// The next line that is not blank, without its end; `None` at the end of the file.
    ///
    /// # Errors
    /// If the file cannot be read or unpacked any further.
    pub fn next_line(&mut self) -> std::io::Result<Option<&[u8]>> {
        loop {
            self.line.clear();
            if self.reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut self.line)? == 0 {
                return Ok(None);
            }
            if self.line.len() as u64 == MAX_LINE && self.line.last() != Some(&b'\n') {
                self.skip_line()?;
            }
            if !self.line.trim_ascii().is_empty() {
                return Ok(Some(self.line.trim_ascii()));
            }
        }
    }

    fn skip_line(&mut self) -> std::io::Result<()> {
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Ok(());
            }
            match buffer.iter().position(|byte| *byte == b'\n') {
                Some(end) => {
                    self.reader.consume(end + 1);
                    return Ok(());
                }
                None => {
                    let all = buffer.len();
                    self.reader.consume(all);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn lines_of(bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut lines = Lines::unpack(std::io::Cursor::new(bytes.to_vec()), Progress::default()).unwrap();
        std::iter::from_fn(|| lines.next_line().unwrap().map(<[u8]>::to_vec)).collect()
    }

    #[test]
    fn plain_gzip_and_zstd_read_the_same() {
        let text = b"{\"a\":1}\n\n  {\"b\":2}\r\n{\"c\":3}";
        let plain = lines_of(text);
        assert_eq!(plain, [b"{\"a\":1}".to_vec(), b"{\"b\":2}".to_vec(), b"{\"c\":3}".to_vec()]);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text).unwrap();
        assert_eq!(lines_of(&gzip.finish().unwrap()), plain);
        assert_eq!(lines_of(&zstd::encode_all(&text[..], 1).unwrap()), plain);
    }

    #[test]
    fn a_line_without_end_is_cut_and_the_next_one_is_read() {
        let mut text = vec![b'x'; 3 << 20];
        text.extend_from_slice(b"\nnext\n");
        let lines = lines_of(&text);
        assert_eq!(lines[0].len() as u64, MAX_LINE);
        assert_eq!(lines[1], b"next");
    }
}
