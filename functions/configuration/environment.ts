/** What the runtime tells a function about its surroundings: the one place where the environment is read. */
import { readFileSync } from 'node:fs';
import type { Credentials, CredentialsSource } from '../aws/credentials.ts';
import { getParameters } from '../aws/ssm.ts';
import type { ReadParameters } from './source.ts';

type Variables = Readonly<Record<string, string | undefined>>;

export interface Environment {
  readonly region: string;
  /** Before every parameter's name, without a slash at its end: `/token-broker/dev`. */
  readonly parameterPrefix: string;
  /** Left out: this stage has no table. */
  readonly tableName?: string;
  /** Where the services are, if not at their public endpoints. */
  readonly endpoints: { readonly ssm?: string; readonly dynamodb?: string };
  readonly credentials: CredentialsSource;
}

const tryMs = 1_000;

const given = (value: string | undefined): string | undefined => (value === '' ? undefined : value);

function ownCredentials(variables: Variables): Credentials | undefined {
  const accessKeyId = given(variables['AWS_ACCESS_KEY_ID']);
  const secretAccessKey = given(variables['AWS_SECRET_ACCESS_KEY']);
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  const sessionToken = given(variables['AWS_SESSION_TOKEN']);
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}

/** A token in a file changes while the function runs, one in a variable does not. */
function containerToken(variables: Variables): string | undefined {
  const file = given(variables['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE']);
  if (file === undefined) return given(variables['AWS_CONTAINER_AUTHORIZATION_TOKEN']);
  // The promise API would be one more module to load at every cold start.
  return readFileSync(file, 'utf8').trim();
}

/** Looked up at each signing: a runtime that restores a snapshot hands out credentials by an address instead of values. */
function credentialsSource(variables: Variables): CredentialsSource {
  let container: { readonly of: string; readonly source: CredentialsSource } | undefined;
  return async () => {
    const own = ownCredentials(variables);
    if (own !== undefined) return own;
    const url = given(variables['AWS_CONTAINER_CREDENTIALS_FULL_URI']);
    if (url === undefined) throw new Error('the environment holds no AWS credentials');
    const authorization = containerToken(variables);
    const of = `${url} ${authorization ?? ''}`;
    if (container?.of !== of) {
      const endpoint = { url, timeoutMs: tryMs, ...(authorization === undefined ? {} : { authorization }) };
      // Few runtimes hand out credentials by an address.
      const { containerCredentials } = await import('../aws/credentials.ts');
      container = { of, source: containerCredentials(endpoint) };
    }
    return container.source();
  };
}

/** @param variables those of the process, unless a test says otherwise */
export function readEnvironment(variables: Variables = process.env): Environment {
  const everywhere = given(variables['AWS_ENDPOINT_URL']);
  const ssm = given(variables['AWS_ENDPOINT_URL_SSM']) ?? everywhere;
  const dynamodb = given(variables['AWS_ENDPOINT_URL_DYNAMODB']) ?? everywhere;
  const tableName = given(variables['TABLE_NAME']);
  return {
    region: variables['AWS_REGION'] ?? '',
    parameterPrefix: (variables['PARAMETER_PREFIX'] ?? '').replace(/\/$/, ''),
    ...(tableName === undefined ? {} : { tableName }),
    endpoints: { ...(ssm === undefined ? {} : { ssm }), ...(dynamodb === undefined ? {} : { dynamodb }) },
    credentials: credentialsSource(variables),
  };
}

/** Reads parameters of the stage from SSM, with a second for each try. */
export const parameterReader =
  ({ region, parameterPrefix, endpoints, credentials }: Environment): ReadParameters =>
  (names, withinMs) =>
    getParameters(
      {
        region,
        endpoint: endpoints.ssm,
        credentials,
        prefix: parameterPrefix,
        timeoutMs: tryMs,
        retry: { withinMs },
      },
      names,
    );
