/** Parameters with their versions and labels, and the operations of Parameter Store on them (API version 2014-11-06). */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as v from 'valibot';

export type ParameterType = 'String' | 'StringList' | 'SecureString';

interface Version {
  readonly version: number;
  readonly type: ParameterType;
  readonly value: string;
  readonly modifiedAt: number;
  labels: readonly string[];
}

/** Versions of one parameter, oldest first, never empty. */
type Parameter = readonly Version[];

/** An error as the service words it: its type and message go into the answer. */
export class ParameterStoreError extends Error {
  readonly type: string;

  constructor(type: string, message = '') {
    super(message);
    this.type = type;
  }
}

const mostVersions = 100;
const mostNames = 10;
const longestStandard = 4096;
const longestAdvanced = 8192;

const isReserved = (name: string) => /^\/?(aws|ssm)/i.test(name);

const type = v.picklist(['String', 'StringList', 'SecureString']);
const name = v.pipe(v.string(), v.minLength(1), v.maxLength(2048));

const inputs = {
  PutParameter: v.object({
    Name: name,
    Value: v.pipe(v.string(), v.minLength(1)),
    Type: v.optional(type),
    Overwrite: v.optional(v.boolean(), false),
    Tier: v.optional(v.picklist(['Standard', 'Advanced', 'Intelligent-Tiering']), 'Standard'),
  }),
  GetParameter: v.object({ Name: name, WithDecryption: v.optional(v.boolean(), false) }),
  GetParameters: v.object({
    Names: v.pipe(v.array(name), v.minLength(1), v.maxLength(mostNames)),
    WithDecryption: v.optional(v.boolean(), false),
  }),
  GetParametersByPath: v.object({
    Path: v.pipe(v.string(), v.startsWith('/')),
    Recursive: v.optional(v.boolean(), false),
    WithDecryption: v.optional(v.boolean(), false),
    MaxResults: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10)), 10),
    NextToken: v.optional(v.string()),
  }),
  DeleteParameter: v.object({ Name: name }),
  LabelParameterVersion: v.object({
    Name: name,
    ParameterVersion: v.optional(v.number()),
    Labels: v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(10)),
  }),
};

export type Operation = keyof typeof inputs;

export const isOperation = (operation: string): operation is Operation => Object.hasOwn(inputs, operation);

function read<O extends Operation>(operation: O, input: unknown): v.InferOutput<(typeof inputs)[O]> {
  const parsed = v.safeParse(inputs[operation], input);
  if (parsed.success) return parsed.output;
  const issues = parsed.issues.map((issue) => `at '${v.getDotPath(issue) ?? ''}': ${issue.message}`);
  const errors = `${issues.length} validation error${issues.length === 1 ? '' : 's'} detected`;
  throw new ParameterStoreError('ValidationException', `${errors}: ${issues.join('; ')}`);
}

function checkName(candidate: string): void {
  if (!/^[\w.\-/]+$/.test(candidate)) {
    throw new ParameterStoreError('ValidationException', 'Parameter name must only contain letters, digits and _.-/');
  }
  if (isReserved(candidate)) {
    throw new ParameterStoreError('ValidationException', 'Parameter name can\'t be prefixed with "aws" or "ssm"');
  }
}

/** What a SecureString looks like to who asks for it without decryption. */
const encrypted = (value: string): string =>
  Buffer.concat([Buffer.from([1, 2, 2, 0]), createHash('sha512').update(value).digest()]).toString('base64');

const rendered = (key: string, version: Version, selector: string | undefined, decrypt: boolean) => ({
  Name: key,
  Type: version.type,
  Value: version.type === 'SecureString' && !decrypt ? encrypted(version.value) : version.value,
  Version: version.version,
  LastModifiedDate: version.modifiedAt,
  ARN: `arn:aws:ssm:us-east-1:000000000000:parameter${key.startsWith('/') ? '' : '/'}${key}`,
  DataType: 'text',
  ...(selector === undefined ? {} : { Selector: `:${selector}` }),
});

/** The parameters themselves, optionally kept in a file that only its owner may read. */
export interface Parameters {
  /** @throws ParameterStoreError */
  call(operation: Operation, input: unknown): Record<string, unknown>;
  /** Writes a parameter, or its next version. Returns the version. */
  put(name: string, value: string, type?: ParameterType): number;
}

