/**
 * Runs the parts of a small world one step at a time. Whatever a part waits for (the store, the provider, the clock, an
 * answer on its way) is parked here, and somebody else chooses what happens next: that choice is the whole of chance.
 */

/** What a choice takes out of the schedule's allowance. */
export type Cost = 'free' | 'switch' | 'delay' | 'fault';

export interface Choice {
  readonly label: string;
  readonly cost: Cost;
}

/** @returns the place of the one to take; the first is what happens where nothing goes wrong and nobody interferes */
export type Choose = (choices: readonly Choice[]) => number;

/** How much of each may happen in one schedule. */
export type Allowance = Readonly<Record<Exclude<Cost, 'free'>, number>>;

/** One request, on an instance of its own, or anything else that goes on by itself. */
export interface Task {
  readonly name: string;
  /** An instance that can crash or freeze; a browser cannot. */
  isInstance: boolean;
  ended: boolean;
  onCrash: () => void;
  onFreeze: () => void;
}

/** Another way in which a step can come out. */
export interface Variant<T> {
  readonly label: string;
  readonly cost: 'delay' | 'fault';
  /** What happens at once. A throw is what the task gets. */
  readonly perform: () => T;
  /** When the task hears of it, in milliseconds from now. */
  readonly heardAfterMs?: number;
}

/** Something that a task waits for. */
export interface Step<T> {
  readonly label: string;
  readonly perform: () => T;
  readonly variants?: readonly Variant<T>[];
  /** By how many milliseconds it may happen later than now. */
  readonly delaysMs?: readonly number[];
  readonly afterMs?: number;
}

interface Parked {
  readonly task: Task;
  readonly label: string;
  readonly dueAtMs: number;
  readonly alternatives: readonly Alternative[];
}

interface Alternative extends Choice {
  readonly take: () => void;
}

/** What begins when its turn comes: tasks, or time that passes. */
export type Action =
  | { readonly kind: 'start'; readonly label: string; readonly start: () => void }
  | { readonly kind: 'pass'; readonly ms: number };

export interface Scheduler {
  readonly nowMs: () => number;
  /** Counts everything that happens. */
  readonly moment: () => number;
  readonly trace: readonly string[];
  readonly note: (line: string) => void;
  readonly spawn: (name: string, run: (task: Task) => Promise<void>) => Task;
  readonly park: <T>(task: Task, step: Step<T>) => Promise<T>;
  /** Something on its way that nobody waits for any more. */
  readonly leaveBehind: (label: string, afterMs: number, perform: () => void) => void;
  /** Until everything has come to an end. */
  readonly run: (actions: readonly Action[], choose: Choose, allowance: Allowance) => Promise<void>;
}

/** After this long a frozen instance goes on. */
const freezeMs = 20_000;
const mostSteps = 4000;

export const nothingAllowed: Allowance = { switch: 0, delay: 0, fault: 0 };
export const first: Choose = () => 0;

function settleQuietly(perform: () => unknown): void {
  try {
    perform();
  } catch {
    // Nobody is left to hear of it.
  }
}

