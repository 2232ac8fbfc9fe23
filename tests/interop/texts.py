"""The messages that are sent: Latin, Korean, Thai, Turkish, emoji and 8-bit data, of 1 to 10 segments each."""

import random
from collections import namedtuple

import gsm

Sample = namedtuple("Sample", "script segments text data coding")

SEGMENTS_MAX = 10
WORDS = {
    "gsm": "Winter sale: 20% off ¡todo! [size {M}] only 19,99€ @ shop ~ Ünsal & Söhne, Ærø, ΔΩ \\o/ ^^ |end|".split(),
    "korean": "안녕하세요, 단골 고객님! 이번 주말 겨울 할인 20% 쿠폰을 드립니다. 뷁 쓩 무료거부 080-123-4567".split(),
    "thai": "สวัสดีค่ะ ลูกค้าคนสำคัญ วันนี้ลดราคา ๒๐% ที่ร้านของเรา น้ำแข็ง เก็บโค้ด ก่อนเที่ยงคืน".split(),
    "turkish": "Değerli müşterimiz, kış indirimi başladı! İğdır'da ışıl ışıl çörek ğüşıöç ĞÜŞİÖÇ 50₺".split(),
    "emoji": "😀 👍🏽 🇰🇷 👩‍💻 ❤️ 🎉 50% 🛍️ 한글 ok 🥳 🇹🇭 𝟚𝟘".split(),
}
# Units of a segment beside the longer concatenation header, so that either header gives the same count.
ROOM = {0: 152, 8: 66}
# How far into its last segment a text reaches, so that what is left unused at the ends of the others does not matter.
LAST = {0: 60, 8: 20}


def text_of(script, segments):
    """A text in words of `script` that takes just so many segments."""
    words = WORDS[script]
    coding = gsm.cheapest_coding(" ".join(words))
    target = (ROOM[coding] * (segments - 1) + LAST[coding]) * (1 if coding == 0 else 2)
    text, turn = words[0], 1
    while len(gsm.encode(text, coding)) < target:
        text, turn = f"{text} {words[turn % len(words)]}", turn + 1
    # The last word may reach too far; cut whole words, then characters that stand alone.
    while len(gsm.encode(text, coding)) > target and " " in text:
        text = text.rsplit(" ", 1)[0]
    while len(gsm.encode(text, coding)) < target:
        text += "."
    return text, coding


def samples():
    """All messages, in a fixed order."""
    found = []
    for script in WORDS:
        for segments in range(1, SEGMENTS_MAX + 1):
            text, coding = text_of(script, segments)
            found.append(Sample(script, segments, text, None, coding))
    dice = random.Random(1)
    for segments in range(1, SEGMENTS_MAX + 1):
        data = dice.randbytes(133 * (segments - 1) + 50)
        found.append(Sample("8-bit", segments, None, data, 4))
    return found


def expected_body(sample):
    """The user data of all segments together, headers left out."""
    return sample.data if sample.text is None else gsm.encode(sample.text, sample.coding)


def self_check():
    """Every text takes as many segments as it says, beside either concatenation header."""
    found = samples()
    assert len(found) == 60
    for sample in found:
        if sample.text is not None:
            counts = [gsm.fewest_segments(sample.text, sample.coding, header) for header in (6, 7)]
            assert counts == [sample.segments] * 2, (sample.script, sample.segments, counts)
    codings = {sample.script: sample.coding for sample in found}
    assert codings == {"gsm": 0, "korean": 8, "thai": 8, "turkish": 8, "emoji": 8, "8-bit": 4}, codings
