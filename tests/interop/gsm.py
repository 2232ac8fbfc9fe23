"""An encoder of its own for short messages: what the octets at the carrier have to be, by another pen than ours.

Written from 3GPP TS 23.038 without a look at `crates/text`: characters to septets (default alphabet and extension, and
the Turkish tables), to UTF-16BE, EUC-KR or Latin-1, and how many segments a text takes. On SMPP a septet is an octet.
"""

DEFAULT = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = {
    "\f": 0x0A, "^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F, "[": 0x3C, "~": 0x3D, "]": 0x3E, "|": 0x40, "€": 0x65,
}
# What the Turkish locking table has instead of the default alphabet, and its single shift table beside the extension.
TURKISH_LOCKING = {0x04: "€", 0x07: "ı", 0x0B: "Ğ", 0x0C: "ğ", 0x1C: "Ş", 0x1D: "ş", 0x40: "İ", 0x60: "ç"}
TURKISH_SINGLE = {
    **EXTENSION, "Ğ": 0x47, "İ": 0x49, "Ş": 0x53, "ç": 0x63, "ğ": 0x67, "ı": 0x69, "ş": 0x73,
}
ESCAPE = 0x1B


def septets(text, locking=None, single=EXTENSION):
    """The septets of `text`, one an octet, or None when a character has no place."""
    table = {char: code for code, char in enumerate(DEFAULT) if code != ESCAPE}
    if locking:
        for code, char in locking.items():
            table = {known: at for known, at in table.items() if at != code}
            table[char] = code
    out = bytearray()
    for char in text:
        if char in table:
            out.append(table[char])
        elif char in single:
            out += bytes((ESCAPE, single[char]))
        else:
            return None
    return bytes(out)


def encode(text, coding):
    """The user data of the whole text in an SMPP data_coding: 0 GSM, 3 Latin-1, 8 UTF-16BE, 14 EUC-KR."""
    if coding == 0:
        return septets(text)
    return text.encode({3: "latin-1", 8: "utf-16-be", 14: "euc_kr"}[coding])


def cheapest_coding(text):
    """GSM 7-bit when every character has a place in it, else UCS-2."""
    return 0 if septets(text) is not None else 8


# Octets of user data in a segment on SMPP, where a septet is an octet: alone, and beside a header of H octets.
def room(coding, header):
    """How many octets of text fit into one segment beside a user data header of `header` octets."""
    if coding == 0:
        return (1120 - 8 * header) // 7
    octets = 140 - header
    return octets - octets % 2 if coding == 8 else octets


def fewest_segments(text, coding, header=6):
    """The least number of segments for `text`, no escape pair and no surrogate pair split."""
    units = split_units(text, coding)
    if sum(units) <= room(coding, 0):
        return 1
    limit, count, used = room(coding, header), 1, 0
    for unit in units:
        if used + unit > limit:
            count, used = count + 1, 0
        used += unit
    return count


def split_units(text, coding):
    """The octets of each character, which is never split."""
    return [len(encode(char, coding)) for char in text]


def broken_ends(payload, coding):
    """Whether a segment's payload ends inside an escape pair or a surrogate pair."""
    if coding == 0:
        return payload.endswith(bytes((ESCAPE,))) and not payload.endswith(bytes((ESCAPE, ESCAPE)))
    if coding == 8:
        return len(payload) % 2 == 1 or (len(payload) >= 2 and 0xD8 <= payload[-2] <= 0xDB)
    return False


def self_check():
    """Known answers, so that a slip in this file is not taken for one in the program."""
    assert len(DEFAULT) == 128
    assert septets("@£$¥ {€}~") == bytes.fromhex("0001020320" "1b28" "1b65" "1b29" "1b3d")
    assert septets("Çay ç") is None and cheapest_coding("Çay") == 0 and cheapest_coding("çay") == 8
    assert encode("한", 8) == bytes.fromhex("d55c") and encode("한", 14) == bytes.fromhex("c7d1")
    assert encode("😀", 8) == bytes.fromhex("d83dde00")
    assert septets("İyi ş", TURKISH_LOCKING, TURKISH_SINGLE) == bytes((0x40, 0x79, 0x69, 0x20, 0x1D))
    assert septets("ş", None, TURKISH_SINGLE) == bytes((ESCAPE, 0x73))
    counts = [("a" * 160, 0, 1), ("a" * 161, 0, 2), ("a" * 306, 0, 2), ("a" * 307, 0, 3), ("[" * 153, 0, 3)]
    counts += [("한" * 70, 8, 1), ("한" * 71, 8, 2), ("한" * 134, 8, 2), ("한" * 135, 8, 3), ("😀" * 67, 8, 3)]
    for text, coding, expected in counts:
        assert fewest_segments(text, coding) == expected, (text[:5], len(text), expected)
    assert broken_ends(b"a\x1b", 0) and not broken_ends(b"a\x1b\x65", 0) and broken_ends(b"\xd8\x3d", 8)