export function createScheduler(startMs: number): Scheduler {
  let clockMs = startMs;
  let moments = 0;
  let spawned = 0;
  let parked: Parked[] = [];
  let tasks: Task[] = [];
  let failure: { readonly error: unknown } | undefined;
  let last: Task | undefined;
  const trace: string[] = [];

  const note = (line: string): void =>
    void trace.push(`${((clockMs - startMs) / 1000).toFixed(3).padStart(9)} ${line}`);

  function crash(task: Task): void {
    task.ended = true;
    parked = parked.filter((one) => one.task !== task);
    task.onCrash();
  }

  /** Every way in which a step may go. */
  function alternativesOf<T>(
    task: Task,
    step: Step<T>,
    settle: (perform: () => T) => void,
    again: (afterMs: number, step: Step<T>) => void,
  ): Alternative[] {
    const { label, perform, variants = [], delaysMs = [] } = step;
    const hear = (afterMs: number | undefined, what: string, act: () => T): void => {
      if (afterMs === undefined) return settle(act);
      let heard: () => T;
      try {
        const value = act();
        heard = () => value;
      } catch (error) {
        heard = () => {
          throw error;
        };
      }
      again(afterMs, { label: `hears: ${what}`, perform: heard });
    };
    const alternatives: Alternative[] = [{ label, cost: 'free', take: () => settle(perform) }];
    for (const ms of delaysMs) {
      const { delaysMs: _, ...rest } = step;
      alternatives.push({ label: `${label}: late by ${ms} ms`, cost: 'delay', take: () => again(ms, rest) });
    }
    for (const variant of variants) {
      const what = `${label}: ${variant.label}`;
      alternatives.push({
        label: what,
        cost: variant.cost,
        take: () => hear(variant.heardAfterMs, what, variant.perform),
      });
    }
    if (!task.isInstance) return alternatives;
    return [
      ...alternatives,
      { label: `${label}: crashes before`, cost: 'fault', take: () => crash(task) },
      {
        label: `${label}: done, then crashes`,
        cost: 'fault',
        take: () => {
          settleQuietly(perform);
          crash(task);
        },
      },
      {
        label: `${label}: done, then freezes`,
        cost: 'fault',
        take: () => {
          task.onFreeze();
          hear(freezeMs, `${label} (thawed)`, perform);
        },
      },
    ];
  }

  function park<T>(task: Task, step: Step<T>): Promise<T> {
    if (task.ended) return new Promise<T>(() => undefined);
    return new Promise<T>((resolve, reject) => {
      const settle = (perform: () => T): void => {
        try {
          resolve(perform());
        } catch (error) {
          reject(error instanceof Error ? error : new Error('something else than an error was thrown'));
        }
      };
      const again = (afterMs: number, later: Step<T>): void => {
        if (task.ended) return;
        const alternatives = alternativesOf(task, later, settle, again);
        parked.push({ task, label: later.label, dueAtMs: clockMs + afterMs, alternatives });
      };
      again(step.afterMs ?? 0, step);
    });
  }

  function spawn(name: string, live: (task: Task) => Promise<void>): Task {
    spawned += 1;
    const task: Task = {
      name: `${name}${spawned}`,
      isInstance: false,
      ended: false,
      onCrash: () => undefined,
      onFreeze: () => undefined,
    };
    tasks.push(task);
    const end = (): void => void (task.ended = true);
    live(task).then(end, (error: unknown) => {
      end();
      failure ??= { error };
    });
    return task;
  }

  const nobody: Task = {
    name: '~',
    isInstance: false,
    ended: false,
    onCrash: () => undefined,
    onFreeze: () => undefined,
  };

  function leaveBehind(label: string, afterMs: number, perform: () => void): void {
    const alternatives: Alternative[] = [{ label, cost: 'free', take: perform }];
    parked.push({ task: nobody, label, dueAtMs: clockMs + afterMs, alternatives });
  }

  const isBusy = (task: Task): boolean => !task.ended && !parked.some((one) => one.task === task);

  /** Lets whoever was woken go on until everybody waits here again. */
  async function settleAll(): Promise<void> {
    for (let turns = 0; turns < 10_000; turns += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      if (failure !== undefined) throw failure.error;
      tasks = tasks.filter((task) => !task.ended);
      if (!tasks.some(isBusy)) return;
    }
    throw new Error(
      `waits for something unknown: ${tasks
        .filter(isBusy)
        .map(({ name }) => name)
        .join()}`,
    );
  }

  function choicesNow(actions: readonly Action[], begin: () => void): Alternative[] {
    const ready = parked.filter(({ dueAtMs }) => dueAtMs <= clockMs);
    const ordered = [...ready.filter(({ task }) => task === last), ...ready.filter(({ task }) => task !== last)];
    const isLastReady = ready.some(({ task }) => task === last);
    const nominal: Alternative[] = [];
    const rest: Alternative[] = [];
    for (const one of ordered) {
      const isSwitch = isLastReady && one.task !== last;
      for (const [nth, { label, cost, take }] of one.alternatives.entries()) {
        (nth === 0 ? nominal : rest).push({
          label: `${one.task.name} ${label}`,
          cost: nth === 0 && isSwitch ? 'switch' : cost,
          take: () => {
            parked = parked.filter((other) => other !== one);
            if (one.task !== nobody) last = one.task;
            take();
          },
        });
      }
    }
    const [next] = actions;
    const dueAtMs = Math.min(...parked.map((one) => one.dueAtMs).filter((ms) => ms > clockMs));
    const wait: Alternative = { label: 'time passes', cost: 'free', take: () => void (clockMs = dueAtMs) };
    if (ready.length === 0 && Number.isFinite(dueAtMs)) nominal.push(wait);
    if (next !== undefined && (next.kind === 'start' || parked.length === 0)) {
      const label = next.kind === 'start' ? next.label : `${next.ms / 1000} s pass`;
      nominal.push({ label, cost: nominal.length === 0 ? 'free' : 'switch', take: begin });
    }
    return [...nominal, ...rest];
  }

  async function run(script: readonly Action[], choose: Choose, allowance: Allowance): Promise<void> {
    const left: Record<Cost, number> = { ...allowance, free: Number.POSITIVE_INFINITY };
    const actions = [...script];
    const begin = (): void => {
      const next = actions.shift();
      if (next?.kind === 'start') next.start();
      else if (next !== undefined) clockMs += next.ms;
    };
    for (let steps = 0; ; steps += 1) {
      await settleAll();
      if (steps > mostSteps) throw new Error('this goes on for ever');
      const choices = choicesNow(actions, begin).filter(({ cost }) => left[cost] > 0);
      if (choices.length === 0) return;
      const taken = choices[choices.length === 1 ? 0 : choose(choices)];
      if (taken === undefined) throw new Error('there is no such choice');
      left[taken.cost] -= 1;
      moments += 1;
      note(`${taken.label}${taken.cost === 'free' ? '' : ` [${taken.cost}]`}`);
      taken.take();
    }
  }

  return { nowMs: () => clockMs, moment: () => moments, trace, note, spawn, park, leaveBehind, run };
}
