/** The rooms of the house and which of them may know each other. */
import type { Import } from './sources.ts';

/** The files that AWS calls, `functions/auth.ts` and its like, and what they share. */
const doors = 'doors';

/** Everything that every room may import, unless it is a quiet one. */
const everywhere = ['contract', 'telemetry'];

/** Room → the rooms it may import besides itself and what may be imported everywhere. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  'endpoints/auth': ['endpoints', 'oidc', 'session', 'audience', 'http', 'refresh', ...everywhere],
  'endpoints/api': ['endpoints', 'session', 'refresh', 'proxy', 'audience', 'http', ...everywhere],
  // Files of the folder itself: what the endpoints of both functions share.
  endpoints: ['session', 'audience', 'http', ...everywhere],
  refresh: ['session', 'audience', 'aws', ...everywhere],
  proxy: ['http', 'outgoing', ...everywhere],
  oidc: ['presets', 'outgoing', ...everywhere],
  audience: ['presets', ...everywhere],
  session: [...everywhere],
  // Writes what the session reads: a ring that the key ring's own rules refuse must never be stored.
  rotation: ['session', ...everywhere],
  aws: ['outgoing', ...everywhere],
  configuration: ['presets', 'aws', ...everywhere],
  http: ['contract'],
  presets: ['contract'],
  outgoing: ['contract'],
  telemetry: ['contract'],
  contract: [],
};

/** Room → rooms of which it may know the types. */
const mayKnowTypes: Readonly<Record<string, readonly string[]>> = { session: ['http'] };

/** The shape of a configuration; whoever is not named here may know it as a type. */
const schema = 'functions/configuration/schema.ts';
const ignorantOfSchema = new Set(['presets', 'contract', 'telemetry', 'outgoing']);

/** @returns the room of a file under functions/; undefined for anything else */
export function roomOf(path: string): string | undefined {
  const [top, ...inside] = path.split('/');
  if (top !== 'functions') return undefined;
  if (inside.length === 1) return doors;
  return inside[0] === 'endpoints' && inside.length > 2 ? inside.slice(0, 2).join('/') : inside[0];
}

const isFile = (to: string): boolean => /^(?:functions|infra|test|config|dist)\/|^\.\./.test(to);

function isAllowed({ from, to, kind }: Import): boolean {
  if (!isFile(to)) return true; // a package
  const [importer, imported] = [roomOf(from), roomOf(to)];
  if (importer === undefined || imported === undefined) return false;
  if (importer === doors || importer === imported) return true;
  if (mayImport[importer]?.includes(imported) === true) return true;
  if (kind !== 'type') return false;
  if (to === schema) return !ignorantOfSchema.has(importer);
  return mayKnowTypes[importer]?.includes(imported) === true;
}

/** @returns the imports that the house does not allow, as `importer → imported` */
export const forbidden = (imports: readonly Import[]): string[] =>
  imports.filter((found) => !isAllowed(found)).map(({ from, to, kind }) => `${from} → ${to} (${kind})`);

/** @returns the rooms that the table knows, doors apart */
export const rooms: readonly string[] = Object.keys(mayImport);
