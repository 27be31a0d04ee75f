/** An application at the provider, played by openid-client: asks for tokens with any parameters. */
import * as client from 'openid-client';
import { defaultClient } from '../../../infra/local/provider/provider.ts';
import type { Provider } from '../../../infra/local/provider/provider.ts';
import { createPerson } from './person.ts';
import type { Person } from './person.ts';

export const redirectUri = String(defaultClient.redirectUris[0]);
export const offlineScope = 'openid profile email offline_access';

/** A login that was begun. */
export interface Attempt {
  readonly url: URL;
  redeem(landing: URL): Promise<client.TokenEndpointResponse & client.TokenEndpointResponseHelpers>;
}

export interface Application {
  readonly configuration: client.Configuration;
  begin(parameters?: Record<string, string>): Promise<Attempt>;
  /** Logs a person in (default: a new one, alice). */
  tokens(
    parameters?: Record<string, string>,
    person?: Person,
  ): Promise<client.TokenEndpointResponse & client.TokenEndpointResponseHelpers>;
}

export async function createApplication(
  provider: Provider,
  authentication: client.ClientAuth = client.ClientSecretBasic(String(defaultClient.secret)),
): Promise<Application> {
  const configuration = await client.discovery(new URL(provider.issuer), defaultClient.id, {}, authentication, {
    execute: [client.allowInsecureRequests],
  });

  async function begin(parameters: Record<string, string> = {}): Promise<Attempt> {
    const verifier = client.randomPKCECodeVerifier();
    const state = client.randomState();
    const url = client.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: 'openid profile email',
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      ...parameters,
    });
    return {
      url,
      redeem: (landing) =>
        client.authorizationCodeGrant(configuration, landing, { pkceCodeVerifier: verifier, expectedState: state }),
    };
  }

  return {
    configuration,
    begin,
    async tokens(parameters, person = createPerson(provider.origin)) {
      const attempt = await begin(parameters);
      return attempt.redeem((await person.logIn(attempt.url)).url);
    },
  };
}
