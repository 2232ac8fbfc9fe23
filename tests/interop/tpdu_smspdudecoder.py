"""Reads PDUs with smspdudecoder (PyPI): JSON lists on both ends, fields named as in the fixtures' columns."""

import json
import sys
from io import StringIO

from smspdudecoder.fields import SMSDeliver, SMSSubmit

ALPHABETS = {"gsm": "gsm7", "ucs2": "ucs2", "binary": "8bit"}
PLANS = {"unknown": 0, "isdn": 1}
TYPES = ["unknown", "international", "national", "specific", "subscriber", "alphanumeric", "abbreviated"]


def address(found):
    """Digits with a plus when they are international, or the name."""
    return ("+" if found["toa"]["ton"] == "international" else "") + found["number"]


def read(pdu):
    """The fields that smspdudecoder tells of one PDU."""
    incoming = pdu["direction"] == "MT"
    sms = (SMSDeliver if incoming else SMSSubmit).decode(StringIO(pdu["hex"]))
    kind = {"deliver": "DELIVER", "submit": "SUBMIT"}.get(sms["header"]["mti"], sms["header"]["mti"])
    party = sms["sender" if incoming else "recipient"]
    toa = party["toa"]
    found = {
        "type": kind,
        "smsc": address(sms["smsc"]) if sms["smsc"]["number"] else "",
        "addr": address(party),
        "pid": f"{sms['pid']:02X}",
        "alphabet": ALPHABETS[sms["dcs"]["encoding"]],
    }
    if toa["ton"] in TYPES and toa["npi"] in PLANS:
        found["addr_toa"] = f"{0x80 | TYPES.index(toa['ton']) << 4 | PLANS[toa['npi']]:02X}"
    if incoming:
        found["utc"] = f"{sms['scts']:%Y-%m-%dT%H:%M:%SZ}"
    else:
        found["mr"] = str(sms["message-ref"])
        for unit, minutes in (("minutes", 1), ("hours", 60), ("days", 1440), ("weeks", 10080)):
            if f"validity-{unit}" in sms:
                found["minutes"] = str(sms[f"validity-{unit}"] * minutes)
        if sms["header"]["vpf"] == 3:
            found["until"] = f"{sms['vp']:%Y-%m-%dT%H:%M:%SZ}"
    data = sms["user_data"]["data"]
    if isinstance(data, bytes):
        found["data_hex"] = data.hex().upper()
    else:
        found["text"] = data
    parts = [element for element in (sms["user_data"]["header"] or {}).get("elements", []) if element["iei"] in (0, 8)]
    if parts:
        part = parts[-1]["data"]
        found["part"] = f"{part['reference']}: {part['part_number']}/{part['parts_count']}"
    return found


def main():
    """One answer a PDU; what goes wrong is an answer too."""
    answers = {}
    for pdu in json.load(sys.stdin):
        try:
            answers[pdu["id"]] = read(pdu)
        except Exception as error:  # whatever the decoder raises is what it says of the PDU
            answers[pdu["id"]] = {"error": f"{type(error).__name__}: {error}"}
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
