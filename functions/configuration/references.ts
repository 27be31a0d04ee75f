/** Values that a configuration takes from parameters: where they are named, and how they are filled in. */
import type { Reference } from './schema.ts';

/** The keys and list positions that lead to a value. */
export type KeyPath = readonly (string | number)[];

export const isReference = (value: unknown): value is Reference =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, '$parameter');

/** The value, unless it is a parameter's and is not known before run time. */
export const known = <T>(value: T | Reference): T | undefined => (isReference(value) ? undefined : value);

/** A list's members that are known, each with its position; none where the whole list is a parameter's. */
export const knownMembers = <T>(list: readonly (T | Reference)[] | Reference): (readonly [index: number, value: T])[] =>
  (known(list) ?? []).flatMap((member, index) => (isReference(member) ? [] : [[index, member] as const]));

/** The parameter that holds the key ring; every stage has it. */
export const cookieKeys = 'cookie-keys';

/** Every reference in a configuration, with the key under which it stands. */
export function references(value: unknown, at: KeyPath = []): (readonly [at: KeyPath, name: string])[] {
  if (isReference(value)) return [[at, value.$parameter]];
  if (Array.isArray(value)) return value.flatMap((member, index) => references(member, [...at, index]));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => references(member, [...at, key]));
}

/** @returns the names that a configuration takes from parameters, and that of the key ring; sorted */
export const parameterNames = (configuration: unknown): string[] =>
  [...new Set([cookieKeys, ...references(configuration).map(([, name]) => name)])].toSorted();

/** Whether a key holds what must never be written down: the client secret or key. */
export const isSecret = (at: KeyPath): boolean => at[0] === 'provider' && at[1] === 'clientAuth';

/** @returns the same configuration with its parameters' values in place */
export function fillIn(value: unknown, parameters: ReadonlyMap<string, string>): unknown {
  if (isReference(value)) return parameters.get(value.$parameter);
  if (Array.isArray(value)) return value.map((member) => fillIn(member, parameters));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, fillIn(member, parameters)]));
}
