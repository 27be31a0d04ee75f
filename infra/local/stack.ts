/**
 * Everything on one machine: provider, APIs, parameters, table, and the packaged functions behind a gateway and an edge.
 * `npm start` and the integration tests start the same stack.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fillIn } from '../../functions/configuration/references.ts';
import { parseConfiguration } from '../stage/configuration.ts';
import { mentions, readdress } from './addresses.ts';
import type { Addresses } from './addresses.ts';
import type { Apis } from './apis.ts';
import { startSsm } from './aws/ssm.ts';
import type { Ssm } from './aws/ssm.ts';
import { startTable } from './aws/table.ts';
import type { Table, TableDefinition } from './aws/table.ts';
import { buildAnew, openPackage, placeConfiguration } from './code.ts';
import type { OpenPackage, PlacedFunction } from './code.ts';
import { startEdge } from './edge/edge.ts';
import type { App, Edge } from './edge/edge.ts';
import { startFront } from './front.ts';
import type { Events } from './gateway/kinds.ts';
import type { DeployedFunction, FunctionLine, LineSink } from './lambda/function.ts';
import { createLambda } from './lambda/lambda.ts';
import type { Lambda } from './lambda/lambda.ts';
import { knownParameters, storeParameters } from './parameters.ts';
import { startParts } from './parts.ts';
import type { Parts } from './parts.ts';
import { StackProblem } from './problem.ts';
import { defaultClient } from './provider/provider.ts';
import type { Provider, ProviderOptions } from './provider/provider.ts';
import { lockState } from './state-lock.ts';

export interface StackOptions {
  /** The public port; provider and APIs take the three after it. 0 (default): any free port for each. */
  readonly port?: number;
  /**
   * A configuration, or the file that holds one; default: the packaged one. It names the parts of the stack by their
   * addresses on port 3000 (`http://localhost:3000`, provider :3001, orders :3002, profile :3003), which are replaced by
   * the real ones. A part that is not mentioned is not started.
   */
  readonly configuration?: { readonly file: string } | { readonly value: object };
  /** Short name → value. `client-secret` and `cookie-keys` are made up where they are left out. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Default: the page that comes with the product. */
  readonly app?: App;
  /** Default: with a table. */
  readonly table?: boolean;
  /** The gateway in front of the functions; default: `http-api`, which is what the stage `local` is packaged with. */
  readonly events?: Events;
  /** What packaging left behind; default: packages the stage `local` now. */
  readonly packageFolder?: string;
  /** Where parameters, table and provider keep their state between starts; default: nowhere. */
  readonly stateFolder?: string;
  /** In place of what the stack tells its provider. */
  readonly provider?: ProviderOptions;
  /** Takes every line that a function, or the gateway on its behalf, writes. */
  readonly sink?: LineSink;
  /** Modules that each function process loads first; for tests that look into it. */
  readonly preload?: readonly URL[];
}

export interface Stack {
  /** `http://localhost:<port>` */
  readonly origin: string;
  readonly gatewayOrigin: string;
  /** `undefined` where the configuration names a provider elsewhere. */
  readonly provider: Provider | undefined;
  readonly apis: Apis | undefined;
  readonly ssm: Ssm;
  /** `/token-broker/local` */
  readonly parameterPrefix: string;
  readonly table: Table | undefined;
  readonly lambda: Lambda;
  /** Parameters that the configuration refers to and nobody gave. */
  readonly missingParameters: readonly string[];
  /** The newest ten thousand lines. */
  readonly lines: readonly FunctionLine[];
  /**
   * Runs other code and the configuration as it now is from the next call on; sessions and provider stay.
   * @throws StackProblem or esbuild's BuildFailure, and the old code keeps running
   */
  rebuild(): Promise<void>;
  /** Ends everything that was started and removes what it wrote outside the state folder. */
  close(): Promise<void>;
}

const account = { region: 'us-east-1', accountId: '000000000000', stackName: 'token-broker-local' };
const page = fileURLToPath(new URL('app', import.meta.url));
const mostLines = 10_000;

/** Ends what was kept, the last first, whatever fails on the way. */
interface Keeper {
  readonly keep: <T extends { close(): Promise<unknown> }>(part: T) => T;
  close(): Promise<void>;
}

function createKeeper(): Keeper {
  const kept: { close(): Promise<unknown> }[] = [];
  return {
    keep(part) {
      kept.push(part);
      return part;
    },
    async close() {
      for (let part = kept.pop(); part !== undefined; part = kept.pop()) await part.close().catch(() => undefined);
    },
  };
}

/** @returns the configuration as it is written, with the addresses of port 3000 */
async function writtenConfiguration({ configuration }: StackOptions, { packaged }: OpenPackage): Promise<unknown> {
  if (configuration === undefined) return packaged.configuration;
  if ('value' in configuration) return configuration.value;
  const { file } = configuration;
  const text = await readFile(file, 'utf8').catch(() => {
    throw new StackProblem(`The configuration ${file} cannot be read.`);
  });
  return parseConfiguration(text, file);
}

/** What the functions are given: parameters and, unless it is switched off, a table. */
interface Aws {
  readonly ssm: Ssm;
  readonly table: Table | undefined;
  readonly parameterPrefix: string;
  readonly missingParameters: readonly string[];
  /** Values of parameters by their short names. */
  readonly known: ReadonlyMap<string, string>;
}

