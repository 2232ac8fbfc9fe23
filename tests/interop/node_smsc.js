// An SMSC on node-smpp (npm package "smpp"), with faults on demand: a peer that nobody of this project wrote.
//
//   node node_smsc.js --modules DIR --port N --control N --log FILE --account id:password
//
// Every system_id that begins with `id` is an account of its own, all with one password.
//
// It accepts binds, answers submit_sm, sends delivery receipts and mobile-originated messages. Every PDU that comes in
// is one line of JSON in FILE, with its octets in hex as they came off the socket, beside what node-smpp made of them.
// The control port speaks HTTP:
//   GET  /state                 sessions and counts
//   POST /behaviour  {...}      how it answers from now on; the keys are those of `behaviour` below
//   POST /deliver    {...}      sends a deliver_sm; the keys are those of node-smpp, octets as {"hex": "..."}; `account`
//                               picks a receiver
//   POST /raw        {"hex"}    writes octets as they are to every bound session
//   POST /cut        {}         closes every session without a word
//   POST /unbind     {}         asks every session to unbind

'use strict';
const fs = require('fs');
const http = require('http');

const options = {};
for (let i = 2; i < process.argv.length; i += 2) options[process.argv[i].slice(2)] = process.argv[i + 1];
const smpp = require(require.resolve('smpp', { paths: [options.modules] }));
const [systemId, password] = options.account.split(':');
const log = fs.openSync(options.log, 'a');

const behaviour = {
  answer_delay_ms: 0, // how long each submit_sm_resp waits
  silent: false, // submit_sm and enquire_link get no answer at all
  silent_bind: false, // binds get no answer
  refuse_bind: 0, // binds get this status
  double_answers: false, // every submit_sm_resp goes out twice
  unknown_answers: false, // before each answer, one for a sequence number that nobody sent
  accept_but_cut_after: 0, // after that many unanswered submits, close; they were accepted all the same
  refuse_next: 0, // so many submits are refused
  refuse_status: 0x58, // with this status, RTHROTTLED to begin with
  receipts: 'text', // text, tlv, both, or none
  receipt_delay_ms: 20,
  receipt_first: false, // the receipt goes out before the submit_sm_resp
  receipt_twice: false,
  receipt_state: 'DELIVRD',
  ids: 'decimal', // decimal; hex-then-decimal (answer in hex, receipt in decimal); padded (receipt has zeros)
};
const STATES = { ENROUTE: 1, DELIVRD: 2, EXPIRED: 3, DELETED: 4, UNDELIV: 5, ACCEPTD: 6, UNKNOWN: 7, REJECTD: 8 };

let nextId = 1795300000 + (process.pid % 1000) * 1000;
let unansweredSubmits = 0;
const sessions = new Set();
const waitingReceipts = []; // receipts that no bound receiver could take yet
const counts = { submits: 0, accepted: 0, refused: 0, receipts: 0, receipts_acknowledged: 0, binds: 0, nacks: 0 };

function record(entry) {
  fs.writeSync(log, JSON.stringify({ at: Date.now() / 1000, ...entry }) + '\n');
}

// node-smpp turns text into strings; the octets themselves are kept beside them.
const parseBuffer = smpp.PDU.fromStream;
smpp.PDU.fromStream = function (stream, length) {
  let octets = null;
  const tee = { read: (size) => (octets = stream.read(size)) };
  const pdu = parseBuffer(tee, length);
  if (!pdu) return pdu;
  const head = Buffer.alloc(4);
  head.writeUInt32BE(length, 0);
  pdu.octets = Buffer.concat([head, octets]);
  return pdu;
};

function plain(pdu) {
  const out = {};
  for (const [key, value] of Object.entries(pdu)) {
    if (key === 'octets') continue;
    out[key] = Buffer.isBuffer(value) ? { hex: value.toString('hex') } : value;
    if (value && typeof value === 'object' && 'message' in value) {
      const { message, udh } = value;
      out[key] = {
        text: typeof message === 'string' ? message : null,
        hex: Buffer.isBuffer(message) ? message.toString('hex') : null,
        udh: (udh || []).map((element) => Buffer.from(element).toString('hex')),
      };
    }
  }
  return out;
}

