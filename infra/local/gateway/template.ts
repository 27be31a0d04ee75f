/** Reads the packaged CloudFormation template: the functions and the gateway's routes that would be deployed. */
import { createResolver, isObject } from './intrinsics.ts';
import type { Account, Json, JsonObject, Resolve, Resource, Template } from './intrinsics.ts';
import { restRoutes } from './rest-routes.ts';
import type { Route } from './routes.ts';

/** A function as the template describes it. */
export interface TemplateFunction {
  /** Its logical id. */
  readonly id: string;
  readonly name: string;
  readonly arn: string;
  readonly handler: string;
  /** File name of its package. */
  readonly package: string;
  readonly timeoutSeconds: number;
  readonly memoryMegabytes: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly logGroup: string;
  readonly logFormat: 'Text' | 'JSON';
}

/** A table as the template describes it, in CloudFormation's words. */
export interface TemplateTable {
  readonly name: string;
  readonly properties: JsonObject;
}

/** What of the template is served on this machine. */
export interface PackagedStack {
  readonly functions: readonly TemplateFunction[];
  readonly routes: readonly Route[];
  readonly tables: readonly TemplateTable[];
  /** Names of the functions that have a URL at which they stream. */
  readonly streaming: readonly string[];
}

/** What HTTP APIs do and this gateway does not: better refused than silently left out. */
const notImitated = ['CorsConfiguration', 'AuthorizerId', 'RequestParameters', 'ResponseParameters'];

/** An HTTP API waits this long for an integration, whatever the function's own time-out is. */
const integrationLimitMs = 30_000;

const string = (value: Json | undefined): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';
const number = (value: Json | undefined, fallback: number): number => (value === undefined ? fallback : Number(value));
const object = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

function readFunction(id: string, properties: JsonObject, resolve: Resolve): TemplateFunction {
  const name = string(resolve({ Ref: id }));
  const logging = object(properties['LoggingConfig']);
  const variables = object(object(properties['Environment'])['Variables']);
  return {
    id,
    name,
    arn: string(resolve({ 'Fn::GetAtt': [id, 'Arn'] })),
    handler: string(properties['Handler']),
    package: string(object(properties['Code'])['S3Key']).split('/').at(-1) ?? '',
    timeoutSeconds: number(properties['Timeout'], 3),
    memoryMegabytes: number(properties['MemorySize'], 128),
    environment: Object.fromEntries(Object.entries(variables).map(([key, value]) => [key, string(value)])),
    logGroup: string(logging['LogGroup']) || `/aws/lambda/${name}`,
    logFormat: logging['LogFormat'] === 'JSON' ? 'JSON' : 'Text',
  };
}

/** Finds a function by its ARN, which may end with an alias or a version. */
function byArn(functions: readonly TemplateFunction[], arn: string): TemplateFunction {
  const found = functions.find((candidate) => arn === candidate.arn || arn.startsWith(`${candidate.arn}:`));
  if (found === undefined) throw new Error(`An integration of the template leads to ${arn}, which is not a function.`);
  return found;
}

function refuseWhatIsMissing(resources: readonly Resource[]): void {
  for (const { Type, Properties } of resources) {
    const found = notImitated.find((key) => Type.startsWith('AWS::ApiGatewayV2::') && Properties?.[key] !== undefined);
    if (found !== undefined) throw new Error(`The local gateway does not imitate ${found} of ${Type}.`);
  }
}

/**
 * @param template `cloudformation-template-update-stack.json`
 * @param account what its pseudo parameters stand for
 * @throws Error in one sentence where the template uses something that is not imitated here
 */
export function readTemplate(template: Template, account: Account): PackagedStack {
  const resolve = createResolver(template, account);
  const resources = Object.entries(template.Resources);
  refuseWhatIsMissing(resources.map(([, resource]) => resource));

  const ofType = (type: string): (readonly [string, JsonObject])[] =>
    resources
      .filter(([, resource]) => resource.Type === type)
      .map(([id, { Properties }]) => [id, object(resolve(Properties))] as const);

  const functions = ofType('AWS::Lambda::Function').map(([id, properties]) => readFunction(id, properties, resolve));
  const integrations = new Map(
    ofType('AWS::ApiGatewayV2::Integration').map(([id, read]) => [`integrations/${id}`, read]),
  );
  const functionOf = (arn: string): string => byArn(functions, arn).name;
  const ofRestApi = restRoutes(ofType('AWS::ApiGateway::Resource'), ofType('AWS::ApiGateway::Method'), functionOf);
  const ofHttpApi = ofType('AWS::ApiGatewayV2::Route').map(([id, route]): Route => {
    const integration = integrations.get(string(route['Target']));
    if (integration?.['PayloadFormatVersion'] !== '2.0') {
      throw new Error(`The route ${id} has no integration of payload format 2.0.`);
    }
    return {
      key: string(route['RouteKey']),
      functionName: functionOf(string(integration['IntegrationUri'])),
      timeoutMs: Math.min(integrationLimitMs, number(integration['TimeoutInMillis'], integrationLimitMs)),
    };
  });
  const tables = ofType('AWS::DynamoDB::Table').map(([id, properties]) => ({
    name: string(resolve({ Ref: id })),
    properties,
  }));
  const streaming = ofType('AWS::Lambda::Url').flatMap(([, { InvokeMode, TargetFunctionArn }]) =>
    InvokeMode === 'RESPONSE_STREAM' ? [functionOf(string(TargetFunctionArn))] : [],
  );
  return { functions, routes: [...ofHttpApi, ...ofRestApi], tables, streaming };
}
