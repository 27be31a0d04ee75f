/** What a stage is deployed as behind another gateway than an HTTP API: routes, streams, limits and who may call what. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readTemplate as readStack } from '../../../infra/local/gateway/template.ts';
import type { Template as Packaged } from '../../../infra/local/gateway/intrinsics.ts';
import { PackagingError } from '../../../infra/stage/problems.ts';
import { checkStreams } from '../../../infra/stage/stream-paths.ts';
import {
  everyParameter,
  everyParameterOf,
  packageSmallStage,
  propertiesOf as properties,
  readTemplate,
  type Resource,
  type Template,
} from '../package/packaged.ts';

const account = { region: 'eu-central-1', accountId: '111122223333', stackName: 'token-broker-test' };
const rest = await readTemplate(await packageSmallStage({ gateway: 'rest' }));
const fullRest = await readTemplate(await packageSmallStage(everyParameterOf.rest));
const urls = await readTemplate(await packageSmallStage(everyParameterOf['function-url']));

const typed = (template: Template, type: string): [id: string, resource: Resource][] =>
  Object.entries(template.Resources).filter(([, { Type }]) => Type === type);

const routesOf = (template: Template) => readStack(JSON.parse(JSON.stringify(template)) as Packaged, account).routes;

describe('a stage behind a REST API', () => {
  it('leads the navigations and the back channel to auth, what is streamed to stream, everything else to api', () => {
    const led = routesOf(rest).map(({ key, functionName }) => [key, functionName.replace('token-broker-test-', '')]);
    assert.deepEqual(Object.fromEntries(led), {
      'GET /bff/login': 'auth',
      'GET /bff/callback': 'auth',
      'GET /bff/logout': 'auth',
      'POST /bff/logout': 'auth',
      'GET /bff/logout/callback': 'auth',
      'POST /bff/backchannel': 'auth',
      'ANY /api/orders/events/{proxy+}': 'stream',
      'ANY /api/orders/answers': 'stream',
      'ANY /bff/login': 'api',
      'ANY /bff/callback': 'api',
      'ANY /bff/logout': 'api',
      'ANY /bff/logout/callback': 'api',
      'ANY /bff/backchannel': 'api',
      'ANY /bff': 'api',
      'ANY /api': 'api',
      'ANY /api/orders': 'api',
      'ANY /api/orders/events': 'api',
      'ANY /': 'api',
      'ANY /{proxy+}': 'api',
    });
  });

  it('streams for as long as a stream may take, and waits 29 seconds for anything else', () => {
    const streamed = routesOf(fullRest).filter(({ streamed: isStreamed }) => isStreamed);
    assert.deepEqual(
      streamed.map(({ key, timeoutMs }) => [key, timeoutMs]),
      [
        ['ANY /api/orders/events/{proxy+}', 600_000],
        ['ANY /api/orders/answers', 600_000],
      ],
    );
    const others = routesOf(fullRest).filter(({ streamed: isStreamed }) => !isStreamed);
    assert.deepEqual(new Set(others.map(({ timeoutMs }) => timeoutMs)), new Set([29_000]));
  });

  it('limits login, callback and back channel more than the rest', () => {
    const low = { ThrottlingRateLimit: 2, ThrottlingBurstLimit: 4 };
    assert.deepEqual(properties(fullRest, 'RestApiStage')['MethodSettings'], [
      { HttpMethod: '*', ResourcePath: '/*', ThrottlingRateLimit: 20, ThrottlingBurstLimit: 40 },
      { HttpMethod: 'GET', ResourcePath: '/~1session~1login', ...low },
      { HttpMethod: 'GET', ResourcePath: '/~1signin-oidc', ...low },
      { HttpMethod: 'POST', ResourcePath: '/~1session~1backchannel', ...low },
    ]);
  });

  it('is deployed anew exactly when its resources have changed', async () => {
    const deployments = (template: Template): string[] =>
      typed(template, 'AWS::ApiGateway::Deployment').map(([id]) => id);
    const [first, ...more] = deployments(rest);
    assert.deepEqual(more, []);
    assert.deepEqual(properties(rest, 'RestApiStage')['DeploymentId'], { Ref: first });
    assert.deepEqual(deployments(await readTemplate(await packageSmallStage({ gateway: 'rest' }))), [first]);
    assert.notDeepEqual(deployments(fullRest), [first]);
    const methods = typed(rest, 'AWS::ApiGateway::Method').map(([id]) => id);
    assert.deepEqual(new Set(rest.Resources[first ?? '']?.DependsOn), new Set(methods));
  });

  it('lets this API, and no other, invoke its functions', () => {
    for (const name of ['Auth', 'Api', 'Stream']) {
      assert.deepEqual(properties(rest, `${name}RestPermission`), {
        FunctionName: { 'Fn::GetAtt': [`${name}LambdaFunction`, 'Arn'] },
        Action: 'lambda:InvokeFunction',
        Principal: 'apigateway.amazonaws.com',
        SourceArn: {
          'Fn::Sub': 'arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${RestApi}/*',
        },
      });
    }
  });

  it('has no HTTP API beside it, and no URL but the one that nobody may call', () => {
    assert.deepEqual(
      Object.values(rest.Resources).filter(({ Type }) => Type.startsWith('AWS::ApiGatewayV2::')),
      [],
    );
    assert.deepEqual(
      typed(rest, 'AWS::Lambda::Url').map(([id]) => id),
      ['StreamLambdaFunctionUrl'],
    );
  });

  it('has its domain and its web ACL where the parameters name one', () => {
    assert.equal(properties(fullRest, 'RestApiDomain')['DomainName'], everyParameter.domain);
    assert.equal(properties(fullRest, 'RestApiWebAcl')['WebACLArn'], everyParameterOf.rest.webAclArn);
    for (const [id, condition] of [
      ['RestApiDomain', 'HasDomain'],
      ['RestApiDomainMapping', 'HasDomain'],
      ['RestApiWebAcl', 'HasWebAcl'],
    ] as const) {
      assert.equal(rest.Resources[id]?.Condition, condition);
      assert.deepEqual(rest.Conditions?.[condition], { 'Fn::Not': [{ 'Fn::Equals': ['', ''] }] });
    }
  });

  it('writes an access log line that is JSON', () => {
    const { Format } = properties(rest, 'RestApiStage')['AccessLogSetting'] as { Format: string };
    assert.ok(Object.keys(JSON.parse(Format) as object).includes('requestId'));
  });
});

describe('a stage behind function URLs', () => {
  it('has one for each function that serves requests, which only the distribution may call', () => {
    assert.deepEqual(
      typed(urls, 'AWS::Lambda::Url').map(([id, { Properties }]) => [id, Properties?.['AuthType']]),
      [
        ['AuthLambdaFunctionUrl', 'AWS_IAM'],
        ['ApiLambdaFunctionUrl', 'AWS_IAM'],
        ['StreamLambdaFunctionUrl', 'AWS_IAM'],
      ],
    );
    const permissions = typed(urls, 'AWS::Lambda::Permission').filter(([, { Properties }]) =>
      JSON.stringify(Properties?.['Principal']).includes('cloudfront'),
    );
    assert.equal(permissions.length, 6);
    for (const [, { Properties, Condition }] of permissions) {
      assert.equal(Condition, 'HasDistribution');
      assert.equal(Properties?.['SourceArn'], everyParameter.distributionArn);
    }
  });

  it('has no gateway, and says where the origins are', () => {
    assert.deepEqual(
      Object.values(urls.Resources).filter(({ Type }) => Type.startsWith('AWS::ApiGateway')),
      [],
    );
    const origins = Object.keys(urls.Outputs ?? {}).filter((name) => name.endsWith('Origin'));
    assert.deepEqual(new Set(origins), new Set(['AuthOrigin', 'ApiOrigin', 'StreamOrigin']));
  });
});

describe('a streamed path that the gateway cannot lead to its function is refused', () => {
  const paths = { basePath: '/bff', callbackPath: '/bff/callback' } as const;
  const refused: readonly [what: string, gateway: 'http-api' | 'rest' | 'function-url', api: object, says: RegExp][] = [
    [
      'of an API that nobody reads',
      'http-api',
      { path: '/api/a', stream: ['/x'], methods: ['POST'] },
      /apis\.a\.stream/,
    ],
    [
      'of an API that nobody reads',
      'function-url',
      { path: '/api/a', stream: ['/x'], methods: ['POST'] },
      /GET and HEAD/,
    ],
    ['that only a parameter tells', 'rest', { path: '/api/a', stream: { $parameter: 'x' } }, /apis\.a\.stream must/],
    ['below what only a parameter tells', 'rest', { path: { $parameter: 'x' }, stream: ['/x'] }, /apis\.a\.path must/],
    ['with a tilde', 'rest', { path: '/api/a', stream: ['/~x'] }, /"~"/],
  ];
  for (const [what, gateway, api, says] of refused) {
    it(`${what}, behind ${gateway}`, () => {
      assert.throws(
        () => checkStreams('test', { gateway, ...paths }, { apis: { a: api } }),
        (error: unknown) => error instanceof PackagingError && says.test(error.message),
      );
    });
  }

  it('and none where it can', () => {
    checkStreams(
      'test',
      { gateway: 'rest', ...paths },
      { apis: { a: { path: '/api/a', stream: ['/x'], methods: ['POST'] } } },
    );
    checkStreams(
      'test',
      { gateway: 'http-api', ...paths },
      { apis: { a: { path: { $parameter: 'x' }, stream: ['/x'] } } },
    );
  });

  it('when it is packaged', async () => {
    await assert.rejects(packageSmallStage({ gateway: 'rest', basePath: '/~bff' }), /basePath and callbackPath/);
  });
});

describe('a parameter that the gateway has no use for is refused', () => {
  for (const [what, parameters, says] of [
    ['a web ACL without a REST API', { webAclArn: 'arn:aws:wafv2:x' }, /webAclArn/],
    ['a domain of function URLs', { ...everyParameter, gateway: 'function-url' }, /domain and certificateArn/],
    ['an unknown gateway', { gateway: 'alb' as 'rest' }, /gateway/],
  ] as const) {
    it(what, async () => {
      await assert.rejects(packageSmallStage(parameters), says);
    });
  }
});
