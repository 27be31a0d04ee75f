/** Passes on what a function streams: the head that its prelude describes, then every byte as it is written. */
import type { ServerResponse } from 'node:http';
import { streamLimitBytes } from '../lambda/function.ts';
import type { StreamedResult } from '../lambda/function.ts';
import type { GatewayAnswer } from './http-api-event.ts';
import { ownedByTheGateway } from './http-api-event.ts';
import { integrationType, readPrelude } from './prelude.ts';

/** The gateway's own business, but for the length, which only the function can know. */
const isOwned = (name: string): boolean => name !== 'content-length' && ownedByTheGateway.has(name);

/** A function that fails on the way says so in the trailers: the answer is then cut off, as it is above Lambda's limit. */
function passBytes({ written }: StreamedResult, response: ServerResponse): void {
  let bytes = 0;
  written.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > streamLimitBytes) response.destroy();
  });
  written.on('end', () => {
    if (written.trailers['lambda-runtime-function-error-type'] === undefined) response.end();
    else response.destroy();
  });
  for (const event of ['error', 'aborted']) written.on(event, () => response.destroy());
  written.pipe(response, { end: false });
}

/**
 * @param headers what the gateway makes of the names, and adds
 * @returns `false` where there is no prelude, so that nothing has been answered
 */
export async function passStream(
  result: StreamedResult,
  response: ServerResponse,
  headers: (stated: GatewayAnswer['headers']) => GatewayAnswer['headers'],
): Promise<boolean> {
  const left = (): void => {
    if (!response.writableFinished) result.cancel();
  };
  if (response.destroyed) {
    left();
    return true;
  }
  response.on('close', left);
  const { contentType, written } = result;
  const bare = { status: 200, headers: [], rest: Buffer.alloc(0) };
  const prelude = contentType === integrationType ? await readPrelude(written) : bare;
  if (prelude === undefined) {
    response.off('close', left);
    written.resume();
    return false;
  }
  response.writeHead(prelude.status, headers(prelude.headers.filter(([name]) => !isOwned(name))).flat());
  response.flushHeaders();
  if (prelude.rest.length > 0) response.write(prelude.rest);
  passBytes(result, response);
  return true;
}
