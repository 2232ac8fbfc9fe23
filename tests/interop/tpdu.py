"""TPDUs before decoders that nobody here wrote: libgammu, smspdudecoder, node-pdu and tshark's gsm_sms.

Two tables are read: `vectors.csv`, which our own reader agrees with (tests/tpdu_vectors.rs), and `samples.csv`, which our
own writer made (tests/tpdu_samples.rs). Each decoder tells the columns that it knows of, and each must be as the table
has it. Where a decoder is known to be wrong, `tpdu_known.py` says why; a deviation that is gone fails too.
"""

import csv
import json
import os
import subprocess
from datetime import datetime, timezone

import gsm
import tpdu_known
import tpdu_tshark

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.path.join(HERE, "..", "..", "hw-fixtures", "tpdu")
# Columns in which nothing is something: no text, no header, no complaint.
ABSENT = ("text", "shown", "udh", "part", "error", "malformed", "expert")
UNITS = {"min": 1, "d": 1440, "w": 10080}


def rows(name):
    """The rows of a table, with what decoders tell in other words, and the service centre in every PDU."""
    with open(os.path.join(FIXTURES, name), encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(line for line in file if not line.startswith("#")))
    for row in found:
        row["hex"] = row["hex"] if row["smsc_prefix"] == "1" else f"00{row['hex']}"
        for column in ("text", "data_hex"):
            row[column] = unescaped(row[column])
        row["utc"] = utc(row["scts"]) if row["scts"] else ""
        row["minutes"], row["until"] = minutes(row["vp"]), utc(row["vp"][4:]) if row["vp"].startswith("abs ") else ""
        row["shown"] = tpdu_tshark.spaced(row["text"])
        row["part"] = part(bytes.fromhex(row["udh"]))
    return found


def unescaped(text):
    """`\\n`, `\\r`, `\\f` and `\\\\` as the characters that they stand for."""
    out, escape = [], False
    for char in text:
        if escape:
            out.append({"n": "\n", "r": "\r", "f": "\f"}.get(char, char))
        elif char != "\\":
            out.append(char)
        escape = char == "\\" and not escape
    return "".join(out)


def utc(moment):
    """The instant of a time stamp. Two digits name a year of 1990 to 2089."""
    century = "19" if int(moment[:2]) >= 90 else "20"
    return f"{datetime.fromisoformat(century + moment).astimezone(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"


def minutes(validity):
    """The minutes of a relative period."""
    if not validity.startswith("rel "):
        return ""
    words = validity.split("=")[1]
    unit = next(unit for unit in UNITS if words.endswith(unit))
    return str(int(words.removesuffix(unit)) * UNITS[unit])


def part(header):
    """`reference: number/total` of a part of a long message."""
    at = 1
    while at + 1 < len(header):
        kind, value = header[at], header[at + 2 : at + 2 + header[at + 1]]
        if kind in (0, 8) and value[-2] > 1:
            return f"{int.from_bytes(value[:-2], 'big')}: {value[-1]}/{value[-2]}"
        at += 2 + len(value)
    return ""


def ask(command, pdus):
    """What a decoder in a process of its own says of each PDU."""
    done = subprocess.run(command, input=json.dumps(pdus), capture_output=True, text=True, check=False, timeout=120)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr[-1000:]}")
    return json.loads(done.stdout)


def decoders(options, folder):
    """Each decoder by name: the kinds that it knows, and how it is asked."""
    texts = {"DELIVER", "SUBMIT"}
    reports = texts | {"STATUS-REPORT"}
    commands = {
        "gammu": [options.python, os.path.join(HERE, "tpdu_gammu.py")],
        "smspdudecoder": [options.python, os.path.join(HERE, "tpdu_smspdudecoder.py")],
        "node-pdu": ["node", os.path.join(HERE, "tpdu_node.js"), options.modules],
    }
    return {
        "gammu": (reports, lambda pdus: ask(commands["gammu"], pdus)),
        "smspdudecoder": (texts, lambda pdus: ask(commands["smspdudecoder"], pdus)),
        "node-pdu": (reports, lambda pdus: ask(commands["node-pdu"], pdus)),
        "tshark": (None, lambda pdus: tpdu_tshark.read(folder, pdus)),
    }


