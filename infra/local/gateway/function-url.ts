/**
 * Function URLs on one machine: payload format 2.0 with the path as it was sent, and of limits only those of Lambda. A URL
 * belongs to one function; which of them a path leads to is what the behaviours of the CDN in front decide.
 * https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
 */
import { createHash } from 'node:crypto';
import { authRoutes, type RoutedPaths } from '../../stage/routes.ts';
import type { GatewayKind } from './gateway.ts';
import { fromResult, toEvent } from './http-api-event.ts';
import type { GatewayRequest } from './http-api-event.ts';
import type { Route } from './routes.ts';
import type { PackagedStack } from './template.ts';

/** A CDN tells paths apart and not methods, and waits as long as the function may run. */
export function functionUrlRoutes({ functions }: PackagedStack, paths: RoutedPaths): Route[] {
  const lead = (key: string, logicalId: string): Route => {
    const found = functions.find(({ id }) => id === logicalId);
    if (found === undefined) throw new Error(`The template has no function ${logicalId}.`);
    return { key, functionName: found.name, timeoutMs: (found.timeoutSeconds + 1) * 1000 };
  };
  const navigated = Object.values(authRoutes(paths)).map((key) => `ANY ${key.split(' ')[1] ?? ''}`);
  return [
    ...[...new Set(navigated)].map((key) => lead(key, 'AuthLambdaFunction')),
    lead('$default', 'ApiLambdaFunction'),
  ];
}

/** What follows a URL's id in its domain name. */
export const urlDomain = (region: string): string => `lambda-url.${region}.on.aws`;

const asSent = (path: string): string => path;

/** CloudFront signs the hash of a body that the client states, and reads no body itself. */
function isUnsigned({ rawHeaders, body }: GatewayRequest): boolean {
  if (body.length === 0) return false;
  const at = rawHeaders.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === 'x-amz-content-sha256');
  const stated = at < 0 ? undefined : rawHeaders[at + 1];
  return stated !== createHash('sha256').update(body).digest('hex');
}

/**
 * Behind the origin access control of a distribution, which is what the template allows.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-lambda.html
 */
export const functionUrl: GatewayKind = {
  // No figure is documented; the edge in front has its own.
  isHeadTooLarge: () => false,
  // Lambda refuses what is above 6 MB.
  bodyLimitBytes: 10 * 1024 * 1024,
  isUnsigned,
  toEvent: (request, { route }, api, requestId, at) =>
    toEvent(request, { route: { ...route, key: '$default' }, pathParameters: {} }, api, requestId, at, asSent),
  fromResult,
  requestIdHeader: 'x-amzn-requestid',
  ownAnswers: {
    target_unreadable: [400, { Message: 'Bad Request' }],
    no_route: [404, { Message: 'Not Found' }],
    too_large: [413, { Message: 'Request Entity Too Large' }],
    head_too_large: [431, { Message: 'Request Header Fields Too Large' }],
    unsigned: [403, { Message: 'Forbidden' }],
    function_failed: [502, { Message: 'Internal Server Error' }],
    too_late: [504, { Message: 'Gateway Timeout' }],
  },
};
