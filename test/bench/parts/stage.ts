/**
 * What the rows measure: the packaged functions with parameters, table, provider and API on this machine, and the
 * functions that they are compared with, built by the same bundler.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buildFunctions } from '../../../infra/build.ts';
import { startSsm } from '../../../infra/local/aws/ssm.ts';
import type { Ssm } from '../../../infra/local/aws/ssm.ts';
import { startTable } from '../../../infra/local/aws/table.ts';
import type { Table } from '../../../infra/local/aws/table.ts';
import { openPackage, placeConfiguration } from '../../../infra/local/code.ts';
import type { PlacedFunction } from '../../../infra/local/code.ts';
import type { DeployedFunction } from '../../../infra/local/lambda/function.ts';
import { knownParameters, storeParameters } from '../../../infra/local/parameters.ts';
import { packageFolder } from '../../integration/broker/package.ts';
import { startProvider } from './provider.ts';
import type { Provider } from './provider.ts';
import { certificate, startTlsFront, startUpstream } from './upstream.ts';
import type { Upstream } from './upstream.ts';

export type Product = 'api' | 'auth' | 'stream';
/** What the product is compared with. */
export type Baseline = 'empty' | 'null' | 'pass-through' | 'exchange' | 'stream-through';

export interface Variant {
  /** Left out: without. */
  readonly table?: boolean;
  /** Parameters and API are reached over TLS. */
  readonly tls?: boolean;
  /** The function can be asked what it has used. */
  readonly measured?: boolean;
  /** Without credentials, no parameter can be asked for. */
  readonly parameters?: boolean;
  readonly preload?: readonly URL[];
}

export interface Stage {
  readonly provider: Provider;
  readonly upstream: Upstream;
  readonly ssm: Ssm;
  readonly table: Table;
  readonly product: (name: Product, variant?: Variant) => DeployedFunction;
  readonly baseline: (name: Baseline, variant?: Pick<Variant, 'tls' | 'measured'>) => DeployedFunction;
}

const account = { region: 'us-east-1', accountId: '000000000000', stackName: 'token-broker-local' };
const clientSecret = 'client-secret-of-the-bench';
const publicOrigin = 'http://localhost:3000';

const configurationOf = (issuer: string, upstream: string): object => ({
  publicOrigin,
  provider: {
    preset: 'auth0',
    issuer,
    clientId: 'token-broker',
    clientAuth: { method: 'client_secret_basic', secret: { $parameter: 'client-secret' } },
  },
  scopes: ['openid', 'profile', 'email', 'offline_access'],
  login: { api: 'orders' },
  apis: {
    orders: {
      path: '/api/orders',
      upstream: `${upstream}/v1`,
      audience: 'https://orders.example.com',
      scopes: ['read:orders'],
      stream: ['/large'],
    },
  },
});

const baselines: readonly Baseline[] = ['empty', 'null', 'pass-through', 'exchange', 'stream-through'];
const sources = join(import.meta.dirname, '../functions');

/** Beside a bundle, the same function wrapped; the wrapper is a bundle as well. */
async function wrap(folder: string, wrapper: string): Promise<void> {
  const text = `import { handler as inner } from './index.mjs';
import { measured } from ${JSON.stringify(wrapper)};
export const handler = measured(inner);
`;
  await writeFile(join(folder, 'measured.mjs'), text);
}

async function buildBaselines(outDir: string): Promise<string> {
  const entries = Object.fromEntries(
    [...baselines, 'measured'].map((name) => [name, join(sources, `${name}.ts`)] as const),
  );
  await buildFunctions({ outDir, entries });
  const wrapper = join(outDir, 'measured/index.mjs');
  await Promise.all(baselines.map((name) => wrap(join(outDir, name), wrapper)));
  return wrapper;
}

/** The packaged functions with a configuration of the bench. */
async function placeProducts(work: string, configuration: object, wrapper: string): Promise<readonly PlacedFunction[]> {
  const { functions, packaged } = await openPackage(await packageFolder(), work, account);
  await placeConfiguration(functions, { ...packaged, configuration }, 'configuration');
  await Promise.all(functions.map(({ root, described }) => wrap(join(root, dirname(described.handler)), wrapper)));
  return functions;
}

