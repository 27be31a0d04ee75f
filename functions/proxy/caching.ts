/** What the browser may keep of an API's answer, and that nobody between it and the broker may. */

/** An answer made for one user: a shared cache has no business with it, whatever the API says. */
const forSharedCaches = /^(?:public|s-maxage(?:=.*)?|proxy-revalidate)$/i;

export const notStored = 'no-store';

/**
 * @param cacheControl of the API's answer
 * @returns the same for a private cache; `no-store` where the API said nothing
 */
export function privateCaching(cacheControl: string | undefined): string {
  const directives = (cacheControl ?? '').split(',').map((directive) => directive.trim());
  const kept = directives.filter((directive) => directive !== '' && !forSharedCaches.test(directive));
  if (kept.length === 0) return notStored;
  return kept.some((directive) => /^private(?:=|$)/i.test(directive))
    ? kept.map((directive) => (/^private=/i.test(directive) ? 'private' : directive)).join(', ')
    : ['private', ...kept].join(', ');
}

/** The answer depends on whose session it is, and on which application may read it. */
export function privateVary(vary: string | undefined): string {
  const names = (vary ?? '').split(',').map((name) => name.trim());
  if (names.includes('*')) return '*';
  const others = names.filter((name) => name !== '' && !/^(?:cookie|origin)$/i.test(name));
  return [...others, 'Cookie', 'Origin'].join(', ');
}
