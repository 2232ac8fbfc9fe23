"""Reads PDUs with libgammu (PyPI "python-gammu"): JSON lists on both ends, fields named as in the fixtures' columns."""

import json
import sys
from datetime import timedelta

import gammu

TYPES = {"Deliver": "DELIVER", "Submit": "SUBMIT", "Status_Report": "STATUS-REPORT"}
ALPHABETS = {"Default_No_Compression": "gsm7", "Unicode_No_Compression": "ucs2", "8bit": "8bit"}
UNITS = {"M": 1, "H": 60, "D": 1440, "W": 10080}


def moment(time):
    """A time as the fixtures write it."""
    offset = time.utcoffset() or timedelta()
    sign, quarters = ("-" if offset < timedelta() else "+"), abs(offset) // timedelta(minutes=15)
    return f"{time:%y-%m-%dT%H:%M:%S}{sign}{quarters // 4:02}:{quarters % 4 * 15:02}"


def minutes(validity):
    """`1440M` or `Max` in minutes."""
    return str(63 * UNITS["W"] if validity.startswith("Max") else int(validity[:-1]) * UNITS[validity[-1]])


def read(pdu):
    """The fields that libgammu tells of one PDU."""
    sms = gammu.DecodePDU(bytes.fromhex(pdu["hex"]), True)
    kind = TYPES[sms["Type"]]
    found = {"type": kind, "smsc": sms["SMSC"]["Number"], "addr": sms["Number"]}
    if kind != "DELIVER":
        found["mr"] = str(sms["MessageReference"])
    if kind == "STATUS-REPORT":
        found["scts"], found["discharge"] = moment(sms["DateTime"]), moment(sms["SMSCDateTime"])
        return found
    found["alphabet"] = ALPHABETS[sms["Coding"]]
    found["udh"] = sms["UDH"]["Text"].hex().upper()
    if isinstance(sms["Text"], bytes):
        found["data_hex"] = sms["Text"].hex().upper()
    else:
        # It counts an escaped character twice, and shows what stands in memory behind the text.
        text = sms["Text"].split("\0")[0]
        found["text"] = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if kind == "DELIVER":
        found["scts"] = moment(sms["DateTime"])
    elif sms["SMSC"]["Validity"] != "NA":
        found["minutes"] = minutes(sms["SMSC"]["Validity"])
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
