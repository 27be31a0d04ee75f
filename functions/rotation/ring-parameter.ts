/** The key ring's parameter in SSM, by the SDK: whoever rotates keys is in no hurry. */
import {
  GetParameterCommand,
  ParameterAlreadyExists,
  ParameterNotFound,
  ParameterVersionNotFound,
  PutParameterCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import type { RingParameter } from './rotate.ts';

export interface RingPlace {
  /** `/token-broker/dev/cookie-keys` */
  readonly name: string;
  /** Left out: that of the surroundings. Endpoint and credentials are always theirs. */
  readonly region?: string;
  /** The customer managed key that encrypts it. It has to be named at each write: without it the one of AWS is taken. */
  readonly kmsKey?: string;
}

const timeouts = { connectionTimeout: 2000, requestTimeout: 5000, throwOnRequestTimeout: true };

export function ringParameter({ name, region, kmsKey }: RingPlace): RingParameter {
  const client = new SSMClient({
    maxAttempts: 4,
    requestHandler: timeouts,
    ...(region === undefined ? {} : { region }),
  });

  const put = async (text: string, overwrite: boolean): Promise<number> => {
    const { Version } = await client.send(
      new PutParameterCommand({
        Name: name,
        Value: text,
        Type: 'SecureString',
        Tier: 'Standard',
        Overwrite: overwrite,
        ...(kmsKey === undefined ? {} : { KeyId: kmsKey }),
      }),
    );
    if (Version === undefined) throw new Error('the answer to PutParameter names no version');
    return Version;
  };

  return {
    async read(version) {
      const Name = version === undefined ? name : `${name}:${version}`;
      try {
        const { Parameter } = await client.send(new GetParameterCommand({ Name, WithDecryption: true }));
        if (Parameter?.Value === undefined || Parameter.Version === undefined) return undefined;
        return { text: Parameter.Value, version: Parameter.Version };
      } catch (error) {
        if (error instanceof ParameterNotFound || error instanceof ParameterVersionNotFound) return undefined;
        throw error;
      }
    },
    async create(text) {
      try {
        await put(text, false);
        return true;
      } catch (error) {
        if (error instanceof ParameterAlreadyExists) return false;
        throw error;
      }
    },
    overwrite: (text) => put(text, true),
  };
}
