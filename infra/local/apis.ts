/** Two APIs on this machine which verify the bearer token as a real one would and answer what they saw. */

/** One API: the audience it expects and the port it listens on (0: any). */
export interface ApiOptions {
  readonly audience: string;
  readonly port?: number;
}

export interface ApisOptions {
  readonly issuer: string;
  readonly jwksUri: string;
  readonly orders: ApiOptions;
  readonly profile: ApiOptions;
}

/** One request as it arrived at an API. For tests only: the headers hold the token. */
export interface ApiRequest {
  readonly method: string;
  /** Path and query, byte by byte as sent. */
  readonly target: string;
  /** Name, value, name, value, … as sent. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

export interface Api {
  readonly origin: string;
  readonly requests: ApiRequest[];
}

export interface Apis {
  readonly orders: Api;
  readonly profile: Api;
  close(): Promise<void>;
}

/** Starts both on 127.0.0.1. */
export async function startApis(options: ApisOptions): Promise<Apis> {
  throw new Error(`the APIs of ${options.issuer} are not built yet`);
}
