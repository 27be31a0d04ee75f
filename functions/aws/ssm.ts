/** Reads parameters from SSM Parameter Store. */
import { call } from './call.ts';
import type { CallFailure, Retry, Service, Surroundings } from './call.ts';
import type { CredentialsSource } from './credentials.ts';

/** Where the parameters are. */
export interface ParameterStore {
  readonly region: string;
  /** Scheme and authority, where it is not the public endpoint of the region. */
  readonly endpoint?: string | undefined;
  readonly credentials: CredentialsSource;
  /** Before every name, with or without a slash at its end: `/token-broker/dev`. */
  readonly prefix: string;
  /** For one try, in milliseconds. */
  readonly timeoutMs: number;
  /** Left out: one try. */
  readonly retry?: Retry | undefined;
}

/** `type` is the name of the service's error, where it gave one. */
export type ParametersResult =
  | { readonly kind: 'read'; readonly values: ReadonlyMap<string, string>; readonly missing: readonly string[] }
  | { readonly kind: 'failed'; readonly reason: CallFailure | 'refused'; readonly type?: string | undefined };

/** GetParameters takes no more. */
const mostNames = 10;

function readValues(output: Readonly<Record<string, unknown>>, prefix: string): Map<string, string> | undefined {
  const parameters = output['Parameters'];
  if (!Array.isArray(parameters)) return undefined;
  const values = new Map<string, string>();
  for (const parameter of parameters as readonly unknown[]) {
    if (typeof parameter !== 'object' || parameter === null) return undefined;
    const { Name: name, Value: value } = parameter as Readonly<Record<string, unknown>>;
    if (typeof name !== 'string' || typeof value !== 'string') return undefined;
    if (name.startsWith(prefix)) values.set(name.slice(prefix.length), value);
  }
  return values;
}

/**
 * Reads up to ten parameters, decrypted, in one call. A name that is given twice is asked for once, as SSM demands.
 *
 * @param names without the prefix, at most ten
 * @returns the values by name without prefix, and which names do not exist
 * @throws RangeError for more than ten names
 */
export async function getParameters(
  store: ParameterStore,
  names: readonly string[],
  surroundings?: Surroundings,
): Promise<ParametersResult> {
  const distinct = [...new Set(names)];
  if (distinct.length > mostNames) throw new RangeError(`At most ${mostNames} parameters can be read at once`);
  if (distinct.length === 0) return { kind: 'read', values: new Map(), missing: [] };
  const prefix = store.prefix.endsWith('/') ? store.prefix : `${store.prefix}/`;
  const service: Service = { name: 'ssm', ...store };
  const operation = {
    name: 'GetParameters',
    input: { Names: distinct.map((name) => prefix + name), WithDecryption: true },
    timeoutMs: store.timeoutMs,
    retry: store.retry ?? { withinMs: 0 },
    repeatable: true,
  };
  const result = await call(service, operation, surroundings);
  if (result.kind === 'failed') return result;
  if (result.kind === 'refused') return { kind: 'failed', reason: 'refused', type: result.type };
  const values = readValues(result.output, prefix);
  if (values === undefined) return { kind: 'failed', reason: 'answer_unreadable' };
  return { kind: 'read', values, missing: distinct.filter((name) => !values.has(name)) };
}
