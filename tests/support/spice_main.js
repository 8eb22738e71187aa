// Messages of SPICE's main channel: both kinds of header, and bodies as plain objects.

import { u32 } from './vdi.js';

/** What a client sends. */
export const ToServer = Object.freeze({
    ackSync: 1,
    ack: 2,
    pong: 3,
    disconnecting: 6,
    clientInfo: 101,
    attachChannels: 104,
    mouseModeRequest: 105,
    agentStart: 106,
    agentData: 107,
    agentToken: 108,
    qualityIndicator: 112,
});

/** The most agent bytes in one AGENT_DATA. */
export const AGENT_DATA_LIMIT = 2048;

const MESSAGE_LIMIT = 1024 * 1024; // a server pads its pings to 256000 bytes

/** @returns {Buffer} a message with the mini header */
export function miniMessage(type, body = Buffer.alloc(0), { size = body.length } = {}) {
    const header = Buffer.alloc(6);
    header.writeUInt16LE(type, 0);
    header.writeUInt32LE(size, 2);
    return Buffer.concat([header, body]);
}

/** @returns {Buffer} a message with the full header */
export function fullMessage(serial, type, body = Buffer.alloc(0), { size = body.length, subList = 0 } = {}) {
    const header = Buffer.alloc(18);
    header.writeBigUInt64LE(BigInt(serial), 0);
    header.writeUInt16LE(type, 8);
    header.writeUInt32LE(size, 10);
    header.writeUInt32LE(subList, 14);
    return Buffer.concat([header, body]);
}

/** Reads one message of the server.
 *  @param {import('./spice_link.js').ByteReader} reader
 *  @returns {Promise<{ number: number, body: Buffer, serial?: number }>} */
export async function readMessage(reader, mini) {
    const header = await reader.take(mini ? 6 : 18);
    const [number, size] = mini
        ? [header.readUInt16LE(0), header.readUInt32LE(2)]
        : [header.readUInt16LE(8), header.readUInt32LE(10)];
    if (size > MESSAGE_LIMIT) throw new Error(`a main message ${number} of ${size} bytes`);
    const body = await reader.take(size);
    return mini ? { number, body } : { number, body, serial: Number(header.readBigUInt64LE(0)) };
}

const sized = (bytes, decode) => (body) => {
    if (body.length !== bytes) throw new Error(`${body.length} bytes, not ${bytes}`);
    return decode(body);
};
const empty = sized(0, () => ({}));
const one = (name) => sized(4, (body) => ({ [name]: body.readUInt32LE(0) }));

const INIT = [
    'sessionId', 'displayChannelsHint', 'supportedMouseModes', 'mouseMode', 'agentConnected', 'agentTokens',
    'multiMediaTime', 'ramHint',
];

function channelsList(body) {
    const channels = [];
    for (let at = 4; at < body.length; at += 2) channels.push({ type: body[at], id: body[at + 1] });
    if (body.length !== 4 + 2 * body.readUInt32LE(0)) throw new Error('the count does not match');
    return { channels };
}

function notify(body) {
    const [severity, visibility, what, length] = [8, 12, 16, 20].map((at) => body.readUInt32LE(at));
    if (24 + length > body.length) throw new Error('the text is cut');
    return { severity, visibility, what, text: body.toString('utf8', 24, 24 + length) };
}

function name(body) {
    if (body.length !== 4 + body.readUInt32LE(0)) throw new Error('the length does not match');
    return { name: body.toString('utf8', 4).replace(/\0$/, '') };
}

function switchHost(body) {
    const [port, tlsPort] = [body.readUInt16LE(0), body.readUInt16LE(2)];
    const [length, offset] = [body.readUInt32LE(4), body.readUInt32LE(8)];
    return { host: body.toString('latin1', offset, offset + length).replace(/\0$/, ''), port, tlsPort };
}

/** Number -> name of the event, body -> its fields. */
const FROM_SERVER = {
    1: ['migrate', one('flags')],
    2: ['migrate-data', () => ({})],
    3: ['set-ack', sized(8, (body) => ({ generation: body.readUInt32LE(0), window: body.readUInt32LE(4) }))],
    4: ['ping', (body) => ({ id: body.readUInt32LE(0), padding: body.subarray(12).length })],
    6: ['disconnecting', sized(12, (body) => ({ reason: body.readUInt32LE(8) }))],
    7: ['notify', notify],
    103: ['init', sized(32, (body) => Object.fromEntries(INIT.map((key, n) => [key, body.readUInt32LE(4 * n)])))],
    104: ['channels-list', channelsList],
    105: ['mouse-mode', sized(4, (body) => ({ supported: body.readUInt16LE(0), current: body.readUInt16LE(2) }))],
    106: ['multi-media-time', one('time')],
    107: ['agent-connected', empty],
    108: ['agent-disconnected', one('error')],
    109: ['agent-data', (body) => ({ bytes: body })],
    110: ['agent-token', one('tokens')],
    111: ['switch-host', switchHost],
    113: ['name', name],
    114: ['uuid', sized(16, (body) => ({ uuid: body.toString('hex') }))],
    115: ['agent-connected-tokens', one('tokens')],
};

/** @param {{ number: number, body: Buffer }} message
 *  @returns {any} { type, number, body, ...fields }; type is 'unknown' where no test looks into it */
export function decodeMain(message) {
    const [type, decode] = FROM_SERVER[message.number] ?? ['unknown', () => ({})];
    try {
        return { type, ...message, ...decode(message.body) };
    } catch (error) {
        throw new Error(`main message ${type} (${message.number}): ${error.message}`);
    }
}

/** @returns {Buffer} the answer to a ping */
export function pongBody(ping) {
    return ping.body.subarray(0, 12);
}

/** @param {number} mode  1 server, 2 client  @returns {Buffer} */
export function mouseModeBody(mode) {
    return u32(mode).subarray(0, 2);
}
