/**
 * A broker whose API is a bare socket: a test reads every byte that the API was sent and decides every byte that it
 * answers. Requests are written byte for byte as well.
 */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import type { Events } from '../../../infra/local/gateway/kinds.ts';
import { answerOf, rawServer, type Answer, type RawServer } from '../../unit/outgoing/raw-server.ts';
import type { Browser } from '../broker/browser.ts';
import { loggedIn } from '../broker/person.ts';
import { cookiesFor, header } from '../broker/raw.ts';
import { running, usual, type Running } from '../broker/running.ts';
import { sendRaw, type RawAnswer } from '../local-lambda/raw-http.ts';

export interface Sent {
  readonly method?: string;
  /** Complete lines. The CSRF header and the cookies of whoever is logged in come before them. */
  readonly headers?: readonly string[];
  /** Its length is not declared for it. */
  readonly body?: string | Buffer;
  /** Left out: those of whoever is logged in. */
  readonly cookie?: string;
  /** Past the edge, which takes some headers away before the gateway sees them. */
  readonly pastEdge?: boolean;
}

/** What came of one request. */
export interface Seen {
  readonly answer: RawAnswer;
  /** Every request that the API was sent meanwhile, as latin1. */
  readonly received: readonly string[];
}

/** A request as it arrived, taken apart. */
export interface Arrived {
  readonly line: string;
  /** Lower-case name and value, in the order of arrival. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** As latin1. */
  readonly body: string;
}

export interface Recording {
  readonly broker: Running;
  readonly alice: Browser;
  readonly api: RawServer;
  /** What the API answers from now on. */
  readonly answers: (answer: Answer | string) => void;
  readonly send: (target: string, sent?: Sent) => Promise<Seen>;
  /** Sends and expects that the API was asked once. */
  readonly arrives: (target: string, sent?: Sent) => Promise<Arrived>;
  /** Sends and expects that the API was not asked at all. */
  readonly isStopped: (target: string, sent?: Sent) => Promise<RawAnswer>;
}

export const takeApart = (text: string): Arrived => {
  const end = text.indexOf('\r\n\r\n');
  const [line = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = lines.map((one): [string, string] => {
    const colon = one.indexOf(':');
    return [one.slice(0, colon).toLowerCase(), one.slice(colon + 1).trim()];
  });
  return { line, headers, body: text.slice(end + 4) };
};

/** An answer of the API with these header lines and this body, as latin1. */
export const answered = (lines: readonly string[], body = '{}', status = '200 OK'): string =>
  [`HTTP/1.1 ${status}`, ...lines, `Content-Length: ${body.length}`, '', body].join('\r\n');

/** Every value that arrived under a name. */
export const arrivedUnder = ({ headers }: Arrived, name: string): readonly string[] =>
  headers.filter(([found]) => found === name).map(([, value]) => value);

/** The stable code of the broker's problem; `undefined` where the answer is none. */
export const codeIn = ({ headers }: RawAnswer): string | undefined =>
  headers.find(([name]) => name === 'bff-error')?.[1];

/**
 * Call it in a `describe`.
 *
 * @param events which gateway stands in front; left out: the one the run is for
 * @param api what the configuration of the API has beside path, audience, scopes and upstream
 */
export function recording({ events, api = {} }: { readonly events?: Events; readonly api?: object } = {}): Recording {
  const value: Record<string, unknown> = { ...usual };
  let behaviour: Answer | string = answerOf('ok');
  let server: RawServer | undefined;
  let person: Browser | undefined;

  before(async () => {
    server = await rawServer((socket, request, nth) => {
      if (typeof behaviour === 'string') socket.write(behaviour, 'latin1');
      else behaviour(socket, request, nth);
    });
    value['apis'] = { ...usual.apis, orders: { ...usual.apis.orders, ...api, upstream: `${server.origin}/v1` } };
  });
  const broker = running({ table: false, configuration: { value }, ...(events && { events }) });
  before(async () => {
    person = await loggedIn(broker.origin);
  });
  after(async () => server?.close());

  const upstream = (): RawServer => {
    assert.ok(server, 'the API runs during tests only');
    return server;
  };
  const browser = (): Browser => {
    assert.ok(person, 'nobody has logged in yet');
    return person;
  };

  async function send(target: string, { method = 'GET', headers = [], body, cookie, pastEdge }: Sent = {}) {
    const earlier = upstream().requests.length;
    const cookies = cookie ?? header(cookiesFor(browser(), '/api/orders'));
    const answer = await sendRaw(
      pastEdge === true ? broker.stack.gatewayOrigin : broker.origin,
      `${method} ${target} HTTP/1.1`,
      ['X-Csrf: 1', ...(cookies === '' ? [] : [`Cookie: ${cookies}`]), ...headers],
      body,
    );
    return { answer, received: upstream().requests.slice(earlier) };
  }

  return {
    broker,
    get alice() {
      return browser();
    },
    get api() {
      return upstream();
    },
    answers(answer) {
      behaviour = answer;
    },
    send,
    async arrives(target, sent) {
      const { answer, received } = await send(target, sent);
      assert.equal(received.length, 1, `the API was asked ${received.length} times: ${answer.status} ${answer.body}`);
      return takeApart(received[0] ?? '');
    },
    async isStopped(target, sent) {
      const { answer, received } = await send(target, sent);
      assert.deepEqual(received, []);
      return answer;
    },
  };
}
