/** Holds a CloudFormation template against AWS's published resource schemas: a check as AWS would do it, offline. */
import { loadAwsServiceSpec } from '@aws-cdk/aws-service-spec';
import type { Template } from '../package/packaged.ts';

type Specification = Awaited<ReturnType<typeof loadAwsServiceSpec>>;
type ResourceSpecification = ReturnType<typeof resourceSpecification>;
type Properties = NonNullable<ResourceSpecification>['properties'];
type PropertyType = Properties[string]['type'];

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const pseudoParameters = new Set(
  ['AccountId', 'NoValue', 'NotificationARNs', 'Partition', 'Region', 'StackId', 'StackName', 'URLSuffix'].map(
    (name) => `AWS::${name}`,
  ),
);

function resourceSpecification(specification: Specification, type: string) {
  return specification.lookup('resource', 'cloudFormationType', 'equals', type)[0];
}

/** The function of a value such as `{ "Ref": "Table" }`; undefined for any other value. */
function intrinsic(value: unknown): [name: string, argument: unknown] | undefined {
  if (!isObject(value)) return undefined;
  const [entry, ...others] = Object.entries(value);
  if (entry === undefined || others.length > 0) return undefined;
  return entry[0] === 'Ref' || entry[0] === 'Condition' || entry[0].startsWith('Fn::') ? entry : undefined;
}

/** A checker of one template; collects what it finds. */
class TemplateChecker {
  readonly faults: string[] = [];
  readonly #template: Template;
  readonly #specification: Specification;

  constructor(template: Template, specification: Specification) {
    this.#template = template;
    this.#specification = specification;
  }

  check(): string[] {
    for (const [id, resource] of Object.entries(this.#template.Resources)) {
      for (const other of [resource.DependsOn ?? []].flat()) {
        if (!(other in this.#template.Resources)) this.#fault(`${id}.DependsOn`, `there is no resource ${other}`);
      }
      if (resource.Condition !== undefined) this.#condition(`${id}.Condition`, resource.Condition);
      this.#references(`${id}.Properties`, resource.Properties ?? {});
      const found = resourceSpecification(this.#specification, resource.Type);
      if (found === undefined) this.#fault(id, `AWS has no type ${resource.Type}`);
      else this.#properties(`${id}.Properties`, resource.Properties ?? {}, found.properties);
    }
    this.#references('Outputs', this.#template.Outputs ?? {});
    return this.faults;
  }

  #fault(where: string, what: string): void {
    this.faults.push(`${where}: ${what}`);
  }

  #condition(where: string, name: unknown): void {
    if (typeof name !== 'string' || !(name in (this.#template.Conditions ?? {}))) {
      this.#fault(where, `there is no condition ${String(name)}`);
    }
  }

  /** Follows every Ref, Fn::GetAtt, Fn::Sub and Fn::If within a value. */
  #references(where: string, value: unknown): void {
    if (Array.isArray(value)) {
      for (const [index, inner] of value.entries()) this.#references(`${where}[${String(index)}]`, inner);
    } else if (isObject(value)) {
      const [name, argument] = intrinsic(value) ?? [];
      if (name === 'Ref') this.#target(where, argument);
      if (name === 'Fn::If' && Array.isArray(argument)) this.#condition(where, argument[0]);
      if (name === 'Fn::GetAtt' && Array.isArray(argument)) this.#attribute(where, argument[0], argument[1]);
      if (name === 'Fn::Sub' && typeof argument === 'string') this.#substitutions(where, argument);
      for (const [key, inner] of Object.entries(value)) this.#references(`${where}.${key}`, inner);
    }
  }

  #target(where: string, name: unknown): void {
    const { Resources, Parameters = {} } = this.#template;
    if (typeof name === 'string' && (name in Resources || name in Parameters || pseudoParameters.has(name))) return;
    this.#fault(where, `there is nothing named ${String(name)} to refer to`);
  }

  #attribute(where: string, name: unknown, attribute: unknown): void {
    const resource = this.#template.Resources[String(name)];
    if (resource === undefined) {
      this.#fault(where, `there is no resource ${String(name)}`);
      return;
    }
    const found = resourceSpecification(this.#specification, resource.Type);
    if (found === undefined || String(attribute) in found.attributes) return;
    this.#fault(where, `${resource.Type} has no attribute ${String(attribute)}`);
  }

  #substitutions(where: string, text: string): void {
    for (const [, name = ''] of text.matchAll(/\$\{([^!}]+)\}/g)) {
      const [resource, attribute] = name.split('.', 2);
      if (attribute === undefined) this.#target(where, name);
      else this.#attribute(where, resource, attribute);
    }
  }

