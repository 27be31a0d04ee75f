/**
 * What goes ahead of a streamed answer: status, headers and cookies as JSON, then eight NUL bytes.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/config-rs-write-functions.html
 */
import type { Readable } from 'node:stream';

/** The content type under which a function writes a prelude. */
export const integrationType = 'application/vnd.awslambda.http-integration-response';

export interface Prelude {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** What has been read of the body already. */
  readonly rest: Buffer;
}

const delimiter = Buffer.alloc(8);
/** The delimiter has to come within these bytes. */
const largest = 16 * 1024;

function parse(text: string, rest: Buffer): Prelude | undefined {
  const read = JSON.parse(text) as {
    statusCode?: unknown;
    headers?: object;
    multiValueHeaders?: Readonly<Record<string, readonly unknown[]>>;
    cookies?: readonly string[];
  };
  const status = Number(read.statusCode ?? 200);
  if (!Number.isInteger(status) || status < 200 || status > 599) return undefined;
  const single = Object.entries(read.headers ?? {}).map(([name, value]) => [name, [value as unknown]] as const);
  const headers = [...single, ...Object.entries(read.multiValueHeaders ?? {})].flatMap(([name, values]) =>
    values.map((value) => [name.toLowerCase(), String(value)] as const),
  );
  const cookies = (read.cookies ?? []).map((cookie) => ['set-cookie', cookie] as const);
  return { status, headers: [...headers, ...cookies], rest };
}

/**
 * Reads as far as the delimiter and leaves the stream paused.
 * @returns `undefined` where there is no prelude; AWS sends an empty 200 then, which hides the fault
 */
export async function readPrelude(written: Readable): Promise<Prelude | undefined> {
  return new Promise((resolve) => {
    let read = Buffer.alloc(0);
    const settle = (prelude: Prelude | undefined): void => {
      written.off('data', take).off('end', none).off('error', none).off('close', none);
      written.pause();
      resolve(prelude);
    };
    const none = (): void => settle(undefined);
    const take = (chunk: Buffer): void => {
      read = Buffer.concat([read, chunk]);
      const at = read.indexOf(delimiter);
      if (at < 0 ? read.length >= largest : at + delimiter.length > largest) return none();
      if (at < 0) return;
      try {
        settle(parse(read.subarray(0, at).toString(), read.subarray(at + delimiter.length)));
      } catch {
        none();
      }
    };
    written.on('data', take).on('end', none).on('error', none).on('close', none);
  });
}