async function startBackends(
  options: StackOptions,
  opened: OpenPackage,
  edge: Edge,
  { keep }: Keeper,
): Promise<Parts & Aws> {
  const { port = 0, stateFolder, parameters: given = {}, provider } = options;
  const written = await writtenConfiguration(options, opened);
  const parameterPrefix = opened.functions[0]?.described.environment['PARAMETER_PREFIX'] ?? '';
  // What is given may be a real tenant's secret, which is not to lie about.
  const file = stateFolder === undefined || Object.keys(given).length > 0 ? undefined : join(stateFolder, 'ssm.json');
  const clientSecret = mentions(written, 'provider') ? defaultClient.secret : undefined;
  const parameters = knownParameters({ given, file, prefix: parameterPrefix, clientSecret });

  const parts = await startParts({
    configuration: written,
    parameters,
    origin: edge.origin,
    paths: opened.packaged.paths,
    backchannel: options.table !== false,
    ports: port === 0 ? [0, 0, 0] : [port + 1, port + 2, port + 3],
    ...(stateFolder !== undefined && { providerStateFile: join(stateFolder, 'provider.json') }),
    ...(provider !== undefined && { provider }),
    keep,
  });
  const ssm = keep(await startSsm(file === undefined ? {} : { file }));
  const missingParameters = storeParameters(ssm, parameterPrefix, written, parameters);
  const table = await startTableOf(options, opened);
  if (table !== undefined) keep(table);
  return { ...parts, ssm, table, parameterPrefix, missingParameters, known: parameters };
}

async function startTableOf(
  { table, stateFolder }: StackOptions,
  { template }: OpenPackage,
): Promise<Table | undefined> {
  const [described] = template.tables;
  if (described === undefined || table === false) return undefined;
  const definition = described.properties as unknown as TableDefinition;
  const folder = stateFolder === undefined ? {} : { folder: join(stateFolder, 'table') };
  return startTable({ name: described.name, definition, ...folder });
}

/** A function with the variables of the template and the addresses of what stands in for AWS. */
function deployed(
  { described, root }: PlacedFunction,
  { ssm, table }: Aws,
  { preload = [] }: StackOptions,
): DeployedFunction {
  const { TABLE_NAME: tableName, ...environment } = described.environment;
  const withTable = tableName !== undefined && table !== undefined;
  return {
    ...described,
    root,
    region: account.region,
    preload,
    environment: {
      ...environment,
      AWS_ENDPOINT_URL_SSM: ssm.endpoint,
      ...(withTable && { TABLE_NAME: tableName, AWS_ENDPOINT_URL_DYNAMODB: table.endpoint }),
    },
  };
}

/** Puts the configuration, with the addresses that the parts have now, beside the code. */
async function place(
  functions: readonly PlacedFunction[],
  options: StackOptions,
  opened: OpenPackage,
  backends: { readonly addresses: Addresses } & Aws,
): Promise<DeployedFunction[]> {
  const configuration = readdress(await writtenConfiguration(options, opened), backends.addresses);
  const name = options.configuration && 'file' in options.configuration ? options.configuration.file : 'configuration';
  await placeConfiguration(functions, { ...opened.packaged, configuration }, name);
  return functions.map((placed) => deployed(placed, backends, options));
}

function createSink(sink: LineSink | undefined): { lines: FunctionLine[]; take: LineSink } {
  const lines: FunctionLine[] = [];
  return {
    lines,
    take(line) {
      lines.push(line);
      if (lines.length > mostLines) lines.shift();
      sink?.(line);
    },
  };
}

async function start(options: StackOptions, keeper: Keeper): Promise<Stack> {
  const { keep } = keeper;
  if (options.stateFolder !== undefined) keep(await lockState(options.stateFolder));
  const work = await mkdtemp(join(tmpdir(), 'token-broker-stack-'));
  keep({ close: async () => rm(work, { recursive: true, force: true }) });
  const opened = await openPackage(options.packageFolder, work, account);
  const { base, callback, apiPrefixes } = opened.packaged.paths;

  const edge = await startEdge({
    port: options.port ?? 0,
    brokerPaths: [base, callback, ...apiPrefixes],
    loginPath: `${base}/login`,
    app: options.app ?? { kind: 'folder', path: page },
  });
  keep(edge);
  const backends = await startBackends(options, opened, edge, keeper);
  const { lines, take } = createSink(options.sink);
  const lambda = keep(createLambda(await place(opened.functions, options, opened, backends), take));
  const front = keep(await startFront({ events: options.events ?? 'http-api', opened, account, lambda, take }));
  const connect = async (): Promise<void> => {
    const configuration = fillIn(await writtenConfiguration(options, opened), backends.known);
    edge.connect(front.origin, front.lead(configuration));
  };
  await connect();

  let builds = 0;
  return {
    ...backends,
    origin: edge.origin,
    gatewayOrigin: front.origin,
    lambda,
    lines,
    async rebuild() {
      builds += 1;
      const built = await buildAnew(opened.functions, join(work, `build-${builds}`));
      lambda.deploy(await place(built, options, opened, backends));
      await connect();
    },
    close: async () => keeper.close(),
  };
}

/**
 * Starts everything, or nothing.
 * @param options what differs from the plain stack
 * @throws StackProblem or PackagingError in words for whoever starts it
 */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const keeper = createKeeper();
  try {
    return await start(options, keeper);
  } catch (error) {
    await keeper.close();
    throw error;
  }
}
