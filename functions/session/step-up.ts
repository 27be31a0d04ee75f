/**
 * What an API wants of the user's authentication, on its way from the API's refusal to the login: sealed, so that no page
 * can ask for anything else in the API's name.
 */
import { isOptionalText, isText, isTime, isWhole, parseObject } from './fields.ts';
import type { JsonObject } from './fields.ts';
import { valueOf } from './reading.ts';
import type { ReadingRules } from './reading.ts';
import { open, seal } from './sealing.ts';
import type { Sealer } from './sealing.ts';

/** RFC 9470, section 3. */
export interface StepUp {
  /** Name of the API that asks. */
  readonly api: string;
  /** Space-separated, in order of preference. */
  readonly acrValues?: string;
  /** How old the authentication may be, in seconds. */
  readonly maxAge?: number;
}

const lifetimeSeconds = 600;
const name = 'step-up';

/** A wish in the short names under which it is sealed. */
export const encodeStepUp = ({ api, acrValues, maxAge }: StepUp) => ({ api, acr: acrValues, age: maxAge });

export function decodeStepUp({ api, acr, age }: JsonObject): StepUp | undefined {
  if (!isText(api) || !isOptionalText(acr) || (age !== undefined && !isWhole(age))) return undefined;
  return { api, ...(acr !== undefined && { acrValues: acr }), ...(age !== undefined && { maxAge: age }) };
}

export function sealStepUp(stepUp: StepUp, sealer: Sealer): string {
  const fields = { ...encodeStepUp(stepUp), exp: sealer.now + lifetimeSeconds };
  return seal({ purpose: 'step', name, plaintext: Buffer.from(JSON.stringify(fields)) }, 1, sealer);
}

function decode(plaintext: Buffer) {
  const fields = parseObject(plaintext) ?? {};
  const stepUp = decodeStepUp(fields);
  return stepUp !== undefined && isTime(fields['exp']) ? { stepUp, endsAt: fields['exp'] } : undefined;
}

/** @returns undefined for anything that was not sealed here within the last ten minutes */
export function openStepUp(text: string, rules: ReadingRules): StepUp | undefined {
  const read = valueOf(open(text, 'step', name, rules.ring), decode, rules);
  return read.kind === 'value' && read.value.endsAt > rules.now ? read.value.stepUp : undefined;
}
