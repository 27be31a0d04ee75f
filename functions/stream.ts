/** The door for what an API streams: the paths that its configuration names, and nothing else. */
import type { Context as InvocationContext } from 'aws-lambda';
import { furnishApis } from './api-room.ts';
import { openDoorFor, type Door } from './door.ts';
import { callApi } from './endpoints/api/call-api.ts';
import type { ApiBroker } from './endpoints/api/room.ts';
import { withHeaders } from './http/answers.ts';
import { problem } from './http/problems.ts';
import { sendForStream } from './outgoing/send.ts';
import { readPath } from './proxy/path.ts';
import { matchRoute } from './proxy/routes.ts';
import { prepare, reply, type WithPrelude } from './proxy/streamed-reply.ts';
import { createStreams, isStreamed, streamedMethods, withinLimits, type Streams } from './proxy/streams.ts';
import { createLog } from './telemetry/log.ts';

interface StreamBroker extends ApiBroker {
  readonly streams: Streams;
}

/** An answer that is not made whole in time is ended by us, before the runtime is. */
const reserveMs = 1_000;

const door: Door<StreamBroker> = {
  furnish(broker, tools) {
    const { apis } = broker.configuration;
    return { ...furnishApis(broker, tools, withinLimits(sendForStream)), streams: createStreams(apis) };
  },
  serve(context) {
    const { request, broker, log } = context;
    const ref = request.requestId;
    const path = readPath(request);
    if (path.kind === 'refused') {
      log('warn', 'proxy_denied', { reason: path.reason });
      return problem('path_invalid', { ref });
    }
    const match = matchRoute(broker.routes, path);
    if (match === undefined || !isStreamed(broker.streams, match, path)) return problem('not_found', { ref });
    const methods = streamedMethods(request, match);
    if (methods.includes(request.method)) return callApi(context, match);
    return withHeaders(problem('method_not_allowed', { ref }), [['allow', methods.join(', ')]]);
  },
};

const answer = await openDoorFor(door, new URL('configuration.json', import.meta.url), (response, _format, request) =>
  prepare(response, request?.method === 'HEAD'),
);

const withPrelude: WithPrelude = (stream, prelude) => awslambda.HttpResponseStream.from(stream, prelude);

export const handler = awslambda.streamifyResponse<unknown>(async (event, stream, context: InvocationContext) => {
  const endsAtMs = Date.now() + context.getRemainingTimeInMillis() - reserveMs;
  const { how, cut } = await reply(await answer(event, context), stream, withPrelude, endsAtMs);
  if (how !== 'complete') createLog(context.awsRequestId)('info', 'stream_ended', { how });
  // The runtime cuts the connection of a function that fails now: half an answer must not pass for a whole one.
  if (cut) throw new Error('The answer is not whole.');
});