def differences(row, answer):
    """What the decoder says otherwise, by column, and how many columns it told."""
    found, told = {}, 0
    for column, value in answer.items():
        expected = row.get(column, "")
        # The tables leave out what does not apply; a text may well be empty.
        if expected == "" and column not in ABSENT:
            continue
        told += 1
        if value != expected:
            found[column] = value
    return found, told


def check(checks, bench):
    """Both tables before every decoder."""
    tables = {table: rows(table) for table in ("vectors.csv", "samples.csv")}
    checks.holds("the samples have the user data that another encoder gives", lambda: judge_packing(tables["samples.csv"]))
    for name, (kinds, read) in decoders(bench.options, bench.folder).items():
        known, deviates = tpdu_known.of(name), set()
        for table, known_rows in tables.items():
            chosen = [row for row in known_rows if kinds is None or row["type"] in kinds]
            answers = read([{key: row[key] for key in ("id", "hex", "direction")} for row in chosen])
            told, wrong = 0, []
            for row in chosen:
                found, columns = differences(row, answers[row["id"]])
                told += columns
                deviates.update((row["id"], column) for column in found)
                wrong += [
                    f"{row['id']} {column}: {value!r:.120} and not {row.get(column, '')!r:.120}"
                    for column, value in found.items()
                    if (row["id"], column) not in known
                ]
            claim = f"{name} reads {len(chosen)} PDUs of {table} as we do, {told} fields"
            checks.expect(claim, told > 5 * len(chosen) and not wrong, "; ".join(wrong[:8]))
        checks.expect(f"{name} would find a fault: it does in a text with one bit turned", finds_fault(read, tables["samples.csv"]))
        gone = [f"{row} {column}" for row, column in known if (row, column) not in deviates]
        checks.expect(f"{name} is still wrong in the {len(known)} fields where it is known to be", not gone, gone)


def finds_fault(read, samples):
    """Whether the text of a PDU whose last octet is another is told to be another."""
    row = next(row for row in samples if row["text"] == "12345678")
    hex_form = f"{row['hex'][:-2]}{int(row['hex'][-2:], 16) ^ 0x08:02X}"
    answer = read([{"id": row["id"], "hex": hex_form, "direction": row["direction"]}])[row["id"]]
    found, _ = differences(row, answer)
    return set(found) <= {"text", "shown"} and found


def judge_packing(samples):
    """The user data of every text, packed by `gsm.py`, which was written without a look at ours."""
    judged = 0
    for row in samples:
        header = bytes.fromhex(row["udh"])
        shifted = any(kind in (0x24, 0x25) for kind in element_kinds(header))
        turkish = any(header[at : at + 3] in (b"\x24\x01\x01", b"\x25\x01\x01") for at in range(len(header)))
        if row["type"] not in ("SUBMIT", "DELIVER") or row["alphabet"] == "8bit" or shifted and not turkish:
            continue
        if row["alphabet"] == "ucs2":
            data = gsm.encode(row["text"], 8)
        else:
            locking = gsm.TURKISH_LOCKING if b"\x25\x01\x01" in header else None
            single = gsm.TURKISH_SINGLE if b"\x24\x01\x01" in header else gsm.EXTENSION
            data = packed(gsm.septets(row["text"], locking, single), len(header))
        octets = bytes.fromhex(row["hex"])
        assert octets.endswith(header + data), f"{row['id']}: {(header + data).hex()} in {row['hex']}"
        judged += 1
    assert judged > 60, f"{judged} texts"


def element_kinds(header):
    """The identifiers of the elements of a header."""
    at = 1
    while at + 1 < len(header):
        yield header[at]
        at += 2 + header[at + 1]


def packed(septets, header_octets):
    """Septets in octets, beginning on a septet border behind the header."""
    fill = -header_octets * 8 % 7
    bits = sum(septet << 7 * place for place, septet in enumerate(septets)) << fill
    return bits.to_bytes((7 * len(septets) + fill + 7) // 8, "little")