const handlerOf = (folder: string, measured = false): string => `${folder}/${measured ? 'measured' : 'index'}.handler`;

function find(functions: readonly PlacedFunction[], name: Product): PlacedFunction {
  const found = functions.find(({ described }) => described.name.endsWith(`-${name}`));
  if (found === undefined) throw new Error(`the package has no function ${name}`);
  return found;
}

async function startAll(work: string, keep: <T extends { close(): Promise<void> }>(part: T) => T): Promise<Stage> {
  const provider = keep(await startProvider());
  const upstream = keep(await startUpstream());
  const ssm = keep(await startSsm({ readsPerSecond: Infinity }));
  const wrapper = await buildBaselines(join(work, 'baselines'));
  const secureUpstream = keep(await startTlsFront(upstream.origin));
  const secureSsm = keep(await startTlsFront(ssm.endpoint));
  const configuration = configurationOf(provider.issuer, upstream.origin);
  const plain = await placeProducts(join(work, 'plain'), configuration, wrapper);
  const secured = configurationOf(provider.issuer, secureUpstream.origin);
  const secure = await placeProducts(join(work, 'secure'), secured, wrapper);
  const { environment = {} } = plain[0]?.described ?? {};
  const prefix = environment['PARAMETER_PREFIX'] ?? '';
  storeParameters(ssm, prefix, configuration, knownParameters({ given: {}, file: undefined, prefix, clientSecret }));
  const table = keep(await startTable({ name: environment['TABLE_NAME'] ?? 'sessions' }));
  const authority = join(work, 'authority.pem');
  await writeFile(authority, certificate);
  const trust = (tls = false): Record<string, string> => (tls ? { NODE_EXTRA_CA_CERTS: authority } : {});

  return {
    provider,
    upstream,
    ssm,
    table,
    product(name, { tls = false, measured, parameters = true, preload = [], ...variant } = {}) {
      const { described, root } = find(tls ? secure : plain, name);
      const { TABLE_NAME: tableName = '', ...others } = described.environment;
      return {
        ...described,
        handler: handlerOf(dirname(described.handler), measured),
        root,
        region: account.region,
        preload,
        environment: {
          ...others,
          ...trust(tls),
          AWS_ENDPOINT_URL_SSM: tls ? secureSsm.origin : ssm.endpoint,
          ...(parameters ? {} : { AWS_ACCESS_KEY_ID: '' }),
          ...(variant.table === true && { TABLE_NAME: tableName, AWS_ENDPOINT_URL_DYNAMODB: table.endpoint }),
        },
      };
    },
    baseline(name, { tls = false, measured } = {}) {
      return {
        ...find(plain, 'api').described,
        name,
        handler: handlerOf(name, measured),
        root: join(work, 'baselines'),
        region: account.region,
        environment: {
          ...trust(tls),
          UPSTREAM: tls ? secureUpstream.origin : upstream.origin,
          TOKEN_ENDPOINT: provider.tokenEndpoint,
          JWKS_URI: provider.jwksUri,
          CLIENT_ID: 'token-broker',
          CLIENT_SECRET: clientSecret,
          REDIRECT_URI: `${publicOrigin}/bff/callback`,
        },
      };
    },
  };
}

/** Starts a stage, lends it out, and ends everything whatever happens. */
export async function withStage<T>(use: (stage: Stage) => Promise<T>): Promise<T> {
  const parts: { close(): Promise<void> }[] = [];
  const work = await mkdtemp(join(tmpdir(), 'token-broker-bench-'));
  try {
    return await use(
      await startAll(work, (part) => {
        parts.push(part);
        return part;
      }),
    );
  } finally {
    for (const part of parts.toReversed()) await part.close().catch(() => undefined);
    await rm(work, { recursive: true, force: true });
  }
}
