/** Finds a preset by the name that a configuration gives it. */
import { auth0 } from './auth0.ts';
import { cognito } from './cognito.ts';
import { duende } from './duende.ts';
import { entra } from './entra.ts';
import { google } from './google.ts';
import { keycloak } from './keycloak.ts';
import { oidc } from './oidc.ts';
import { okta } from './okta.ts';
import type { LogoutDialect, Preset, PresetName } from './preset.ts';

/** Every preset under its own name. */
export const presets: Readonly<Record<PresetName, Preset>> = {
  auth0,
  entra,
  okta,
  cognito,
  keycloak,
  duende,
  google,
  oidc,
};

/** Whether a session has to keep its ID token, the biggest thing it could hold, for this logout. */
export const needsIdToken = (logout: LogoutDialect): boolean =>
  logout.dialect === 'end_session' && logout.hint === 'id_token';
