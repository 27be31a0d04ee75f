/** The headers that an API receives: nothing that the client sends can pass for what only the broker says. */
import assert from 'node:assert/strict';
import { validateHeaderName, validateHeaderValue } from 'node:http';
import * as fc from 'fast-check';
import { forwardedNames, requestHeaders } from '../../functions/proxy/request-headers.ts';
import { counted, holds } from './effort.ts';
import { gateways, read } from './gateways.ts';
import { anyText, disguised, fieldValue, inAnyCase, namesIn, token } from './hostile.ts';

/** What the broker says itself, what belongs to a connection, and what servers take for either. */
const protectedNames = namesIn(`
  authorization cookie host x-forwarded-for x-forwarded-host x-forwarded-proto forwarded via
  connection keep-alive proxy-authorization te trailer transfer-encoding upgrade x-real-ip
  content-length expect x-csrf x-http-method-override x-original-url x-rewrite-url x-amzn-trace-id
  x-forwarded-prefix x-forwarded-port true-client-ip proxy-connection http2-settings
`);

/** What a client may say, too, as long as it says it well. */
const negotiated = ['accept-encoding', 'traceparent', 'tracestate'];
const ordinary = ['accept', 'user-agent', 'content-type', 'if-match', 'x-request-id'];
const every = [...protectedNames, ...negotiated, ...ordinary];

/** In every value of the client, so that it is found wherever it comes out. */
const mark = 'mallory';
const value = fc.oneof(
  { weight: 12, arbitrary: fieldValue.map((text) => `${mark}${text}`) },
  { weight: 1, arbitrary: anyText.map((text) => `${mark}${text}`) },
);
const nomination = fc.tuple(
  inAnyCase(['connection']),
  fc
    .array(fc.oneof(inAnyCase([...ordinary, 'x-added', 'close']), inAnyCase(every)), { maxLength: 4 })
    .map((names) => names.join(' ,')),
);
const sentHeader = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(disguised(every), value) },
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom(...ordinary, 'x-added'), value) },
  { weight: 1, arbitrary: nomination },
  { weight: 1, arbitrary: fc.tuple(fc.oneof(token, fc.constantFrom('__proto__', 'constructor')), value) },
);

/** As careless servers compare names: CGI and its kind know no case and no difference between dash and underscore. */
const asCarelesslyRead = (name: string): string => name.toLowerCase().replaceAll('_', '-').trim();

const passed = counted('a header of the client that the API receives');

holds(
  'no header of the client imitates one of the broker, whatever its case, underscores or nomination in Connection',
  fc.asyncProperty(
    fc.constantFrom(...Object.values(gateways)),
    fc.array(sentHeader, { maxLength: 8 }),
    fc.uniqueArray(fc.constantFrom(...every, 'x-added'), { maxLength: 4 }),
    fc.option(fc.constant('token-of-the-session'), { nil: undefined }),
    async (toEvent, headers, additions, accessToken) => {
      const reading = await read(
        toEvent({ method: 'POST', path: '/', query: '', headers, cookie: undefined, body: Buffer.alloc(0) }),
      );
      if (reading.kind === 'malformed') return;
      const own = { token: accessToken, publicOrigin: 'https://app.example.com', body: true };
      const received = requestHeaders(reading.request, forwardedNames(additions), own);
      const ownValues: Readonly<Record<string, string | undefined>> = {
        authorization: accessToken && `Bearer ${accessToken}`,
        'x-forwarded-host': 'app.example.com',
        'x-forwarded-proto': 'https',
        'x-forwarded-for': '192.0.2.7',
      };
      const isProtected = new Set(protectedNames);
      for (const [name, text] of Object.entries(received)) {
        validateHeaderName(name);
        validateHeaderValue(name, text);
        assert.match(name, /^[a-z0-9-]+$/);
        if (isProtected.has(asCarelesslyRead(name))) assert.equal(text, ownValues[name], name);
        else if (text.includes(mark)) passed.reached();
      }
      for (const [name, text] of Object.entries(ownValues)) assert.equal(received[name], text, name);
      const nominated = headers
        .filter(([name]) => name.toLowerCase() === 'connection')
        .flatMap(([, names]) => names.split(','));
      for (const name of nominated.map((text) => text.trim().toLowerCase())) {
        assert.ok(received[name]?.includes(mark) !== true, `${name} is of the connection alone`);
      }
      assert.match(received['traceparent'] ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    },
  ),
);

const inserted = fc.constantFrom('', '', '', '', '0', 'F', 'g', '-');
const near = fc
  .tuple(
    fc.constantFrom('00', '00', '00', '01', 'ff', '0'),
    fc.constantFrom('4bf92f3577b34da6a3ce929d0e0e4736', '4bf92f3577b34da6a3ce929d0e0e4736', '0'.repeat(32)),
    fc.constantFrom('00f067aa0ba902b7', '00f067aa0ba902b7', '0'.repeat(16)),
    fc.constantFrom('01', '01', '00', '1', '01-', '01-x', '01-\u00e9'),
    inserted,
  )
  .map(([version, trace, parent, flags, more]) => `${version}-${trace}${more}-${parent}-${flags}`);

const continued = counted('a trace of the client that goes on');

holds(
  'a trace goes on only where it is a valid one, and is started where not',
  fc.property(near, fc.oneof(fieldValue, anyText), (traceparent, tracestate) => {
    const headers = new Map([
      ['traceparent', traceparent],
      ['tracestate', tracestate],
    ]);
    const own = { publicOrigin: 'https://app.example.com', body: false };
    const received = requestHeaders({ headers, sourceIp: '' }, forwardedNames([]), own);
    const [version, trace, parent, flags] = (received['traceparent'] ?? '').split('-');
    assert.match(`${String(version)}${String(flags)}`, /^[0-9a-f]{4}$/);
    assert.match(trace ?? '', /^(?=.*[1-9a-f])[0-9a-f]{32}$/);
    assert.match(parent ?? '', /^(?=.*[1-9a-f])[0-9a-f]{16}$/);
    if (received['traceparent'] === traceparent) continued.reached();
    else assert.equal(received['tracestate'], undefined);
    if (received['tracestate'] !== undefined) validateHeaderValue('tracestate', received['tracestate']);
  }),
);
