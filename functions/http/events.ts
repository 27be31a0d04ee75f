/** The events of the gateways: which format one is of. */
import type { APIGatewayProxyResult, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { fieldsOf, malformed, readParts } from './event-parts.ts';
import type { EventParts, EventReading, InvocationContext } from './event-parts.ts';
import type { HttpResponse } from './message.ts';
import { partsOfPayload2, resultOfPayload2 } from './payload-2.ts';

/** What a gateway makes an answer of. */
export type EventResult = APIGatewayProxyResult | APIGatewayProxyStructuredResultV2;

/** How one kind of gateway says what was asked, and wants to be told the answer. */
export interface EventFormat {
  /** @returns `undefined` when the event is not of this format */
  readonly partsOf: (event: unknown) => EventParts | undefined;
  /** @throws TypeError when a cookie of the response cannot be written safely */
  readonly resultOf: (response: HttpResponse) => EventResult;
}

const payload2: EventFormat = { partsOf: partsOfPayload2, resultOf: resultOfPayload2 };

/** A function has one kind of gateway in front of it, so that of the formats only its own is loaded. */
export const formatOf = async (event: unknown): Promise<EventFormat> =>
  'httpMethod' in fieldsOf(event) ? (await import('./payload-1.ts')).payload1 : payload2;

/**
 * Reads any event. Never throws, whatever the event is.
 *
 * @param nowMs milliseconds since the epoch
 * @returns the request, or the problem code to answer with and a reason for the log
 */
export function readEvent(
  format: EventFormat,
  event: unknown,
  context: InvocationContext,
  nowMs: number,
): EventReading {
  const parts = format.partsOf(event);
  return parts === undefined ? malformed('the event is of an unknown format') : readParts(parts, context, nowMs);
}
