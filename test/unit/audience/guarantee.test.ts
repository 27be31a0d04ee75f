/** What a token answer may hold, and which audience its token: the cases in which a provider hands out another one than was wanted. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  asked,
  causeOf,
  codeOf,
  expectOf,
  goodClaims,
  issuer,
  judge,
  jwe,
  jwt,
  now,
  opaque,
  orders,
  unasked,
} from './tokens.ts';

describe('a token that was asked for', () => {
  it('is handed on with its end and its scopes', () => {
    const token = jwt();
    const { observed, ...rest } = judge(token);
    assert.deepEqual(rest, {
      kind: 'satisfied',
      token,
      expiresAt: now + 3600,
      scope: 'openid read:orders',
      verified: true,
    });
    assert.deepEqual(observed, {
      format: 'jwt',
      typ: 'JWT',
      aud: [orders],
      iss: issuer,
      scope: 'openid read:orders',
      expiresAt: now + 3600,
    });
  });

  it('may name its audience in an array', () => {
    assert.equal(codeOf(judge(jwt({ ...goodClaims, aud: [orders] }))), 'satisfied');
  });

  it('may be good for /userinfo besides', () => {
    assert.equal(codeOf(judge(jwt({ ...goodClaims, aud: [orders, `${issuer}userinfo`] }))), 'satisfied');
  });

  it('may come of a tenant default audience, with nothing sent', () => {
    const expected = expectOf({}, { preset: 'auth0', audience: { dialect: 'registration' } });
    assert.equal(codeOf(judge(jwt(), { expected, circumstances: unasked })), 'satisfied');
  });

  it('may serve two APIs of one audience', () => {
    const first = judge(jwt(), { expected: expectOf() });
    const second = judge(jwt(), { expected: expectOf({ scopes: [] }) });
    assert.deepEqual([codeOf(first), codeOf(second)], ['satisfied', 'satisfied']);
  });

  it('is a bearer token in any case', () => {
    assert.equal(codeOf(judge(jwt(), { answer: { tokenType: 'bEARER' } })), 'satisfied');
  });

  it('ends with expires_in if that is earlier', () => {
    const verdict = judge(jwt(), { answer: { expiresIn: 60 } });
    assert.equal(verdict.kind === 'satisfied' && verdict.expiresAt, now + 60);
  });
});

describe('format', () => {
  it('no audience asked: opaque', () => {
    assert.equal(codeOf(judge(opaque, { circumstances: unasked })), 'opaque_access_token');
  });

  it("Auth0's token for /userinfo is opaque even where it looks encrypted", () => {
    assert.equal(codeOf(judge(jwe('dir'))), 'opaque_access_token');
  });

  it("Auth0's token for /userinfo does not pass where an API decrypts its own", () => {
    assert.equal(
      codeOf(judge(jwe('dir'), { expected: expectOf({ expect: { format: 'encrypted' } }) })),
      'opaque_access_token',
    );
  });

  it('encrypted for the API, not expected', () => {
    assert.equal(codeOf(judge(jwe('RSA-OAEP-256'))), 'encrypted_access_token');
  });

  it('encrypted, where an opaque one is expected', () => {
    const expected = expectOf({ expect: { format: 'opaque' } });
    assert.equal(codeOf(judge(jwe('RSA-OAEP-256'), { expected })), 'encrypted_access_token');
  });

  for (const [format, token] of [
    ['opaque', opaque],
    ['encrypted', jwe('RSA-OAEP-256')],
  ] as const) {
    it(`${format}, as expected: handed on unverified`, () => {
      const verdict = judge(token, { expected: expectOf({ expect: { format } }) });
      assert.deepEqual(
        { kind: verdict.kind, verified: verdict.kind === 'satisfied' && verdict.verified },
        { kind: 'satisfied', verified: false },
      );
    });

    it(`a JWT for another audience where ${format} is expected`, () => {
      const expected = expectOf({ expect: { format } });
      assert.equal(codeOf(judge(jwt({ ...goodClaims, aud: 'https://other' }), { expected })), 'audience_substituted');
    });
  }

  it('no access token at all', () => assert.equal(codeOf(judge(undefined)), 'access_token_missing'));
  it('an empty one', () => assert.equal(codeOf(judge('')), 'access_token_missing'));

  it('one that would end the header and begin another', () => {
    const expected = expectOf({ expect: { format: 'opaque' } });
    assert.equal(codeOf(judge('abc\r\nX-Admin: 1', { expected })), 'access_token_malformed');
  });

  it('one too long for a header', () => {
    const token = jwt({ ...goodClaims, groups: 'x'.repeat(16_384) });
    assert.equal(codeOf(judge(token)), 'access_token_malformed');
  });

  it('a DPoP token that was never asked for', () => {
    assert.equal(codeOf(judge(jwt(), { answer: { tokenType: 'DPoP' } })), 'token_type_mismatch');
  });

  it('a token of no stated type', () => {
    assert.equal(codeOf(judge(jwt(), { answer: { tokenType: undefined } })), 'token_type_mismatch');
  });
});

describe('an ID token in place of an access token', () => {
  const everything = expectOf({ expect: { format: 'opaque', aud: [orders] } });

  it("equal to the answer's", () => {
    assert.equal(codeOf(judge(jwt(), { answer: { idToken: jwt() } })), 'id_token_as_access_token');
  });

  it("equal to the session's", () => {
    assert.equal(codeOf(judge(jwt(), { circumstances: { ...asked, idToken: jwt() } })), 'id_token_as_access_token');
  });

  it('equal to it and not to be read', () => {
    assert.equal(
      codeOf(judge(opaque, { expected: everything, answer: { idToken: opaque } })),
      'id_token_as_access_token',
    );
  });

  for (const mark of ['nonce', 'at_hash', 'c_hash']) {
    it(`carrying ${mark}, though its audience is right`, () => {
      assert.equal(codeOf(judge(jwt({ ...goodClaims, [mark]: 'x' }))), 'id_token_as_access_token');
    });
  }
});

describe('audience', () => {
  it('another than the one named is a substitution', () => {
    assert.equal(codeOf(judge(jwt({ ...goodClaims, aud: 'https://first-api' }))), 'audience_substituted');
  });

  it('another with nothing named is a mismatch', () => {
    const verdict = judge(jwt({ ...goodClaims, aud: 'https://default-api' }), { circumstances: unasked });
    assert.equal(codeOf(verdict), 'audience_mismatch');
  });

  it('an array of others', () => {
    assert.equal(codeOf(judge(jwt({ ...goodClaims, aud: ['https://a', 'https://b'] }))), 'audience_substituted');
  });

  for (const [what, aud] of [
    ['none', undefined],
    ['an empty array', []],
    ['a number', 7],
    ['null', null],
    ['an array with something else in it', [orders, 7]],
    ['an object', { 0: orders }],
  ] as const) {
    it(`${what} is a mismatch`, () => assert.equal(codeOf(judge(jwt({ ...goodClaims, aud }))), 'audience_mismatch'));
  }

  for (const aud of [`${orders}/`, orders.toUpperCase(), `${orders}.evil.com`, ` ${orders}`, orders.slice(0, -1)]) {
    it(`"${aud}" is another`, () => {
      assert.equal(codeOf(judge(jwt({ ...goodClaims, aud }))), 'audience_substituted');
    });
  }

  it('/userinfo only, as the provider publishes it', () => {
    const userinfoEndpoint = 'https://login.example.com/me';
    const verdict = judge(jwt({ ...goodClaims, aud: userinfoEndpoint }), {
      circumstances: { ...unasked, userinfoEndpoint },
    });
    assert.equal(codeOf(verdict), 'audience_mismatch');
    assert.match(causeOf(verdict), /userinfo endpoint only/);
  });

  it('the ID token audience, our own client id, is no API', () => {
    assert.equal(codeOf(judge(jwt({ ...goodClaims, aud: 'broker' }))), 'audience_substituted');
  });

  it('one of several that `expect.aud` names is enough', () => {
    const expected = expectOf({ expect: { aud: ['https://v1', 'https://v2'] } });
    assert.equal(codeOf(judge(jwt({ ...goodClaims, aud: 'https://v2' }), { expected })), 'satisfied');
  });

  it('`expect.aud` takes the place of the audience', () => {
    const expected = expectOf({ expect: { aud: ['https://v1'] } });
    assert.equal(codeOf(judge(jwt(), { expected })), 'audience_substituted');
  });
});

describe('further audiences', () => {
  const only = expectOf({ expect: { onlyAudience: true } });

  it('are accepted by default', () => {
    assert.equal(codeOf(judge(jwt({ ...goodClaims, aud: [orders, 'https://profile'] }))), 'satisfied');
  });

  it('are refused by onlyAudience', () => {
    const verdict = judge(jwt({ ...goodClaims, aud: [orders, 'https://profile'] }), { expected: only });
    assert.equal(codeOf(verdict), 'audience_not_exclusive');
  });

  it('are refused by onlyAudience in any order', () => {
    const verdict = judge(jwt({ ...goodClaims, aud: ['https://profile', orders] }), { expected: only });
    assert.equal(codeOf(verdict), 'audience_not_exclusive');
  });

  it('of which /userinfo is none', () => {
    const verdict = judge(jwt({ ...goodClaims, aud: [orders, `${issuer}userinfo`] }), { expected: only });
    assert.equal(codeOf(verdict), 'satisfied');
  });

  it("of which somebody else's /userinfo is one", () => {
    const verdict = judge(jwt({ ...goodClaims, aud: [orders, 'https://evil.com/userinfo'] }), { expected: only });
    assert.equal(codeOf(verdict), 'audience_not_exclusive');
  });
});
