/** What is deployed is what is served: functions, routes and tables come out of the packaged template. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { JsonObject, Template } from '../../../infra/local/gateway/intrinsics.ts';
import { chooseRoute } from '../../../infra/local/gateway/routes.ts';
import { readTemplate } from '../../../infra/local/gateway/template.ts';

const account = { region: 'eu-central-1', accountId: '123456789012', stackName: 'broker' };
const arn = { 'Fn::GetAtt': ['ApiLambdaFunction', 'Arn'] };

/** One function behind `$default`, with what a test changes about it. */
function templateWith(changes: {
  uri?: JsonObject;
  function?: JsonObject;
  route?: JsonObject;
  more?: object;
}): Template {
  const integration = { PayloadFormatVersion: '2.0', IntegrationUri: changes.uri ?? arn, TimeoutInMillis: 30_000 };
  const target = { 'Fn::Join': ['/', ['integrations', { Ref: 'HttpApiIntegrationApi' }]] };
  return {
    Resources: {
      ApiLambdaFunction: {
        Type: 'AWS::Lambda::Function',
        Properties: {
          FunctionName: 'broker-api',
          Handler: 'dist/api/index.handler',
          Code: { S3Key: 'a/b/api.zip' },
          Timeout: 29,
          MemorySize: 1024,
          ...changes.function,
        },
      },
      HttpApiIntegrationApi: { Type: 'AWS::ApiGatewayV2::Integration', Properties: integration },
      HttpApiRouteDefault: {
        Type: 'AWS::ApiGatewayV2::Route',
        Properties: { RouteKey: '$default', Target: target, ...changes.route },
      },
      Table: { Type: 'AWS::DynamoDB::Table', Properties: { TableName: { 'Fn::Sub': '${AWS::StackName}-rows' } } },
      ...changes.more,
    },
  };
}

const read = (changes: Parameters<typeof templateWith>[0] = {}) => readTemplate(templateWith(changes), account);

describe('a function', () => {
  test('has the name, handler, limits and package that would be deployed', () => {
    const [found] = read().functions;
    assert.deepEqual(
      [found?.name, found?.handler, found?.package, found?.timeoutSeconds, found?.memoryMegabytes],
      ['broker-api', 'dist/api/index.handler', 'api.zip', 29, 1024],
    );
  });

  const values: readonly [value: JsonObject | string, resolved: string][] = [
    ['plain', 'plain'],
    [{ Ref: 'Table' }, 'broker-rows'],
    [{ Ref: 'AWS::Region' }, 'eu-central-1'],
    [{ 'Fn::GetAtt': ['Table', 'Arn'] }, 'arn:aws:dynamodb:eu-central-1:123456789012:table/broker-rows'],
    [
      { 'Fn::Sub': 'x-${Table}-${!no}-${Table.Arn}' },
      'x-broker-rows-${no}-arn:aws:dynamodb:eu-central-1:123456789012:table/broker-rows',
    ],
    [{ 'Fn::Sub': ['${a}/${AWS::AccountId}', { a: { Ref: 'Table' } }] }, 'broker-rows/123456789012'],
    [{ 'Fn::Join': ['-', ['a', { Ref: 'AWS::Partition' }]] }, 'a-aws'],
    [{ 'Fn::Select': [1, { 'Fn::Split': ['/', 'a/b'] }] }, 'b'],
  ];
  for (const [value, resolved] of values) {
    test(`gets ${resolved} for the variable ${JSON.stringify(value)}`, () => {
      const [found] = read({ function: { Environment: { Variables: { VALUE: value } } } }).functions;
      assert.deepEqual(found?.environment, { VALUE: resolved });
    });
  }
});

describe('an integration', () => {
  const uris: readonly [form: string, uri: JsonObject][] = [
    ['plain', arn],
    ['alias-qualified', { 'Fn::Join': [':', [arn, 'live']] }],
  ];
  for (const [form, uri] of uris) {
    test(`leads to its function in the ${form} form`, () => {
      assert.deepEqual(read({ uri }).routes, [{ key: '$default', functionName: 'broker-api', timeoutMs: 30_000 }]);
    });
  }

  const refused: readonly [what: string, changes: Parameters<typeof templateWith>[0], sentence: RegExp][] = [
    ['an unknown intrinsic', { function: { Description: { 'Fn::ImportValue': 'x' } } }, /Fn::ImportValue/],
    ['a reference to nothing', { function: { Description: { Ref: 'Nothing' } } }, /Nothing/],
    ['an authorizer', { route: { AuthorizerId: 'a' } }, /AuthorizerId/],
    [
      'CORS at the gateway',
      { more: { Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { CorsConfiguration: {} } } } },
      /Cors/,
    ],
    ['a target that is no function', { uri: { 'Fn::Join': ['', ['arn:other']] } }, /arn:other/],
  ];
  for (const [what, changes, sentence] of refused) {
    test(`${what} is refused, since it is not imitated`, () => {
      assert.throws(() => read(changes), sentence);
    });
  }
});

