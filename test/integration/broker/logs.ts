/** Everything secret that occurs in a run is collected, and the logs of the whole run are searched for it. */
import assert from 'node:assert/strict';
import { problems } from '../../../functions/contract/wire.ts';
import type { Stack } from '../../../infra/local/stack.ts';
import type { Exchange } from './own-answers.ts';

const secretParameters = [
  'code',
  'code_verifier',
  'code_challenge',
  'state',
  'nonce',
  'refresh_token',
  'token',
  'id_token_hint',
  'logout_hint',
  'client_secret',
  'sid',
];

/** What the provider says about a person. */
const claimValues = ['auth0|alice', 'Alice Archer', 'alice@example.com', 'auth0|bob', 'Bob Baker', 'bob@example.com'];

/** Shorter ones would be found by chance. */
const shortest = 8;

/** Gathers secrets while tests run. */
export interface Secrets {
  add(...values: readonly (string | null | undefined)[]): void;
  /** Takes what an answer of the broker gives away to its browser. */
  note(exchange: Exchange): void;
  /** Takes what provider and APIs were sent. */
  noteRequests(stack: Pick<Stack, 'provider' | 'apis'>): void;
  readonly values: ReadonlySet<string>;
}

export function gatherSecrets(): Secrets {
  const values = new Set(claimValues);
  const add: Secrets['add'] = (...found) => {
    for (const value of found) {
      // The error page is given a `code` as well, the problem's.
      if (value && value.length >= shortest && !Object.hasOwn(problems, value)) values.add(value);
    }
  };
  const addQuery = (query: URLSearchParams): void => add(...secretParameters.map((name) => query.get(name)));
  return {
    values,
    add,
    note({ answer, text }) {
      for (const line of answer.headers.getSetCookie()) add(line.slice(line.indexOf('=') + 1).split(';', 1)[0]);
      const location = answer.headers.get('location');
      if (location !== null && URL.canParse(location)) addQuery(new URL(location).searchParams);
      add(/\?sid=([\w-]+)/.exec(text)?.[1]);
    },
    noteRequests({ provider, apis }) {
      for (const { parameters } of provider?.requests ?? []) {
        for (const name of secretParameters) add(...[parameters[name] ?? []].flat());
      }
      for (const { rawHeaders } of [...(apis?.orders.requests ?? []), ...(apis?.profile.requests ?? [])]) {
        for (const header of rawHeaders) if (/^Bearer /i.test(header)) add(header.slice('Bearer '.length));
      }
    },
  };
}

/** What the runtime itself writes where a streamed answer has to be cut off: the only way is to let the function fail. */
const cutOff = /\tERROR\tInvoke Error\s.*"The answer is not whole\."/s;

/** Every line that our code wrote is one event; nothing is ever written beside them. */
export function assertEvents(lines: Stack['lines']): void {
  for (const { stream, text } of lines) {
    assert.notEqual(stream, 'stderr', `a function wrote to stderr: ${text}`);
    if (stream !== 'stdout' || cutOff.test(text)) continue;
    const event = JSON.parse(text) as Record<string, unknown>;
    assert.match(String(event['time']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.match(String(event['level']), /^(?:info|warn|error)$/);
    assert.match(String(event['event']), /^[a-z]+(?:_[a-z]+)*$/);
    assert.match(String(event['ref']), /^[\w-]{10,}$/);
  }
}

/** @returns the first characters of each secret that a line holds */
export function leaks(lines: Stack['lines'], secrets: ReadonlySet<string>): readonly string[] {
  const text = lines.map((line) => line.text).join('\n');
  return [...secrets].filter((secret) => text.includes(secret)).map((secret) => `${secret.slice(0, 12)}…`);
}