/** @param file where they are kept between starts; `undefined`: nowhere */
export function openParameters(file: string | undefined, now: () => number = () => Date.now() / 1000): Parameters {
  const parameters = new Map<string, Parameter>(stored(file));

  function save(key: string, versions: Parameter | undefined): void {
    if (versions === undefined) parameters.delete(key);
    else parameters.set(key, versions);
    if (file === undefined) return;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.new`, JSON.stringify([...parameters], undefined, 1), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }

  function existing(key: string): Parameter {
    const versions = parameters.get(key);
    if (versions === undefined) throw new ParameterStoreError('ParameterNotFound');
    return versions;
  }

  function append(key: string, value: string, kind: ParameterType): number {
    const versions = parameters.get(key) ?? [];
    const version = (versions.at(-1)?.version ?? 0) + 1;
    save(key, [...versions, { version, value, type: kind, modifiedAt: now(), labels: [] }].slice(-mostVersions));
    return version;
  }

  /** @param wanted `name`, `name:version` or `name:label` */
  function select(wanted: string, decrypt: boolean) {
    const [key = '', selector] = wanted.split(':', 2);
    const versions = existing(key);
    const selected =
      selector === undefined
        ? versions.at(-1)
        : versions.find((each) => String(each.version) === selector || each.labels.includes(selector));
    if (selected === undefined) throw new ParameterStoreError('ParameterVersionNotFound');
    return rendered(key, selected, selector, decrypt);
  }

  const operations: { readonly [O in Operation]: (input: unknown) => Record<string, unknown> } = {
    PutParameter(input) {
      const { Name, Value, Type, Overwrite, Tier } = read('PutParameter', input);
      checkName(Name);
      const kind = Type ?? parameters.get(Name)?.at(-1)?.type;
      if (kind === undefined) throw new ParameterStoreError('ValidationException', 'A parameter type is required.');
      if (Buffer.byteLength(Value) > (Tier === 'Standard' ? longestStandard : longestAdvanced)) {
        throw new ParameterStoreError('ValidationException', 'The value is longer than its tier allows.');
      }
      if (parameters.has(Name) && !Overwrite) {
        throw new ParameterStoreError('ParameterAlreadyExists', 'The parameter already exists. Overwrite is not set.');
      }
      return { Version: append(Name, Value, kind), Tier };
    },

    GetParameter(input) {
      const { Name, WithDecryption } = read('GetParameter', input);
      return { Parameter: select(Name, WithDecryption) };
    },

    GetParameters(input) {
      const { Names, WithDecryption } = read('GetParameters', input);
      const found: unknown[] = [];
      const missing: string[] = [];
      for (const each of new Set(Names)) {
        try {
          found.push(select(each, WithDecryption));
        } catch {
          missing.push(each);
        }
      }
      return { Parameters: found, InvalidParameters: missing };
    },

    GetParametersByPath(input) {
      const { Path, Recursive, WithDecryption, MaxResults, NextToken } = read('GetParametersByPath', input);
      const prefix = Path.endsWith('/') ? Path : `${Path}/`;
      const keys = [...parameters.keys()]
        .filter((key) => key.startsWith(prefix) && (Recursive || !key.slice(prefix.length).includes('/')))
        .sort();
      const from = NextToken === undefined ? 0 : Number(Buffer.from(NextToken, 'base64url').toString());
      if (!Number.isInteger(from)) throw new ParameterStoreError('InvalidNextToken');
      const next = from + MaxResults;
      return {
        Parameters: keys.slice(from, next).map((key) => select(key, WithDecryption)),
        ...(next < keys.length ? { NextToken: Buffer.from(String(next)).toString('base64url') } : {}),
      };
    },

    DeleteParameter(input) {
      const { Name } = read('DeleteParameter', input);
      existing(Name);
      save(Name, undefined);
      return {};
    },

    LabelParameterVersion(input) {
      const { Name, ParameterVersion, Labels } = read('LabelParameterVersion', input);
      const versions = existing(Name);
      const target = ParameterVersion ?? versions.at(-1)?.version;
      if (!versions.some((each) => each.version === target)) throw new ParameterStoreError('ParameterVersionNotFound');
      const invalid = Labels.filter((label) => !/^[a-z_.-][\w.-]{0,99}$/i.test(label) || isReserved(label));
      const valid = Labels.filter((label) => !invalid.includes(label));
      for (const each of versions) {
        const others = each.labels.filter((label) => !valid.includes(label));
        each.labels = each.version === target ? [...others, ...valid] : others;
      }
      save(Name, versions);
      return { InvalidLabels: invalid, ParameterVersion: target };
    },
  };

  return {
    call: (operation, input) => operations[operation](input),
    put: (key, value, kind = 'String') => append(key, value, kind),
  };
}

function stored(file: string | undefined): [string, Parameter][] {
  if (file === undefined) return [];
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as [string, Parameter][];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
