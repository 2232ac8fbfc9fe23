// Reads PDUs with node-pdu (npm): JSON lists on both ends, fields named as in the fixtures' columns.
//
//   node tpdu_node.js MODULES < pdus.json

"use strict";

const path = require("path");
const fs = require("fs");

const { parse, Deliver, Submit, Report } = require(path.join(process.argv[2], "node_modules", "node-pdu"));

const octet = (value) => value.toString(16).toUpperCase().padStart(2, "0");

function address(found) {
  return (found.type.type === 1 ? "+" : "") + (found.phone ?? "");
}

// A time as the fixtures write it.
function moment(stamp) {
  const minutes = stamp.tzOff;
  const local = new Date(stamp.time * 1000 + minutes * 60000).toISOString().slice(2, 19);
  const ahead = Math.abs(minutes);
  const two = (value) => String(value).padStart(2, "0");
  return `${local}${minutes < 0 ? "-" : "+"}${two(Math.floor(ahead / 60))}:${two(ahead % 60)}`;
}

function text(pdu, found) {
  const parts = pdu.data.parts;
  const header = parts[0]?.header;
  if (header && header.getSegments() > 1) {
    found.part = `${header.getPointer()}: ${header.getCurrent()}/${header.getSegments()}`;
  }
  found.alphabet = ["gsm7", "8bit", "ucs2", "gsm7"][pdu.dataCodingScheme.textAlphabet];
  if (found.alphabet === "8bit") {
    found.data_hex = parts.map((part) => part.data).join("").toUpperCase();
  } else {
    found.text = pdu.data.getText();
  }
}

function read({ hex }) {
  const pdu = parse(hex);
  const found = {
    smsc: pdu.serviceCenterAddress.phone ? address(pdu.serviceCenterAddress) : "",
    addr: address(pdu.address),
    addr_toa: octet(pdu.address.type.getValue()),
  };
  if (pdu instanceof Report) {
    return Object.assign(found, {
      type: "STATUS-REPORT",
      mr: String(pdu.reference),
      scts: moment(pdu.dateTime),
      discharge: moment(pdu.discharge),
      status: octet(pdu.status),
    });
  }
  found.pid = octet(pdu.protocolIdentifier.getValue());
  found.dcs = octet(pdu.dataCodingScheme.getValue());
  text(pdu, found);
  if (pdu instanceof Deliver) {
    found.type = "DELIVER";
    found.scts = moment(pdu.serviceCenterTimeStamp);
  } else if (pdu instanceof Submit) {
    found.type = "SUBMIT";
    found.mr = String(pdu.messageReference);
    if (pdu.validityPeriod.interval) found.minutes = String(pdu.validityPeriod.interval / 60);
    if (pdu.validityPeriod.dateTime) found.until = pdu.validityPeriod.dateTime.toISOString().slice(0, 19) + "Z";
  }
  return found;
}

const answers = {};
for (const pdu of JSON.parse(fs.readFileSync(0, "utf8"))) {
  try {
    answers[pdu.id] = read(pdu);
  } catch (error) {
    answers[pdu.id] = { error: `${error.name}: ${error.message}` };
  }
}
process.stdout.write(JSON.stringify(answers));
