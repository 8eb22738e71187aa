// The QEMU guest agent, typed: Debian's qemu-ga on a socket, with its power commands blocked, and one that the test
// plays for what it must not or would not do.

import assert from 'node:assert/strict';
import { statfs, writeFile } from 'node:fs/promises';
import http from 'node:http';
import os from 'node:os';
import { after, before, describe, test } from 'node:test';
import { Daemon, VMCBRIDGE } from '../support/daemon.js';
import { eventually, within } from '../support/deadline.js';
import { RawPortClient } from '../support/raw_port.js';
import { startQga } from '../support/real_qga.js';
import { Sandbox } from '../support/sandbox.js';
import { ScriptedQga, supports } from '../support/scripted_qga.js';

const PORT = 'org.qemu.guest_agent.0';
/** Longer than the bridge waits for an agent. */
const PATIENCE = { timeoutMs: 15000 };

/** @type {Sandbox} */ let sandbox;
/** @type {Daemon} */ let daemon;
const machine = (name, rule) => ({
    guest: `unix:${sandbox.path(`${name}.nobody`)}`,
    [`port.${PORT}`]: `unix:${sandbox.path(name)}`,
    'guest-agent': rule,
});
const ask = (vm, options) => daemon.get(`/api/v1/vms/${vm}/guest`, { ...PATIENCE, ...options });
const power = (vm, action, options) =>
    daemon.get(`/api/v1/vms/${vm}/guest/${action}`, { ...PATIENCE, method: 'POST', ...options });
const isConnected = (vm) =>
    eventually('the agent is connected', async () => (await daemon.vm(vm)).guest_agent?.connected, PATIENCE);

function assertProblem(answer, status, code) {
    assert.equal(answer.status, status, answer.text);
    assert.match(answer.headers['content-type'], /^application\/problem\+json/);
    assert.equal(answer.json().code, code);
    return answer.json();
}

