/** Which parameters a configuration takes, and that none of them ends up where it must not. */
import type { Check } from './checks.ts';
import { isReference, type KeyPath } from './problem.ts';

/** The parameter that holds the key ring; every stage has it. */
export const cookieKeys = 'cookie-keys';

/** GetParameters takes no more in one call. */
const mostParameters = 10;

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

export const checkParameters: Check = (draft, { problem }) => {
  const secrets = new Set(references(draft.provider.clientAuth).map(([, name]) => name));
  for (const [at, name] of references(draft)) {
    if (name === cookieKeys) problem(at, `must not be the parameter "${cookieKeys}", which holds the broker's keys`);
    else if (secrets.has(name) && at[1] !== 'clientAuth') {
      problem(at, 'must not be a parameter that holds the client secret or key');
    }
  }
  if (parameterNames(draft).length > mostParameters) {
    problem(
      [],
      `must name at most ${mostParameters - 1} parameters: with "${cookieKeys}" ${mostParameters} are read in one call`,
    );
  }
};
