/**
 * The resources of a REST API in CloudFormation's words. Each segment of a path is a resource there, and what is to be
 * streamed says so at its method, so that the stage's configuration decides about them.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html
 */
import { createHash } from 'node:crypto';
import { authRoutes, type RoutedPaths } from './routes.ts';

/** The functions by their logical ids in the template. */
type Target = 'AuthLambdaFunction' | 'ApiLambdaFunction' | 'StreamLambdaFunction';

interface Method {
  /** `ANY`, or the one that goes somewhere else than the others. */
  readonly method: string;
  readonly target: Target;
}

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DependsOn?: readonly string[];
}

export interface RestApiOptions extends RoutedPaths {
  /** CloudFront's patterns of what is streamed: `/api/orders/events/*`. */
  readonly streamed: readonly string[];
  /** How long one streamed answer may take, in seconds. */
  readonly streamTimeout: number;
}

export interface RestApiResources {
  /** Logical id → resource, without the API itself. */
  readonly resources: Readonly<Record<string, Resource>>;
  /** The logical id of the deployment; another one as soon as there is something else to deploy. */
  readonly deployment: string;
}

/** The longest that a REST API waits for an answer that is not streamed. */
const answerTimeoutMs = 29_000;
const rest = '{proxy+}';

/** As a path of resources: everything below a path has a variable for it. */
const pathsOf = (pattern: string): readonly string[] => {
  if (!pattern.endsWith('/*')) return [pattern];
  return [`${pattern.slice(0, -1)}${rest}`];
};

/** Every path that has methods of its own. A resource on the way to one has none, so that it is given those of the others. */
function methodsByPath(options: RestApiOptions): Map<string, Method[]> {
  const methods = new Map<string, Method[]>();
  const lead = (path: string, ...added: readonly Method[]): void => {
    methods.set(path, [...(methods.get(path) ?? []), ...added]);
  };
  for (const key of Object.values(authRoutes(options))) {
    const [method = '', path = ''] = key.split(' ');
    lead(path, { method, target: 'AuthLambdaFunction' });
  }
  for (const path of options.streamed.flatMap(pathsOf)) {
    if (!methods.has(path)) lead(path, { method: 'ANY', target: 'StreamLambdaFunction' });
  }
  const parents = [...methods.keys()].flatMap((path) => {
    const segments = path.split('/').slice(1, -1);
    return segments.map((_, index) => `/${segments.slice(0, index + 1).join('/')}`);
  });
  for (const path of new Set(['/', `/${rest}`, ...parents, ...methods.keys()])) {
    const isTaken = methods.get(path)?.some(({ method }) => method === 'ANY') === true;
    if (!isTaken) lead(path, { method: 'ANY', target: 'ApiLambdaFunction' });
  }
  return methods;
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8);

/** `/bff/login` → `BffLogin` and a digest of it, since two paths can have the same letters. */
function idOf(path: string): string {
  if (path === '/') return 'Root';
  const words = path.split(/[^0-9A-Za-z]+/).filter((word) => word !== '');
  return `${words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')}${digest(path)}`;
}

const api = { Ref: 'RestApi' };

const resourceId = (path: string): object =>
  path === '/' ? { 'Fn::GetAtt': ['RestApi', 'RootResourceId'] } : { Ref: `RestApiResource${idOf(path)}` };

function resourceAt(path: string): Resource {
  const cut = path.lastIndexOf('/');
  return {
    Type: 'AWS::ApiGateway::Resource',
    Properties: { RestApiId: api, ParentId: resourceId(path.slice(0, cut) || '/'), PathPart: path.slice(cut + 1) },
  };
}

/** @returns the address at which API Gateway invokes a function */
function invocationUri(target: Target, isStreamed: boolean): object {
  const [version, action] = isStreamed
    ? ['2021-11-15', 'response-streaming-invocations']
    : ['2015-03-31', 'invocations'];
  const place = 'arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path';
  return { 'Fn::Sub': `${place}/${version}/functions/\${${target}.Arn}/${action}` };
}

function methodAt(path: string, { method, target }: Method, streamTimeout: number): Resource {
  const isStreamed = target === 'StreamLambdaFunction';
  return {
    Type: 'AWS::ApiGateway::Method',
    Properties: {
      RestApiId: api,
      ResourceId: resourceId(path),
      HttpMethod: method,
      AuthorizationType: 'NONE',
      ApiKeyRequired: false,
      Integration: {
        Type: 'AWS_PROXY',
        IntegrationHttpMethod: 'POST',
        Uri: invocationUri(target, isStreamed),
        ...(isStreamed
          ? { ResponseTransferMode: 'STREAM', TimeoutInMillis: streamTimeout * 1000 }
          : { TimeoutInMillis: answerTimeoutMs }),
      },
    },
  };
}

/** @param options of a stage whose paths are all known; they have only characters that a resource's path may have */
export function restApiResources(options: RestApiOptions): RestApiResources {
  const resources: Record<string, Resource> = {};
  const methodIds: string[] = [];
  for (const [path, methods] of methodsByPath(options)) {
    if (path !== '/') resources[`RestApiResource${idOf(path)}`] = resourceAt(path);
    for (const each of methods) {
      const id = `RestApiMethod${idOf(path)}${each.method.charAt(0)}${each.method.slice(1).toLowerCase()}`;
      resources[id] = methodAt(path, each, options.streamTimeout);
      methodIds.push(id);
    }
  }
  // What has been deployed stays as it was: only another deployment takes up what has changed.
  const deployment = `RestApiDeployment${digest(JSON.stringify(resources))}`;
  resources[deployment] = {
    Type: 'AWS::ApiGateway::Deployment',
    Properties: { RestApiId: api },
    DependsOn: methodIds,
  };
  return { resources, deployment };
}
