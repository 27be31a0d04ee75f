/**
 * The one schema of a stage's configuration. It yields the type that the broker works with, the validator, and (by
 * `infra/cli/schema.ts`) the JSON Schema that editors use. Rules across settings are in `checks.ts`.
 */
import * as v from 'valibot';
import { tokenFormats } from '../presets/preset.ts';
import { group, key, type Leaves } from './leaves.ts';
import { provider } from './provider.ts';
import {
  address,
  canonicalPath,
  duration,
  headerName,
  origin,
  parameterName,
  pathPattern,
  scope,
  text as plainText,
} from './values.ts';

/** What an API may be asked; `OPTIONS` is answered by the broker. */
export const apiMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** A Lambda function takes 6 MB, and a body may arrive base64-encoded. */
const largestBody = 4_500_000;

const login = ({ text, data }: Leaves) =>
  group({
    api: v.exactOptional(
      key(
        'The API whose audience is asked for at login. Left out exactly when no API has an audience.',
        text(plainText()),
      ),
    ),
    parameters: v.optional(
      key(
        'Further parameters of every login, for example { "organization": "org_1" }.',
        data(v.record(parameterName(), text(plainText()))),
      ),
      {},
    ),
    allow: v.optional(
      key(
        'Parameters that /bff/login passes on from its own query, for example "login_hint".',
        data(v.array(text(parameterName()))),
      ),
      [],
    ),
    errorPage: v.exactOptional(
      key(
        'Where a failed login leads, with `code` and `ref` in its query: a path, or a URL of one of appOrigins.',
        text(plainText()),
      ),
    ),
  });

const expectation = ({ text, data }: Leaves) => {
  const texts = (description: string) =>
    v.exactOptional(key(description, data(v.pipe(v.array(text(plainText())), v.nonEmpty('must name at least one')))));
  return group({
    format: v.exactOptional(
      key(
        'What the access token is. "opaque" and "encrypted" ones are forwarded unverified.',
        text(v.picklist(tokenFormats)),
      ),
    ),
    aud: texts('Audiences of which the token must carry one.'),
    issuer: texts('Issuers of which one must have issued the token.'),
    typ: v.exactOptional(
      key(
        'Accepted values of the header `typ`, for example "at+jwt"; null stands for a header without it.',
        data(v.pipe(v.array(v.nullable(text(plainText()))), v.nonEmpty('must name at least one'))),
      ),
    ),
    onlyAudience: v.exactOptional(key('Refuse a token that is good for further audiences.', data(v.boolean()))),
    claims: v.exactOptional(
      key(
        'Claims with the exact value each must have.',
        data(v.record(v.string(), text(v.union([v.string(), v.number(), v.boolean()])))),
      ),
    ),
    scopes: texts('Scopes that must all be granted.'),
  });
};

const timeouts = ({ text }: Leaves) =>
  group({
    connect: v.optional(key('How long a connection to the API may take.', text(duration('1s', '27s'))), '3s'),
    response: v.optional(key('How long the API may take to answer.', text(duration('1s', '27s'))), '20s'),
    silence: v.optional(
      key('How long a streamed answer may bring nothing before it is ended.', text(duration('1s', '15m'))),
      '1m',
    ),
  });

const api = (leaves: Leaves) => {
  const { text, data } = leaves;
  return group({
    path: key('Where the browser finds the API: this path and everything below it.', text(canonicalPath())),
    upstream: key('Where requests are forwarded to; the rest of the path is added.', text(address())),
    methods: v.optional(
      key(
        'The methods that are forwarded.',
        data(v.pipe(v.array(v.picklist(apiMethods)), v.nonEmpty('must name at least one method'))),
      ),
      [...apiMethods],
    ),
    audience: v.exactOptional(
      key('The audience that the API expects in its access tokens: its identifier at the provider.', text(plainText())),
    ),
    scopes: v.optional(key('The scopes that are asked for with the audience.', data(v.array(text(scope())))), []),
    expect: v.exactOptional(
      key(
        "What must hold for a token before the API gets it, where it differs from the preset's rule.",
        expectation(leaves),
      ),
    ),
    headerless: v.optional(
      key(
        "Paths, below the API's own, that links, images and EventSource may GET without the CSRF header.",
        data(v.array(text(pathPattern()))),
      ),
      [],
    ),
    stream: v.optional(
      key(
        "Paths, below the API's own, whose answers are streamed: to GET and HEAD where the CDN leads them to the function for it, to every method behind a REST API.",
        data(v.array(text(pathPattern()))),
      ),
      [],
    ),
    anonymous: v.optional(
      key(
        'Paths, below the API\'s own, that need no session and get no token. "/*" is every path.',
        data(v.array(text(pathPattern()))),
      ),
      [],
    ),
    requestHeaders: v.optional(
      key(
        'Request headers that are forwarded beside the usual ones, in lower case.',
        data(v.array(text(headerName()))),
      ),
      [],
    ),
    bodyLimitBytes: v.optional(
      key(
        'The largest request body.',
        data(
          v.pipe(
            v.number(),
            v.integer('must be a whole number'),
            v.minValue(0, 'must not be negative'),
            v.maxValue(largestBody, `must be at most ${largestBody}`),
          ),
        ),
      ),
      largestBody,
    ),
    timeouts: v.optional(key('How long the API is waited for.', timeouts(leaves)), {}),
    cache: v.optional(
      key(
        "Let the browser keep answers as the API's Cache-Control says; by default no answer is kept.",
        data(v.boolean()),
      ),
      false,
    ),
  });
};

