/** The product's policy rules (infra/guard) against packaged templates, and each rule against a template breaking it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { projectRoot } from '../../../infra/build.ts';
import {
  everyParameterOf,
  packageSmallStage,
  readTemplate,
  scratchDirectory,
  type Template,
} from '../package/packaged.ts';

const rules = join(projectRoot, 'infra/guard/policy.guard');
const system = { darwin: 'macos', linux: 'ubuntu' }[process.platform as string];
const machine = { arm64: 'aarch64', x64: 'x86_64' }[process.arch as string];
const guard = join(
  projectRoot,
  `node_modules/@cdklabs/cdk-validator-cfnguard/bin/${system ?? ''}/${machine ?? ''}/cfn-guard`,
);

/** The parts of cfn-guard's report that matter here. */
interface Report {
  not_compliant: { Rule: { name: string } }[];
}

/** @returns the names of the rules that the template breaks */
async function brokenRules(template: Template): Promise<string[]> {
  const file = join(await scratchDirectory(), 'template.json');
  await writeFile(file, JSON.stringify(template));
  const options = ['validate', '--rules', rules, '--data', file, '--structured', '--output-format', 'json'];
  const output = await new Promise<string>((resolve, reject) => {
    execFile(guard, [...options, '--show-summary', 'none'], (error, stdout, stderr) => {
      // 19: a rule is broken
      if (error && error.code !== 19) reject(new Error(`${error.message}\n${stderr}`));
      else resolve(stdout);
    });
  });
  const reports = JSON.parse(output) as Report[];
  return [...new Set(reports.flatMap((report) => report.not_compliant.map(({ Rule }) => Rule.name)))];
}

const whole = {
  'http-api': await readTemplate(await packageSmallStage(everyParameterOf['http-api'])),
  rest: await readTemplate(await packageSmallStage(everyParameterOf.rest)),
  'function-url': await readTemplate(await packageSmallStage(everyParameterOf['function-url'])),
};

type Values = Record<string, unknown>;

const at = (template: Template, id: string): Values => template.Resources[id]?.Properties ?? {};
const variables = (template: Template): Values =>
  (at(template, 'ApiLambdaFunction')['Environment'] as { Variables: Values }).Variables;
const statement = (template: Template, id = 'ApiRole'): Values => {
  const documents = id === 'ApiRole' ? (at(template, id)['Policies'] as Values[])[1] : at(template, id);
  return (documents as { PolicyDocument: { Statement: [Values] } }).PolicyDocument.Statement[0];
};

