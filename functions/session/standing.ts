/**
 * What jars have said of their sessions: enough to let a call pass whose cookies this instance has opened before, since
 * the same text is always the same session. Kept are times and a piece of the session's id, by the hash of the cookies
 * (R147): nothing that speaks for anybody, and nothing that says who it is.
 */
import { hash } from 'node:crypto';
import type { EpochSeconds, Seconds } from '../contract/units.ts';
import type { Cookies } from '../http/message.ts';
import { bindingOf } from './identity.ts';
import { sessionNames } from './jar.ts';
import { grantEndsAt, isSeenDue } from './lifetimes.ts';
import type { LiveSession } from './lifetimes.ts';

/** A session that lives. */
export interface Standing {
  /** By which its tokens are known; see `bindingOf`. */
  readonly binding: string;
  /** When it ends, whatever is done meanwhile. */
  readonly endsAt: EpochSeconds;
  readonly lastActiveAt: EpochSeconds;
  /** By API name: from when on another token is asked for. */
  readonly refreshAt: ReadonlyMap<string, EpochSeconds>;
}

export const standingOf = ({ identity, grant, lastActiveAt }: LiveSession): Standing => ({
  binding: bindingOf(identity),
  endsAt: grantEndsAt(grant, identity),
  lastActiveAt,
  refreshAt: new Map([...grant.tokens].map(([api, { refreshAt }]) => [api, refreshAt])),
});

/** The standings of one configuration and one key ring: with another one they are to be found out anew. */
export interface Standings {
  /** @returns undefined where the cookies have to be opened: they are new here, or the time has come to look into them again */
  find(cookies: Cookies, now: EpochSeconds, idleSeconds: Seconds): Standing | undefined;
  /** @param standing of the session that these cookies have been read as */
  remember(cookies: Cookies, standing: Standing): void;
}

const most = 100;

/** @returns undefined where a name occurs twice: then nobody can say which value is ours */
function keyOf(cookies: Cookies): string | undefined {
  let text = '';
  for (const name of sessionNames) {
    const [value = '', second] = cookies.all(name);
    if (second !== undefined) return undefined;
    // No value has a semicolon.
    text += `${value};`;
  }
  return hash('sha256', text);
}

export function createStandings(): Standings {
  const known = new Map<string, Standing>();
  return {
    find(cookies, now, idleSeconds) {
      const key = keyOf(cookies);
      const standing = key === undefined ? undefined : known.get(key);
      if (standing === undefined || standing.endsAt <= now) return undefined;
      return isSeenDue(standing.lastActiveAt, now, idleSeconds) ? undefined : standing;
    },
    remember(cookies, standing) {
      const key = keyOf(cookies);
      if (key === undefined) return;
      const [oldest] = known.keys();
      if (known.size >= most && oldest !== undefined) known.delete(oldest);
      known.set(key, standing);
    },
  };
}
