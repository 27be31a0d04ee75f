/** Which web origins are the broker's and which are the application's. Every comparison is exact: scheme, host, port. */

/** Serialized origins (RFC 6454, section 6.1), for example `https://app.example.com`. */
export interface Origins {
  /** Where a browser finds the broker. */
  readonly publicOrigin: string;
  /** Where the single-page app is served; the first one is the base of relative return URLs. */
  readonly appOrigins: readonly string[];
}

/** @param origin the value of an `Origin` header; `null` and anything that is not exactly an app origin is refused */
export const isAppOrigin = (origin: string, { appOrigins }: Origins): boolean => appOrigins.includes(origin);

/** An app origin to which the broker's answers are cross-origin, so that CORS decides who reads them. */
export const isRemoteApp = (origin: string, origins: Origins): boolean =>
  origin !== origins.publicOrigin && isAppOrigin(origin, origins);
