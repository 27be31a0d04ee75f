/** What to do about a token that was refused, where the provider's preset has no better word for it. */
import type { AudienceCode } from '../contract/wire.ts';
import type { Preset } from '../presets/preset.ts';

const general: Readonly<Record<AudienceCode, string>> = {
  opaque_access_token:
    'Check that the API\'s `audience` reaches the provider in the way it wants, by `provider.audience`, and that the provider knows it; if the API asks the provider about its tokens, set `expect.format` to "opaque".',
  encrypted_access_token:
    'Switch the encryption of access tokens off at the provider, or set `expect.format` to "encrypted" if the API decrypts them.',
  audience_mismatch:
    'Let `audience`, or `expect.aud`, be what the provider writes into `aud` for this API, and check how `provider.audience` asks for it.',
  audience_substituted:
    "The provider knows the audience asked for under another name, or may not issue for it: check the API's registration at the provider and the application's right to use it.",
  audience_not_exclusive:
    'Register the APIs apart at the provider, so that one token is good for one of them, or drop `expect.onlyAudience`.',
  audience_refused: 'Check that the API is registered at the provider and that the application may use it.',
  id_token_as_access_token:
    'Check what the provider puts into its access tokens: an API could not tell this one from an ID token.',
  access_token_missing: 'Check that the provider issues access tokens for what `scopes` and `audience` ask for.',
  access_token_expired:
    "Check the lifetime of access tokens for this API at the provider, and the provider's clock and ours.",
  access_token_malformed:
    'Make the access token smaller at the provider, with fewer claims or groups, and of characters that a header can carry.',
  issuer_mismatch:
    'Let `provider.issuer` be exactly what the provider writes into `iss`, a slash at the end included, or name it in `expect.issuer`.',
  token_type_mismatch:
    'The broker needs bearer tokens; if only the header `typ` differs from what is usual, name it in `expect.typ`.',
  claim_mismatch: 'Correct `expect.claims`, or the claims that the provider puts into tokens for this API.',
  scope_missing:
    "Grant the scopes at the provider, ask for them in the API's `scopes`, or take them out of `expect.scopes`.",
};

/** @returns one sentence */
export const adviceOn = (code: AudienceCode, preset: Preset): string => preset.advice[code] ?? general[code];
