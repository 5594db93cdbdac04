//! What stands before a request and before a response.

use crate::versions::{self, Api};
use crate::{Reader, WireError, Writer};

/// The header of a request, of version 1 or 2 as the API's version wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestHeader<'a> {
    /// Which API.
    pub api_key: i16,
    /// The version of the message that follows. It may be one that nobody knows.
    pub api_version: i16,
    /// What the client wants to see in the answer.
    pub correlation_id: i32,
    /// The client's name for itself.
    pub client_id: Option<&'a str>,
}

impl<'a> RequestHeader<'a> {
    /// Decodes a header; the reader then stands at the message.
    ///
    /// # Errors
    /// [`WireError::UnknownKey`] where the key does not say which version the header has, or what is wrong with the
    /// bytes. An unsupported version of a known API is no error here.
    pub fn decode(reader: &mut Reader<'a>) -> Result<Self, WireError> {
        reader.set_flexible(false);
        let api_key = reader.int16()?;
        let api_version = reader.int16()?;
        let correlation_id = reader.int32()?;
        let header_version = known(api_key)?.request_header_version(api_version);
        // The client id keeps its old encoding also in version 2, so that a broker can read it in any.
        let client_id = reader.nullable_string()?;
        if header_version >= 2 {
            reader.skip_tags()?;
        }
        Ok(RequestHeader { api_key, api_version, correlation_id, client_id })
    }

    /// Appends the header.
    ///
    /// # Errors
    /// [`WireError::UnknownKey`], or a client id that is too long.
    pub fn encode(&self, writer: &mut Writer) -> Result<(), WireError> {
        let header_version = known(self.api_key)?.request_header_version(self.api_version);
        writer.set_flexible(false);
        writer.int16(self.api_key);
        writer.int16(self.api_version);
        writer.int32(self.correlation_id);
        writer.nullable_string(self.client_id)?;
        if header_version >= 2 {
            writer.no_tags();
        }
        Ok(())
    }
}

/// The header of a response, of version 0 or 1 as the API's version wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResponseHeader {
    /// The request's correlation id.
    pub correlation_id: i32,
}

impl ResponseHeader {
    /// Decodes the header of an answer to a request of this key and version.
    ///
    /// # Errors
    /// [`WireError::UnknownKey`], or what is wrong with the bytes.
    pub fn decode(reader: &mut Reader<'_>, api_key: i16, api_version: i16) -> Result<Self, WireError> {
        let header_version = known(api_key)?.response_header_version(api_version);
        let correlation_id = reader.int32()?;
        if header_version >= 1 {
            reader.skip_tags()?;
        }
        Ok(ResponseHeader { correlation_id })
    }

    /// Appends the header of an answer to a request of this key and version.
    ///
    /// # Errors
    /// [`WireError::UnknownKey`].
    pub fn encode(&self, writer: &mut Writer, api_key: i16, api_version: i16) -> Result<(), WireError> {
        let header_version = known(api_key)?.response_header_version(api_version);
        writer.int32(self.correlation_id);
        if header_version >= 1 {
            writer.no_tags();
        }
        Ok(())
    }
}

fn known(api_key: i16) -> Result<&'static Api, WireError> {
    versions::api(api_key).ok_or(WireError::UnknownKey(api_key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafka_protocol::messages as witness;
    use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};

    fn request(api_key: i16, api_version: i16) -> RequestHeader<'static> {
        RequestHeader { api_key, api_version, correlation_id: -7, client_id: Some("me") }
    }

    /// The witness has no keys for streams groups.
    fn known_to_both() -> impl Iterator<Item = (&'static Api, witness::ApiKey)> {
        let both = |api: &'static Api| witness::ApiKey::try_from(api.key).ok().map(|key| (api, key));
        assert!(versions::all().iter().filter_map(both).count() >= 85);
        versions::all().iter().filter_map(both)
    }

    #[test]
    fn request_headers_are_what_the_witness_writes() {
        for (api, witness_key) in known_to_both() {
            for version in api.versions.min..=api.versions.max {
                let header = request(api.key, version);
                let theirs = witness::RequestHeader::default()
                    .with_request_api_key(api.key)
                    .with_request_api_version(version)
                    .with_correlation_id(-7)
                    .with_client_id(Some(StrBytes::from_static_str("me")));
                let header_version = witness_key.request_header_version(version);
                let mut expected = Vec::new();
                theirs.encode(&mut expected, header_version).unwrap();
                let mut writer = Writer::new();
                header.encode(&mut writer).unwrap();
                assert_eq!(writer.buffer(), expected, "{} {version}", api.name);
                assert_eq!(RequestHeader::decode(&mut Reader::new(&expected)), Ok(header));
            }
        }
    }

    #[test]
    fn response_headers_are_what_the_witness_reads() {
        for (api, witness_key) in known_to_both() {
            for version in api.versions.min..=api.versions.max {
                let mut writer = Writer::new();
                ResponseHeader { correlation_id: 9 }.encode(&mut writer, api.key, version).unwrap();
                let bytes = writer.into_vec();
                let header_version = witness_key.response_header_version(version);
                let mut rest = bytes.as_slice();
                let theirs = witness::ResponseHeader::decode(&mut rest, header_version).unwrap();
                assert_eq!((theirs.correlation_id, rest.len()), (9, 0), "{} {version}", api.name);
                let mut reader = Reader::new(&bytes);
                let ours = ResponseHeader::decode(&mut reader, api.key, version).unwrap();
                assert_eq!((ours.correlation_id, reader.finish()), (9, Ok(())));
            }
        }
    }

    #[test]
    fn trap_02_unknown_tags_of_a_header_are_skipped() {
        let bytes = [0, 18, 0, 3, 0, 0, 0, 5, 0, 1, b'c', 2, 0, 1, 42, 9, 2, 1, 2, 77];
        let mut reader = Reader::new(&bytes);
        let header = RequestHeader::decode(&mut reader).unwrap();
        assert_eq!((header.correlation_id, header.client_id), (5, Some("c")));
        assert_eq!(reader.remaining(), [77]);
    }

    #[test]
    fn an_unknown_key_is_named() {
        let bytes = [0, 99, 0, 0, 0, 0, 0, 5, 0, 1, b'c'];
        assert_eq!(RequestHeader::decode(&mut Reader::new(&bytes)), Err(WireError::UnknownKey(99)));
    }

    #[test]
    fn a_header_of_a_version_from_the_future_is_read() {
        let mut writer = Writer::new();
        request(18, 99).encode(&mut writer).unwrap();
        assert_eq!(RequestHeader::decode(&mut Reader::new(writer.buffer())), Ok(request(18, 99)));
    }
}
