/** Packages the small stage of these tests in a directory that is removed when the test file ends. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { doors, type Entries } from '../../../infra/build.ts';
import { packageStage, type StagePackage } from '../../../infra/package.ts';
import type { StageParametersInput } from '../../../infra/stage/parameters.ts';

/** Source of the one function that these tests package. */
export const door = join(import.meta.dirname, 'door.ts');

/** That source in the place of every function of the product. */
export const everyDoor: Entries = Object.fromEntries(Object.keys(doors).map((name) => [name, door]));

/** A template as CloudFormation takes it. */
export interface Template {
  Resources: Record<string, Resource>;
  Conditions?: Record<string, unknown>;
  Parameters?: Record<string, unknown>;
  Outputs?: Record<string, unknown>;
}

/** One resource of a template. */
export interface Resource {
  Type: string;
  Properties?: Record<string, unknown>;
  DependsOn?: string | string[];
  Condition?: string;
}

/** @returns an empty directory, removed when the test file ends */
export async function scratchDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'token-broker-test-'));
  after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** @param parameters what `config/<stage>.params.yml` says; left out: there is no such file */
export async function packageSmallStage(parameters?: StageParametersInput): Promise<StagePackage & { root: string }> {
  const root = await scratchDirectory();
  const request = {
    stage: 'test',
    outDir: root,
    configFile: join(import.meta.dirname, 'stage.jsonc'),
    entries: everyDoor,
  };
  const packaged = await packageStage(parameters === undefined ? request : { ...request, parameters });
  return { ...packaged, root };
}

/** Every parameter that a stage may have, so that every optional resource is in the template. */
export const everyParameter: StageParametersInput = {
  basePath: '/session',
  callbackPath: '/signin-oidc',
  apiPrefixes: ['/api', '/graph'],
  region: 'eu-central-1',
  logRetentionInDays: 90,
  memorySize: 512,
  throttle: { rate: 20, burst: 40 },
  loginThrottle: { rate: 2, burst: 4 },
  reservedConcurrency: { auth: 5, api: 50, stream: 20 },
  streamTimeout: 600,
  distributionArn: 'arn:aws:cloudfront::111122223333:distribution/E1',
  keyRotation: { period: '12h' },
  domain: 'broker.example.com',
  certificateArn: 'arn:aws:acm:eu-central-1:111122223333:certificate/1',
  kmsKeyArn: 'arn:aws:kms:eu-central-1:111122223333:key/1',
};

/** The same behind another gateway, as far as that one knows them. */
export const everyParameterOf: Readonly<Record<'http-api' | 'rest' | 'function-url', StageParametersInput>> = {
  'http-api': everyParameter,
  rest: {
    ...everyParameter,
    gateway: 'rest',
    webAclArn: 'arn:aws:wafv2:eu-central-1:111122223333:regional/webacl/a/1',
  },
  'function-url': { ...everyParameter, gateway: 'function-url', domain: undefined, certificateArn: undefined },
};

/** What the template says of a resource. */
export function propertiesOf(template: Template, id: string): Record<string, unknown> {
  const found = template.Resources[id];
  assert.ok(found, `there is no ${id}`);
  return found.Properties ?? {};
}

/** @returns the template of a packaged stage */
export async function readTemplate(packaged: StagePackage): Promise<Template> {
  return JSON.parse(await readFile(packaged.template, 'utf8')) as Template;
}
