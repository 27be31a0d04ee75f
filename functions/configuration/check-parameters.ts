/** That no parameter ends up where it must not, and that all of them can be read in one call. */
import type { Check } from './checks.ts';
import { cookieKeys, isSecret, parameterNames, references } from './references.ts';

/** GetParameters takes no more in one call. */
const mostParameters = 10;

export const checkParameters: Check = (draft, { problem }) => {
  const secrets = new Set(references(draft.provider.clientAuth).map(([, name]) => name));
  for (const [at, name] of references(draft)) {
    if (name === cookieKeys) problem(at, `must not be the parameter "${cookieKeys}", which holds the broker's keys`);
    else if (secrets.has(name) && !isSecret(at)) {
      problem(at, 'must not be a parameter that holds the client secret or key');
    }
  }
  if (parameterNames(draft).length > mostParameters) {
    problem(
      [],
      `must name at most ${mostParameters - 1} parameters: with "${cookieKeys}" ${mostParameters} are read in one call`,
    );
  }
};
