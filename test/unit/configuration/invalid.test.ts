import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { validateFile } from '../../../functions/configuration/validate.ts';
import { paths, problemsOf, type Changes } from './stage.ts';

const parameter = (name: string) => ({ $parameter: name });
const api = (path: string) => ({ path, upstream: 'https://x.example.com', audience: 'https://x' });

describe('an invalid configuration', () => {
  const cases: Readonly<Record<string, readonly [Changes, RegExp]>> = {
    'an unknown key': [{ color: 'red' }, /^color is not a setting; allowed here are .*publicOrigin/],
    'an unknown key deep inside': [
      { 'apis.orders.timeouts': { connect: '1s', read: '2s' } },
      /^apis\.orders\.timeouts\.read is not a setting; allowed here are connect, response, silence$/,
    ],
    'a missing key': [{ publicOrigin: undefined }, /^publicOrigin is missing$/],
    'a value of the wrong type': [{ development: 'yes' }, /^development must be true or false$/],
    'a value that is not one of the allowed': [
      { 'provider.preset': 'authelia' },
      /^provider\.preset must be one of "auth0", /,
    ],
    'a form that does not exist': [
      { 'provider.audience': { dialect: 'exchange' } },
      /^provider\.audience\.dialect must be one of "param", "scope", "registration"$/,
    ],
    'a number as duration': [{ 'session.idle': 1800 }, /^session\.idle must be a string$/],
    'a duration without a unit': [{ 'session.idle': '1800' }, /^session\.idle must be a duration such as/],
    'a time-out that outlasts the gateway': [
      { 'apis.orders.timeouts': { response: '28s' } },
      /^apis\.orders\.timeouts\.response must be a duration from "1s" to "27s"$/,
    ],
    'an idle time beyond the absolute one': [
      { session: { idle: '9h', absolute: '8h' } },
      /^session\.idle must not be longer than session\.absolute$/,
    ],
    'a body limit beyond what a function takes': [
      { 'apis.orders.bodyLimitBytes': 5_000_000 },
      /^apis\.orders\.bodyLimitBytes must be at most 4500000$/,
    ],
    'a public origin with a path': [
      { publicOrigin: 'https://app.example.com/' },
      /^publicOrigin must be an origin such as/,
    ],
    'a public origin without TLS': [{ publicOrigin: 'http://localhost:3000' }, /^publicOrigin must use https$/],
    'an app of another site': [
      { appOrigins: ['https://app.example.org'] },
      /^appOrigins\[0\] must be of one site with publicOrigin/,
    ],
    'an app of another company below one country domain': [
      { publicOrigin: 'https://app.one.co.uk', appOrigins: ['https://app.two.co.uk'] },
      /^appOrigins\[0\] must be of one site/,
    ],
    'no app origin': [{ appOrigins: [] }, /^appOrigins must name at least one origin$/],
    'an issuer without TLS': [{ 'provider.issuer': 'http://127.0.0.1:3001/' }, /^provider\.issuer must use https$/],
    'an upstream without TLS': [
      { 'apis.orders.upstream': 'http://10.0.0.1' },
      /^apis\.orders\.upstream must use https$/,
    ],
    'metadata without TLS': [
      { 'provider.metadata': { token_endpoint: 'http://op.example.com/token' } },
      /^provider\.metadata\.token_endpoint must use https$/,
    ],
    'an upstream with credentials': [
      { 'apis.orders.upstream': 'https://user:pass@orders.example.com' },
      /^apis\.orders\.upstream must be an https URL without user information/,
    ],
    'an upstream with a query': [
      { 'apis.orders.upstream': 'https://orders.example.com?v=1' },
      /^apis\.orders\.upstream must be an https URL/,
    ],
    'an Auth0 issuer without its slash': [
      { 'provider.issuer': 'https://tenant.example.com' },
      /^provider\.issuer must end with "\/": the issuer of Auth0 does$/,
    ],
    'a Keycloak issuer with a slash': [
      { 'provider.preset': 'keycloak', 'provider.issuer': 'https://kc.example.com/realms/a/' },
      /^provider\.issuer must not end with "\/"/,
    ],
    'an Entra issuer of many tenants': [
      {
        'provider.preset': 'entra',
        'provider.issuer': 'https://login.microsoftonline.com/common/v2.0',
        'provider.clientAuth.method': 'client_secret_post',
      },
      /^provider\.issuer must name one tenant/,
    ],
    "Okta's organization as issuer": [
      { 'provider.preset': 'okta', 'provider.issuer': 'https://org.okta.com' },
      /^provider\.issuer cannot be used\. It is the organization/,
    ],
    'a client authentication that the provider lacks': [
      { 'provider.preset': 'entra', 'provider.issuer': 'https://login.microsoftonline.com/t1/v2.0' },
      /^provider\.clientAuth\.method must be one of client_secret_post at/,
    ],
    'a provider by hand that does not say how audiences are asked for': [
      { 'provider.preset': 'oidc' },
      /^provider\.audience is missing/,
    ],
    'ID tokens signed with a shared secret': [
      { 'provider.idTokenAlgorithms': ['HS256'] },
      /^provider\.idTokenAlgorithms\[0\] must be one of/,
    ],
    'scopes without openid': [{ scopes: ['profile'] }, /^scopes must contain "openid"$/],
    'two scopes in one': [{ scopes: ['openid', 'a b'] }, /^scopes\[1\] must be one scope/],
    'a secret in the file': [
      { 'provider.clientAuth.secret': 'hunter2' },
      /^provider\.clientAuth\.secret must be a reference to a parameter/,
    ],
    'the secret in the place of something public': [
      { 'provider.clientId': parameter('client-secret') },
      /^provider\.clientId must not be a parameter that holds the client secret or key$/,
    ],
    'the key ring in the place of something else': [
      { 'provider.clientAuth.secret': parameter('cookie-keys') },
      /^provider\.clientAuth\.secret must not be the parameter "cookie-keys"/,
    ],
    'a reference with something beside it': [
      { 'provider.issuer': { $parameter: 'issuer', default: 'x' } },
      /^provider\.issuer must be a reference to a parameter and nothing else/,
    ],
    'a reference to a path': [
      { 'provider.issuer': parameter('../prod/issuer') },
      /^provider\.issuer must be the name of a parameter/,
    ],
    'a fixed login parameter of the protocol': [
      { 'login.parameters': { redirect_uri: 'https://evil.example.com' } },
      /^login\.parameters\.redirect_uri must not be here/,
    ],
    'a passed-on parameter of the protocol': [
      { 'login.allow': ['prompt', 'audience'] },
      /^login\.allow\[1\] must not be here/,
    ],
    'a passed-on parameter that carries the audience': [
      {
        'provider.preset': 'oidc',
        'provider.audience': { dialect: 'param', name: 'aud', legs: ['authorize', 'refresh'] },
        'login.allow': ['aud'],
      },
      /^login\.allow\[0\] must not be here/,
    ],
    'too many passed-on parameters': [
      { 'login.allow': Array.from({ length: 21 }, (_, index) => `p${index}`) },
      /^login\.allow must hold at most 20$/,
    ],
    'an error page elsewhere': [
      { 'login.errorPage': 'https://evil.example.org/' },
      /^login\.errorPage must be a path, or a URL of one of appOrigins$/,
    ],
    'an error page that only looks like a path': [
      { 'login.errorPage': '//evil.example.org' },
      /^login\.errorPage must be a path/,
    ],
    'a login for an API that does not exist': [
      { 'login.api': 'billing' },
      /^login\.api must name an API that has an audience, one of orders, profile$/,
    ],
    'a login that names no API': [{ login: {} }, /^login\.api is missing/],
    'a login for an API where none has an audience': [
      { apis: { c: { path: '/api/c', upstream: 'https://c.example.com', anonymous: ['/*'] } } },
      /^login\.api must be left out/,
    ],
    'an API without an audience': [{ 'apis.profile.audience': undefined }, /^apis\.profile\.audience is missing/],
    'an anonymous API with an audience': [
      { 'apis.profile.anonymous': ['/*'] },
      /^apis\.profile\.audience must be left out/,
    ],
    'an API at Google': [
      { 'provider.preset': 'google', 'provider.issuer': 'https://accounts.google.com', login: {} },
      /^apis\.orders\.audience must be left out, .*Google issues access tokens for its own APIs only$/,
    ],
    'Cognito without binding and without expected scopes': [
      {
        'provider.preset': 'cognito',
        'provider.issuer': 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_abc',
        'provider.audience': { dialect: 'registration' },
      },
      /^apis\.orders\.expect\.scopes is missing: without resource binding the tokens of Amazon Cognito name no audience/,
    ],
    'a second audience where a login is bound to one': [
      {
        'provider.preset': 'cognito',
        'provider.issuer': 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_abc',
      },
      /^apis\.profile\.audience must be that of apis\.orders/,
    ],
    'two APIs at one path': [
      { 'apis.profile.path': '/api/orders' },
      /^apis\.profile\.path must be apart from apis\.orders\.path/,
    ],
    'one API inside another': [
      { 'apis.orders.path': '/api/profile/x' },
      /^apis\.profile\.path must be apart from apis\.orders\.path/,
    ],
    'an API beside the prefixes': [{ 'apis.orders.path': '/orders' }, /^apis\.orders\.path must lie below \/api, /],
    'an API below the base path': [
      { 'apis.orders.path': '/bff/orders' },
      /^apis\.orders\.path must be apart from \/bff, /,
    ],
    'a path with a slash at its end': [
      { 'apis.orders.path': '/api/orders/' },
      /^apis\.orders\.path must be a path such as/,
    ],
    'a path with dot segments': [
      { 'apis.orders.path': '/api/../orders' },
      /^apis\.orders\.path must be a path such as/,
    ],
    'a path with an escape': [{ 'apis.orders.path': '/api/%6frders' }, /^apis\.orders\.path must be a path such as/],
    'a path that would end a cookie attribute': [
      { 'apis.orders.path': '/api/a;b' },
      /^apis\.orders\.path must be a path such as/,
    ],
    'a pattern with a star inside': [
      { 'apis.orders.headerless': ['/a/*/b'] },
      /^apis\.orders\.headerless\[0\] must be a path such as/,
    ],
    'an API with a reserved name': [{ 'apis.idt': api('/api/idt') }, /^apis\.idt must be named in lower-case letters/],
    'an API with capitals in its name': [
      { 'apis.Orders': api('/api/o') },
      /^apis\.Orders must be named in lower-case letters/,
    ],
    'an API named as an object is made': [
      { 'apis.constructor': api('/api/c') },
      /^apis\.constructor is not allowed as a name$/,
    ],
    'a method that reveals credentials': [
      { 'apis.orders.methods': ['TRACE'] },
      /^apis\.orders\.methods\[0\] must be one of "GET"/,
    ],
    'no method': [{ 'apis.orders.methods': [] }, /^apis\.orders\.methods must name at least one method$/],
    'a request header that carries credentials': [
      { 'apis.orders.requestHeaders': ['cookie'] },
      /^apis\.orders\.requestHeaders\[0\] must not be here/,
    ],
    'an expected claim without a plain value': [
      { 'apis.orders.expect': { claims: { a: null } } },
      /^apis\.orders\.expect\.claims\.a must be one of string, number, boolean$/,
    ],
    'an expected audience list without members': [
      { 'apis.orders.expect': { aud: [] } },
      /^apis\.orders\.expect\.aud must name at least one$/,
    ],
    'more parameters than one call reads': [
      { scopes: ['openid', ...Array.from({ length: 9 }, (_, index) => parameter(`p${index}`))] },
      / must name at most 9 parameters: with "cookie-keys" 10 are read in one call$/,
    ],
  };
  for (const [name, [changes, expected]] of Object.entries(cases)) {
    it(name, () => {
      const problems = problemsOf(changes);
      assert.ok(
        problems.some((problem) => expected.test(problem)),
        `found ${JSON.stringify(problems)}`,
      );
    });
  }

  it('is told with every offending key at once', () => {
    const problems = problemsOf({ color: 1, shape: 2, 'session.idle': 'x', 'apis.orders.upstream': 'y' });
    assert.deepEqual(
      problems.map((problem) => problem.replace(/ .*/, '')).toSorted((a, b) => a.localeCompare(b)),
      ['apis.orders.upstream', 'color', 'session.idle', 'shape'],
    );
  });

  for (const raw of [null, [], 'text', 7, undefined]) {
    it(`${JSON.stringify(raw)} is not a configuration`, () => {
      assert.equal(validateFile(raw, { stage: 'dev', paths }).kind, 'invalid');
    });
  }

  it('on one machine still refuses plain http to other machines', () => {
    assert.deepEqual(problemsOf({ 'apis.orders.upstream': 'http://orders.example.com' }, 'local'), [
      'apis.orders.upstream must use https, or http on localhost, 127.0.0.1 or [::1]',
    ]);
  });
});
