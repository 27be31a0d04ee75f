/** Watches a stack while tests use it: every answer keeps the rules, every log line is one event, nothing secret is logged. */
import assert from 'node:assert/strict';
import { defaultClient } from '../../../infra/local/provider/provider.ts';
import type { Stack } from '../../../infra/local/stack.ts';
import { assertEvents, gatherSecrets, leaks } from './logs.ts';
import type { Secrets } from './logs.ts';
import { assertOwnAnswer } from './own-answers.ts';
import { watchAnswers } from './wire.ts';

export interface Watch {
  /** What must not be logged. */
  readonly secrets: Secrets;
  /** When the stack has ended. @throws AssertionError where a log line is no event or holds a secret */
  end(): void;
}

const keysIn = (cookieKeys: string): readonly string[] =>
  [...cookieKeys.matchAll(/"key":"([\w-]+)"/g)].map(([, key = '']) => key);

/** @param parameters that the stack was given */
export function watch(stack: Stack, parameters: Readonly<Record<string, string>> = {}): Watch {
  const secrets = gatherSecrets();
  secrets.add(defaultClient.secret, parameters['client-secret'], ...keysIn(parameters['cookie-keys'] ?? ''));
  const stop = watchAnswers((exchange) => {
    const { origin, pathname } = exchange.url;
    if (origin !== stack.origin || !/^\/(?:bff|api)(?:\/|$)/.test(pathname)) return;
    secrets.note(exchange);
    assertOwnAnswer(exchange);
  });
  return {
    secrets,
    end() {
      stop();
      secrets.noteRequests(stack);
      assertEvents(stack.lines);
      assert.deepEqual(leaks(stack.lines, secrets.values), [], 'secrets were logged');
    },
  };
}
