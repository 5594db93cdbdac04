//! The codecs of Kafka's record batches, with bounded output.
//!
//! Invariants:
//! - Nothing inflates to more than the limit that the [`Scratch`] was made with, and no buffer grows beyond it by more
//!   than a byte: a claim in a compressed stream about its size is never believed beyond the limit.
//! - Nothing is compressed to more than the limit that the caller names, nor is room for more than that and a block
//!   taken.
//! - A stream is read to its end: bytes that follow it are damage, not ignored.
//! - Contexts and buffers live in a [`Scratch`] or a [`Compressor`] that the caller keeps, so that a batch of ordinary
//!   size costs no allocation. Memory that one unusually large batch took is given back at the next.

mod bounded;
mod gzip;
mod lz4;
mod output;
mod snappy;
mod zstd;

use bounded::Bounded;
use output::Output;

/// What a batch may inflate to unless the caller names another limit: 128 MiB. Kafka itself knows no limit; this one
/// lets every batch through that compresses less than 128-fold at the default `max.message.bytes`, and bounds a core's
/// memory.
pub const INFLATED_BYTES_MAX: usize = 128 << 20;

/// How a batch's records are compressed: bits 0 to 2 of its attributes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Codec {
    /// Not at all.
    #[default]
    None,
    /// RFC 1952.
    Gzip,
    /// Snappy, raw or in xerial's framing.
    Snappy,
    /// The LZ4 frame format.
    Lz4,
    /// RFC 8878.
    Zstd,
}

impl Codec {
    /// Every codec, in the order of their numbers.
    pub const ALL: [Codec; 5] = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];

    /// The codec with this number.
    pub fn from_id(id: i16) -> Option<Codec> {
        Codec::ALL.into_iter().find(|codec| codec.id() == id)
    }

    /// The codec's number in a batch's attributes.
    pub fn id(self) -> i16 {
        self as i16
    }

    /// Kafka's name for it, as in `compression.type`.
    pub fn name(self) -> &'static str {
        match self {
            Codec::None => "none",
            Codec::Gzip => "gzip",
            Codec::Snappy => "snappy",
            Codec::Lz4 => "lz4",
            Codec::Zstd => "zstd",
        }
    }
}

/// Why compressed bytes could not be inflated, or bytes not compressed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompressionError {
    /// They inflate to more than the caller allows.
    #[error("the records inflate to more than {limit_bytes} bytes")]
    TooLarge {
        /// The limit that the caller named.
        limit_bytes: usize,
    },
    /// Compressed, they take more than the caller allows.
    #[error("the compressed records take more than {limit_bytes} bytes")]
    CompressedTooLarge {
        /// The limit that the caller named.
        limit_bytes: usize,
    },
    /// They are not what the codec writes.
    #[error("damaged {} data: {cause}", codec.name())]
    Damaged {
        /// The codec that read them.
        codec: Codec,
        /// What it found.
        cause: String,
    },
    /// The codec refused to compress, for instance because the level is out of its range.
    #[error("{} cannot compress: {cause}", codec.name())]
    Compress {
        /// The codec.
        codec: Codec,
        /// What it says.
        cause: String,
    },
}

impl CompressionError {
    fn damaged(codec: Codec, cause: impl std::fmt::Display) -> CompressionError {
        CompressionError::Damaged { codec, cause: cause.to_string() }
    }

    fn compress(codec: Codec, cause: impl std::fmt::Display) -> CompressionError {
        CompressionError::Compress { codec, cause: cause.to_string() }
    }
}

/// The memory to inflate with: one per core (or thread), used for batch after batch. Empty until it is needed.
pub struct Scratch {
    output: Output,
    gzip: gzip::Inflater,
    snappy: snap::raw::Decoder,
    zstd: zstd::Inflater,
}

impl Default for Scratch {
    /// With the limit [`INFLATED_BYTES_MAX`].
    fn default() -> Scratch {
        Scratch::new(INFLATED_BYTES_MAX)
    }
}

impl Scratch {
    /// A scratch that inflates a batch to `limit_bytes` (inclusive) at most.
    pub fn new(limit_bytes: usize) -> Scratch {
        Scratch {
            output: Output::new(limit_bytes),
            gzip: gzip::Inflater::default(),
            snappy: snap::raw::Decoder::new(),
            zstd: zstd::Inflater::default(),
        }
    }

    /// Inflates `bytes`. With [`Codec::None`] they are returned as they are.
    ///
    /// # Errors
    /// [`CompressionError::TooLarge`] above the limit; [`CompressionError::Damaged`] for bytes that the codec did not
    /// write.
    pub fn decompress<'a>(&'a mut self, codec: Codec, bytes: &'a [u8]) -> Result<&'a [u8], CompressionError> {
        self.output.clear();
        match codec {
            Codec::None => return Ok(bytes),
            Codec::Gzip => self.gzip.decompress(bytes, &mut self.output)?,
            Codec::Snappy => snappy::decompress(&mut self.snappy, bytes, &mut self.output)?,
            Codec::Lz4 => lz4::decompress(bytes, &mut self.output)?,
            Codec::Zstd => self.zstd.decompress(bytes, &mut self.output)?,
        }
        Ok(self.output.filled())
    }
}

/// Inflates `bytes` to `limit_bytes` (inclusive) at most, with memory of its own: for tools. See
/// [`Scratch::decompress`].
///
/// # Errors
/// As [`Scratch::decompress`].
pub fn decompress(codec: Codec, bytes: &[u8], limit_bytes: usize) -> Result<Vec<u8>, CompressionError> {
    Scratch::new(limit_bytes).decompress(codec, bytes).map(<[u8]>::to_vec)
}

/// The memory to compress with: one per core (or thread), used for batch after batch. Empty until it is needed.
pub struct Compressor {
    snappy: snap::raw::Encoder,
    zstd: zstd::Deflater,
}

impl Default for Compressor {
    fn default() -> Compressor {
        Compressor { snappy: snap::raw::Encoder::new(), zstd: zstd::Deflater::default() }
    }
}

impl Compressor {
    /// Appends the compressed form of `bytes` to `out`: `limit_bytes` (inclusive) at most. `level` is
    /// `compression.{gzip,lz4,zstd}.level`, none for Kafka's default; snappy has no levels.
    ///
    /// # Errors
    /// [`CompressionError::CompressedTooLarge`] above the limit; [`CompressionError::Compress`]. `out` is then as it
    /// was.
    pub fn compress(
        &mut self,
        codec: Codec,
        level: Option<i32>,
        bytes: &[u8],
        limit_bytes: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), CompressionError> {
        let start = out.len();
        let mut bounded = Bounded::new(out, limit_bytes);
        let result = match codec {
            Codec::None => bounded.extend(bytes),
            Codec::Gzip => gzip::compress(level, bytes, &mut bounded),
            Codec::Snappy => snappy::compress(&mut self.snappy, bytes, &mut bounded),
            Codec::Lz4 => lz4::compress(level, bytes, &mut bounded),
            Codec::Zstd => self.zstd.compress(level, bytes, &mut bounded),
        };
        if result.is_err() {
            out.truncate(start);
        }
        result
    }
}

/// The compressed form of `bytes`, with memory of its own: for tools. See [`Compressor::compress`].
///
/// # Errors
/// As [`Compressor::compress`].
pub fn compress(codec: Codec, level: Option<i32>, bytes: &[u8]) -> Result<Vec<u8>, CompressionError> {
    let mut out = Vec::new();
    Compressor::default().compress(codec, level, bytes, usize::MAX, &mut out)?;
    Ok(out)
}
