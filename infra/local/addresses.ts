/**
 * Where the parts of the stack are. A configuration names them by the addresses they have on port 3000; when the stack
 * starts on another port, each of these addresses is replaced wherever it occurs.
 */

/** The addresses as a configuration writes them: the port of `npm start` and the three after it. */
export const writtenAddresses = {
  app: 'http://localhost:3000',
  provider: 'http://127.0.0.1:3001',
  orders: 'http://127.0.0.1:3002',
  profile: 'http://127.0.0.1:3003',
} as const;

export type Part = keyof typeof writtenAddresses;

/** Where the parts really are; one that is left out stays as it is written. */
export type Addresses = Readonly<Partial<Record<Part, string>>>;

const begins = (text: string, origin: string): boolean => text === origin || text.startsWith(`${origin}/`);

function strings(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap((inner) => strings(inner));
}

/**
 * @param value JSON
 * @returns whether the written address of a part, or one below it, occurs in it
 */
export const mentions = (value: unknown, part: Part): boolean =>
  strings(value).some((text) => begins(text, writtenAddresses[part]));

/**
 * @param value JSON
 * @returns a copy in which the parts are where they really are
 */
export function readdress(value: unknown, addresses: Addresses): unknown {
  if (typeof value === 'string') {
    const part = (Object.keys(writtenAddresses) as Part[]).find((known) => begins(value, writtenAddresses[known]));
    const actual = part === undefined ? undefined : addresses[part];
    return part === undefined || actual === undefined ? value : actual + value.slice(writtenAddresses[part].length);
  }
  if (Array.isArray(value)) return value.map((inner) => readdress(inner, addresses));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, readdress(inner, addresses)]));
}
