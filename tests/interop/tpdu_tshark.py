"""Reads TPDUs with tshark's gsm_sms dissector: a capture is written, and what tshark shows of it becomes columns.

The octets of a packet are the TPDU alone; the packet's direction tells the dissector SMS-SUBMIT from SMS-SUBMIT-REPORT.
"""

import os
import re
import struct
import subprocess
from xml.etree import ElementTree

DLT_USER0 = 147
# pcapng's epb_flags: towards the network is inbound there.
DIRECTION = {"MO": 1, "MT": 2}
TYPES = {
    "SMS-DELIVER": "DELIVER", "SMS-SUBMIT": "SUBMIT", "SMS-STATUS REPORT": "STATUS-REPORT",
    "SMS-SUBMIT REPORT": "SUBMIT-REPORT", "SMS-DELIVER REPORT": "DELIVER-REPORT", "SMS-COMMAND": "COMMAND",
}
ALPHABETS = {0: "gsm7", 1: "8bit", 2: "ucs2", 3: "gsm7"}
UNITS = {"minutes": 1, "hours": 60, "day": 1440, "week": 10080}
# What XML 1.0 cannot hold, tshark writes all the same.
NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def tpdu_of(pdu):
    """The octets behind the service centre's address."""
    octets = bytes.fromhex(pdu["hex"])
    return octets[1 + octets[0] :]


def write_capture(file, pdus):
    """A pcapng with one packet a TPDU."""
    with open(file, "wb") as out:
        out.write(struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28))
        out.write(struct.pack("<IIHHII", 1, 20, DLT_USER0, 0, 65535, 20))
        for pdu in pdus:
            octets = tpdu_of(pdu)
            padding = bytes(-len(octets) % 4)
            flags = struct.pack("<HHIHH", 2, 4, DIRECTION[pdu["direction"]], 0, 0)
            length = 32 + len(octets) + len(padding) + len(flags)
            out.write(struct.pack("<IIIIIII", 6, length, 0, 0, 0, len(octets), len(octets)))
            out.write(octets + padding + flags + struct.pack("<I", length))


def read(folder, pdus):
    """What tshark says of each PDU, by id, with `malformed` where it complains."""
    file = os.path.join(folder, "tpdu.pcapng")
    write_capture(file, pdus)
    done = subprocess.run(
        ["tshark", "-r", file, "-T", "pdml", "-o", "gsm_sms.reassemble:FALSE",
         "-o", f'uat:user_dlts:"User 0 (DLT={DLT_USER0})","gsm_sms","0","","0",""'],
        capture_output=True, check=False, timeout=120,
    )
    if done.returncode != 0:
        raise RuntimeError(f"tshark ended with {done.returncode}: {done.stderr[-1000:]}")
    document = NOT_XML.sub("\ufffd", done.stdout.decode("utf-8", "replace"))
    packets = list(ElementTree.fromstring(document.encode()).iter("packet"))
    assert len(packets) == len(pdus), f"{len(packets)} packets of {len(pdus)}"
    return {pdu["id"]: columns(packet) for pdu, packet in zip(pdus, packets)}


def columns(packet):
    """The columns of one packet."""
    found = {}
    if any(proto.get("name") == "_ws.malformed" for proto in packet.findall("proto")):
        found["malformed"] = "malformed"
    sms = next(proto for proto in packet.findall("proto") if proto.get("name") == "gsm_sms")
    found["type"] = TYPES.get(sms.get("showname", "").replace("GSM SMS TPDU (GSM 03.40) ", ""), sms.get("showname"))
    number_type = None
    in_header = False
    for field in sms.iter("field"):
        name, show, value = field.get("name", ""), field.get("show") or "", field.get("value") or ""
        name = name.removeprefix("gsm_sms.")
        if name == "_ws.expert":
            found.setdefault("expert", field.get("showname") or "expert")
        elif name == "dis_field_addr.num_type":
            number_type = int(show, 0)
        elif name == "dis_field_addr.num_plan":
            found["addr_toa"] = f"{0x80 | number_type << 4 | int(show, 0):02X}"
        elif name in ("tp-oa", "tp-da", "tp-ra"):
            found["addr"] = ("+" if number_type == 1 else "") + show
        elif name in ("tp-mr", "tp.message_number"):
            found["mr" if name == "tp-mr" else "mn"] = str(int(show, 0))
        elif name in ("tp-pid", "tp-dcs", "tp-fcs", "tp.command_type"):
            found[{"tp-pid": "pid", "tp-dcs": "dcs", "tp-fcs": "fcs", "tp.command_type": "ct"}[name]] = value.upper()
        elif name == "dcs.character_set":
            found["alphabet"] = ALPHABETS[int(show, 0)]
        elif name == "gsm_7_bit_default_alphabet":
            found["alphabet"] = "gsm7"
        elif name == "tp.user_data_length":
            found["udl"] = str(int(show, 0))
        elif name == "vp.validity_period":
            found["minutes"] = minutes(field.get("showname"))
        elif show == "TP-Status":
            found["status"] = value.upper()
        elif show.startswith("TP-Service-Centre-Time-Stamp"):
            found["scts"] = moment(field)
        elif show.startswith("TP-Discharge-Time"):
            found["discharge"] = moment(field)
        elif show.startswith("TP-Validity-Period: absolute"):
            found["vp"] = f"abs {moment(field)}"
        elif show == "User-Data Header":
            found["udh"], in_header = value.upper(), True
        elif name == "sms_text":
            found["shown"] = spaced(show)
        elif name == "sms_body":
            found["data_hex"] = value.upper()
    if not in_header and found["type"] in ("DELIVER", "SUBMIT"):
        found["udh"] = ""
    return found


def spaced(text):
    """A text as it comes through an attribute of XML: line ends are blanks there, and other control characters codes."""
    return re.sub(r"[\r\n ]+", " ", text.replace("\f", "\\xc"))


def minutes(showname):
    """`TP-Validity-Period: 12 hours 30 minutes` in minutes."""
    words = re.findall(r"(\d+) (minutes|hours|day|week)", showname or "")
    return str(sum(int(count) * UNITS[unit] for count, unit in words))


def moment(field):
    """A time stamp as the fixtures write it."""
    by_name = {inner.get("name"): inner for inner in field.iter("field")}
    parts = ("year", "month", "day", "hour", "minutes", "seconds")
    values = [int(by_name[f"gsm_sms.scts.{part}"].get("show"), 0) for part in parts]
    zone = re.search(r"GMT ([+-]) (\d+) hours (\d+) minutes", by_name["gsm_sms.scts.timezone"].get("showname"))
    year, month, day, hour, minute, second = values
    sign, hours, quarters = zone.groups()
    return f"{year % 100:02}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{sign}{int(hours):02}:{int(quarters):02}"
