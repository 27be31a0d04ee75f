/** The file `config/<stage>.params.yml`: what of a stage decides about its resources. Every key of it has a default. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { parse } from 'yaml';
import { duration } from '../../functions/configuration/values.ts';
import { isAbsent, PackagingError } from './problems.ts';

const path = v.pipe(
  v.string(),
  v.regex(/^(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$/, 'must be a path such as /bff, without a slash at its end'),
);
const positive = v.pipe(v.number(), v.integer(), v.minValue(1));
const arn = v.pipe(v.string(), v.regex(/^arn:[^\s*]+$/, 'must be one ARN'));

/** Requests per second, and how many at once. */
const limit = (rate: number, burst: number) =>
  v.optional(v.strictObject({ rate: v.optional(positive, rate), burst: v.optional(positive, burst) }), {});

/** Those of the periods that CloudWatch Logs knows which make sense here. */
const retentionDays = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731] as const;

const schema = v.pipe(
  v.strictObject({
    /** Under which the broker's own endpoints lie. */
    basePath: v.optional(path, '/bff'),
    /** Left out: `<basePath>/callback`. */
    callbackPath: v.optional(path),
    /** Under which the APIs lie. */
    apiPrefixes: v.optional(v.pipe(v.array(path), v.minLength(1)), ['/api']),
    region: v.optional(v.pipe(v.string(), v.regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/)), 'us-east-1'),
    logRetentionInDays: v.optional(v.picklist(retentionDays), 30),
    /** What stands in front of the functions. */
    gateway: v.optional(v.picklist(['http-api', 'rest', 'function-url']), 'http-api'),
    /** Megabytes of each function. */
    memorySize: v.optional(v.pipe(v.number(), v.integer(), v.minValue(128), v.maxValue(10_240)), 1024),
    /** For each route that has no limit of its own. */
    throttle: limit(500, 1000),
    /** For login, callback and back-channel logout, each. */
    loginThrottle: limit(50, 100),
    /** Instances that are kept for a function, and beyond which it gets none. Left out: no limit of its own. */
    reservedConcurrency: v.optional(
      v.strictObject({ auth: v.optional(positive), api: v.optional(positive), stream: v.optional(positive) }),
      {},
    ),
    /** One key for the cookies is made in each period. A key seals after an hour, so that a period is longer than that. */
    keyRotation: v.optional(v.strictObject({ period: v.optional(duration('2h', '365d'), '30d') }), {}),
    /** How long one streamed answer may take, in seconds. Browsers that leave are not noticed on AWS: until then it may cost. */
    streamTimeout: v.optional(v.pipe(v.number(), v.integer(), v.minValue(10), v.maxValue(900)), 300),
    /** The CloudFront distribution that may call function URLs. Left out: nobody may. */
    distributionArn: v.optional(arn),
    /** The web ACL of AWS WAF that a REST API is given. */
    webAclArn: v.optional(arn),
    /** Own domain of the HTTP API or the REST API. The default address is then switched off. */
    domain: v.optional(v.pipe(v.string(), v.regex(/^(?:[a-z0-9-]+\.)+[a-z]{2,}$/, 'must be a host name'))),
    /** The domain's certificate, in the same region. */
    certificateArn: v.optional(arn),
    /** The customer managed key that encrypts the parameters. Left out: the one that AWS manages. */
    kmsKeyArn: v.optional(arn),
  }),
  v.check(
    (values) => (values.domain === undefined) === (values.certificateArn === undefined),
    'domain and certificateArn are given together or not at all',
  ),
  v.check(
    ({ gateway, webAclArn }) => webAclArn === undefined || gateway === 'rest',
    'webAclArn is given with the gateway rest alone: AWS WAF stands in front of no other',
  ),
  v.check(
    ({ gateway, domain }) => domain === undefined || gateway !== 'function-url',
    'domain and certificateArn are left out with the gateway function-url: it has an address of AWS only',
  ),
  v.transform((values) => ({ ...values, callbackPath: values.callbackPath ?? `${values.basePath}/callback` })),
);

/** What the file may say; whatever is left out has its default. */
export type StageParametersInput = v.InferInput<typeof schema>;

/** A stage's parameters, complete. */
export type StageParameters = v.InferOutput<typeof schema>;

function describe(file: string, issue: v.BaseIssue<unknown>): string {
  const key = v.getDotPath(issue);
  if (key !== null && issue.kind === 'schema' && issue.expected === 'never')
    return `${file}: there is no key "${key}".`;
  return `${file}: ${key === null ? '' : `${key}: `}${issue.message}.`;
}

function parseYaml(file: string, text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new PackagingError([`${file}: ${error instanceof Error ? error.message : 'This is not YAML.'}`]);
  }
}

/**
 * @param root the directory that holds `config/`; a stage without the file has the defaults
 * @throws PackagingError with everything that is wrong in the file
 */
export async function readParameters(root: string, stage: string): Promise<StageParameters> {
  const file = `config/${stage}.params.yml`;
  const text = await readFile(join(root, file), 'utf8').catch((error: unknown) => {
    if (isAbsent(error)) return '';
    throw error;
  });
  const parsed = v.safeParse(schema, parseYaml(file, text) ?? {});
  if (parsed.success) return parsed.output;
  throw new PackagingError(parsed.issues.map((issue) => describe(file, issue)));
}
