/** Wraps a handler so that its process says what it has used, and can be asked to serve one event many times by itself. */
import type { StreamifyHandler } from 'aws-lambda';

type Handler = (event: unknown, context: unknown) => Promise<unknown>;
type StreamHandler = StreamifyHandler<unknown, void>;

/** What a process is asked in place of an event. */
export type Question =
  | { readonly bench: 'cpu' }
  /** Serves the event that many times, one after another, from its JSON to the JSON of the result. */
  | { readonly bench: 'loop'; readonly event: string; readonly times: number };

/** Milliseconds of processor time that the process has used so far, all of its threads together. */
export interface Used {
  readonly cpuMs: number;
}

export interface Looped extends Used {
  /** How long each one took, in milliseconds. */
  readonly eachMs: readonly number[];
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const isQuestion = (event: unknown): event is Question =>
  typeof event === 'object' && event !== null && 'bench' in event;

async function loop(
  handler: Handler,
  context: unknown,
  { event, times }: Extract<Question, { bench: 'loop' }>,
): Promise<Looped> {
  const eachMs: number[] = [];
  const before = cpuMs();
  for (let time = 0; time < times; time += 1) {
    const startedAt = performance.now();
    const result = await handler(JSON.parse(event), context);
    JSON.stringify(result);
    eachMs.push(performance.now() - startedAt);
  }
  return { cpuMs: cpuMs() - before, eachMs };
}

const whole =
  (handler: Handler): Handler =>
  async (event, context) => {
    if (!isQuestion(event)) return handler(event, context);
    return event.bench === 'cpu' ? ({ cpuMs: cpuMs() } satisfies Used) : loop(handler, context, event);
  };

/** It can be asked what it has used, and nothing else. */
const streamed = (handler: StreamHandler): StreamHandler =>
  awslambda.streamifyResponse(async (event, stream, context) => {
    if (!isQuestion(event)) await handler(event, stream, context);
    else stream.end(JSON.stringify({ cpuMs: cpuMs() } satisfies Used));
  });

/** With this the runtime's client marks a handler whose answers are streamed. */
const streaming = Symbol.for('aws.lambda.runtime.handler.streaming');

const isStreamed = (handler: Handler | StreamHandler): handler is StreamHandler => streaming in handler;

export const measured = (handler: Handler | StreamHandler): Handler | StreamHandler =>
  isStreamed(handler) ? streamed(handler) : whole(handler);
