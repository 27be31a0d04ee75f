/** Where the broker and its app are found, and which addresses may be spoken to without TLS. */
import type { Check, Deployment, Findings } from './checks.ts';
import { known, knownMembers, type KeyPath } from './references.ts';
import type { Reference } from './schema.ts';
import { isLoopback } from './values.ts';

/** Under these a country registers names of the third level: `example.co.uk`. */
const secondLevels = new Set(['ac', 'co', 'com', 'edu', 'go', 'gov', 'gob', 'gouv', 'ne', 'net', 'or', 'org']);

/** The labels below which cookies are shared. Without the public suffix list this is a rule of thumb. */
function site(hostname: string): string {
  const labels = hostname.split('.');
  if (isLoopback(hostname) || /^[\d.]+$|^\[/.test(hostname)) return hostname;
  const country = labels.at(-1)?.length === 2 && secondLevels.has(labels.at(-2) ?? '');
  return labels.slice(country ? -3 : -2).join('.');
}

const isSameSite = (a: URL, b: URL): boolean => a.protocol === b.protocol && site(a.hostname) === site(b.hostname);

/** Plain http is for this machine, and for the stage that runs on it. */
function checkScheme(
  address: string | Reference | undefined,
  at: KeyPath,
  { problem }: Findings,
  { stage }: Deployment,
): void {
  const url = address === undefined ? undefined : URL.parse(known(address) ?? '');
  if (url?.protocol !== 'http:') return;
  if (stage !== 'local') problem(at, 'must use https');
  else if (!isLoopback(url.hostname)) problem(at, 'must use https, or http on localhost, 127.0.0.1 or [::1]');
}

export const checkAddresses: Check = (draft, findings, deployment) => {
  const { publicOrigin, appOrigins, provider, apis } = draft;
  checkScheme(publicOrigin, ['publicOrigin'], findings, deployment);
  const own = URL.parse(known(publicOrigin) ?? '');
  for (const [index, origin] of knownMembers(appOrigins)) {
    const at = ['appOrigins', index];
    checkScheme(origin, at, findings, deployment);
    const url = URL.parse(origin);
    if (own !== null && url !== null && !isSameSite(own, url)) {
      findings.problem(at, 'must be of one site with publicOrigin: the same scheme, and the same registered domain');
    }
  }
  checkScheme(provider.issuer, ['provider', 'issuer'], findings, deployment);
  for (const [name, value] of Object.entries(provider.metadata ?? {})) {
    if (typeof value === 'string') checkScheme(value, ['provider', 'metadata', name], findings, deployment);
  }
  for (const [name, api] of Object.entries(apis)) {
    checkScheme(api.upstream, ['apis', name, 'upstream'], findings, deployment);
  }
};