const session = ({ text, data }: Leaves) =>
  group({
    idle: v.optional(key('How long a session outlasts the last activity.', text(duration('1s', '90d'))), '30m'),
    absolute: v.optional(key('How long a session lasts at most.', text(duration('1s', '90d'))), '8h'),
    claims: v.optional(key('The claims of the ID token that /bff/user shows.', data(v.array(text(plainText())))), [
      'sub',
      'name',
      'email',
    ]),
    anonymous: v.optional(
      key(
        'What /bff/user answers when nobody is logged in: status 401, or 200 with null.',
        text(v.picklist(['401', 'null'])),
      ),
      '401',
    ),
    revocation: v.optional(
      key(
        'When a revoked session ends: at its next refresh, or immediately, at the price of one read of the table per request.',
        text(v.picklist(['refresh', 'immediate'])),
      ),
      'refresh',
    ),
  });

/** An API's name is part of its cookie's name; two are taken by cookies of the broker's own. */
const apiName = () =>
  v.pipe(
    v.string(),
    v.regex(
      /^(?!(?:idt|report)$)[a-z][a-z0-9-]{0,31}$/,
      'must be named in lower-case letters, digits and "-", 32 at most, and not "idt" or "report"',
    ),
  );

/** @param leaves what may stand in the place of a value */
export function configurationSchema(leaves: Leaves) {
  const { text, data } = leaves;
  const settings = group({
    $schema: v.exactOptional(key('The JSON Schema of this file, for editors.', v.string())),
    development: v.optional(
      key('Serve /bff/diagnostics and explain failures in full. Never for real users.', data(v.boolean())),
      false,
    ),
    publicOrigin: key('The origin at which browsers reach the broker.', text(origin())),
    appOrigins: v.exactOptional(
      key(
        'The origins of the single-page app, by default the public one. The first is the base of relative return URLs. All are of one site with the public origin.',
        data(v.pipe(v.array(text(origin())), v.nonEmpty('must name at least one origin'))),
      ),
    ),
    provider: key('The identity provider.', provider(leaves)),
    scopes: key(
      'The scopes of every login. "openid" is one of them; most providers give a refresh token for "offline_access".',
      data(v.array(text(scope()))),
    ),
    login: v.optional(key('What a login asks for.', login(leaves)), {}),
    apis: v.optional(key('The APIs, by name.', v.record(apiName(), api(leaves))), {}),
    session: v.optional(key('How long a session lasts and what it shows.', session(leaves)), {}),
  });
  return v.pipe(
    settings,
    v.transform(({ appOrigins, ...rest }) => ({
      ...rest,
      appOrigins: (appOrigins ?? [rest.publicOrigin]) as [string, ...string[]],
    })),
  );
}

type Value = string | number | boolean;
type Frozen<T> = T extends Value ? T : { readonly [K in keyof T]: Frozen<T[K]> };

/** A stage's configuration with every reference resolved and every default filled in. Durations are in seconds. */
export type Configuration = Frozen<v.InferOutput<ReturnType<typeof configurationSchema>>>;

/** One API, as it stands under its name in `apis`. */
export type Api = Configuration['apis'][string];

/** The identity provider and how the broker is known to it. */
export type Provider = Configuration['provider'];

/** What a token must satisfy, as far as it differs from the preset's rule. */
export type Expectation = NonNullable<Api['expect']>;

/** A reference to a parameter, in the place of a value. */
export interface Reference {
  readonly $parameter: string;
}

/** The keys which say what else their object holds; their values are always written out. */
type Form = 'dialect' | 'method';

/** A configuration as its file has it: any value may still be a reference. */
export type Unresolved<T> = T extends Value
  ? T | Reference
  : T extends readonly unknown[]
    ? { readonly [K in keyof T]: Unresolved<T[K]> } | Reference
    : { readonly [K in keyof T]: K extends Form ? T[K] : Unresolved<T[K]> };

/** The paths that a deployment is made for. */
export interface Paths {
  /** `/bff` */
  readonly base: string;
  /** `/bff/callback` */
  readonly callback: string;
  /** `["/api"]`: what the CDN and the gateway hand to the API function */
  readonly apiPrefixes: readonly string[];
}

/** `configuration.json`, which travels in the package of each function. */
export interface Packaged {
  /** `local` is the one-machine stage; there alone plain http on loopback is allowed. */
  readonly stage: string;
  readonly paths: Paths;
  /** The stage's file without its comments, references unresolved. */
  readonly configuration: unknown;
  /**
   * The same as the validator leaves it: defaults filled in, durations in seconds, references unresolved. Where it is
   * there, an instance that takes nothing but secrets from parameters does not validate again.
   */
  readonly prepared?: unknown;
}
