/** The stage that the model check runs: two APIs at one provider which names the audience in a refresh (preset `auth0`). */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { resolveConfiguration } from '../../functions/configuration/resolve.ts';
import type { Configuration, Paths } from '../../functions/configuration/schema.ts';
import { parseKeyRing, type KeyRing } from '../../functions/session/keyring.ts';
import type { RandomBytes } from '../../functions/session/sealing.ts';

export const startMs = Date.UTC(2026, 10, 22, 12);
export const issuer = 'https://tenant.example.com/';
export const paths: Paths = { base: '/bff', callback: '/bff/callback', apiPrefixes: ['/api'] };

/** By API name; the first is the one asked for at login. */
export const audiences = { orders: 'https://orders', profile: 'https://profile' } as const;
export type ApiName = keyof typeof audiences;
export const apiNames = ['orders', 'profile'] as const satisfies readonly ApiName[];

const stage = {
  publicOrigin: 'https://app.example.com',
  provider: {
    preset: 'auth0',
    issuer,
    clientId: 'client-1',
    clientAuth: { method: 'client_secret_post', secret: { $parameter: 'client-secret' } },
  },
  scopes: ['openid', 'offline_access'],
  login: { api: 'orders' },
  apis: {
    orders: { path: '/api/orders', upstream: 'https://orders.example.com', audience: audiences.orders },
    profile: { path: '/api/profile', upstream: 'https://profile.example.com', audience: audiences.profile },
  },
  session: { claims: ['sub'] },
};

const key = createHash('sha256').update('the key of the model').digest('base64url');
const keys = JSON.stringify({ keys: [{ kid: '20261101', key, createdAt: startMs / 1000 - 86_400 }] });

async function configure(revocation: 'refresh' | 'immediate'): Promise<Configuration> {
  const configuration = { ...stage, session: { ...stage.session, revocation } };
  const parameters = new Map([
    ['client-secret', 'a-secret-of-the-model'],
    ['cookie-keys', keys],
  ]);
  const resolved = await resolveConfiguration({ stage: 'dev', paths, configuration }, parameters, '/model');
  if (resolved.kind === 'invalid') assert.fail(JSON.stringify(resolved.problems));
  return resolved.configuration;
}

export const configurations = { refresh: await configure('refresh'), immediate: await configure('immediate') };

function makeRing(): KeyRing {
  const parsed = parseKeyRing(keys);
  if (parsed.kind === 'invalid') assert.fail(parsed.reason);
  return parsed.ring;
}

export const ring = makeRing();

/** The same bytes in the same order every time, and never the same twice in one world (xorshift). */
export function createRandom(): RandomBytes {
  let state = 0x9e3779b9;
  return (count) => {
    const bytes = Buffer.alloc(count);
    for (let at = 0; at < count; at += 1) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      bytes[at] = state & 0xff;
    }
    return bytes;
  };
}
