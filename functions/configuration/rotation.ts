/** What the rotation of the key ring needs to know about its stage. */
import { seconds, type Seconds } from '../contract/units.ts';
import { cookieKeys, known } from './references.ts';
import type { Configuration, Packaged, Unresolved } from './schema.ts';

type Variables = Readonly<Record<string, string | undefined>>;

export interface RotationSettings {
  /** Full name of the parameter that holds the ring. */
  readonly parameter: string;
  /** Left out: the key that AWS manages encrypts it. */
  readonly kmsKey?: string;
  readonly rules: { readonly periodSeconds: Seconds; readonly longestSessionSeconds: Seconds };
}

/** The most that the schema allows for `session.absolute`. */
const longestAllowedSeconds = seconds(90 * 86_400);

/** How long a session of this stage lasts at most; the most that is allowed where only a parameter tells. */
export function longestSessionOf({ prepared }: Pick<Packaged, 'prepared'>): Seconds {
  const { session } = (prepared ?? {}) as Partial<Unresolved<Configuration>>;
  return (session && known(session.absolute)) ?? longestAllowedSeconds;
}

/**
 * @param packaged what lies in the package
 * @param variables those of the process, unless a test says otherwise
 * @throws RangeError where the function was deployed without its period
 */
export function readRotationSettings(packaged: Packaged, variables: Variables = process.env): RotationSettings {
  const period = Number(variables['ROTATION_PERIOD_SECONDS']);
  if (!Number.isSafeInteger(period) || period <= 0)
    throw new RangeError('ROTATION_PERIOD_SECONDS is no length of time');
  const kmsKey = variables['PARAMETERS_KMS_ARN'] ?? '';
  return {
    parameter: `${variables['PARAMETER_PREFIX'] ?? ''}/${cookieKeys}`,
    ...(kmsKey === '' ? {} : { kmsKey }),
    rules: { periodSeconds: seconds(period), longestSessionSeconds: longestSessionOf(packaged) },
  };
}
