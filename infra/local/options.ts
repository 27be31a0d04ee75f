/** The command line of `npm start`, read and checked. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { App } from './edge/edge.ts';
import { gatewayKinds, isEvents } from './gateway/kinds.ts';
import type { Events } from './gateway/kinds.ts';
import { StackProblem } from './problem.ts';

export const usage = `Usage: npm start -- [options]

  --config FILE          a configuration in place of config/local.jsonc
  --parameters FILE      JSON, name → value, for what the configuration takes from parameters
  --port N               the public port (3000); provider and APIs take the three after it
  --app URL              an app's own dev server in place of the page that comes with the product
  --events KIND          the gateway in front of the functions: http-api, rest or function-url (http-api)
  --no-table             run without the table
  --token-lifetime TIME  how long the provider's access tokens live: 5s, 10m, 1h
  --state FOLDER         where parameters, table and provider are kept between starts (.local)
  --log-file FILE        also append the lines of the functions there
  --watch                rebuild when a file below functions/ or config/ changes (npm run dev)`;

export interface CommandLine {
  readonly help: boolean;
  readonly watch: boolean;
  readonly table: boolean;
  readonly events: Events;
  readonly port: number;
  readonly configFile?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly app?: App;
  readonly tokenLifetimeSeconds?: number;
  readonly stateFolder: string;
  readonly logFile?: string;
}

const definitions = {
  config: { type: 'string' },
  parameters: { type: 'string' },
  port: { type: 'string', default: '3000' },
  app: { type: 'string' },
  events: { type: 'string', default: 'http-api' },
  table: { type: 'boolean', default: true },
  'token-lifetime': { type: 'string' },
  state: { type: 'string', default: '.local' },
  'log-file': { type: 'string' },
  watch: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

function readPort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_532) return port;
  throw new StackProblem(`--port must be a number from 1 to 65532, not "${text}".`);
}

function readEvents(text: string): Events {
  if (isEvents(text)) return text;
  throw new StackProblem(`--events must be one of ${Object.keys(gatewayKinds).join(', ')}, not "${text}".`);
}

function readApp(text: string): App {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' && url.pathname === '/' && url.search === '')
    return { kind: 'server', origin: url.origin };
  throw new StackProblem(`--app must be an http address without a path, such as http://localhost:4200, not "${text}".`);
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

function readLifetime(text: string): number {
  const [, count, unit = ''] = /^([1-9]\d{0,5})([smh])$/.exec(text) ?? [];
  const seconds = unitSeconds[unit];
  if (count !== undefined && seconds !== undefined) return Number(count) * seconds;
  throw new StackProblem(`--token-lifetime must be a time such as 5s, 10m or 1h, not "${text}".`);
}

async function readParameters(file: string): Promise<Record<string, string>> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new StackProblem(`The parameters ${file} cannot be read.`);
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new StackProblem(`The parameters ${file} are not JSON.`);
  }
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (isMap && Object.values(value as object).every((each) => typeof each === 'string' && each !== '')) {
    return value as Record<string, string>;
  }
  throw new StackProblem(`The parameters ${file} must be one JSON object of names and texts.`);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: definitions, allowNegative: true }).values;
  } catch (error) {
    const said = error instanceof Error ? (error.message.split(/\.(?:\s|$)/, 1)[0] ?? '') : '';
    throw new StackProblem(`${said}; --help lists the options.`);
  }
}

/**
 * @param args what follows the name of the program
 * @throws StackProblem in one sentence
 */
export async function readCommandLine(args: readonly string[]): Promise<CommandLine> {
  const given = parse(args);
  const lifetime = given['token-lifetime'];
  const logFile = given['log-file'];
  return {
    help: given.help,
    watch: given.watch,
    table: given.table,
    events: readEvents(given.events),
    port: readPort(given.port),
    stateFolder: resolve(given.state),
    ...(given.config !== undefined && { configFile: resolve(given.config) }),
    ...(given.parameters !== undefined && { parameters: await readParameters(given.parameters) }),
    ...(given.app !== undefined && { app: readApp(given.app) }),
    ...(lifetime !== undefined && { tokenLifetimeSeconds: readLifetime(lifetime) }),
    ...(logFile !== undefined && { logFile: resolve(logFile) }),
  };
}
