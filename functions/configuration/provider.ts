/** The part of the schema that describes the identity provider: `provider` in a stage's configuration. */
import * as v from 'valibot';
import { legs, presetNames, secondAudienceWays } from '../presets/preset.ts';
import { group, key, type Leaves } from './leaves.ts';
import { address, parameterName, text as plainText } from './values.ts';

/** Signatures by which a token proves who issued it; a shared secret does not (RFC 7518, section 3.1). */
const signatureAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;

const metadata = ({ text, data }: Leaves) =>
  group({
    authorization_endpoint: v.exactOptional(key('Where a browser logs in.', text(address()))),
    token_endpoint: v.exactOptional(key('Where codes and refresh tokens are redeemed.', text(address()))),
    jwks_uri: v.exactOptional(key("The provider's public keys.", text(address()))),
    end_session_endpoint: v.exactOptional(key('Where a browser logs out.', text(address()))),
    revocation_endpoint: v.exactOptional(key('Where refresh tokens are revoked.', text(address()))),
    authorization_response_iss_parameter_supported: v.exactOptional(
      key('Whether the provider names itself in `iss` when it calls back (RFC 9207).', data(v.boolean())),
    ),
  });

const clientAuth = ({ secret }: Leaves) =>
  v.variant('method', [
    group({
      method: v.picklist(['client_secret_basic', 'client_secret_post']),
      secret: key('The client secret, always by reference: { "$parameter": "client-secret" }.', secret(plainText())),
    }),
    group({
      method: v.literal('private_key_jwt'),
      key: key(
        'The private key, a JWK with `alg` and `kid` or PKCS #8 in PEM, always by reference: { "$parameter": "client-key" }.',
        secret(v.string()),
      ),
    }),
  ]);

const legList = ({ data }: Leaves) =>
  key(
    'The requests that carry it.',
    data(v.pipe(v.array(v.picklist(legs)), v.nonEmpty('must name at least one request'))),
  );

const audienceDialect = (leaves: Leaves) =>
  v.variant('dialect', [
    group({
      dialect: v.literal('param'),
      name: key('The parameter, for example "audience" or "resource".', leaves.text(parameterName())),
      legs: legList(leaves),
      several: v.optional(
        key(
          'How several audiences are asked for at login: "one" of them only, "repeat" the parameter, or in one value with a "space" between.',
          leaves.text(v.picklist(['one', 'repeat', 'space'])),
        ),
        'one',
      ),
    }),
    group({
      dialect: v.literal('scope'),
      template: key(
        'The scope to send, made of {audience} and {scope}, for example "{audience}/{scope}".',
        leaves.text(plainText()),
      ),
      withoutScopes: v.exactOptional(
        key('The scope to send for an API that has none, for example "{audience}/.default".', leaves.text(plainText())),
      ),
      legs: legList(leaves),
    }),
    group({ dialect: v.literal('registration') }),
  ]);

const logoutDialect = ({ text }: Leaves) =>
  v.variant('dialect', [
    group({
      dialect: v.literal('end_session'),
      hint: key('How the provider is told who logs out.', text(v.picklist(['id_token', 'client_id', 'client_id+sid']))),
      endpointMember: v.exactOptional(
        key(
          'The metadata member that holds the endpoint, where it is not end_session_endpoint.',
          text(parameterName()),
        ),
      ),
    }),
    group({ dialect: v.literal('auth0-v2') }),
    group({ dialect: v.literal('cognito') }),
    group({ dialect: v.literal('local') }),
    group({
      dialect: v.literal('template'),
      template: key('A URL with {clientId} and {returnUrl}.', text(plainText())),
    }),
  ]);

export const provider = (leaves: Leaves) => {
  const { text, data } = leaves;
  return group({
    preset: key('What the provider is. "oidc" takes everything by hand.', text(v.picklist(presetNames))),
    issuer: key('The issuer, exactly as the provider writes it: a slash at its end counts.', text(address())),
    clientId: key('The client id of the broker at the provider.', text(plainText())),
    clientAuth: key('How the broker proves at the token endpoint who it is.', clientAuth(leaves)),
    metadata: v.exactOptional(
      key(
        'Provider metadata by hand; they win over discovery. With authorization_endpoint, token_endpoint and jwks_uri the discovery document is not read at all.',
        metadata(leaves),
      ),
    ),
    audience: v.exactOptional(
      key(
        'How an audience is asked for, where it differs from the preset\'s way. "registration" sends nothing; what comes back is checked all the same.',
        audienceDialect(leaves),
      ),
    ),
    second: v.exactOptional(
      key(
        'How the audience of a second API is had, where it differs from the preset\'s way: by "refresh", by another login ("reauthorize"), or with the first one ("merged").',
        text(v.picklist(secondAudienceWays)),
      ),
    ),
    logout: v.exactOptional(
      key("How a browser logs out, where it differs from the preset's way.", logoutDialect(leaves)),
    ),
    idTokenAlgorithms: v.exactOptional(
      key(
        'The signature algorithms accepted on ID tokens.',
        data(v.pipe(v.array(v.picklist(signatureAlgorithms)), v.nonEmpty('must name at least one'))),
      ),
    ),
    nonce: v.optional(
      key('Whether the provider returns the nonce in the ID token. Few do not.', data(v.boolean())),
      true,
    ),
  });
};