describe('the real program', () => {
    before(async () => {
        sandbox = await Sandbox.open();
        await startQga(sandbox, 'info.sock');
        await startQga(sandbox, 'power.sock', ['guest-get-users', 'guest-get-host-name']);
        daemon = await Daemon.start(sandbox, {
            vms: {
                info: machine('info.sock', 'info'),
                power: machine('power.sock', 'power'),
                off: machine('off.sock', 'off'),
                absent: machine('absent.sock', 'power'),
                without: { guest: `unix:${sandbox.path('nobody')}`, 'guest-agent': 'power' },
            },
        });
        await Promise.all(['info', 'power'].map(isConnected));
    });
    after(async () => {
        await daemon?.stop();
        await sandbox?.close();
    });

    test('tells what there is to know of this host', async () => {
        const answer = await ask('info');
        assert.equal(answer.status, 200, answer.text);
        assert.equal(answer.headers['cache-control'], 'no-store');
        const { version, hostname, os: system, addresses, users, filesystems, power: mayPower } = answer.json();
        assert.match(version, /^\d+\.\d+/);
        assert.equal(hostname, os.hostname());
        assert.deepEqual([system.kernel, system.machine], [os.release(), os.machine()]);
        assert.ok(system.id && system.name && system.version, JSON.stringify(system));
        assert.equal(mayPower, false);
        assert.ok(Array.isArray(users));

        const expected = Object.entries(os.networkInterfaces()).flatMap(([name, list]) =>
            (list ?? []).map((each) => `${name} ${each.mac} ${each.address}/${each.cidr?.split('/')[1]}`));
        const told = addresses.map((each) => `${each.interface} ${each.mac} ${each.address}/${each.prefix}`);
        assert.deepEqual(told.sort(), expected.sort());

        const root = filesystems.find((each) => each.mountpoint === '/');
        if (!root) return; // where / is no device's, as in a container
        const { bsize, blocks, bfree, bavail } = await statfs('/');
        assert.equal(root.total, (blocks - bfree + bavail) * bsize);
        assert.ok(root.used > 0 && root.used <= root.total && root.type);
    });

    test('what it refuses is left out', async () => {
        const known = (await ask('power')).json();
        assert.deepEqual(Object.keys(known), ['version', 'os', 'addresses', 'filesystems', 'power']);
        assert.equal(known.power, true);
    });

    test('its refusal of a shutdown that policy allows is told in its own words', async () => {
        for (const action of ['shutdown', 'reboot', 'suspend']) {
            const problem = assertProblem(await power('power', action), 502, 'guest-error');
            assert.equal(problem.class, 'CommandNotFound');
            assert.match(problem.text, /^(Command|The command) guest-(shutdown|suspend-ram) has been disabled/);
        }
        await daemon.child.says(
            /event=guest-asked vm=power command=suspend peer=127\.0\.0\.1:\d+ result=guest-error reason=".*disabled/);
    });

    test('power that policy refuses is refused, and in the log', async () => {
        const problem = assertProblem(await power('info', 'shutdown'), 403, 'disabled');
        assert.match(problem.detail, /guest-agent is not power/);
        await daemon.child.says(/event=guest-asked vm=info command=shutdown peer=\S+ result=disabled/);
        await daemon.child.says(/event=guest-asked vm=info command=info peer=\S+ result=ok/);
    });

    test('machines without it say why', async () => {
        assertProblem(await ask('nobody'), 404, 'unknown-vm');
        assertProblem(await power('nobody', 'shutdown'), 404, 'unknown-vm');
        assert.match(assertProblem(await ask('off'), 403, 'disabled').detail, /guest-agent is off/);
        assertProblem(await power('off', 'reboot'), 403, 'disabled');
        assert.match(assertProblem(await ask('without'), 403, 'disabled').detail, /no port org\.qemu\.guest_agent\.0/);
        assertProblem(await ask('absent'), 503, 'no-agent');
        assertProblem(await power('absent', 'shutdown'), 503, 'no-agent');
    });

    test('the machine says what there is', async () => {
        const of = async (name) => (await daemon.vm(name)).guest_agent;
        assert.deepEqual(await of('info'), { permission: 'info', connected: true });
        assert.deepEqual(await of('power'), { permission: 'power', connected: true });
        assert.deepEqual(await of('off'), { permission: 'off', connected: false });
        assert.deepEqual(await of('absent'), { permission: 'power', connected: false });
        assert.equal(await of('without'), undefined);
    });

    test('its port is not relayed', async () => {
        const client = await RawPortClient.open(daemon, `/vms/info/ports/${PORT}`);
        assert.deepEqual(await client.ended(), { code: 1008, reason: 'disabled' });
        const [port] = (await daemon.vm('info')).ports;
        assert.deepEqual([port.name, port.permitted], [PORT, false]);
    });

    test('pages of other sites ask nothing', async () => {
        for (const asked of [ask, (vm, options) => power(vm, 'shutdown', options)]) {
            assertProblem(await asked('power', { headers: { Origin: 'https://evil.example.org' } }), 403, 'bad-origin');
            for (const site of ['cross-site', 'same-site'])
                assertProblem(await asked('power', { headers: { 'Sec-Fetch-Site': site } }), 403, 'forbidden');
        }
        const own = { headers: { Origin: `http://127.0.0.1:${daemon.port}`, 'Sec-Fetch-Site': 'same-origin' } };
        assert.equal((await ask('power', own)).status, 200);
    });

    test('each path has its method', async () => {
        for (const method of ['GET', 'HEAD', 'DELETE']) {
            const answer = await power('info', 'shutdown', { method });
            assert.deepEqual([answer.status, answer.headers.allow], [405, 'POST']);
        }
        assert.equal((await ask('info', { method: 'POST' })).status, 405);
        assert.equal((await ask('info', { method: 'HEAD' })).status, 200);
        assert.equal((await power('info', 'halt')).status, 404);
        assert.equal((await daemon.get('/api/v1/vms/info/guest/')).status, 404);
    });

    test('SIGHUP changes the rule, and the connection stays', async () => {
        const vms = { info: machine('info.sock', 'power'), power: machine('power.sock', 'off') };
        await daemon.configure({ vms });
        assert.match(await daemon.reload(), /event=reloaded/);
        assert.equal((await ask('info')).json().power, true);
        assertProblem(await ask('power'), 403, 'disabled');
        assert.equal(daemon.log.match(/event=port-connected vm=info/g)?.length, 1);
        await daemon.configure({ vms: { ...vms, power: machine('power.sock', 'power') } });
        await daemon.reload();
        await isConnected('power'); // the program has served the next connection
        assert.equal((await ask('power')).status, 200);
    });
});

describe('an agent that the test plays', () => {
    /** @type {ScriptedQga} */ let agent;
    const known = { 'guest-info': supports('guest-get-host-name'), 'guest-get-host-name': { 'host-name': 'web1' } };

    before(async () => {
        sandbox = await Sandbox.open();
        agent = await ScriptedQga.listen(sandbox.path('ga.sock'), known);
        daemon = await Daemon.start(sandbox, {
            vms: { one: machine('ga.sock', 'power'), other: machine('nobody.sock', 'info') },
        });
        await isConnected('one');
    });
    after(async () => {
        await daemon?.stop();
        agent?.close();
        await sandbox?.close();
    });

    /** All that the bridge was sent before has been looked at: on its first context, then on the machine's. */
    const settled = async () => {
        for (let i = 0; i < 3; ++i) await daemon.vm('one');
    };
    /** The first answer that is not told from memory, which lasts for a second. */
    const failing = () => eventually('the guest is asked anew', async () => {
        const answer = await ask('one');
        return answer.status === 200 ? false : answer;
    }, PATIENCE);

    test('is asked to shut down, to restart and to suspend', async () => {
        for (const [action, execute, args] of [
            ['shutdown', 'guest-shutdown', { mode: 'powerdown' }],
            ['reboot', 'guest-shutdown', { mode: 'reboot' }],
            ['suspend', 'guest-suspend-ram', undefined],
        ]) {
            const answer = await power('one', action);
            assert.equal(answer.status, 202, answer.text);
            assert.deepEqual(answer.json(), { asked: action });
            assert.deepEqual([agent.heard.at(-1)?.execute, agent.heard.at(-1)?.arguments], [execute, args]);
            await daemon.child.says(new RegExp(`event=guest-asked vm=one command=${action} peer=\\S+ result=ok`));
        }
    });

    test('a machine that goes at once has done it too', async () => {
        agent.answers['guest-shutdown'] = () => void agent.socket?.destroy();
        assert.equal((await power('one', 'shutdown')).status, 202);
        delete agent.answers['guest-shutdown'];
        await isConnected('one');
    });

    test('many who want to know make one question', async () => {
        agent.heard = [];
        await eventually('what is known is stale', async () => {
            const answers = await Promise.all(Array.from({ length: 20 }, () => ask('one')));
            for (const answer of answers) assert.equal(answer.json().hostname, 'web1', answer.text);
            return agent.heard.length > 0;
        });
        assert.equal(agent.heard.filter((each) => each.execute === 'guest-info').length, 1);
    });

    test('what a client asked for goes with the client', async () => {
        let release;
        agent.answers['guest-get-host-name'] = () =>
            void (release = () => agent.raw('{"return":{"host-name":"web1"}}\n'));
        const first = eventually('a survey was answered', async () => (await ask('one')) && release, PATIENCE);
        await eventually('a survey is under way', () => release);
        agent.heard = [];
        const leaver = http.request({ host: '127.0.0.1', port: daemon.port, method: 'POST',
            path: '/api/v1/vms/one/guest/shutdown' });
        leaver.on('error', () => {});
        await new Promise((resolve) => leaver.end(resolve));
        await settled();
        leaver.destroy();
        await settled();
        const next = power('one', 'suspend');
        release();
        assert.equal((await next).status, 202);
        await first;
        assert.deepEqual(agent.heard.map((each) => each.execute), ['guest-suspend-ram']);
        await daemon.child.says(/event=guest-asked vm=one command=shutdown peer=\S+ result=cancelled/);
        agent.answers = { ...known };
    });

    /** name, what the agent does to an answer, and what becomes of that. */
    const hostile = [
        ['half JSON in a line', () => agent.raw('{"return": {"host-name"\n'), 502, 'guest-error'],
        ['JSON that is no answer', () => agent.raw('[1, 2, 3]\n'), 502, 'guest-error'],
        ['nested JSON', () => agent.raw(`{"return":${'['.repeat(5000)}${']'.repeat(5000)}}\n`), 502, 'guest-error'],
        ['invalid UTF-8', () => agent.raw('{"return": {"version": "\xc0\x80"}}\n'), 502, 'guest-error'],
        ['a sentinel midway', () => agent.raw('{"return": \xff{"version": "7"}}\n'), 502, 'guest-error'],
        ['a line without an end', () => agent.raw('{"return": "' + 'x'.repeat(1536 * 1024)), 502, 'guest-error'],
        ['values without an end', () => agent.raw(`{"return": [${'0,'.repeat(100_000)}0]}\n`), 502, 'guest-error'],
        ['an answer of another kind', () => agent.raw('{"return": 7}\n'), 502, 'guest-error'],
        ['a refusal with a text full of control characters',
            () => agent.raw('{"error": {"class": "Generic\\u001b[31mError", "desc": "a\\nb\\u202e\\u0000"}}\n'),
            502, 'guest-error'],
        ['half an answer and no more', () => agent.raw('{"return": {'), 504, 'timeout'],
        ['an end midway', () => (agent.raw('{"return": {'), agent.socket?.destroySoon()), 503, 'agent-gone'],
    ];
    for (const [name, misbehave, status, code] of /** @type {[string, () => void, number, string][]} */ (hostile))
        test(`${name} is named, and the next answer is the right one`, async () => {
            await isConnected('one');
            agent.answers = { ...known, 'guest-info': () => void misbehave() };
            const problem = assertProblem(await failing(), status, code);
            assert.match(JSON.stringify([problem.detail, problem.text ?? '']), /^[\x20-\x7e\ufffd]*$/);
            agent.answers = { ...known };
            await isConnected('one');
            const next = await ask('one');
            assert.equal(next.json().hostname, 'web1', next.text);
        });

    test('wrong answers to the sync are nobody\'s, and a right one among them counts', async () => {
        const onSync = agent.onSync;
        agent.onSync = (id) => {
            agent.raw(`junk\n\xff{"return": ${id + 1}}\n\xff{"return": "${id}"}\n`);
            agent.raw(`\xff\xff{"return": ${id}}\n`);
        };
        assert.equal((await power('one', 'suspend')).status, 202);
        agent.onSync = (id) => agent.raw(`{"return": ${id}}\n\xff{"return": ${id - 1}}\n`);
        agent.heard = [];
        const problem = assertProblem(await power('one', 'shutdown'), 504, 'timeout');
        assert.match(problem.detail, /may not be running/);
        assert.deepEqual(agent.heard, [], 'nothing is asked of an agent that did not answer the sync');
        agent.onSync = onSync;
    });

    test('a flood ends its connection, and nothing else', async () => {
        await isConnected('one');
        const idle = daemon.rss();
        const chunk = Buffer.alloc(1024 * 1024, '{');
        const before = agent.connections;
        const flood = setInterval(() => agent.socket?.writable && agent.socket.writableLength < chunk.length &&
            agent.socket.write(chunk), 1);
        await eventually('it was dropped several times', () => agent.connections > before + 3, PATIENCE);
        assert.equal((await daemon.get('/healthz')).status, 200);
        assertProblem(await ask('other'), 503, 'no-agent');
        clearInterval(flood);
        await daemon.child.says(/event=port-gone vm=one port=org\.qemu\.guest_agent\.0 reason="it says too much/);
        daemon.assertMemoryFlat(idle);
        await eventually('it is well again', async () => (await ask('one')).status === 200, PATIENCE);
    });

    test('a machine that is taken away takes its questions along', async () => {
        agent.answers = { ...known, 'guest-info': () => undefined };
        const waiting = failing();
        await agent.hears('guest-info');
        const began = Date.now();
        await daemon.configure({ vms: { other: machine('nobody.sock', 'info') } });
        await daemon.reload();
        assertProblem(await waiting, 503, 'stopping');
        assert.ok(Date.now() - began < 4000, 'before the deadline');
        await daemon.configure({ vms: { one: machine('ga.sock', 'power') } });
        await daemon.reload();
        await isConnected('one');
    });

    test('a bridge that stops does not wait for an agent', async () => {
        agent.answers = { ...known, 'guest-info': () => undefined };
        const waiting = ask('one').catch(() => undefined);
        await agent.hears('guest-info');
        const began = Date.now();
        await daemon.stop();
        assert.ok(Date.now() - began < 2500, `${Date.now() - began} ms`);
        await waiting;
        assert.ok(!daemon.log.includes('-cut '), daemon.log);
    });
});

test('a domain\'s XML brings the agent, and its metadata narrows what it may be asked', async () => {
    sandbox = await Sandbox.open();
    const agent = await ScriptedQga.listen(sandbox.path('ga.sock'),
        { 'guest-info': supports('guest-get-host-name'), 'guest-get-host-name': { 'host-name': 'domain1' } });
    try {
        const file = sandbox.path('one.xml');
        const channel = (socket, name) => `<channel type='unix'>
  <source mode='bind' path='${sandbox.path(socket)}'/><target type='virtio' name='${name}'/>
</channel>`;
        await writeFile(file, `<domain type='kvm' id='1'><name>one</name>
<metadata><v:policy xmlns:v='https://vmcbridge.org/xmlns/domain/1.0' guest-agent='info'/></metadata>
<devices>${channel('nobody', 'com.redhat.spice.0')}${channel('ga.sock', PORT)}</devices></domain>`);
        daemon = await Daemon.start(sandbox, { domains: [file], sections: { policy: { 'guest-agent': 'power' } } });
        await isConnected('one');
        assert.deepEqual((await ask('one')).json(), { version: '7.2.0', hostname: 'domain1', power: false });
        assertProblem(await power('one', 'shutdown'), 403, 'disabled');
        assert.deepEqual((await daemon.vm('one')).guest_agent, { permission: 'info', connected: true });
        await daemon.stop();
    } finally {
        agent.close();
        await sandbox.close();
    }
});

test('a port that is relayed can\'t be held', async () => {
    sandbox = await Sandbox.open();
    try {
        const config = sandbox.path('x.conf');
        await writeFile(config, `[vm one]\nguest = unix:/x\nports = ${PORT}\nguest-agent = info\n`);
        const child = sandbox.start('check', VMCBRIDGE, ['check-config', config]);
        await child.says(/x\.conf:3: \[vm one\] ports: "org\.qemu\.guest_agent\.0" can't be relayed.*write guest-agent/);
        assert.equal((await within(5000, child.closed, 'check-config ends')).code, 1);
    } finally {
        await sandbox.close();
    }
});
