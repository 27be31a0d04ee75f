/** The packaged templates against AWS's resource schemas, and what they say about routes, limits and permissions. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import {
  everyParameter,
  everyParameterOf,
  packageSmallStage,
  propertiesOf as properties,
  readTemplate,
  type Resource,
  type Template,
} from '../package/packaged.ts';
import { specificationFaults } from './specification.ts';

const plain = await packageSmallStage();
const full = await packageSmallStage(everyParameter);
const templates = {
  'without parameters': await readTemplate(plain),
  'with every parameter': await readTemplate(full),
};
const behind = {
  rest: await readTemplate(await packageSmallStage({ gateway: 'rest' })),
  'rest with every parameter': await readTemplate(await packageSmallStage(everyParameterOf.rest)),
  'function-url': await readTemplate(await packageSmallStage({ gateway: 'function-url' })),
  'function-url with every parameter': await readTemplate(await packageSmallStage(everyParameterOf['function-url'])),
};

const resource = (template: Template, id: string): Resource => {
  const found = template.Resources[id];
  assert.ok(found, `there is no ${id}`);
  return found;
};

const reserved = (template: Template): unknown[] =>
  ['Auth', 'Api', 'Stream'].map(
    (name) => properties(template, `${name}LambdaFunction`)['ReservedConcurrentExecutions'],
  );

/** The folder of an upload is named after the time of packaging. */
const withoutUploadTime = async (file: string): Promise<string> =>
  (await readFile(file, 'utf8')).replaceAll(/\d{13}-[^/]+Z/g, '<time>');

const statements = (document: unknown): object[] => (document as { Statement: object[] }).Statement;

function routes(template: Template): Record<string, string> {
  const found = Object.values(template.Resources).filter(({ Type }) => Type === 'AWS::ApiGatewayV2::Route');
  return Object.fromEntries(
    found.map(({ Properties }) => {
      const target = /HttpApiIntegration(\w+)/.exec(JSON.stringify(Properties))?.[1] ?? '';
      return [String(Properties?.['RouteKey']), target.toLowerCase()];
    }),
  );
}

describe("AWS's resource schemas", () => {
  for (const [name, template] of Object.entries(templates)) {
    it(`accept the template of a stage ${name}`, async () => {
      assert.deepEqual(await specificationFaults(template), []);
    });
  }

  for (const [name, template] of Object.entries(behind)) {
    it(`accept the template of a stage with the gateway ${name}`, async () => {
      assert.deepEqual(await specificationFaults(template), []);
    });
  }

  const seeded: [fault: string, seed: (template: Template) => void, found: RegExp][] = [
    ['an unknown type', (t) => (resource(t, 'Table').Type = 'AWS::DynamoDB::Tabel'), /^Table: AWS has no type/],
    ['an unknown property', (t) => (properties(t, 'Table')['Streams'] = 1), /^Table.Properties: .*Streams/],
    [
      'a missing property',
      (t) => delete properties(t, 'Table')['KeySchema'],
      /^Table.Properties: KeySchema is missing/,
    ],
    [
      'an unknown property deep inside',
      (t) => (properties(t, 'Table')['TimeToLiveSpecification'] = { Enabled: true, Attribute: 'expiresAt' }),
      /^Table.Properties.TimeToLiveSpecification: there is no property Attribute/,
    ],
    ['text for a number', (t) => (properties(t, 'ApiLogGroup')['RetentionInDays'] = '30'), /"30" is no integer/],
    ['text for a boolean', (t) => (properties(t, 'HttpApiStage')['AutoDeploy'] = 'yes'), /"yes" is no boolean/],
    ['one value for a list', (t) => (properties(t, 'ApiRole')['Policies'] = {}), /Policies: \{\} is no list/],
    [
      'a value outside of an enumeration',
      (t) => (properties(t, 'ApiLambdaFunction')['PackageType'] = 'Tar'),
      /Tar is not/,
    ],
    ['a Ref to nothing', (t) => (properties(t, 'HttpApiStage')['ApiId'] = { Ref: 'Api' }), /nothing named Api/],
    [
      'an attribute of nothing',
      (t) => (properties(t, 'ApiLambdaFunction')['Role'] = { 'Fn::GetAtt': ['Role', 'Arn'] }),
      /no resource Role/,
    ],
    [
      'an unknown attribute',
      (t) => (properties(t, 'ApiLambdaFunction')['Role'] = { 'Fn::GetAtt': ['ApiRole', 'Name'] }),
      /AWS::IAM::Role has no attribute Name/,
    ],
    [
      'a reference to nothing within a text',
      (t) => (properties(t, 'Table')['TableName'] = { 'Fn::Sub': '${Stage}-table' }),
      /nothing named Stage/,
    ],
    [
      'a wait for nothing',
      (t) => (resource(t, 'HttpApiStage').DependsOn = ['Route']),
      /DependsOn: .* no resource Route/,
    ],
    ['an unknown condition', (t) => (resource(t, 'Table').Condition = 'HasTable'), /no condition HasTable/],
  ];
  for (const [fault, seed, found] of seeded) {
    it(`find ${fault}`, async () => {
      const template = structuredClone(templates['with every parameter']);
      seed(template);
      const faults = await specificationFaults(template);
      assert.equal(faults.length, 1, faults.join('\n'));
      assert.match(faults[0] ?? '', found);
    });
  }
});

