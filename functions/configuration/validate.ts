/** Judges a stage's configuration twice: as a file when it is packaged, and with its parameters filled in when it runs. */
import * as v from 'valibot';
import { runChecks, type Deployment, type Draft } from './checks.ts';
import type { Leaves } from './leaves.ts';
import { parse, type Parsed } from './parse.ts';
import { toProblem, type Finding, type Problem } from './problem.ts';
import { fillIn, isReference, parameterNames } from './references.ts';
import type { ResolvedResult } from './resolve.ts';
import { configurationSchema, type Packaged } from './schema.ts';
import { reference } from './values.ts';

export type FileResult =
  | {
      readonly kind: 'valid';
      /** What goes into the package of each function, as `configuration.json`. */
      readonly packaged: Packaged;
      /** Every parameter to read, the key ring's included; sorted. */
      readonly parameterNames: readonly string[];
      /** What works and is probably not meant. */
      readonly warnings: readonly Problem[];
    }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] };

const orReference: Leaves['text'] = (schema) =>
  v.lazy((input) => (isReference(input) ? reference() : schema)) as unknown as typeof schema;

/** In a file a reference may stand for a value, and must stand for a secret. */
const fileLeaves: Leaves = {
  text: orReference,
  data: orReference,
  secret: (schema) => reference() as unknown as typeof schema,
};

function fromJson(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** At run time references are gone; what is not a string was read from a parameter's text. */
const resolvedLeaves: Leaves = {
  text: (schema) => schema,
  data: (schema) => v.pipe(v.unknown(), v.transform(fromJson), schema) as unknown as typeof schema,
  secret: (schema) => schema,
};

/** Names that an object of JavaScript has of its own; an object with one of them would be read in two ways. */
const reservedKeys = new Set(['__proto__', 'constructor', 'prototype']);

function findReservedKeys(value: unknown, at: readonly (string | number)[] = []): Finding[] {
  if (Array.isArray(value)) return value.flatMap((member, index) => findReservedKeys(member, [...at, index]));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) =>
    reservedKeys.has(key)
      ? [{ at: [...at, key], message: 'is not allowed as a name' }]
      : findReservedKeys(member, [...at, key]),
  );
}

/** Checked as far as the shape allows. A key that its own rule refuses is not judged a second time. */
function judge(raw: unknown, parsed: Parsed<unknown>, deployment: Deployment) {
  const found =
    parsed.output === undefined ? { problems: [], warnings: [] } : runChecks(parsed.output as Draft, deployment);
  const toProblems = (findings: readonly Finding[]) => findings.map((finding) => toProblem(raw, finding));
  const own = toProblems([...findReservedKeys(raw), ...parsed.findings]);
  const judged = new Set(own.map(({ path }) => path));
  const across = toProblems(found.problems).filter(({ path }) => !judged.has(path));
  return { problems: [...own, ...across], warnings: toProblems(found.warnings) };
}

/**
 * @param raw a stage's file without its comments, as JSON
 * @returns whether it can be packaged, and what it needs
 */
export function validateFile(raw: unknown, deployment: Deployment): FileResult {
  const parsed = parse(configurationSchema(fileLeaves), raw);
  const { problems, warnings } = judge(raw, parsed, deployment);
  if (problems.length > 0) return { kind: 'invalid', problems };
  return {
    kind: 'valid',
    packaged: { ...deployment, configuration: raw, prepared: parsed.output },
    parameterNames: parameterNames(raw),
    warnings,
  };
}

/**
 * @param packaged what was packaged, with references that only the schema can judge
 * @param parameters the value of every parameter that is named
 */
export function validateResolved(packaged: Packaged, parameters: ReadonlyMap<string, string>): ResolvedResult {
  const raw = packaged.configuration;
  const parsed = parse(configurationSchema(resolvedLeaves), fillIn(raw, parameters));
  const { problems } = judge(raw, parsed, packaged);
  if (problems.length > 0 || parsed.output === undefined) return { kind: 'invalid', problems };
  return { kind: 'ready', configuration: parsed.output };
}