function idForms(number) {
  switch (behaviour.ids) {
    case 'hex-then-decimal':
      return [number.toString(16), String(number)];
    case 'padded':
      return [String(number), String(number).padStart(14, '0')];
    default:
      return [String(number), String(number)];
  }
}

function stamp() {
  return new Date().toISOString().replace(/[-T:]/g, '').slice(2, 12);
}

function receiptFor(account, pdu, id) {
  const state = behaviour.receipt_state;
  const receipt = {
    account,
    source_addr_ton: pdu.dest_addr_ton,
    source_addr_npi: pdu.dest_addr_npi,
    source_addr: pdu.destination_addr,
    dest_addr_ton: pdu.source_addr_ton,
    dest_addr_npi: pdu.source_addr_npi,
    destination_addr: pdu.source_addr,
    esm_class: 4,
    data_coding: 0,
  };
  const delivered = state === 'DELIVRD' ? '001' : '000';
  const text =
    `id:${id} sub:001 dlvrd:${delivered} submit date:${stamp()} done date:${stamp()} ` +
    `stat:${state} err:${delivered === '001' ? '000' : '034'} text:`;
  if (behaviour.receipts !== 'tlv') receipt.short_message = { message: Buffer.from(text, 'latin1') };
  if (behaviour.receipts !== 'text') {
    receipt.receipted_message_id = id;
    receipt.message_state = STATES[state];
  }
  return receipt;
}

function receiverOf(account) {
  return [...sessions].find((session) => session.receives && (!account || session.account === account));
}

function sendReceipt(receipt) {
  const session = receiverOf(receipt.account);
  if (!session) {
    waitingReceipts.push(receipt);
    return;
  }
  counts.receipts += 1;
  // A PDU is encoded in place, so each try needs its own copy; `receipt_twice` sends one receipt as two.
  receipt = { ...receipt };
  const message = receipt.short_message ? { message: Buffer.from(receipt.short_message.message) } : Buffer.alloc(0);
  session.unanswered.add(receipt);
  const { account: _account, ...fields } = receipt;
  session.deliver_sm({ ...fields, short_message: message }, (answer) => {
    session.unanswered.delete(receipt);
    record({ event: 'receipt_answer', status: answer.command_status, id: receipt.receipted_message_id });
    if (answer.command_status === 0) counts.receipts_acknowledged += 1;
    else setTimeout(() => sendReceipt(receipt), 500).unref();
  });
}

function submitted(session, pdu) {
  counts.submits += 1;
  if (behaviour.refuse_next > 0) {
    behaviour.refuse_next -= 1;
    counts.refused += 1;
    record({ event: 'submit', account: session.account, accepted: false, octets: pdu.octets.toString('hex'), pdu: plain(pdu) });
    session.send(pdu.response({ command_status: behaviour.refuse_status }));
    return;
  }
  const [answerId, receiptId] = idForms(nextId++);
  counts.accepted += 1;
  record({ event: 'submit', account: session.account, accepted: true, id: answerId, octets: pdu.octets.toString('hex'), pdu: plain(pdu) });

  const wantsReceipt = (pdu.registered_delivery & 3) !== 0 && behaviour.receipts !== 'none';
  const receipt = wantsReceipt ? receiptFor(session.account, pdu, receiptId) : null;
  const sendReceipts = () => {
    if (!receipt) return;
    sendReceipt(receipt);
    if (behaviour.receipt_twice) sendReceipt(receipt);
  };
  if (behaviour.silent) {
    if (receipt) setTimeout(sendReceipts, behaviour.receipt_delay_ms);
    return;
  }
  if (behaviour.accept_but_cut_after > 0) {
    unansweredSubmits += 1;
    setTimeout(sendReceipts, 1500);
    if (unansweredSubmits >= behaviour.accept_but_cut_after) {
      behaviour.accept_but_cut_after = 0;
      unansweredSubmits = 0;
      session.destroy();
    }
    return;
  }
  const answer = () => {
    if (behaviour.unknown_answers) {
      const stray = pdu.response({ message_id: 'stray' });
      stray.sequence_number = pdu.sequence_number + 1000000;
      session.send(stray);
    }
    session.send(pdu.response({ message_id: answerId }));
    if (behaviour.double_answers) session.send(pdu.response({ message_id: answerId }));
  };
  if (behaviour.receipt_first) {
    sendReceipts();
    setTimeout(answer, Math.max(behaviour.answer_delay_ms, 100));
  } else {
    if (behaviour.answer_delay_ms > 0) setTimeout(answer, behaviour.answer_delay_ms);
    else answer();
    setTimeout(sendReceipts, behaviour.answer_delay_ms + behaviour.receipt_delay_ms);
  }
}