describe('a packaged stage', () => {
  const template = templates['without parameters'];
  const other = templates['with every parameter'];

  it('routes exactly the navigations and the back channel to auth and everything else to api', () => {
    assert.deepEqual(routes(template), {
      'GET /bff/login': 'auth',
      'GET /bff/callback': 'auth',
      'GET /bff/logout': 'auth',
      'POST /bff/logout': 'auth',
      'GET /bff/logout/callback': 'auth',
      'POST /bff/backchannel': 'auth',
      $default: 'api',
    });
  });

  it('has its routes where the parameters want them', () => {
    assert.deepEqual(Object.keys(routes(other)), [
      'GET /session/login',
      'GET /signin-oidc',
      'GET /session/logout',
      'POST /session/logout',
      'GET /session/logout/callback',
      'POST /session/backchannel',
      '$default',
    ]);
  });

  it('limits login, callback and back channel more than the rest, once their routes exist', () => {
    const stage = properties(other, 'HttpApiStage');
    const low = { ThrottlingRateLimit: 2, ThrottlingBurstLimit: 4 };
    assert.deepEqual(stage['RouteSettings'], {
      'GET /session/login': low,
      'GET /signin-oidc': low,
      'POST /session/backchannel': low,
    });
    const limits = { DetailedMetricsEnabled: false, ThrottlingRateLimit: 20, ThrottlingBurstLimit: 40 };
    assert.deepEqual(stage['DefaultRouteSettings'], limits);
    const waitsFor = [resource(other, 'HttpApiStage').DependsOn ?? []].flat().map((id) => other.Resources[id]);
    const keys = waitsFor.map((route) => route?.Properties?.['RouteKey']).filter((key) => key !== undefined);
    assert.deepEqual(keys, ['GET /session/login', 'GET /signin-oidc', 'POST /session/backchannel']);
  });

  it('lets functions read exactly the parameters that its configuration names', () => {
    const allowed = [...JSON.stringify(template).matchAll(/:parameter\/([^"]+)"/g)].map(([, name]) => name);
    assert.deepEqual(
      [...new Set(allowed)],
      ['token-broker/test/client-secret', 'token-broker/test/cookie-keys', 'token-broker/test/orders-audience'],
    );
  });

  it('gives each function a role and a log group of its own', () => {
    for (const name of ['Auth', 'Api', 'Stream', 'RotateKeys']) {
      assert.deepEqual(properties(template, `${name}LambdaFunction`)['Role'], { 'Fn::GetAtt': [`${name}Role`, 'Arn'] });
      const role = JSON.stringify(properties(template, `${name}Role`));
      const groups = [...role.matchAll(/"(\w+LogGroup)"/g)].map(([, id]) => id);
      assert.deepEqual(groups, [`${name}LogGroup`]);
    }
  });

  it('tells functions where their parameters and their table are, and nothing else', () => {
    for (const name of ['Auth', 'Api', 'Stream']) {
      assert.deepEqual(properties(template, `${name}LambdaFunction`)['Environment'], {
        Variables: { PARAMETER_PREFIX: '/token-broker/test', TABLE_NAME: 'token-broker-test' },
      });
    }
    assert.equal(properties(template, 'Table')['TableName'], 'token-broker-test');
  });

  it('reserves instances only where a parameter asks for it', () => {
    assert.deepEqual([template, other].map(reserved), [
      [undefined, undefined, undefined],
      [5, 50, 20],
    ]);
  });

  it('streams at a URL which only the distribution may call, and nobody where there is none', () => {
    assert.deepEqual(properties(other, 'StreamLambdaFunctionUrl')['AuthType'], 'AWS_IAM');
    assert.deepEqual(properties(other, 'StreamLambdaFunctionUrl')['InvokeMode'], 'RESPONSE_STREAM');
    assert.equal(properties(other, 'StreamLambdaFunction')['Timeout'], 600);
    const ids = Object.keys(other.Resources).filter((id) => resource(other, id).Type === 'AWS::Lambda::Permission');
    const toStream = ids.filter((id) => JSON.stringify(properties(other, id)).includes('StreamLambdaFunction'));
    assert.deepEqual(
      toStream.map((id) => [properties(other, id)['Action'], properties(other, id)['Principal']]),
      [
        ['lambda:InvokeFunctionUrl', 'cloudfront.amazonaws.com'],
        ['lambda:InvokeFunction', 'cloudfront.amazonaws.com'],
      ],
    );
    for (const id of toStream) {
      assert.equal(resource(other, id).Condition, 'HasDistribution');
      assert.equal(properties(other, id)['SourceArn'], everyParameter.distributionArn);
    }
    assert.deepEqual(template.Conditions?.['HasDistribution'], { 'Fn::Not': [{ 'Fn::Equals': ['', ''] }] });
  });

  it('rotates keys one at a time, without repeating itself, and looks after it often', () => {
    for (const [each, rate] of [
      [template, 'rate(1 day)'],
      [other, 'rate(1 hour)'],
    ] as const) {
      assert.equal(properties(each, 'RotateKeysLambdaFunction')['ReservedConcurrentExecutions'], 1);
      assert.equal(properties(each, 'RotateKeysLambdaEvConf')['MaximumRetryAttempts'], 0);
      assert.equal(properties(each, 'RotateKeysEventsRuleSchedule1')['ScheduleExpression'], rate);
    }
    const variables = [template, other].map((each) => properties(each, 'RotateKeysLambdaFunction')['Environment']);
    const common = { PARAMETER_PREFIX: '/token-broker/test', TABLE_NAME: 'token-broker-test' };
    assert.deepEqual(variables, [
      { Variables: { ...common, ROTATION_PERIOD_SECONDS: '2592000', PARAMETERS_KMS_ARN: '' } },
      {
        Variables: { ...common, ROTATION_PERIOD_SECONDS: '43200', PARAMETERS_KMS_ARN: everyParameter.kmsKeyArn },
      },
    ]);
  });

  it('lets the rotation of keys touch the key ring and nothing else', () => {
    const ring = {
      'Fn::Sub': 'arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/token-broker/test/cookie-keys',
    };
    const policies = properties(other, 'RotateKeysRole')['Policies'] as { PolicyDocument: unknown }[];
    assert.deepEqual(
      policies.flatMap(({ PolicyDocument }) => statements(PolicyDocument)),
      [
        {
          Effect: 'Allow',
          Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
          Resource: [{ 'Fn::GetAtt': ['RotateKeysLogGroup', 'Arn'] }],
        },
        { Effect: 'Allow', Action: ['ssm:GetParameter', 'ssm:PutParameter'], Resource: [ring] },
      ],
    );
    assert.deepEqual(statements(properties(other, 'RotateKeysKmsPolicy')['PolicyDocument']), [
      {
        Effect: 'Allow',
        Action: ['kms:Decrypt', 'kms:Encrypt'],
        Resource: [everyParameter.kmsKeyArn],
        Condition: { StringEquals: { 'kms:EncryptionContext:PARAMETER_ARN': [ring] } },
      },
    ]);
  });

  it('lets nobody delete from the table', () => {
    assert.ok(!JSON.stringify(template).includes('dynamodb:DeleteItem'));
  });

  it("switches the API's default address off where there is a domain", () => {
    assert.deepEqual(properties(other, 'HttpApi')['DisableExecuteApiEndpoint'], {
      'Fn::If': ['HasDomain', true, false],
    });
    assert.deepEqual(other.Conditions?.['HasDomain'], { 'Fn::Not': [{ 'Fn::Equals': ['broker.example.com', ''] }] });
    assert.deepEqual(template.Conditions?.['HasDomain'], { 'Fn::Not': [{ 'Fn::Equals': ['', ''] }] });
  });

  it('writes an access log line that is JSON', () => {
    const settings = properties(template, 'HttpApiStage')['AccessLogSettings'] as { Format: string };
    assert.ok(Object.keys(JSON.parse(settings.Format) as object).includes('requestId'));
  });

  it('has the same template and the same zips when it is packaged again', async () => {
    const again = await packageSmallStage();
    assert.equal(await withoutUploadTime(again.template), await withoutUploadTime(plain.template));
    for (const [name, zip] of Object.entries(again.zips)) {
      assert.deepEqual(await readFile(zip), await readFile(plain.zips[name] ?? ''));
    }
  });
});
