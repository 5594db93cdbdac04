//! rkyv values of fixed size, to and from bytes.

use rkyv::Serialize;
use rkyv::rancor::{Error, Strategy};
use rkyv::ser::writer::Buffer;

/// Archives a value of fixed size, without allocating.
pub(crate) fn archive_into<const N: usize, T>(value: &T, bytes: &mut [u8; N]) -> Result<(), Error>
where
    T: for<'a> Serialize<Strategy<Buffer<'a>, Error>>,
{
    let mut writer = Buffer::from(bytes);
    rkyv::api::serialize_using::<_, Error>(value, &mut writer)?;
    Ok(())
}
