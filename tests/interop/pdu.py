"""Reads the PDUs that the peers recorded, from their octets alone, and puts the parts of a message together again."""

import struct
from collections import namedtuple

Submit = namedtuple(
    "Submit",
    "sequence service_type source destination esm_class protocol_id priority validity registered data_coding "
    "header body tlvs accepted id at",
)
Address = namedtuple("Address", "ton npi number")
Part = namedtuple("Part", "reference total number")

SUBMIT_SM, DELIVER_SM = 0x00000004, 0x00000005
MESSAGE_PAYLOAD, SAR_REFERENCE, SAR_TOTAL, SAR_NUMBER = 0x0424, 0x020C, 0x020E, 0x020F


class Reader:
    """Takes fields off the front of some octets."""

    def __init__(self, octets):
        self.rest = octets

    def take(self, count):
        assert len(self.rest) >= count, "a field reads past the end of the PDU"
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken

    def byte(self):
        return self.take(1)[0]

    def cstring(self, most):
        end = self.rest.index(0)
        assert end + 1 <= most, f"a C-octet string of {end + 1} octets where {most} are allowed"
        return self.take(end + 1)[:-1].decode("latin-1")

    def address(self):
        return Address(self.byte(), self.byte(), self.cstring(21))


def parse_submit(octets, accepted=True, message_id=None, at=0.0):
    """A submit_sm (or deliver_sm), strictly by section 4.4 of SMPP 3.4: no octet may be left over."""
    length, command, _status, sequence = struct.unpack(">4I", octets[:16])
    assert length == len(octets) and command in (SUBMIT_SM, DELIVER_SM), "not a whole submit_sm"
    reader = Reader(octets[16:])
    service_type = reader.cstring(6)
    source, destination = reader.address(), reader.address()
    esm_class, protocol_id, priority = reader.byte(), reader.byte(), reader.byte()
    _schedule, validity = reader.cstring(17), reader.cstring(17)
    registered, _replace, data_coding, _default = reader.byte(), reader.byte(), reader.byte(), reader.byte()
    body = reader.take(reader.byte())
    tlvs = {}
    while reader.rest:
        tag, size = struct.unpack(">2H", reader.take(4))
        tlvs.setdefault(tag, []).append(reader.take(size))
    assert len(body) <= 254, "short_message holds at most 254 octets"
    assert not (body and MESSAGE_PAYLOAD in tlvs), "short_message and message_payload exclude each other"
    body = tlvs.get(MESSAGE_PAYLOAD, [body])[0]
    header = b""
    if esm_class & 0x40:
        assert body and len(body) > body[0], "the header is longer than the message"
        header, body = body[: body[0] + 1], body[body[0] + 1 :]
    return Submit(
        sequence, service_type, source, destination, esm_class, protocol_id, priority, validity, registered,
        data_coding, header, body, tlvs, accepted, message_id, at,
    )


def elements(header):
    """The information elements of a user data header, as (id, octets)."""
    found, at = [], 1
    while at < len(header):
        size = header[at + 1]
        assert at + 2 + size <= len(header), "an element reads past the header"
        found.append((header[at], header[at + 2 : at + 2 + size]))
        at += 2 + size
    return found


def part_of(submit):
    """Where a submit_sm belongs in a longer message; None when it is whole."""
    for kind, octets in elements(submit.header):
        if kind == 0x00:
            return Part(octets[0], octets[1], octets[2])
        if kind == 0x08:
            return Part(octets[0] << 8 | octets[1], octets[2], octets[3])
    if SAR_TOTAL in submit.tlvs:
        number = lambda tag: int.from_bytes(submit.tlvs[tag][0], "big")
        return Part(number(SAR_REFERENCE), number(SAR_TOTAL), number(SAR_NUMBER))
    return None


def room_used(submit):
    """Header and body in septets or octets, to hold against the 140 octets that a segment has."""
    if submit.data_coding == 0:
        return -(-8 * len(submit.header) // 7) + len(submit.body), 160
    return len(submit.header) + len(submit.body), 140


def reassemble(submits):
    """The body of one message from the submits to one recipient, each part exactly once and in order."""
    assert submits, "nothing arrived"
    parts = [part_of(submit) for submit in submits]
    if parts[0] is None:
        assert len(submits) == 1, f"{len(submits)} submits for a message of one part"
        return submits[0].body
    assert len({(part.reference, part.total) for part in parts}) == 1, f"parts of several messages: {parts}"
    numbers = [part.number for part in parts]
    assert numbers == list(range(1, parts[0].total + 1)), f"parts {numbers} of {parts[0].total}"
    same = {(submit.source, submit.destination, submit.data_coding, submit.protocol_id) for submit in submits}
    assert len(same) == 1, "the parts differ in sender, recipient or coding"
    return b"".join(submit.body for submit in submits)
