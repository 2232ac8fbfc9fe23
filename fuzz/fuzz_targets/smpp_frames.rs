//! Any stream in any pieces: frames are whole and within the limit, and pieces do not change them.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use postrider::smpp::{FrameError, FrameSplitter};

fn split(stream: &[u8], piece: usize) -> (Vec<Bytes>, Option<FrameError>) {
    let mut splitter = FrameSplitter::new(300);
    let mut frames = Vec::new();
    for octets in stream.chunks(piece) {
        splitter.handle_bytes(octets);
        loop {
            match splitter.next_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                // The sequence number is told only when it has come, which depends on the pieces.
                Err(error) => return (frames, Some(FrameError { sequence_number: None, ..error })),
            }
        }
        assert!(splitter.pending_octets() < 300);
    }
    (frames, None)
}

fuzz_target!(|octets: &[u8]| {
    let Some((&piece, stream)) = octets.split_first() else { return };
    let (frames, error) = split(stream, usize::from(piece).max(1));
    assert!(frames.iter().all(|frame| (16..=300).contains(&frame.len())));
    assert_eq!(split(stream, 1), (frames, error));
});
