"""Where a decoder is known to be wrong: the decoder, the column, the PDUs, and why ours is the right reading.

Every entry must still hold: a deviation that is gone is told, so that the list shrinks with the decoders' mending.
"""

SHIFTS = "V091 V092 V093 V094 V095 V096 V097 S023 S024 S025 S026 S027 S028"
NO_SHIFTS = "knows no national language tables (TS 23.038, 6.2.1.2): it shows the default alphabet's characters"

KNOWN = [
    ("gammu", "text", SHIFTS, NO_SHIFTS),
    ("smspdudecoder", "text", SHIFTS, NO_SHIFTS),
    ("node-pdu", "text", SHIFTS, NO_SHIFTS),
    ("tshark", "shown", SHIFTS, NO_SHIFTS),
    ("gammu", "addr", "V009 S051 S052", "drops the signs * # a b c from numbers (TS 23.040, 9.1.2.3)"),
    ("gammu", "addr", "V015 V038 S072", "reads names as ASCII, not as GSM 7-bit (9.1.2.5)"),
    ("gammu", "addr", "V027", "shows the filler of an odd number when it is a zero: the length counts one digit"),
    ("tshark", "addr", "V027", "shows the filler of an odd number when it is a zero: the length counts one digit"),
    ("gammu", "scts", "V011 V017", "adds 1990 to the years 90 to 99"),
    ("gammu", "scts", "V023", "shows a zone of minus zero as plus zero; the instant is the same"),
    ("node-pdu", "scts", "V023", "shows a zone of minus zero as plus zero; the instant is the same"),
    ("smspdudecoder", "utc", "V011 V017", "adds 2000 to every year"),
    ("gammu", "error", "V071 V072 S063 S064", "does not read the enhanced validity period (9.2.3.12.3)"),
    ("node-pdu", "error", "V071 V072 S063 S064", "does not read the enhanced validity period (9.2.3.12.3)"),
    ("tshark", "udl", "V071", "takes the five unused octets of an enhanced period with a relative octet for TP-UDL and text"),
    ("tshark", "shown", "V071", "takes the five unused octets of an enhanced period with a relative octet for TP-UDL and text"),
    ("node-pdu", "error", "S062", "reads no absolute period with a zone west of Greenwich"),
    ("smspdudecoder", "minutes", "V065 V066 V087 V109 V110 S054 S055", "counts 5 minutes a step from zero (9.2.3.12.1: from one)"),
    ("smspdudecoder", "minutes", "S056", "drops the half hours above twelve"),
    ("node-pdu", "minutes", "V073 V074 V075 V099 S059 S060", "counts weeks from another step than 192 (9.2.3.12.1)"),
    ("node-pdu", "minutes", "V078 V082 V103 V104 V105 S058", "counts days from another step than 166 (9.2.3.12.1)"),
    ("node-pdu", "minutes", "V077 S056 S057", "counts days where the half hours above twelve stand (9.2.3.12.1)"),
    ("node-pdu", "addr_toa pid text minutes", "V076", "reads on a digit early when the service centre is a type alone"),
    ("smspdudecoder", "addr", "V009 S051 S052", "shows * # a b c as hexadecimal digits (TS 23.040, 9.1.2.3)"),
    ("node-pdu", "addr", "V009 S051 S052", "shows * # a b c as hexadecimal digits (TS 23.040, 9.1.2.3)"),
    ("smspdudecoder", "addr", "V021 S069", "shows the padding of seven characters as an eighth, @"),
    ("smspdudecoder", "part", "V034", "shows the only part as a part of a long message"),
    ("smspdudecoder", "alphabet", "V022 S034", "reads the alphabet of waiting signs (TS 23.038, 4) where other groups have it"),
    ("smspdudecoder", "error", "V027", "reads the alphabet of waiting signs (TS 23.038, 4) where other groups have it"),
    ("smspdudecoder", "text", "S034", "reads the alphabet of waiting signs (TS 23.038, 4) where other groups have it"),
    ("node-pdu", "dcs", "S035", "loses the kind of a waiting sign that is switched off"),
    ("node-pdu", "text", "V067 S005", "shows § (0x5F) as a back-quote, which GSM 7-bit does not have"),
    ("node-pdu", "text", "S004", "shows the form feed of the extension table as a back-quote"),
]


def of(decoder):
    """(id, column) of every known deviation of a decoder, with its reason."""
    return {
        (row, column): reason
        for name, columns, ids, reason in KNOWN
        if name == decoder
        for column in columns.split()
        for row in ids.split()
    }
