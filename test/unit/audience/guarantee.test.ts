/** Every way in which a provider can hand out another token than the one that was wanted. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Circumstances } from '../../../functions/audience/checks.ts';
import { hold, refusedByProvider, type TokenAnswer, type Verdict } from '../../../functions/audience/guarantee.ts';
import type { Expected } from '../../../functions/audience/expectation.ts';
import { presetNames } from '../../../functions/presets/preset.ts';
import { presets } from '../../../functions/presets/presets.ts';
import { answerWith, asked, expectOf, goodClaims, issuer, jwe, jwt, now, opaque, orders, unasked } from './tokens.ts';

const judge = (
  accessToken: string | undefined,
  {
    expected = expectOf(),
    circumstances = asked,
    answer = {},
  }: Partial<{
    expected: Expected;
    circumstances: Circumstances;
    answer: TokenAnswer;
  }> = {},
): Verdict => hold(answerWith(accessToken, answer), expected, circumstances);

const codeOf = (verdict: Verdict): string => (verdict.kind === 'satisfied' ? 'satisfied' : verdict.code);

const withScope = (scope: unknown): string => jwt({ ...goodClaims, scope });

const causeOf = (verdict: Verdict): string => (verdict.kind === 'refused' ? verdict.cause : '');

const fixOf = (verdict: Verdict): string => (verdict.kind === 'refused' ? verdict.fix : '');

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

describe('issuer', () => {
  for (const [what, iss] of [
    ['another', 'https://evil.com/'],
    ['without the slash at its end', issuer.slice(0, -1)],
    ['none', undefined],
    ['a list', [issuer]],
  ] as const) {
    it(what, () => assert.equal(codeOf(judge(jwt({ ...goodClaims, iss }))), 'issuer_mismatch'));
  }

  it('one of those in `expect.issuer`', () => {
    const expected = expectOf({ expect: { issuer: ['https://other-domain/'] } });
    assert.equal(codeOf(judge(jwt({ ...goodClaims, iss: 'https://other-domain/' }), { expected })), 'satisfied');
  });

  it('the session issuer, where `expect.issuer` names others', () => {
    const expected = expectOf({ expect: { issuer: ['https://other-domain/'] } });
    assert.equal(codeOf(judge(jwt(), { expected })), 'issuer_mismatch');
  });
});

describe('type', () => {
  for (const [typ, code] of [
    ['at+jwt', 'satisfied'],
    ['application/at+jwt', 'satisfied'],
    ['AT+JWT', 'satisfied'],
    ['jwt', 'satisfied'],
    ['logout+jwt', 'token_type_mismatch'],
    ['dpop+jwt', 'token_type_mismatch'],
    [undefined, 'token_type_mismatch'],
    [7, 'token_type_mismatch'],
  ] as const) {
    it(`${String(typ)}: ${code}`, () => {
      assert.equal(codeOf(judge(jwt(goodClaims, { alg: 'RS256', typ }))), code);
    });
  }

  it('none is fine at Okta, whose tokens have none', () => {
    const expected = expectOf({ scopes: [] }, { preset: 'okta' });
    assert.equal(codeOf(judge(jwt(goodClaims, { alg: 'RS256' }), { expected })), 'satisfied');
  });

  it('`expect.typ` takes the place of the usual', () => {
    const expected = expectOf({ expect: { typ: ['at+jwt'] } });
    assert.equal(codeOf(judge(jwt(), { expected })), 'token_type_mismatch');
  });
});

describe('exact claims', () => {
  for (const [what, claims, value, code] of [
    ['equal', { tier: 'gold' }, 'gold', 'satisfied'],
    ['another value', { tier: 'gold' }, 'silver', 'claim_mismatch'],
    ['missing', { tier: 'gold' }, undefined, 'claim_mismatch'],
    ['in an array', { tier: 'gold' }, ['gold'], 'claim_mismatch'],
    ['true and "true"', { tier: true }, 'true', 'claim_mismatch'],
    ['1 and 1', { tier: 1 }, 1, 'satisfied'],
  ] as const) {
    it(what, () => {
      const expected = expectOf({ expect: { claims } });
      assert.equal(codeOf(judge(jwt({ ...goodClaims, tier: value }), { expected })), code);
    });
  }
});

describe('scopes', () => {
  const expected = expectOf({ expect: { scopes: ['read:orders', 'write:orders'] } });

  it('all granted', () => {
    assert.equal(codeOf(judge(withScope('write:orders openid read:orders'), { expected })), 'satisfied');
  });

  it('all granted, in an array', () => {
    assert.equal(codeOf(judge(withScope(['read:orders', 'write:orders']), { expected })), 'satisfied');
  });

  it('one missing', () => assert.equal(codeOf(judge(withScope('read:orders'), { expected })), 'scope_missing'));

  it('one that only begins like it', () => {
    assert.equal(codeOf(judge(withScope('read:orders write:orders2'), { expected })), 'scope_missing');
  });

  it("the token's own claim counts, not what the answer says", () => {
    const answer = { scope: 'read:orders write:orders' };
    assert.equal(codeOf(judge(withScope('read:orders'), { expected, answer })), 'scope_missing');
  });

  it('the answer counts where the token has no such claim', () => {
    const answer = { scope: 'read:orders write:orders' };
    assert.equal(codeOf(judge(withScope(undefined), { expected, answer })), 'satisfied');
  });

  it('nobody says: refused for a token that could have said', () => {
    assert.equal(codeOf(judge(withScope(undefined), { expected })), 'scope_missing');
  });

  it('nobody says: granted as asked for a token that cannot be read', () => {
    const unread = expectOf({ expect: { format: 'opaque', scopes: ['read:orders'] } });
    const spelled = { ...asked.spelled, scope: 'openid read:orders' };
    const verdict = judge(opaque, { expected: unread, circumstances: { ...asked, spelled } });
    assert.equal(codeOf(verdict), 'satisfied');
  });

  it('a scope the user was not granted does not matter unless `expect.scopes` names it', () => {
    assert.equal(codeOf(judge(withScope('openid'))), 'satisfied');
  });
});

describe('end', () => {
  for (const [what, exp, expiresIn, code] of [
    ['in the past', now - 1, undefined, 'access_token_expired'],
    ['now', now, undefined, 'access_token_expired'],
    ['in a second', now + 1, undefined, 'satisfied'],
    ['unknown', undefined, 3600, 'access_token_expired'],
    ['a string', String(now + 60), 3600, 'access_token_expired'],
    ['in the future, with expires_in 0', now + 60, 0, 'access_token_expired'],
    ['in the future, with a negative expires_in', now + 60, -5, 'access_token_expired'],
  ] as const) {
    it(`${what}: ${code}`, () => {
      assert.equal(codeOf(judge(jwt({ ...goodClaims, exp }), { answer: { expiresIn } })), code);
    });
  }
});

describe('Cognito', () => {
  const pool = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc';
  const claims = {
    iss: pool,
    client_id: 'broker',
    token_use: 'access',
    scope: 'openid orders/read',
    exp: now + 3600,
  };
  const circumstances = { ...unasked, issuer: pool };
  const unbound = expectOf({ scopes: ['orders/read'] }, { preset: 'cognito', audience: { dialect: 'registration' } });
  const cognitoJwt = (change: object) => jwt({ ...claims, ...change }, { alg: 'RS256', kid: '1' });

  for (const [what, change, code] of [
    ['a token without aud, of our client and with the scope', {}, 'satisfied'],
    ['of another client', { client_id: 'stranger' }, 'claim_mismatch'],
    ['an ID token', { token_use: 'id' }, 'claim_mismatch'],
    ["without this API's scope", { scope: 'openid profile/read' }, 'scope_missing'],
  ] as const) {
    it(`unbound, ${what}: ${code}`, () => {
      assert.equal(codeOf(judge(cognitoJwt(change), { expected: unbound, circumstances })), code);
    });
  }

  it('unbound and told apart by nothing: refused', () => {
    const expected = expectOf({ scopes: [] }, { preset: 'cognito', audience: { dialect: 'registration' } });
    assert.equal(codeOf(judge(cognitoJwt({}), { expected, circumstances })), 'audience_mismatch');
  });

  it('asked to bind a resource that it did not bind', () => {
    const expected = expectOf({ scopes: ['orders/read'] }, { preset: 'cognito' });
    const verdict = judge(cognitoJwt({}), { expected, circumstances: { ...asked, issuer: pool } });
    assert.equal(codeOf(verdict), 'audience_mismatch');
    assert.match(fixOf(verdict), /Resource binding needs/);
  });

  it('bound', () => {
    const expected = expectOf({ scopes: ['orders/read'] }, { preset: 'cognito' });
    const verdict = judge(cognitoJwt({ aud: orders }), { expected, circumstances: { ...asked, issuer: pool } });
    assert.equal(codeOf(verdict), 'satisfied');
  });
});

describe('a provider whose tokens name our client as the audience', () => {
  const expected = expectOf({ expect: { aud: ['broker'] } }, { preset: 'oidc', audience: { dialect: 'registration' } });
  const claims = { ...goodClaims, aud: 'broker' };

  it('passes where `expect.aud` says so', () => {
    assert.equal(codeOf(judge(jwt(claims), { expected, circumstances: unasked })), 'satisfied');
  });

  it('does not pass off an ID token, which has the same audience', () => {
    const verdict = judge(jwt({ ...claims, nonce: 'n' }), { expected, circumstances: unasked });
    assert.equal(codeOf(verdict), 'id_token_as_access_token');
  });
});

describe('Entra', () => {
  const guid = 'aaaaaaaa-2222-3333-4444-555555555555';
  const tenant = '99999999-8888-7777-6666-555555555555';
  const session = `https://login.microsoftonline.com/${tenant}/v2.0`;
  const circumstances = { ...asked, issuer: session };
  const claims = { iss: session, aud: guid, scp: 'orders.read', exp: now + 3600 };
  const judgeEntra = (audience: string, change: object) =>
    judge(jwt({ ...claims, ...change }), {
      expected: expectOf(
        { audience, scopes: ['orders.read'], expect: { scopes: ['orders.read'] } },
        { preset: 'entra' },
      ),
      circumstances,
    });

  for (const [what, audience, change, code] of [
    ['the client id for its App ID URI', `api://${guid}`, {}, 'satisfied'],
    ['the client id for an App ID URI with the tenant', `api://${tenant}/${guid}`, {}, 'satisfied'],
    ['the client id for a URI with it in upper case', `api://${guid.toUpperCase()}`, {}, 'satisfied'],
    [
      'the tenant for an App ID URI with the tenant',
      `api://${tenant}/${guid}`,
      { aud: tenant },
      'audience_substituted',
    ],
    ['the App ID URI itself', `api://${guid}`, { aud: `api://${guid}` }, 'satisfied'],
    ['the App ID URI for a client id', guid, { aud: `api://${guid}` }, 'satisfied'],
    ['a client id for another URI', 'api://orders', {}, 'audience_substituted'],
    ['Microsoft Graph', `api://${guid}`, { aud: '00000003-0000-0000-c000-000000000000' }, 'audience_substituted'],
    ['a v1 token of the same tenant', `api://${guid}`, { iss: `https://sts.windows.net/${tenant}/` }, 'satisfied'],
    ['a v1 token of another tenant', `api://${guid}`, { iss: `https://sts.windows.net/${guid}/` }, 'issuer_mismatch'],
    ['without the scope', `api://${guid}`, { scp: 'other' }, 'scope_missing'],
  ] as const) {
    it(`${what}: ${code}`, () => assert.equal(codeOf(judgeEntra(audience, change)), code));
  }
});

it("Google's tokens reach no API unless it says that it takes them unread", () => {
  const google = { preset: 'google' } as const;
  assert.equal(codeOf(judge('ya29.abc', { expected: expectOf({}, google) })), 'opaque_access_token');
});

describe('what is said about a refusal', () => {
  const secretClaims = {
    ...goodClaims,
    aud: 'https://secret-audience',
    sub: 'secret-subject',
    iss: 'https://secret-issuer',
  };
  const refusals = [
    judge(jwt(secretClaims)),
    judge(jwt({ ...secretClaims, aud: orders })),
    judge(jwt({ ...goodClaims, nonce: 'secret-nonce' })),
    judge(jwt(goodClaims, { alg: 'RS256', typ: 'secret-typ' })),
    judge(jwt({ ...goodClaims, tier: 'secret-tier' }), {
      expected: expectOf({ expect: { claims: { tier: 'gold' } } }),
    }),
    judge(jwt({ ...goodClaims, scope: 'secret-scope' }), { expected: expectOf({ expect: { scopes: ['read'] } }) }),
    judge('secret-opaque'),
    judge(jwe('RSA-OAEP-256')),
    judge('secret\n'),
  ];

  it('holds no value of the token, for it enters logs and answers', () => {
    for (const verdict of refusals) {
      assert.equal(verdict.kind, 'refused');
      assert.doesNotMatch(causeOf(verdict) + fixOf(verdict), /secret/);
    }
  });

  it('shows them to the development report', () => {
    assert.deepEqual(judge(jwt(secretClaims)).observed.aud, ['https://secret-audience']);
  });

  it('never shows the token itself', () => {
    for (const verdict of refusals)
      assert.doesNotMatch(JSON.stringify(verdict), /secret-opaque|secret-subject|secret-nonce/);
  });

  it("is the provider's own advice where there is one", () => {
    assert.match(fixOf(judge(jwt({ ...goodClaims, aud: 'https://first' }))), /multi-resource refresh token/);
  });

  for (const name of presetNames) {
    it(`names a fix at ${name} when the provider itself refuses`, () => {
      const expected = { ...expectOf(), preset: presets[name] };
      const verdict = refusedByProvider(expected);
      assert.deepEqual([verdict.kind, verdict.code], ['refused', 'audience_refused']);
      assert.match(verdict.fix, /^[A-Z].*\.$/);
    });
  }
});
