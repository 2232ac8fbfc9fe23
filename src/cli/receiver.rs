//! Takes callbacks as a tool would, for the demo and the benches: reads each post, lets somebody judge it, answers.

use std::io;
use std::sync::Arc;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::callback::Signer;
use crate::model::Timestamp;

/// The largest callback that is taken.
const POST_SIZE_BYTES_MAX: usize = 1 << 20;
/// How far the clocks of both sides may differ, as Standard Webhooks has it.
const TOLERANCE_SECONDS: u64 = 300;

/// One callback as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Post<'a> {
    id: &'a str,
    seconds: i64,
    signature: &'a str,
    /// The JSON.
    pub body: &'a [u8],
}

impl Post<'_> {
    /// Whether the daemon that holds the secret wrote it, a moment ago.
    pub fn verify(&self, signer: &Signer, now: Timestamp) -> bool {
        signer.verify(self.id, self.seconds, self.body, self.signature, now, TOLERANCE_SECONDS)
    }
}

/// Judges a callback: whether it is taken.
pub trait Judge: Fn(Post<'_>) -> bool + Send + Sync + 'static {}
impl<T: Fn(Post<'_>) -> bool + Send + Sync + 'static> Judge for T {}

/// Takes callbacks for as long as the runtime lives.
pub async fn serve(listener: TcpListener, judge: impl Judge) {
    let judge: Arc<dyn Judge> = Arc::new(judge);
    while let Ok((stream, _)) = listener.accept().await {
        let judge = Arc::clone(&judge);
        // A sender that breaks off tries again by itself.
        tokio::spawn(async move { answer_all(stream, &*judge).await });
    }
}

async fn answer_all(mut stream: TcpStream, judge: &dyn Judge) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = BytesMut::with_capacity(4096);
    loop {
        let Some(head) = buffer.windows(4).position(|window| window == b"\r\n\r\n").map(|end| end + 4) else {
            if buffer.len() > POST_SIZE_BYTES_MAX || stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
            continue;
        };
        let length = header(&buffer[..head], "content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        let whole = head.saturating_add(length);
        if whole > POST_SIZE_BYTES_MAX {
            return Ok(());
        }
        while buffer.len() < whole {
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        }
        let taken = post(&buffer[..head], &buffer[head..whole]).is_some_and(judge);
        buffer.advance(whole);
        let status = if taken { "200 OK" } else { "400 Bad Request" };
        stream.write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").as_bytes()).await?;
    }
}

fn post<'a>(head: &'a [u8], body: &'a [u8]) -> Option<Post<'a>> {
    Some(Post {
        id: header(head, "webhook-id")?,
        seconds: header(head, "webhook-timestamp")?.parse().ok()?,
        signature: header(head, "webhook-signature")?,
        body,
    })
}

fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    let lines = str::from_utf8(head).ok()?.split("\r\n").skip(1);
    let mut fields = lines.filter_map(|line| line.split_once(':'));
    fields.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_post_is_known_and_a_changed_one_is_not() {
        let signer = Signer::new(&crate::callback::format_secret(&[7; 32])).unwrap();
        let (now, body) = (Timestamp::from_millis(1_795_305_600_000), &b"{}"[..]);
        let signature = signer.sign("evt_1", now.as_seconds(), body);
        let head = format!(
            "POST / HTTP/1.1\r\nWebhook-Id: evt_1\r\nwebhook-timestamp: {}\r\nwebhook-signature: {signature}\r\n\r\n",
            now.as_seconds()
        );
        assert!(post(head.as_bytes(), body).unwrap().verify(&signer, now));
        assert!(!post(head.as_bytes(), b"{ }").unwrap().verify(&signer, now));
        assert_eq!(post(b"POST / HTTP/1.1\r\nhost: x\r\n\r\n", body), None);
    }
}
