/** The parameters of the one-machine stage: what was given, what is kept from the last start, and what can be made up. */
import { randomBytes } from 'node:crypto';
import { cookieKeys, isSecret, parameterNames, references } from '../../functions/configuration/references.ts';
import { openParameters } from './aws/parameters.ts';
import type { Ssm } from './aws/ssm.ts';

/** The first key of an empty ring, named by its day. */
function newKeyRing(now = new Date()): string {
  const kid = now.toISOString().slice(0, 10).replaceAll('-', '');
  const key = randomBytes(32).toString('base64url');
  return JSON.stringify({ keys: [{ kid, key, createdAt: Math.floor(now.getTime() / 1000) }] });
}

/** @returns the parameters that a file holds under a prefix, by their short names */
function keptIn(file: string | undefined, prefix: string): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const input = { Path: prefix, WithDecryption: true };
  const { Parameters } = openParameters(file).call('GetParametersByPath', input) as {
    Parameters: readonly { readonly Name: string; readonly Value: string }[];
  };
  for (const { Name, Value } of Parameters) names.set(Name.slice(prefix.length + 1), Value);
  return names;
}

export interface ParameterSources {
  /** From the command line or a test. */
  readonly given: Readonly<Record<string, string>>;
  /** Where the store keeps its values between starts. */
  readonly file: string | undefined;
  /** `/token-broker/local` */
  readonly prefix: string;
  /** The secret at the provider on this machine; `undefined` where the provider is elsewhere. */
  readonly clientSecret: string | undefined;
}

/** @returns every parameter that is known, by its short name */
export function knownParameters({ given, file, prefix, clientSecret }: ParameterSources): ReadonlyMap<string, string> {
  return new Map([
    ...(clientSecret === undefined ? [] : [['client-secret', clientSecret] as const]),
    [cookieKeys, newKeyRing()],
    ...keptIn(file, prefix),
    ...Object.entries(given),
  ]);
}

/**
 * Puts into the store what the configuration refers to.
 * @returns names that the configuration refers to and nobody knows
 */
export function storeParameters(
  ssm: Pick<Ssm, 'put'>,
  prefix: string,
  configuration: unknown,
  known: ReadonlyMap<string, string>,
): string[] {
  const secrets = references(configuration).filter(([at]) => isSecret(at));
  const secretNames = new Set([cookieKeys, ...secrets.map(([, name]) => name)]);
  const missing: string[] = [];
  for (const name of parameterNames(configuration)) {
    const value = known.get(name);
    if (value === undefined) missing.push(name);
    else ssm.put(`${prefix}/${name}`, value, secretNames.has(name) ? 'SecureString' : 'String');
  }
  return missing;
}
