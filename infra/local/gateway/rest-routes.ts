/** The methods of a REST API's resources as routes: whole paths put together, each with the function that it leads to. */
import { isObject } from './intrinsics.ts';
import type { Json, JsonObject } from './intrinsics.ts';
import type { Route } from './routes.ts';

/** A resource or method of the template: its logical id, and its properties resolved. */
type Described = readonly [id: string, properties: JsonObject];

/** A REST API waits this long for an answer that is not streamed. */
const integrationLimitMs = 29_000;

const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

/** `…:lambda:path/2021-11-15/functions/<arn>/response-streaming-invocations` */
const invocation =
  /:lambda:path\/[\d-]+\/functions\/(?<arn>.+)\/(?<action>response-streaming-invocations|invocations)$/;

function pathOf(id: string, resources: ReadonlyMap<string, JsonObject>): string {
  const found = resources.get(id);
  return found === undefined ? '' : `${pathOf(text(found['ParentId']), resources)}/${text(found['PathPart'])}`;
}

/**
 * @param resources of type AWS::ApiGateway::Resource; whatever else is named as a parent is the root
 * @param methods of type AWS::ApiGateway::Method
 * @param functionOf finds the name of a function by its ARN
 * @throws Error where a method has an integration that is not imitated here
 */
export function restRoutes(
  resources: readonly Described[],
  methods: readonly Described[],
  functionOf: (arn: string) => string,
): Route[] {
  const byId = new Map(resources);
  return methods.map(([id, { HttpMethod, ResourceId, Integration }]) => {
    const integration = isObject(Integration) ? Integration : {};
    const { arn, action } = invocation.exec(text(integration['Uri']))?.groups ?? {};
    const streamed = integration['ResponseTransferMode'] === 'STREAM';
    if (integration['Type'] !== 'AWS_PROXY' || arn === undefined || streamed !== action?.startsWith('response')) {
      throw new Error(`The method ${id} has no Lambda proxy integration.`);
    }
    const timeoutMs = Number(integration['TimeoutInMillis'] ?? integrationLimitMs);
    return {
      key: `${text(HttpMethod)} ${pathOf(text(ResourceId), byId) || '/'}`,
      functionName: functionOf(arn),
      timeoutMs: streamed ? timeoutMs : Math.min(integrationLimitMs, timeoutMs),
      streamed,
    };
  });
}
