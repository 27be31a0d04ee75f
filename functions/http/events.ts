/** The events of the gateways: which format one is of. A further format is one more file beside `payload-2.ts`. */
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { malformed, readParts } from './event-parts.ts';
import type { EventReading, InvocationContext } from './event-parts.ts';
import type { HttpResponse } from './message.ts';
import { partsOfPayload2, resultOfPayload2 } from './payload-2.ts';

/**
 * Reads any event. Never throws, whatever the event is.
 *
 * @param nowMs milliseconds since the epoch
 * @returns the request, or the problem code to answer with and a reason for the log
 */
export function readEvent(event: unknown, context: InvocationContext, nowMs: number): EventReading {
  const parts = partsOfPayload2(event);
  return parts === undefined ? malformed('the event is of an unknown format') : readParts(parts, context, nowMs);
}

/** @throws TypeError when a cookie of the response cannot be written safely */
export const writeResult = (response: HttpResponse): APIGatewayProxyStructuredResultV2 => resultOfPayload2(response);
