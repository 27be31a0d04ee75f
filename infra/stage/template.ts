/**
 * What `serverless.yml` needs to know about a stage and cannot work out itself. The framework asks for it through
 * `infra/serverless/stage.cjs`, which runs this file: `node infra/stage/template.ts <stage>` prints it as JSON.
 */
import { cookieKeys, parameterNames } from '../../functions/configuration/references.ts';
import { readConfiguration } from './configuration.ts';
import { readParameters, type StageParameters } from './parameters.ts';
import { checkStage, PackagingError } from './problems.ts';
import { restApiResources } from './rest-api.ts';
import { checksEvery } from './rotation.ts';
import { authRoutes, slowedRoutes } from './routes.ts';
import { streamPaths } from './stream-paths.ts';

/** The logical id that the framework makes of a route's key. */
function logicalId(routeKey: string): string {
  const names = routeKey.split('/').map((part) => {
    const name = part
      .toLowerCase()
      .replaceAll('-', 'Dash')
      .replaceAll(/[^0-9A-Za-z]/g, '');
    return `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  });
  return `HttpApiRoute${names.join('')}`;
}

const throttling = ({ rate, burst }: { rate: number; burst: number }) => ({
  ThrottlingRateLimit: rate,
  ThrottlingBurstLimit: burst,
});

const parameterArn = (service: string, stage: string, name: string) => ({
  'Fn::Sub': `arn:\${AWS::Partition}:ssm:\${AWS::Region}:\${AWS::AccountId}:parameter/${service}/${stage}/${name}`,
});

type HttpApiEvents = readonly { readonly httpApi: string }[];

/** What is an event of a function; the resources of a REST API and function URLs are none. */
function eventsOf(parameters: StageParameters): Readonly<Record<'auth' | 'api', HttpApiEvents>> {
  if (parameters.gateway !== 'http-api') return { auth: [], api: [] };
  return {
    auth: Object.values(authRoutes(parameters)).map((httpApi) => ({ httpApi })),
    api: [{ httpApi: '*' }],
  };
}

/** As a REST API's stage names one method of a resource: `/~1bff~1login`. */
function methodSettings(key: string, limit: { rate: number; burst: number }) {
  const [HttpMethod = '', path = ''] = key.split(' ');
  return { HttpMethod, ResourcePath: `/${path.replaceAll('/', '~1')}`, ...throttling(limit) };
}

/** What differs with the kind of gateway. All of it is there for each: the framework takes no conditions. */
function gatewayValues(parameters: StageParameters, configuration: unknown) {
  const { gateway, throttle, loginThrottle } = parameters;
  const slowed = slowedRoutes(parameters);
  const { resources, deployment } = restApiResources({ ...parameters, streamed: streamPaths(configuration) });
  return {
    events: eventsOf(parameters),
    url: gateway === 'function-url' && { authorizer: 'aws_iam' },
    defaultRouteSettings: { DetailedMetricsEnabled: false, ...throttling(throttle) },
    routeSettings: Object.fromEntries(slowed.map((key) => [key, throttling(loginThrottle)])),
    routeLogicalIds: slowed.map(logicalId),
    restResources: gateway === 'rest' ? resources : {},
    restDeployment: deployment,
    restMethodSettings: [
      { HttpMethod: '*', ResourcePath: '/*', ...throttling(throttle) },
      ...slowed.map((key) => methodSettings(key, loginThrottle)),
    ],
  };
}

/**
 * @param root the directory that holds `config/`
 * @throws PackagingError where one of the stage's files is missing or wrong
 */
export async function templateValues(root: string, service: string, stage: string) {
  checkStage(stage);
  const parameters = await readParameters(root, stage);
  const configuration = await readConfiguration(root, stage);
  const names = parameterNames(configuration);
  return {
    ...parameters,
    ...gatewayValues(parameters, configuration),
    domain: parameters.domain ?? '',
    certificateArn: parameters.certificateArn ?? '',
    kmsKeyArn: parameters.kmsKeyArn ?? '',
    distributionArn: parameters.distributionArn ?? '',
    webAclArn: parameters.webAclArn ?? '',
    keyRotation: {
      periodSeconds: parameters.keyRotation.period,
      rate: checksEvery(parameters.keyRotation.period),
    },
    cookieKeysArn: parameterArn(service, stage, cookieKeys),
    parameterArns: names.map((name) => parameterArn(service, stage, name)),
  };
}

if (import.meta.main) {
  const [service = '', stage = ''] = process.argv.slice(2);
  try {
    process.stdout.write(JSON.stringify(await templateValues(process.cwd(), service, stage)));
  } catch (error) {
    if (!(error instanceof PackagingError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
