import assert from 'node:assert/strict';
import test from 'node:test';
import { expiryOf } from '../../web/lib/token.js';

const token = payload => `x.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.y`;

test('a token\'s end is read from it, where it is a JWT that says one', () => {
    assert.equal(expiryOf(token({ exp: 1700000000 })), 1700000000000);
    assert.equal(expiryOf(token({ exp: 1700000000, sub: 'ÿ>?' })), 1700000000000);
    for (const other of ['', 'opaque', 'a.b.c', token({}), token({ exp: 'soon' }), token(null)]) {
        assert.equal(expiryOf(other), null, other);
    }
});
