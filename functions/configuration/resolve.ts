/** Completes a packaged configuration with its parameters. Most stages take only secrets from there and need no schema for it. */
import { toProblem, type Finding, type Problem } from './problem.ts';
import { fillIn, isSecret, parameterNames, references, type KeyPath } from './references.ts';
import type { Configuration, Packaged } from './schema.ts';

export type ResolvedResult =
  | { readonly kind: 'ready'; readonly configuration: Configuration }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] };

/** What people write where a secret is still to come. */
const placeholder =
  /^(?:change[-_ ]?me|replace[-_ ]?me|(?:your[-_ ]?)?(?:client[-_ ]?)?secret|password|placeholder|todo|dummy|example|test|x{3,}|\*{3,}|\.{3,}|…|<.*>)$/i;

/** A line feed at the end is what most often goes wrong when a secret is put into a parameter. A PEM ends with one. */
function judgeSecret(at: KeyPath, value: string): string | undefined {
  if (value === '' || placeholder.test(value)) return 'is a placeholder: put the real one into the parameter';
  if (at.at(-1) === 'key' || value.trim() === value) return undefined;
  return 'must not have white space around it: put it into the parameter anew';
}

function findMissing(raw: unknown, parameters: ReadonlyMap<string, string>, prefix: string): Finding[] {
  const places = new Map(references(raw).map(([at, name]) => [name, at]));
  return parameterNames(raw)
    .filter((name) => !parameters.has(name))
    .map((name) => ({
      at: places.get(name) ?? [],
      message: `needs the parameter ${prefix}/${name}, which does not exist`,
    }));
}

function findBadSecrets(raw: unknown, parameters: ReadonlyMap<string, string>): Finding[] {
  return references(raw).flatMap(([at, name]) => {
    const message = isSecret(at) ? judgeSecret(at, parameters.get(name) ?? '') : undefined;
    return message === undefined ? [] : [{ at, message }];
  });
}

/**
 * @param parameters the values by short name
 * @param prefix what comes before a parameter's short name in its full one: `/token-broker/dev`
 */
export async function resolveConfiguration(
  packaged: Packaged,
  parameters: ReadonlyMap<string, string>,
  prefix: string,
): Promise<ResolvedResult> {
  const { configuration: raw, prepared } = packaged;
  const missing = findMissing(raw, parameters, prefix);
  const findings = missing.length > 0 ? missing : findBadSecrets(raw, parameters);
  if (findings.length > 0) {
    return { kind: 'invalid', problems: findings.map((finding) => toProblem(raw, finding)) };
  }
  if (prepared !== undefined && references(raw).every(([at]) => isSecret(at))) {
    return { kind: 'ready', configuration: fillIn(prepared, parameters) as Configuration };
  }
  const { validateResolved } = await import('./validate.ts');
  return validateResolved(packaged, parameters);
}