const faults: Record<string, ((template: Template) => unknown)[]> = {
  functions_run_node_24: [(t) => (at(t, 'ApiLambdaFunction')['Runtime'] = 'nodejs22.x')],
  functions_run_on_arm: [
    (t) => (at(t, 'AuthLambdaFunction')['Architectures'] = ['x86_64']),
    (t) => delete at(t, 'AuthLambdaFunction')['Architectures'],
  ],
  functions_have_no_snap_start: [(t) => (at(t, 'ApiLambdaFunction')['SnapStart'] = { ApplyOn: 'PublishedVersions' })],
  functions_have_no_secret_by_name_in_their_environment: [(t) => (variables(t)['CLIENT_SECRET'] = 'x')],
  functions_have_no_secret_by_value_in_their_environment: [
    (t) => (variables(t)['SETTING'] = 'mZ0iXfYp3nqWc1sT7vK9uE4rB6aH2dLg'),
    (t) => (variables(t)['SETTING'] = '-----BEGIN PRIVATE KEY-----'),
  ],
  functions_name_a_role_of_this_template: [
    (t) => (at(t, 'ApiLambdaFunction')['Role'] = 'arn:aws:iam::111122223333:role/shared'),
  ],
  function_urls_are_signed: [
    (t) =>
      (t.Resources['Url'] = {
        Type: 'AWS::Lambda::Url',
        Properties: { AuthType: 'NONE', TargetFunctionArn: { 'Fn::GetAtt': ['ApiLambdaFunction', 'Arn'] } },
      }),
  ],
  roles_are_taken_by_functions_only: [
    (t) =>
      (at(t, 'ApiRole')['AssumeRolePolicyDocument'] = {
        Statement: [{ Effect: 'Allow', Principal: { AWS: '*' }, Action: ['sts:AssumeRole'] }],
      }),
  ],
  roles_have_no_managed_policies: [
    (t) => (at(t, 'ApiRole')['ManagedPolicyArns'] = ['arn:aws:iam::aws:policy/AdministratorAccess']),
  ],
  roles_allow_named_actions_only: [
    (t) => (statement(t)['Action'] = ['ssm:*']),
    (t) => (statement(t)['Action'] = '*'),
    (t) => (statement(t)['NotAction'] = ['iam:PassRole']),
  ],
  roles_reach_named_resources_only: [
    (t) => (statement(t)['Resource'] = '*'),
    (t) => (statement(t)['Resource'] = ['arn:aws:ssm:eu-central-1:111122223333:parameter/token-broker/*']),
    (t) => (statement(t)['Resource'] = [{ 'Fn::Sub': 'arn:${AWS::Partition}:ssm:*:*:parameter/token-broker/test/x' }]),
    (t) => (statement(t)['Resource'] = [{ 'Fn::Join': ['', ['*']] }]),
    (t) => (statement(t)['NotResource'] = ['arn:aws:s3:::x']),
  ],
  policies_allow_named_actions_on_named_resources_only: [
    (t) => (statement(t, 'ApiKmsPolicy')['Action'] = ['kms:*']),
    (t) => (statement(t, 'ApiKmsPolicy')['Resource'] = ['*']),
  ],
  logs_are_kept_for_a_limited_time: [(t) => delete at(t, 'HttpApiLogGroup')['RetentionInDays']],
  gateway_has_no_cors_of_its_own: [(t) => (at(t, 'HttpApi')['CorsConfiguration'] = { AllowOrigins: ['*'] })],
  gateway_writes_an_access_log: [
    (t) => (at(t, 'HttpApiStage')['AccessLogSettings'] = { Format: '{"path":"$context.path"}' }),
  ],
  gateway_logs_neither_query_strings_nor_headers: [
    (t) => ((at(t, 'HttpApiStage')['AccessLogSettings'] as Values)['Format'] = '$context.requestHeaders'),
  ],
  gateway_limits_the_rate_of_requests: [
    (t) => delete at(t, 'HttpApiStage')['DefaultRouteSettings'],
    (t) => (at(t, 'HttpApiStage')['RouteSettings'] = { 'GET /session/login': { ThrottlingRateLimit: 1 } }),
  ],
  rest_api_takes_no_body_for_text: [(t) => delete at(t, 'RestApi')['BinaryMediaTypes']],
  rest_api_writes_an_access_log: [(t) => (at(t, 'RestApiStage')['AccessLogSetting'] = { Format: '$context.path' })],
  rest_api_logs_neither_query_strings_nor_headers: [
    (t) => ((at(t, 'RestApiStage')['AccessLogSetting'] as Values)['Format'] = '$context.requestOverride.querystring'),
    (t) => ((at(t, 'RestApiStage')['MethodSettings'] as [Values])[0]['DataTraceEnabled'] = true),
  ],
  rest_api_limits_the_rate_of_requests: [
    (t) => delete at(t, 'RestApiStage')['MethodSettings'],
    (t) => (at(t, 'RestApiStage')['MethodSettings'] = [{ HttpMethod: '*', ResourcePath: '/*' }]),
  ],
  rest_api_domains_speak_tls_1_2: [(t) => (at(t, 'RestApiDomain')['SecurityPolicy'] = 'TLS_1_0')],
  gateway_speaks_payload_2: [(t) => (at(t, 'HttpApiIntegrationApi')['PayloadFormatVersion'] = '1.0')],
  gateway_domains_speak_tls_1_2: [
    (t) => (at(t, 'HttpApiDomain')['DomainNameConfigurations'] = [{ SecurityPolicy: 'TLS_1_0' }]),
  ],
  table_forgets_rows: [(t) => delete at(t, 'Table')['TimeToLiveSpecification']],
  table_is_billed_on_demand: [(t) => (at(t, 'Table')['BillingMode'] = 'PROVISIONED')],
};

describe('the policy rules', () => {
  for (const [gateway, template] of Object.entries(whole)) {
    it(`are kept by a stage with every parameter and the gateway ${gateway}`, async () => {
      assert.deepEqual(await brokenRules(template), []);
    });
  }

  it('are kept by a stage without parameters', async () => {
    assert.deepEqual(await brokenRules(await readTemplate(await packageSmallStage())), []);
  });

  it('have each one a template below which breaks it', async () => {
    const named = [...(await readFile(rules, 'utf8')).matchAll(/^rule (\w+)/gm)].map(([, name]) => name);
    assert.deepEqual(new Set(named), new Set(Object.keys(faults)));
  });

  for (const [rule, seeds] of Object.entries(faults)) {
    it(`notice when ${rule.replaceAll('_', ' ')} does not hold`, async () => {
      for (const seed of seeds) {
        const template = structuredClone(rule.startsWith('rest_api') ? whole.rest : whole['http-api']);
        seed(template);
        assert.deepEqual(await brokenRules(template), [rule], seed.toString());
      }
    });
  }
});
