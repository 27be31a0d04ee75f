/** For each provider: the exact requests for one and for several APIs, and what is expected of the token that comes back. */
import type { Asked, Spelled } from '../../../functions/audience/dialects.ts';
import type { Provider } from '../../../functions/configuration/schema.ts';
import type { Leg } from '../../../functions/presets/preset.ts';

export type Request = Pick<Spelled, 'scope' | 'parameters' | 'namesAudience'>;

export interface Row {
  readonly provider: Pick<Provider, 'preset' | 'audience' | 'second'>;
  readonly orders: Asked;
  readonly profile: Asked;
  /** A login for orders, with no other API configured. */
  readonly alone: Readonly<Record<Leg, Request>>;
  /** The same with profile as the second API. */
  readonly both: Readonly<Record<Leg, Request>>;
  /** The refresh for profile. */
  readonly second: Request;
  readonly expected: object;
}

export const openidScopes = ['openid', 'email', 'offline_access'];
export const nothing = { scope: undefined, parameters: [], namesAudience: false } as const;
const guid = '11111111-2222-3333-4444-555555555555';

const usual = { format: 'jwt', onlyAudience: false, issuers: undefined, claims: {}, scopes: [] };

export const rows: Readonly<Record<string, Row>> = {
  auth0: {
    provider: { preset: 'auth0' },
    orders: { audience: 'https://orders', scopes: ['read:orders'] },
    profile: { audience: 'https://profile', scopes: ['read:profile'] },
    alone: {
      authorize: {
        scope: 'openid email offline_access read:orders',
        parameters: [['audience', 'https://orders']],
        namesAudience: true,
      },
      code: { scope: undefined, parameters: [], namesAudience: true },
      refresh: { scope: undefined, parameters: [['audience', 'https://orders']], namesAudience: true },
    },
    both: {
      authorize: {
        scope: 'openid email offline_access read:orders read:profile',
        parameters: [['audience', 'https://orders']],
        namesAudience: true,
      },
      code: { scope: undefined, parameters: [], namesAudience: true },
      refresh: {
        scope: 'openid email offline_access read:orders',
        parameters: [['audience', 'https://orders']],
        namesAudience: true,
      },
    },
    second: {
      scope: 'openid email offline_access read:profile',
      parameters: [['audience', 'https://profile']],
      namesAudience: true,
    },
    expected: { ...usual, audiences: ['https://orders'], typ: ['JWT', 'at+jwt'] },
  },

  'auth0, tenant with a default audience': {
    provider: { preset: 'auth0', audience: { dialect: 'registration' } },
    orders: { audience: 'https://orders', scopes: ['read:orders'] },
    profile: { audience: 'https://profile', scopes: ['read:profile'] },
    alone: {
      authorize: { ...nothing, scope: 'openid email offline_access read:orders' },
      code: nothing,
      refresh: nothing,
    },
    both: {
      authorize: { ...nothing, scope: 'openid email offline_access read:orders read:profile' },
      code: nothing,
      refresh: nothing,
    },
    second: nothing,
    expected: { ...usual, audiences: ['https://orders'], typ: ['JWT', 'at+jwt'] },
  },

  entra: {
    provider: { preset: 'entra' },
    orders: { audience: `api://${guid}`, scopes: ['orders.read', 'orders.write'] },
    profile: { audience: 'https://contoso.com/profile', scopes: ['profile.read'] },
    alone: {
      authorize: {
        scope: `openid email offline_access api://${guid}/orders.read api://${guid}/orders.write`,
        parameters: [],
        namesAudience: true,
      },
      code: {
        scope: `openid email offline_access api://${guid}/orders.read api://${guid}/orders.write`,
        parameters: [],
        namesAudience: true,
      },
      refresh: {
        scope: `openid email offline_access api://${guid}/orders.read api://${guid}/orders.write`,
        parameters: [],
        namesAudience: true,
      },
    },
    both: {
      authorize: {
        scope: `openid email offline_access api://${guid}/orders.read api://${guid}/orders.write https://contoso.com/profile/profile.read`,
        parameters: [],
        namesAudience: true,
      },
      code: {
        scope: `openid email offline_access api://${guid}/orders.read api://${guid}/orders.write`,
        parameters: [],
        namesAudience: true,
      },
      refresh: {
        scope: `openid email offline_access api://${guid}/orders.read api://${guid}/orders.write`,
        parameters: [],
        namesAudience: true,
      },
    },
    second: {
      scope: 'openid email offline_access https://contoso.com/profile/profile.read',
      parameters: [],
      namesAudience: true,
    },
    expected: { ...usual, audiences: [`api://${guid}`, guid], typ: ['JWT', 'at+jwt'] },
  },

  'entra, first API by .default': {
    provider: { preset: 'entra' },
    orders: { audience: 'api://orders', scopes: [] },
    profile: { audience: 'api://profile', scopes: ['profile.read'] },
    alone: {
      authorize: {
        scope: 'openid email offline_access api://orders/.default',
        parameters: [],
        namesAudience: true,
      },
      code: { scope: 'openid email offline_access api://orders/.default', parameters: [], namesAudience: true },
      refresh: { scope: 'openid email offline_access api://orders/.default', parameters: [], namesAudience: true },
    },
    both: {
      authorize: {
        scope: 'openid email offline_access api://orders/.default',
        parameters: [],
        namesAudience: true,
      },
      code: { scope: 'openid email offline_access api://orders/.default', parameters: [], namesAudience: true },
      refresh: { scope: 'openid email offline_access api://orders/.default', parameters: [], namesAudience: true },
    },
    second: { scope: 'openid email offline_access api://profile/profile.read', parameters: [], namesAudience: true },
    expected: { ...usual, audiences: ['api://orders'], typ: ['JWT', 'at+jwt'] },
  },

  'entra, second API by .default': {
    provider: { preset: 'entra' },
    orders: { audience: 'api://orders', scopes: ['orders.read'] },
    profile: { audience: 'api://profile', scopes: [] },
    alone: {
      authorize: { scope: 'openid email offline_access api://orders/orders.read', parameters: [], namesAudience: true },
      code: { scope: 'openid email offline_access api://orders/orders.read', parameters: [], namesAudience: true },
      refresh: { scope: 'openid email offline_access api://orders/orders.read', parameters: [], namesAudience: true },
    },
    both: {
      authorize: { scope: 'openid email offline_access api://orders/orders.read', parameters: [], namesAudience: true },
      code: { scope: 'openid email offline_access api://orders/orders.read', parameters: [], namesAudience: true },
      refresh: { scope: 'openid email offline_access api://orders/orders.read', parameters: [], namesAudience: true },
    },
    second: { scope: 'openid email offline_access api://profile/.default', parameters: [], namesAudience: true },
    expected: { ...usual, audiences: ['api://orders'], typ: ['JWT', 'at+jwt'] },
  },

  okta: {
    provider: { preset: 'okta' },
    orders: { audience: 'api://default', scopes: ['orders'] },
    profile: { audience: 'api://default', scopes: ['profile.read'] },
    alone: {
      authorize: { ...nothing, scope: 'openid email offline_access orders' },
      code: nothing,
      refresh: nothing,
    },
    both: {
      authorize: { ...nothing, scope: 'openid email offline_access orders profile.read' },
      code: nothing,
      refresh: nothing,
    },
    second: nothing,
    expected: { ...usual, audiences: ['api://default'], typ: ['JWT', 'at+jwt', null] },
  },

  'cognito, with resource binding': {
    provider: { preset: 'cognito' },
    orders: { audience: 'https://orders', scopes: ['orders/read'] },
    profile: { audience: 'https://orders', scopes: ['profile/read'] },
    alone: {
      authorize: {
        scope: 'openid email orders/read',
        parameters: [['resource', 'https://orders']],
        namesAudience: true,
      },
      code: { scope: undefined, parameters: [], namesAudience: true },
      refresh: nothing,
    },
    both: {
      authorize: {
        scope: 'openid email orders/read profile/read',
        parameters: [['resource', 'https://orders']],
        namesAudience: true,
      },
      code: { scope: undefined, parameters: [], namesAudience: true },
      refresh: nothing,
    },
    second: nothing,
    expected: {
      ...usual,
      audiences: ['https://orders'],
      typ: ['JWT', 'at+jwt', null],
      claims: { token_use: 'access' },
    },
  },

  'cognito, without resource binding': {
    provider: { preset: 'cognito', audience: { dialect: 'registration' } },
    orders: { audience: 'orders', scopes: ['orders/read'] },
    profile: { audience: 'profile', scopes: ['profile/read'] },
    alone: { authorize: { ...nothing, scope: 'openid email orders/read' }, code: nothing, refresh: nothing },
    both: {
      authorize: { ...nothing, scope: 'openid email orders/read profile/read' },
      code: nothing,
      refresh: nothing,
    },
    second: nothing,
    expected: {
      ...usual,
      audiences: [],
      typ: ['JWT', 'at+jwt', null],
      claims: { client_id: 'broker', token_use: 'access' },
      scopes: ['orders/read'],
    },
  },

  keycloak: {
    provider: { preset: 'keycloak' },
    orders: { audience: 'orders', scopes: ['orders-api'] },
    profile: { audience: 'profile', scopes: ['profile-api'] },
    alone: {
      authorize: { ...nothing, scope: 'openid email offline_access orders-api' },
      code: nothing,
      refresh: { ...nothing, scope: 'openid email offline_access orders-api' },
    },
    both: {
      authorize: { ...nothing, scope: 'openid email offline_access orders-api profile-api' },
      code: nothing,
      refresh: { ...nothing, scope: 'openid email offline_access orders-api' },
    },
    second: { ...nothing, scope: 'openid email offline_access profile-api' },
    expected: { ...usual, audiences: ['orders'], typ: ['JWT', 'at+jwt'] },
  },

  duende: {
    provider: { preset: 'duende' },
    orders: { audience: 'urn:orders', scopes: ['orders'] },
    profile: { audience: 'urn:profile', scopes: ['profiles'] },
    alone: {
      authorize: {
        scope: 'openid email offline_access orders',
        parameters: [['resource', 'urn:orders']],
        namesAudience: true,
      },
      code: { scope: undefined, parameters: [['resource', 'urn:orders']], namesAudience: true },
      refresh: { scope: undefined, parameters: [['resource', 'urn:orders']], namesAudience: true },
    },
    both: {
      authorize: {
        scope: 'openid email offline_access orders profiles',
        parameters: [
          ['resource', 'urn:orders'],
          ['resource', 'urn:profile'],
        ],
        namesAudience: true,
      },
      code: { scope: undefined, parameters: [['resource', 'urn:orders']], namesAudience: true },
      refresh: {
        scope: 'openid email offline_access orders',
        parameters: [['resource', 'urn:orders']],
        namesAudience: true,
      },
    },
    second: {
      scope: 'openid email offline_access profiles',
      parameters: [['resource', 'urn:profile']],
      namesAudience: true,
    },
    expected: { ...usual, audiences: ['urn:orders'], typ: ['at+jwt'] },
  },

  'oidc by hand, as ZITADEL wants it': {
    provider: {
      preset: 'oidc',
      second: 'merged',
      audience: { dialect: 'scope', template: 'urn:zitadel:iam:org:project:id:{audience}:aud', legs: ['authorize'] },
    },
    orders: { audience: '1234', scopes: ['orders'] },
    profile: { audience: '5678', scopes: [] },
    alone: {
      authorize: {
        scope: 'openid email offline_access urn:zitadel:iam:org:project:id:1234:aud orders',
        parameters: [],
        namesAudience: true,
      },
      code: { scope: undefined, parameters: [], namesAudience: true },
      refresh: nothing,
    },
    both: {
      authorize: {
        scope:
          'openid email offline_access urn:zitadel:iam:org:project:id:1234:aud orders urn:zitadel:iam:org:project:id:5678:aud',
        parameters: [],
        namesAudience: true,
      },
      code: { scope: undefined, parameters: [], namesAudience: true },
      refresh: nothing,
    },
    second: nothing,
    expected: { ...usual, audiences: ['1234'], typ: ['JWT', 'at+jwt', null] },
  },

  'oidc by hand, as Ory Hydra wants it': {
    provider: {
      preset: 'oidc',
      second: 'merged',
      audience: { dialect: 'param', name: 'audience', legs: ['authorize'], several: 'space' },
    },
    orders: { audience: 'https://orders', scopes: ['orders'] },
    profile: { audience: 'https://profile', scopes: [] },
    alone: {
      authorize: {
        scope: 'openid email offline_access orders',
        parameters: [['audience', 'https://orders']],
        namesAudience: true,
      },
      code: { scope: undefined, parameters: [], namesAudience: true },
      refresh: nothing,
    },
    both: {
      authorize: {
        scope: 'openid email offline_access orders',
        parameters: [['audience', 'https://orders https://profile']],
        namesAudience: true,
      },
      code: { scope: undefined, parameters: [], namesAudience: true },
      refresh: nothing,
    },
    second: nothing,
    expected: { ...usual, audiences: ['https://orders'], typ: ['JWT', 'at+jwt', null] },
  },
};