function bind(session, pdu, receives) {
  counts.binds += 1;
  const good = pdu.system_id.startsWith(systemId) && pdu.password === password;
  record({ event: 'bind', command: pdu.command, system_id: pdu.system_id, good, octets: pdu.octets.toString('hex') });
  if (behaviour.silent_bind) return;
  const status = behaviour.refuse_bind || (good ? 0 : smpp.ESME_RINVPASWD);
  if (status !== 0) {
    session.send(pdu.response({ command_status: status }));
    session.close();
    return;
  }
  session.receives = receives;
  session.account = pdu.system_id;
  sessions.add(session);
  session.send(pdu.response({ system_id: 'node-smpp', sc_interface_version: 0x34 }));
  if (receives) for (const receipt of waitingReceipts.splice(0)) sendReceipt(receipt);
}

const server = smpp.createServer((session) => {
  session.unanswered = new Set(); // receipts on their way
  session.on('bind_transceiver', (pdu) => bind(session, pdu, true));
  session.on('bind_receiver', (pdu) => bind(session, pdu, true));
  session.on('bind_transmitter', (pdu) => bind(session, pdu, false));
  session.on('submit_sm', (pdu) => submitted(session, pdu));
  session.on('enquire_link', (pdu) => {
    record({ event: 'enquire_link', octets: pdu.octets.toString('hex') });
    if (!behaviour.silent) session.send(pdu.response());
  });
  session.on('unbind', (pdu) => {
    record({ event: 'unbind', octets: pdu.octets.toString('hex') });
    session.send(pdu.response());
    session.close();
  });
  session.on('generic_nack', (pdu) => {
    counts.nacks += 1;
    record({ event: 'generic_nack', status: pdu.command_status, sequence: pdu.sequence_number });
  });
  session.on('deliver_sm_resp', (pdu) => {
    record({ event: 'deliver_sm_resp', status: pdu.command_status, sequence: pdu.sequence_number });
  });
  session.on('error', (error) => {
    record({ event: 'error', text: String(error) });
    session.destroy();
  });
  session.on('close', () => {
    record({ event: 'close' });
    sessions.delete(session);
    waitingReceipts.push(...session.unanswered);
    session.unanswered.clear();
  });
});

function octets(value) {
  if (Array.isArray(value)) return value.map(octets);
  if (!value || typeof value !== 'object') return value;
  if ('hex' in value) return Buffer.from(value.hex, 'hex');
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, octets(inner)]));
}

const actions = {
  '/state': () => ({ sessions: sessions.size, waiting_receipts: waitingReceipts.length, behaviour, ...counts }),
  '/behaviour': (body) => Object.assign(behaviour, body),
  '/deliver': (body, done) => {
    const session = receiverOf(body.account);
    if (!session) return { error: 'no receiver is bound' };
    delete body.account;
    session.deliver_sm(octets(body), (answer) => done({ status: answer.command_status }));
    return null;
  },
  '/raw': (body) => {
    for (const session of sessions) session.socket.write(Buffer.from(body.hex, 'hex'));
    return { sessions: sessions.size };
  },
  '/cut': () => {
    for (const session of sessions) session.destroy();
    return {};
  },
  '/unbind': () => {
    for (const session of sessions) session.unbind();
    return {};
  },
};

http
  .createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const done = (answer) => response.end(JSON.stringify(answer));
      const action = actions[request.url];
      if (!action) {
        response.statusCode = 404;
        return done({ error: 'unknown path' });
      }
      const text = Buffer.concat(chunks).toString();
      const answer = action(text ? JSON.parse(text) : {}, done);
      if (answer !== null) done(answer);
    });
  })
  .listen(Number(options.control), '127.0.0.1', () => {
    server.listen(Number(options.port), '127.0.0.1', () => console.log('ready'));
  });