/** `ANY /a/{proxy+}` with this integration. */
const methodWith = (integration: JsonObject) => {
  const root = { 'Fn::GetAtt': ['Rest', 'RootResourceId'] };
  return read({
    more: {
      Rest: { Type: 'AWS::ApiGateway::RestApi', Properties: {} },
      A: { Type: 'AWS::ApiGateway::Resource', Properties: { ParentId: root, PathPart: 'a' } },
      Below: { Type: 'AWS::ApiGateway::Resource', Properties: { ParentId: { Ref: 'A' }, PathPart: '{proxy+}' } },
      Method: {
        Type: 'AWS::ApiGateway::Method',
        Properties: {
          HttpMethod: 'ANY',
          ResourceId: { Ref: 'Below' },
          Integration: { Type: 'AWS_PROXY', ...integration },
        },
      },
    },
  }).routes.at(-1);
};

describe('a method of a REST API', () => {
  const place = 'arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path';
  const buffered = { 'Fn::Sub': `${place}/2015-03-31/functions/\${ApiLambdaFunction.Arn}/invocations` };
  const streamed = {
    'Fn::Sub': `${place}/2021-11-15/functions/\${ApiLambdaFunction.Arn}/response-streaming-invocations`,
  };

  test('is a route at the path of its resource, which waits at most 29 seconds', () => {
    const route = { key: 'ANY /a/{proxy+}', functionName: 'broker-api' };
    assert.deepEqual(methodWith({ Uri: buffered }), { ...route, timeoutMs: 29_000, streamed: false });
    assert.equal(methodWith({ Uri: buffered, TimeoutInMillis: 60_000 })?.timeoutMs, 29_000);
  });

  test('streams as long as it says', () => {
    const found = methodWith({ Uri: streamed, ResponseTransferMode: 'STREAM', TimeoutInMillis: 600_000 });
    assert.deepEqual([found?.streamed, found?.timeoutMs], [true, 600_000]);
  });

  const refused: readonly [what: string, integration: JsonObject][] = [
    ['of another kind', { Uri: buffered, Type: 'HTTP_PROXY' }],
    ['that streams what is invoked whole', { Uri: buffered, ResponseTransferMode: 'STREAM' }],
    ['that takes whole what streams', { Uri: streamed }],
  ];
  for (const [what, integration] of refused) {
    test(`with an integration ${what} is refused`, () => {
      assert.throws(() => methodWith(integration), /Method has no Lambda proxy integration/);
    });
  }
});

test('a table is described in the words of the template', () => {
  assert.deepEqual(read().tables, [{ name: 'broker-rows', properties: { TableName: 'broker-rows' } }]);
});

describe('the route of a request', () => {
  const keys = ['$default', 'ANY /a', 'GET /a', 'GET /a/{id}', 'GET /a/fixed', 'ANY /{all+}', 'ANY /a/b/{rest+}'];
  const routes = keys.map((key) => ({ key, functionName: 'f', timeoutMs: 1 }));
  const expected: readonly [method: string, path: string, key: string, parameters: object][] = [
    ['GET', '/a', 'GET /a', {}],
    ['POST', '/a', 'ANY /a', {}],
    ['GET', '/a/fixed', 'GET /a/fixed', {}],
    ['GET', '/a/7', 'GET /a/{id}', { id: '7' }],
    ['POST', '/a/7', 'ANY /{all+}', { all: 'a/7' }],
    ['GET', '/a/b/c/d', 'ANY /a/b/{rest+}', { rest: 'c/d' }],
    ['GET', '/', '$default', {}],
  ];
  for (const [method, path, key, parameters] of expected) {
    test(`${method} ${path} takes ${key}`, () => {
      const match = chooseRoute(routes, method, path);
      assert.deepEqual([match?.route.key, match?.pathParameters], [key, parameters]);
    });
  }
});
