/** Whether the provider is described as its preset says that such a provider is. */
import type { Preset } from '../presets/preset.ts';
import { presets } from '../presets/presets.ts';
import type { Check, Draft, Findings } from './checks.ts';
import { known, knownMembers } from './references.ts';

/** The preset, unless its name is a parameter's. */
export const presetOf = ({ provider }: Draft): Preset | undefined => {
  const name = known(provider.preset);
  return name === undefined ? undefined : presets[name];
};

/** Entra's names for more than one tenant; their tokens come from as many issuers. */
const severalTenants = /^https:\/\/[^/]+\/(?:common|organizations|consumers)(?:\/|$)/;

function checkIssuer(issuer: string, { title, issuer: rule }: Preset, { problem }: Findings): void {
  const at = ['provider', 'issuer'];
  if (rule.trailingSlash === 'required' && !issuer.endsWith('/')) {
    problem(at, `must end with "/": the issuer of ${title} does`);
  }
  if (rule.trailingSlash === 'absent' && issuer.endsWith('/')) {
    problem(at, `must not end with "/": the issuer of ${title} does not`);
  }
  if (rule.compare === 'template' && severalTenants.test(issuer)) {
    problem(at, 'must name one tenant by its id, not "common", "organizations" or "consumers"');
  }
  if (rule.unsuitable !== undefined && new RegExp(rule.unsuitable.pattern).test(issuer)) {
    problem(at, `cannot be used. ${rule.unsuitable.why}`);
  }
}

function checkClientAuth({ provider: { clientAuth } }: Draft, preset: Preset | undefined, { problem }: Findings): void {
  if (preset !== undefined && !preset.clientAuth.includes(clientAuth.method)) {
    problem(['provider', 'clientAuth', 'method'], `must be one of ${preset.clientAuth.join(', ')} at ${preset.title}`);
  }
}

function checkScopes({ scopes }: Draft, preset: Preset | undefined, { problem, warning }: Findings): void {
  const list = known(scopes);
  const names = new Set(knownMembers(scopes).map(([, name]) => name));
  if (list === undefined || names.size < list.length) return;
  if (!names.has('openid')) problem(['scopes'], 'must contain "openid"');
  if (preset?.offlineAccess === 'needed' && !names.has('offline_access')) {
    warning(
      ['scopes'],
      `lack "offline_access", without which ${preset.title} issues no refresh token: sessions end with their first access token`,
    );
  }
  if (preset?.offlineAccess === 'refused' && names.has('offline_access')) {
    warning(['scopes'], `contain "offline_access", which is not sent: ${preset.title} does not know it`);
  }
}

export const checkProvider: Check = (draft, findings) => {
  const preset = presetOf(draft);
  const { issuer, audience } = draft.provider;
  const knownIssuer = known(issuer);
  if (preset !== undefined && knownIssuer !== undefined) checkIssuer(knownIssuer, preset, findings);
  checkClientAuth(draft, preset, findings);
  checkScopes(draft, preset, findings);
  const asksForAudiences = Object.values(draft.apis).some((api) => api.audience !== undefined);
  if (preset !== undefined && preset.audience === undefined && audience === undefined && asksForAudiences) {
    findings.problem(
      ['provider', 'audience'],
      `is missing: with the preset "${preset.name}" it must say how an audience is asked for`,
    );
  }
};
