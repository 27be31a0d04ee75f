/**
 * What `serverless.yml` needs to know about a stage and cannot work out itself. The framework asks for it through
 * `infra/serverless/stage.cjs`, which runs this file: `node infra/stage/template.ts <stage>` prints it as JSON.
 */
import { cookieKeys, parameterNames } from '../../functions/configuration/references.ts';
import { endpoint } from '../../functions/contract/wire.ts';
import { readConfiguration } from './configuration.ts';
import { readParameters, type StageParameters } from './parameters.ts';
import { checkStage, PackagingError } from './problems.ts';
import { checksEvery } from './rotation.ts';

/** The exact routes of the function `auth`. Every other request goes to `api`. */
function authRoutes({ basePath, callbackPath }: StageParameters) {
  return {
    login: `GET ${basePath}${endpoint.login}`,
    callback: `GET ${callbackPath}`,
    logout: `GET ${basePath}${endpoint.logout}`,
    logoutByPost: `POST ${basePath}${endpoint.logout}`,
    logoutCallback: `GET ${basePath}${endpoint.logoutCallback}`,
    backchannel: `POST ${basePath}${endpoint.backchannel}`,
  };
}

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

/**
 * @param root the directory that holds `config/`
 * @throws PackagingError where one of the stage's files is missing or wrong
 */
export async function templateValues(root: string, service: string, stage: string) {
  checkStage(stage);
  const parameters = await readParameters(root, stage);
  const names = parameterNames(await readConfiguration(root, stage));
  const routes = authRoutes(parameters);
  const slowed = [routes.login, routes.callback, routes.backchannel];
  return {
    ...parameters,
    domain: parameters.domain ?? '',
    certificateArn: parameters.certificateArn ?? '',
    kmsKeyArn: parameters.kmsKeyArn ?? '',
    distributionArn: parameters.distributionArn ?? '',
    routes,
    keyRotation: {
      periodSeconds: parameters.keyRotation.period,
      rate: checksEvery(parameters.keyRotation.period),
    },
    cookieKeysArn: parameterArn(service, stage, cookieKeys),
    parameterArns: names.map((name) => parameterArn(service, stage, name)),
    defaultRouteSettings: { DetailedMetricsEnabled: false, ...throttling(parameters.throttle) },
    routeSettings: Object.fromEntries(slowed.map((key) => [key, throttling(parameters.loginThrottle)])),
    routeLogicalIds: slowed.map(logicalId),
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
