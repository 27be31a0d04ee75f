/** A valid stage to start from, and the ways in which a test changes it. */
import { validateFile } from '../../../functions/configuration/validate.ts';

export const paths = { base: '/bff', callback: '/bff/callback', apiPrefixes: ['/api'] };

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const valid = {
  publicOrigin: 'https://app.example.com',
  provider: {
    preset: 'auth0',
    issuer: 'https://tenant.example.com/',
    clientId: 'client-1',
    clientAuth: { method: 'client_secret_basic', secret: { $parameter: 'client-secret' } },
  },
  scopes: ['openid', 'offline_access'],
  login: { api: 'orders' },
  apis: {
    orders: { path: '/api/orders', upstream: 'https://orders.example.com', audience: 'https://orders' },
    profile: { path: '/api/profile', upstream: 'https://profile.example.com', audience: 'https://profile' },
  },
};

/** Key paths as messages write them: `apis.orders.methods`; `undefined` takes the key away. */
export type Changes = Readonly<Record<string, Json | undefined>>;

/** The valid stage with some settings changed. */
export function stageWith(changes: Changes): Json {
  const whole: Json = structuredClone(valid);
  for (const [path, value] of Object.entries(changes)) {
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    let inner: { [key: string]: Json } = whole;
    for (const key of keys) {
      inner[key] ??= {};
      inner = inner[key] as { [key: string]: Json };
    }
    if (value === undefined) Reflect.deleteProperty(inner, last);
    else inner[last] = value;
  }
  return whole;
}

/** What is wrong with the changed stage, as `key message`; empty when nothing is. */
export function problemsOf(changes: Changes, stage = 'dev'): string[] {
  const result = validateFile(stageWith(changes), { stage, paths });
  return result.kind === 'valid' ? [] : result.problems.map(({ path, message }) => `${path} ${message}`);
}

/** What its operator is warned of. */
export function warningsOf(changes: Changes): string[] {
  const result = validateFile(stageWith(changes), { stage: 'dev', paths });
  return result.kind === 'valid' ? result.warnings.map(({ path, message }) => `${path} ${message}`) : ['invalid'];
}
