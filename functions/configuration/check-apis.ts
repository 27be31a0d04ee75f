/** Whether each API has a place of its own and a token that can be told from the others'. */
import type { Preset } from '../presets/preset.ts';
import { presetOf } from './check-provider.ts';
import type { Check, Deployment, Draft, Findings } from './checks.ts';
import { known, knownMembers } from './references.ts';

type Api = Draft['apis'][string];

/** Of one connection, of the browser's credentials, or set by the broker itself. */
const refusedHeaders =
  /^(?:authorization|connection|content-length|cookie2?|expect|forwarded|host|keep-alive|origin|proxy-.*|sec-.*|te|trailer|transfer-encoding|upgrade|via|x-csrf|x-forwarded-.*|x-http-method-override|x-real-ip)$/;

const isAtOrBelow = (path: string, root: string): boolean =>
  path === root || path.startsWith(root.endsWith('/') ? root : `${root}/`);

const overlap = (a: string, b: string): boolean => isAtOrBelow(a, b) || isAtOrBelow(b, a);

/** Undefined where only a parameter can tell. */
function isWhollyAnonymous({ anonymous }: Api): boolean | undefined {
  const patterns = knownMembers(anonymous).map(([, pattern]) => pattern);
  if (patterns.includes('/*')) return true;
  return patterns.length === known(anonymous)?.length ? false : undefined;
}

function checkPaths({ apis }: Draft, { problem }: Findings, { paths }: Deployment): void {
  const seen: [name: string, path: string][] = [];
  for (const [name, api] of Object.entries(apis)) {
    const at = ['apis', name, 'path'];
    const path = known(api.path);
    if (path === undefined) continue;
    if (!paths.apiPrefixes.some((prefix) => isAtOrBelow(path, prefix))) {
      problem(at, `must lie below ${paths.apiPrefixes.join(' or ')}, which the gateway hands to the APIs`);
    }
    for (const own of [paths.base, paths.callback]) {
      if (overlap(path, own)) problem(at, `must be apart from ${own}, which is the broker's own`);
    }
    for (const [other, otherPath] of seen) {
      if (overlap(path, otherPath))
        problem(at, `must be apart from apis.${other}.path: one API cannot lie inside another`);
    }
    seen.push([name, path]);
  }
}

function checkHeaders(name: string, api: Api, { problem }: Findings): void {
  for (const [index, header] of knownMembers(api.requestHeaders)) {
    if (refusedHeaders.test(header)) {
      problem(
        ['apis', name, 'requestHeaders', index],
        'must not be here: this header is never forwarded as the browser sent it',
      );
    }
  }
}

/** With nothing asked, the tokens of such a provider name no API: only their scopes tell for which one they are. */
function needsScopes({ provider }: Draft, preset: Preset): boolean {
  const dialect = provider.audience ?? preset.audience;
  return dialect?.dialect === 'registration' && !preset.shape.audienceWithoutAsking;
}

function checkAudience(name: string, api: Api, draft: Draft, { problem }: Findings): void {
  const at = ['apis', name, 'audience'];
  const preset = presetOf(draft);
  const anonymous = isWhollyAnonymous(api);
  if (anonymous === undefined) return;
  if (anonymous) {
    if (api.audience !== undefined) problem(at, 'must be left out, since every path of the API is anonymous');
    return;
  }
  if (preset?.name === 'google') {
    const why = `${preset.title} issues access tokens for its own APIs only`;
    if (api.audience === undefined) problem(['apis', name, 'anonymous'], `must be ["/*"]: ${why}`);
    else problem(at, `must be left out, and "anonymous" be ["/*"]: ${why}`);
    return;
  }
  if (api.audience === undefined) {
    problem(at, 'is missing; only an API whose every path is anonymous ("anonymous": ["/*"]) has none');
    return;
  }
  if (preset !== undefined && needsScopes(draft, preset) && api.expect?.scopes === undefined) {
    problem(
      ['apis', name, 'expect', 'scopes'],
      `is missing: without resource binding the tokens of ${preset.title} name no audience, and only scopes tell APIs apart`,
    );
  }
}

/** Where the audience is named at login alone and once, there is no way to have a second one. */
function checkSecondAudience(draft: Draft, { problem }: Findings): void {
  const preset = presetOf(draft);
  const dialect = draft.provider.audience ?? preset?.audience;
  const login = draft.login.api === undefined ? undefined : known(draft.login.api);
  const first = login === undefined ? undefined : draft.apis[login]?.audience;
  if (dialect?.dialect !== 'param' || known(dialect.several) !== 'one') return;
  const legs = knownMembers(dialect.legs).map(([, leg]) => leg);
  if (legs.includes('refresh') || legs.length < (known(dialect.legs)?.length ?? Infinity)) return;
  for (const [name, { audience }] of Object.entries(draft.apis)) {
    if (typeof audience !== 'string' || typeof first !== 'string' || audience === first) continue;
    problem(
      ['apis', name, 'audience'],
      `must be that of apis.${login}: the provider binds a login to the one audience that it was asked for`,
    );
  }
}

export const checkApis: Check = (draft, findings, deployment) => {
  checkPaths(draft, findings, deployment);
  for (const [name, api] of Object.entries(draft.apis)) {
    checkHeaders(name, api, findings);
    checkAudience(name, api, draft, findings);
  }
  checkSecondAudience(draft, findings);
};
