/** Runs one schedule of a scenario, and at its end asks every jar whether it still works or truly says why it does not. */
import { actionsOf, type Deed } from './actions.ts';
import type { Jar } from './browser.ts';
import { underClockOf } from './clock.ts';
import { lookInto } from './answers.ts';
import { first, nothingAllowed, type Allowance, type Choose } from './scheduler.ts';
import { apiNames, type ApiName } from './settings.ts';
import { hasLostAnAnswer, hold, type Session, type WorldSettings } from './truth.ts';
import { createWorld, type Mutant, type World } from './world.ts';

export interface Scenario {
  readonly settings: WorldSettings;
  /** What has happened without any trouble before. */
  readonly before: readonly Deed[];
  readonly deeds: readonly Deed[];
  readonly allowance: Allowance;
  readonly mutant?: Mutant;
}

/** Longer than a token lasts, a lease, a failure, and whatever is still on its way. */
const calmSeconds = 400;

/** The newest refresh token that anybody knows is spent, and what came in its place is lost. */
function isBeyondRescue(world: World, session: Session): boolean {
  const newest = session.stored.get(Math.max(...session.stored.keys()));
  const token = world.provider.refreshTokens.get(newest?.holdings.refreshToken ?? '');
  return token?.spentAtMs !== undefined && hasLostAnAnswer(world, session);
}

function expectedOf(world: World, jar: Jar, api: ApiName): string {
  const { session, kind } = lookInto(world, jar);
  const { settings } = world;
  if (session === undefined) return 'login_required';
  if (kind === 'expired') return 'session_expired';
  if (kind === 'over') return 'session_over';
  if (session.tombstone?.why === 'superseded') return 'session_superseded';
  const isOver = session.tombstone !== undefined || session.revoked !== undefined || session.grant.ended !== undefined;
  if (isOver || isBeyondRescue(world, session) || !settings.issuesRefreshTokens) return 'session_over';
  if (api === 'orders' || settings.further === 'granted') return '200';
  return settings.further === 'substituted' ? 'audience_substituted' : 'audience_refused';
}

/** Everything has calmed down: now a jar works, unless its session has ended for a reason that is known. */
async function probe(world: World): Promise<void> {
  const calm = (deeds: readonly Deed[]) => world.scheduler.run(actionsOf(world, deeds), first, nothingAllowed);
  for (const [nth, jar] of [...world.jars].entries()) {
    for (const api of apiNames) {
      const expected = expectedOf(world, jar, api);
      await calm([{ kind: 'call', jar: nth, api }]);
      const actual = world.requests.at(-1)?.outcome;
      hold(
        'once everything has calmed down every session that has not ended works',
        actual === expected,
        () => `${jar.name} at ${api}: ${actual ?? 'no answer'} in place of ${expected}`,
      );
    }
  }
}

/** A violation with the schedule that led to it. */
export class Found extends Error {
  readonly sentence: string;

  constructor(cause: Error, trace: readonly string[]) {
    super(`${cause.message}\n${trace.join('\n')}`, { cause });
    this.name = 'Found';
    this.sentence = 'sentence' in cause ? String(cause.sentence) : cause.message;
  }
}

/** @throws Found where something does not hold */
export async function check(scenario: Scenario, choose: Choose): Promise<World> {
  const { settings, before, deeds, allowance, mutant } = scenario;
  const world = createWorld(settings, mutant);
  const { scheduler } = world;
  try {
    await underClockOf(scheduler, async () => {
      await scheduler.run(actionsOf(world, before), first, nothingAllowed);
      scheduler.note('--- from here on everything may go wrong');
      await scheduler.run(actionsOf(world, deeds), choose, allowance);
      scheduler.note('--- everything calms down');
      await scheduler.run(actionsOf(world, [{ kind: 'pass', seconds: calmSeconds }]), first, nothingAllowed);
      if (settings.hasTable) await probe(world);
    });
  } catch (error) {
    throw new Found(error as Error, scheduler.trace);
  }
  return world;
}
