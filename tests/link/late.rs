//! An answer that comes when its session is over belongs to its send all the same.

use std::time::Duration;

use postrider::smpp::pdu::{BindResp, SubmitSmResp};
use postrider::smpp::{Body, CommandStatus, FrameSplitter, Pdu};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Rig, guarded, is_accepted, is_unanswered, profile, settings};

/// A carrier's side of one connection, played by hand.
struct Peer {
    stream: TcpStream,
    frames: FrameSplitter,
}

impl Peer {
    async fn accept(listener: &TcpListener) -> Self {
        let (stream, _) = guarded(listener.accept()).await.unwrap();
        let mut peer = Self { stream, frames: FrameSplitter::default() };
        let bind = peer.read().await;
        let Body::Bind(asked) = &bind.body else { panic!("{bind:?}") };
        let resp = Body::BindResp(BindResp { kind: asked.kind, ..BindResp::default() });
        peer.answer(bind.sequence_number, resp).await;
        peer
    }

    async fn read(&mut self) -> Pdu {
        loop {
            if let Some(frame) = self.frames.next_frame().unwrap() {
                return Pdu::decode(&frame).unwrap().pdu;
            }
            let mut octets = [0; 4096];
            let read = guarded(self.stream.read(&mut octets)).await.unwrap();
            assert!(read > 0, "the link closed the connection");
            self.frames.handle_bytes(&octets[..read]);
        }
    }

    /// The sequence number of the next submit_sm.
    async fn submit(&mut self) -> u32 {
        loop {
            let pdu = self.read().await;
            match pdu.body {
                Body::SubmitSm(_) => return pdu.sequence_number,
                Body::EnquireLink => self.answer(pdu.sequence_number, Body::EnquireLinkResp).await,
                other => panic!("{other:?}"),
            }
        }
    }

    async fn answer(&mut self, sequence: u32, body: Body) {
        let mut octets = bytes::BytesMut::new();
        Pdu::answer(CommandStatus::ROK, sequence, body).encode(&mut octets).unwrap();
        guarded(self.stream.write_all(&octets)).await.unwrap();
    }

    async fn accept_message(&mut self, sequence: u32, id: &str) {
        self.answer(sequence, Body::SubmitSmResp(SubmitSmResp { message_id: id.into(), ..SubmitSmResp::default() }))
            .await;
    }
}

#[tokio::test]
async fn an_answer_over_a_later_session_finds_the_send_of_an_earlier_one() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut rig = Rig::start(settings(listener.local_addr().unwrap(), profile()));
    let mut first = Peer::accept(&listener).await;
    rig.until_up().await;
    rig.offer(1);
    let asked = first.submit().await;
    drop(first);
    assert!(is_unanswered(&rig.submitted().await.outcome));

    let mut second = Peer::accept(&listener).await;
    rig.until_up().await;
    rig.offer(2);
    let next = second.submit().await;
    assert!(next > asked, "numbers go on: {asked}, then {next}");
    second.accept_message(asked, "one").await;
    second.accept_message(asked, "one again").await;
    second.accept_message(next, "two").await;
    let (late, fresh) = (rig.submitted().await, rig.submitted().await);
    assert_eq!((late.message.as_i64(), fresh.message.as_i64()), (1, 2), "the doubled one is told nowhere");
    assert!(is_accepted(&late.outcome) && is_accepted(&fresh.outcome));
    assert_eq!(rig.link.status().counters.late, 1);
    guarded(rig.link.shutdown(Duration::from_millis(10))).await;
}
