/** The rules across settings: what one schema cannot say because it depends on the stage, the preset or another key. */
import { checkAddresses } from './check-addresses.ts';
import { checkApis } from './check-apis.ts';
import { checkLogin } from './check-login.ts';
import { checkParameters } from './check-parameters.ts';
import { checkProvider } from './check-provider.ts';
import type { Finding } from './problem.ts';
import { known } from './references.ts';
import type { Configuration, Paths, Unresolved } from './schema.ts';

/** A configuration of which some values may not be known yet; a rule holds back where it would need one of those. */
export type Draft = Unresolved<Configuration>;

/** What a configuration is checked for. */
export interface Deployment {
  /** `local` is the one-machine stage; there alone plain http on loopback is allowed. */
  readonly stage: string;
  readonly paths: Paths;
}

/** A rule adds what it finds. */
export interface Findings {
  readonly problem: (at: Finding['at'], message: string) => void;
  readonly warning: (at: Finding['at'], message: string) => void;
}

export type Check = (draft: Draft, findings: Findings, deployment: Deployment) => void;

const checkSession: Check = ({ session }, { problem }) => {
  const idle = known(session.idle);
  const absolute = known(session.absolute);
  if (idle !== undefined && absolute !== undefined && idle > absolute) {
    problem(['session', 'idle'], 'must not be longer than session.absolute');
  }
};

const checks: readonly Check[] = [checkAddresses, checkProvider, checkLogin, checkApis, checkSession, checkParameters];

/** @returns everything that the rules have against the configuration, and what its operator should think about */
export function runChecks(
  draft: Draft,
  deployment: Deployment,
): { readonly problems: readonly Finding[]; readonly warnings: readonly Finding[] } {
  const problems: Finding[] = [];
  const warnings: Finding[] = [];
  const findings: Findings = {
    problem: (at, message) => problems.push({ at, message }),
    warning: (at, message) => warnings.push({ at, message }),
  };
  for (const check of checks) check(draft, findings, deployment);
  return { problems, warnings };
}
