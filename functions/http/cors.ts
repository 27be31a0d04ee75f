/**
 * Cross-origin resource sharing for applications that are served from another origin than the broker. Only app origins
 * are ever named, one at a time; everybody else gets an answer without a single CORS header.
 */
import { header } from '../contract/wire.ts';
import type { HttpRequest } from './message.ts';
import { isRemoteApp } from './origins.ts';
import type { Origins } from './origins.ts';

type Header = readonly [name: string, value: string];

/** Lets one app origin read an answer, with the session's cookies. */
export const sharedWith = (origin: string): readonly Header[] => [
  ['access-control-allow-origin', origin],
  ['access-control-allow-credentials', 'true'],
  ['access-control-expose-headers', `${header.error}, retry-after`],
];

/** What every other answer carries; nothing where the application has the origin of the broker. */
export function corsHeaders({ headers }: Pick<HttpRequest, 'headers'>, origins: Origins): readonly Header[] {
  if (origins.appOrigins.every((origin) => origin === origins.publicOrigin)) return [];
  const origin = headers.get('origin');
  const isShared = origin !== undefined && isRemoteApp(origin, origins);
  return [...(isShared ? sharedWith(origin) : []), ['vary', 'Origin']];
}
