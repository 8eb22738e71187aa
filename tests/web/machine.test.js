import assert from 'node:assert/strict';
import test from 'node:test';
import { askGuest, askPower, problemOf } from '../../web/console/machine/guest.js';
import { addressesOf, bounded, fileSystemsOf, systemOf, usersOf } from '../../web/console/machine/words.js';

const address = (text, more = {}) => ({ interface: 'eth0', mac: null, address: text, prefix: 24, ...more });

test('addresses that lead to the machine come first, and those of itself not at all', () => {
    const list = ['127.0.0.1', '::1', '127.1.2.3', '::ffff:127.0.0.1', 'fe80::1', '2001:db8::1', '169.254.0.1', '192.0.2.1'];
    assert.deepEqual(addressesOf(list.map(each => address(each))).map(each => each.address),
        ['192.0.2.1', '2001:db8::1', '169.254.0.1', 'fe80::1']);
});

test('an address is copied bare, and shown with its prefix and where it is', () => {
    const [shown] = addressesOf([address('192.0.2.1', { mac: '52:54:00:00:00:01' })]);
    assert.deepEqual(shown, { address: '192.0.2.1', text: '192.0.2.1/24', note: 'eth0, 52:54:00:00:00:01' });
});

test('lists are bounded, and the rest is counted', () => {
    const { shown, more } = bounded(Array.from({ length: 1000 }, (_, i) => i));
    assert.equal(shown.length + more, 1000);
    assert.ok(shown.length <= 50);
    assert.deepEqual(bounded([1]), { shown: [1], more: 0 });
});

test('a system is named once with its version, or by what is known of it', () => {
    const os = { id: 'debian', name: 'Debian GNU/Linux', version: '12', kernel: '6.1.0', machine: 'x86_64' };
    assert.deepEqual(systemOf({ os }), { text: 'Debian GNU/Linux 12', note: '6.1.0, x86_64' });
    assert.equal(systemOf({ os: { ...os, name: 'Debian GNU/Linux 12' } }).text, 'Debian GNU/Linux 12');
    assert.deepEqual(systemOf({ os: { ...os, id: '', name: '', version: '' } }), { text: '6.1.0, x86_64', note: '' });
    assert.equal(systemOf({ os: { id: '', name: '', version: '', kernel: '', machine: '' } }), null);
    assert.equal(systemOf({}), null);
});

test('who is logged in twice is named once, since the first time', () => {
    const users = [{ name: 'ada', since: 200 }, { name: 'bob', since: 0 }, { name: 'ada', since: 100 }];
    assert.deepEqual(usersOf(users, String), [{ text: 'ada', note: 'since 100' }, { text: 'bob', note: '' }]);
    assert.match(usersOf([{ name: 'ada', since: 1e300 }])[0].note, /\?/);
});

test('a file system tells its share where both sizes are known', () => {
    const system = (total, used) => fileSystemsOf([{ mountpoint: '/', type: 'ext4', total, used }])[0];
    assert.deepEqual(system(4 * 1024 ** 3, 1024 ** 3), { text: '/', share: 0.25, note: '1.0 GiB of 4.0 GiB, ext4' });
    assert.deepEqual(system(null, null), { text: '/', share: null, note: 'ext4' });
    assert.equal(system(1024, null).note, '1.0 KiB, ext4');
    assert.equal(system(0, 0).share, null);
    assert.equal(system(1, 5).share, 1);
});

test('what the machine says misleads nobody, and is cut', () => {
    const evil = `\u202egpj.exe\u0000${'x'.repeat(5000)}`;
    for (const { text } of [...addressesOf([address(evil)]), ...usersOf([{ name: evil, since: 0 }]),
        ...fileSystemsOf([{ mountpoint: evil, type: evil, total: null, used: null }])]) {
        assert.ok(text.length < 300);
        assert.doesNotMatch(text, /[\u0000\u202e]/);
    }
});

test('a refusal has the bridge\'s words, and the agent\'s where those lack them', () => {
    const body = { code: 'guest-error', detail: 'the guest agent refused: GenericError: not now', text: 'not now' };
    assert.equal(problemOf(502, body).message, 'The guest agent refused: GenericError: not now');
    assert.equal(problemOf(502, { ...body, detail: 'refused' }).message, 'Refused: not now');
    assert.equal(problemOf(403, { code: 'disabled' }).message, 'This is switched off for this machine.');
    assert.match(problemOf(500, null).message, /500/);
});

test('the agent is asked with the token, at the machine\'s own address', async t => {
    const asked = [];
    t.mock.method(globalThis, 'fetch', async (url, { method, headers }) => {
        asked.push([String(url), method, headers]);
        return new Response('{"asked": "reboot"}', { status: 202 });
    });
    const source = { address: 'http://127.0.0.1:1/vms/a%20b/agent', token: async () => 'x',
        signal: new AbortController().signal };
    await askGuest({ ...source, token: async () => '' });
    await askPower(source, 'reboot');
    assert.deepEqual(asked, [['http://127.0.0.1:1/api/v1/vms/a%20b/guest', 'GET', undefined],
        ['http://127.0.0.1:1/api/v1/vms/a%20b/guest/reboot', 'POST', { authorization: 'Bearer x' }]]);
});

test('a bridge that is not there, and an answer that is none, are told', async t => {
    const source = { address: 'http://127.0.0.1:1/vms/a/agent', token: async () => '',
        signal: new AbortController().signal };
    t.mock.method(globalThis, 'fetch', async () => { throw new TypeError('failed'); });
    await assert.rejects(askGuest(source), { code: 'disconnected' });
    t.mock.method(globalThis, 'fetch', async () => new Response('<p>', { status: 502 }));
    await assert.rejects(askGuest(source), /502/);
});