  #properties(where: string, values: Record<string, unknown>, known: Properties): void {
    for (const [name, { required }] of Object.entries(known)) {
      if (required === true && !(name in values)) this.#fault(where, `${name} is missing`);
    }
    for (const [name, value] of Object.entries(values)) {
      const property = known[name];
      if (property === undefined) this.#fault(where, `there is no property ${name}`);
      else this.#value(`${where}.${name}`, value, property.type);
    }
  }

  #value(where: string, value: unknown, type: PropertyType): void {
    const [name, argument] = intrinsic(value) ?? [];
    if (name === 'Fn::If' && Array.isArray(argument)) {
      for (const branch of argument.slice(1)) this.#value(where, branch, type);
    }
    if (name !== undefined) return;
    switch (type.type) {
      case 'string':
        this.#primitive(where, value, 'string', type.allowedValues);
        break;
      case 'integer':
        if (!Number.isInteger(value)) this.#fault(where, `${JSON.stringify(value)} is no integer`);
        break;
      case 'number':
      case 'boolean':
        this.#primitive(where, value, type.type);
        break;
      case 'array':
        if (!Array.isArray(value)) this.#fault(where, `${JSON.stringify(value)} is no list`);
        else
          for (const [index, inner] of value.entries()) this.#value(`${where}[${String(index)}]`, inner, type.element);
        break;
      case 'map':
        if (!isObject(value)) this.#fault(where, `${JSON.stringify(value)} is no map`);
        else for (const [key, inner] of Object.entries(value)) this.#value(`${where}.${key}`, inner, type.element);
        break;
      case 'ref':
        if (!isObject(value)) this.#fault(where, `${JSON.stringify(value)} is no object`);
        else this.#properties(where, value, this.#specification.get('typeDefinition', type.reference.$ref).properties);
        break;
      case 'union':
        this.#union(where, value, type.types);
        break;
      case 'json':
      case 'tag':
      case 'date-time':
      case 'null': // AWS says no more about these
    }
  }

  #primitive(where: string, value: unknown, type: 'string' | 'number' | 'boolean', allowed?: readonly string[]): void {
    if (typeof value !== type) this.#fault(where, `${JSON.stringify(value)} is no ${type}`);
    else if (allowed?.includes(String(value)) === false) this.#fault(where, `${String(value)} is not allowed`);
  }

  /** One of the types must fit; where none does, the faults held against the first one are the most telling. */
  #union(where: string, value: unknown, types: readonly PropertyType[]): void {
    const attempts = types.map((type) => {
      const attempt = new TemplateChecker(this.#template, this.#specification);
      attempt.#value(where, value, type);
      return attempt.faults;
    });
    if (!attempts.some((faults) => faults.length === 0)) this.faults.push(...(attempts[0] ?? []));
  }
}

let loaded: ReturnType<typeof loadAwsServiceSpec> | undefined;

/**
 * @returns every fault, each with the path at which it lies: unknown types, unknown and missing properties, values of a
 * wrong type or outside an enumeration, references and conditions that lead nowhere
 */
export async function specificationFaults(template: Template): Promise<string[]> {
  loaded ??= loadAwsServiceSpec();
  return new TemplateChecker(template, await loaded).check();
}
