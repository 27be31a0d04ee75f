/** Resolves CloudFormation's intrinsic functions in a packaged template, as far as a stack on one machine can know them. */

/** A value in a template. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** A resource of the template. */
export interface Resource {
  readonly Type: string;
  readonly Properties?: JsonObject;
}

export interface Template {
  readonly Parameters?: Readonly<Record<string, { readonly Default?: string }>>;
  readonly Resources: Readonly<Record<string, Resource>>;
}

/** Where the stack pretends to be. */
export interface Account {
  readonly region: string;
  readonly accountId: string;
  readonly stackName: string;
}

export type Resolve = (value: Json | undefined) => Json | undefined;

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The property by which `Ref` names a resource; other types are known by their logical id. */
const nameProperty: Readonly<Record<string, string>> = {
  'AWS::Lambda::Function': 'FunctionName',
  'AWS::DynamoDB::Table': 'TableName',
  'AWS::Logs::LogGroup': 'LogGroupName',
};

function arnOf(type: string, name: string, { region, accountId }: Account): string {
  if (type === 'AWS::Lambda::Function') return `arn:aws:lambda:${region}:${accountId}:function:${name}`;
  if (type === 'AWS::DynamoDB::Table') return `arn:aws:dynamodb:${region}:${accountId}:table/${name}`;
  return `arn:aws:local:${region}:${accountId}:${name}`;
}

function text(value: Json | undefined, where: string): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Error(`${where} in the template does not resolve to a string.`);
}

function list(value: Json | undefined, where: string): readonly Json[] {
  if (Array.isArray(value)) return value as readonly Json[];
  throw new Error(`${where} in the template needs a list.`);
}

/**
 * @param template as `package` wrote it
 * @param account what the pseudo parameters stand for
 * @returns a function that resolves a value and everything in it; `Ref: AWS::NoValue` gives `undefined`
 * @throws Error (the returned function) for an intrinsic or a name that is not known here
 */
export function createResolver(template: Template, account: Account): Resolve {
  const pseudo: Readonly<Record<string, string>> = {
    'AWS::Region': account.region,
    'AWS::AccountId': account.accountId,
    'AWS::StackName': account.stackName,
    'AWS::Partition': 'aws',
    'AWS::URLSuffix': 'amazonaws.com',
  };

  function ref(name: string): string {
    const resource = template.Resources[name];
    const known = pseudo[name] ?? template.Parameters?.[name]?.Default;
    if (known !== undefined) return known;
    if (resource === undefined) throw new Error(`The template refers to ${name}, which it does not define.`);
    const property = nameProperty[resource.Type];
    const given = property === undefined ? undefined : resource.Properties?.[property];
    return given === undefined ? name : text(resolve(given), `${name}.${property}`);
  }

  function attribute(path: string): string {
    const [name = '', ...rest] = path.split('.');
    const resource = template.Resources[name];
    if (resource === undefined) throw new Error(`The template refers to ${name}, which it does not define.`);
    return rest.join('.') === 'Arn' ? arnOf(resource.Type, ref(name), account) : `${name}.${rest.join('.')}`;
  }

  function substitute(argument: Json | undefined): string {
    const [pattern, variables] = Array.isArray(argument) ? (argument as readonly Json[]) : [argument];
    return text(pattern, 'Fn::Sub').replaceAll(/\$\{(!?)([^}]+)\}/g, (_, literal: string, name: string): string => {
      if (literal === '!') return `\${${name}}`;
      const own = isObject(variables) ? variables[name] : undefined;
      if (own !== undefined) return text(resolve(own), name);
      return name.includes('.') ? attribute(name) : ref(name);
    });
  }

  const intrinsics: Readonly<Record<string, (argument: Json | undefined) => Json | undefined>> = {
    Ref: (name) => (name === 'AWS::NoValue' ? undefined : ref(text(name, 'Ref'))),
    'Fn::GetAtt': (path) => attribute(Array.isArray(path) ? path.join('.') : text(path, 'Fn::GetAtt')),
    'Fn::Sub': substitute,
    'Fn::Join'(argument) {
      const [separator, parts] = list(argument, 'Fn::Join');
      const resolved = list(resolve(parts), 'Fn::Join');
      return resolved.map((part) => text(part, 'Fn::Join')).join(text(separator, 'Fn::Join'));
    },
    'Fn::Split'(argument) {
      const [separator, whole] = list(argument, 'Fn::Split');
      return text(resolve(whole), 'Fn::Split').split(text(separator, 'Fn::Split'));
    },
    'Fn::Select'(argument) {
      const [index, choices] = list(argument, 'Fn::Select');
      return list(resolve(choices), 'Fn::Select')[Number(index)];
    },
  };

  function resolve(value: Json | undefined): Json | undefined {
    if (Array.isArray(value)) {
      return (value as readonly Json[]).map((item) => resolve(item)).filter((item) => item !== undefined);
    }
    if (!isObject(value)) return value;
    const entries = Object.entries(value);
    const [first] = entries;
    if (entries.length === 1 && first !== undefined && (first[0] === 'Ref' || first[0].startsWith('Fn::'))) {
      const intrinsic = intrinsics[first[0]];
      if (intrinsic === undefined) throw new Error(`The local stack does not know the intrinsic function ${first[0]}.`);
      return intrinsic(first[1]);
    }
    return Object.fromEntries(entries.map(([key, inner]) => [key, resolve(inner)]));
  }
  return resolve;
}
