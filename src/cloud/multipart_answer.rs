//! The answer to a multipart `$batch`: a list of HTTP responses (RFC 2046 §5.1, RFC 9112 §4).

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

/// One response of a batch.
pub(crate) struct PartAnswer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// The responses in `body`, in order; `None` when it is not a whole multipart of them: cut off, or something else.
pub(crate) fn parse(content_type: &str, body: &Bytes) -> Option<Vec<PartAnswer>> {
    let delimiter = format!("--{}", boundary(content_type)?);
    let mut parts = Vec::new();
    let mut begun: Option<usize> = None;
    let mut at = 0;
    loop {
        // A body that was cut has no closing delimiter, and ends here.
        let found = at + find(body.get(at..)?, delimiter.as_bytes())?;
        at = found + delimiter.len();
        if found > 0 && body[found - 1] != b'\n' {
            continue;
        }
        let rest = body.get(at..)?;
        let closing = rest.starts_with(b"--");
        let line = find(rest, b"\n");
        if !closing && !rest[..line?].trim_ascii().is_empty() {
            // A longer boundary that begins like ours.
            continue;
        }
        if let Some(begin) = begun {
            parts.push(response(body, begin, found)?);
        }
        if closing {
            return Some(parts);
        }
        at += line? + 1;
        begun = Some(at);
    }
}

fn boundary(content_type: &str) -> Option<&str> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/mixed") {
        return None;
    }
    parameters
        .split(';')
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"))
        .map(|(_, value)| value.trim().trim_matches('"'))
        .filter(|value| !value.is_empty())
}

/// The response between two delimiters: MIME headers, an empty line, and an HTTP response.
fn response(body: &Bytes, begin: usize, end: usize) -> Option<PartAnswer> {
    let (_mime, begin) = headers(body, begin, end)?;
    let (line, begin) = take_line(body, begin, end)?;
    let mut words = line.split_ascii_whitespace();
    if !words.next()?.starts_with("HTTP/") {
        return None;
    }
    let status = StatusCode::from_bytes(words.next()?.as_bytes()).ok()?;
    let (headers, begin) = headers(body, begin, end)?;
    let content = body.get(begin..end).unwrap_or_default();
    // The line end before a delimiter belongs to the delimiter.
    let content = content.trim_ascii_end();
    Some(PartAnswer { status, headers, body: body.slice_ref(content) })
}

/// Header lines up to the empty one, and where the text goes on. The last part's headers may end with the part.
fn headers(body: &Bytes, mut begin: usize, end: usize) -> Option<(HeaderMap, usize)> {
    let mut headers = HeaderMap::new();
    while let Some((line, next)) = take_line(body, begin, end) {
        begin = next;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        headers.append(HeaderName::try_from(name.trim()).ok()?, HeaderValue::try_from(value.trim()).ok()?);
    }
    Some((headers, begin))
}

fn take_line(body: &Bytes, begin: usize, end: usize) -> Option<(&str, usize)> {
    let rest = body.get(begin..end)?;
    let length = find(rest, b"\n")?;
    let line = std::str::from_utf8(&rest[..length]).ok()?;
    Some((line.trim_end_matches('\r'), begin + length + 1))
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: &str = "multipart/mixed; boundary=\"batchresponse_1f\"";
    const BODY: &str = "--batchresponse_1f\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n\
        HTTP/1.1 204 No Content\r\nOData-Version: 4.0\r\n\r\n\r\n--batchresponse_1f\r\nContent-Type: application/http\r\n\r\n\
        HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"a\":1}\r\n--batchresponse_1f--\r\n";

    #[test]
    fn the_parts_of_a_batch_come_back_in_order() {
        let parts = parse(KIND, &Bytes::from_static(BODY.as_bytes())).unwrap();
        let seen: Vec<_> = parts.iter().map(|part| (part.status.as_u16(), part.body.as_ref())).collect();
        assert_eq!(seen, [(204, b"".as_slice()), (200, b"{\"a\":1}".as_slice())]);
        assert_eq!(parts[0].headers["odata-version"], "4.0");
    }

    #[test]
    fn a_batch_cut_at_any_byte_is_never_taken_for_whole() {
        let closing = BODY.rfind("--\r\n").unwrap() + 2;
        for end in 0..closing {
            assert!(parse(KIND, &Bytes::copy_from_slice(&BODY.as_bytes()[..end])).is_none(), "cut at {end}");
        }
    }

    #[test]
    fn anything_but_a_multipart_is_no_batch() {
        assert!(parse("text/html", &Bytes::from_static(BODY.as_bytes())).is_none());
        assert!(parse(KIND, &Bytes::from_static(b"<html>sign in</html>")).is_none());
    }
}
