/** Calls an AWS stand-in as the broker does: JSON over HTTP, signed by an independent implementation. */
import aws4 from 'aws4';

export interface Reply {
  readonly status: number;
  /** The error's type, without the name space some services put before it. */
  readonly error: string | undefined;
  readonly body: Record<string, unknown>;
  readonly headers: Headers;
}

export type Signed = (
  operation: string,
  input: unknown,
  headers?: Record<string, string | undefined>,
) => Promise<Reply>;

interface Service {
  readonly name: 'ssm' | 'dynamodb';
  readonly target: string;
  readonly contentType: string;
}

export const ssmService: Service = {
  name: 'ssm',
  target: 'AmazonSSM',
  contentType: 'application/x-amz-json-1.1',
};
export const dynamoService: Service = {
  name: 'dynamodb',
  target: 'DynamoDB_20120810',
  contentType: 'application/x-amz-json-1.0',
};

/** @returns a function that calls one operation; `headers` replace those that were signed, `undefined` removes one */
export function signedCalls(endpoint: string, service: Service): Signed {
  return async (operation, input, headers = {}) => {
    const body = JSON.stringify(input);
    const signed = aws4.sign(
      {
        service: service.name,
        region: 'eu-central-1',
        host: new URL(endpoint).host,
        method: 'POST',
        path: '/',
        headers: { 'content-type': service.contentType, 'x-amz-target': `${service.target}.${operation}` },
        body,
      },
      { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret', sessionToken: 'session' },
    );
    const sent = Object.entries({ ...signed.headers, ...headers })
      .filter(([name, value]) => value !== undefined && !/^(host|content-length)$/i.test(name))
      .map(([name, value]): [string, string] => [name, String(value)]);
    const response = await fetch(endpoint, { method: 'POST', headers: sent, body });
    const answer = (await response.json()) as Record<string, unknown>;
    const type = answer['__type'];
    return {
      status: response.status,
      error: typeof type === 'string' ? type.split('#').at(-1) : undefined,
      body: answer,
      headers: response.headers,
    };
  };
}
