/** The provider's few HTML pages: self-contained, readable without a script, every value escaped. */

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => escapes[character] ?? '');

const style = `
  :root { color-scheme: light dark; --ink: #1c2430; --paper: #fff; --ground: #eef1f6; --line: #8a94a6; --accent: #2f4fd8; --wrong: #b3261e; }
  @media (prefers-color-scheme: dark) {
    :root { --ink: #e8ecf4; --paper: #1b2130; --ground: #10141e; --line: #6f7a90; --accent: #93a7ff; --wrong: #ff9b93; }
  }
  * { box-sizing: border-box; }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
  main { width: min(24rem, 100%); padding: 2rem; background: var(--paper); border-radius: .75rem; box-shadow: 0 .5rem 2rem #0002; }
  h1 { margin: 0 0 .25rem; font-size: 1.5rem; }
  label { display: block; margin-top: 1rem; font-weight: 600; }
  input { width: 100%; margin-top: .25rem; padding: .6rem .75rem; font: inherit; color: inherit; background: transparent; border: 1px solid var(--line); border-radius: .4rem; }
  button { width: 100%; margin-top: 1.5rem; padding: .7rem; font: inherit; font-weight: 600; color: var(--paper); background: var(--accent); border: 0; border-radius: .4rem; cursor: pointer; }
  :is(input, button):focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
  [role=alert] { margin: 1rem 0 0; padding: .6rem .75rem; color: var(--wrong); border: 1px solid; border-radius: .4rem; }
  small { display: block; margin-top: 1.5rem; opacity: .8; }`;

const page = (title: string, content: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${style}
</style>
</head>
<body>
<main>
${content}
</main>
</body>
</html>
`;

export interface LoginPage {
  /** The application that wants to know who somebody is. */
  readonly application: string;
  /** Where the form is posted to. */
  readonly action: string;
  readonly username?: string;
  readonly wrong?: boolean;
}

const focus = (on: boolean) => (on ? ' autofocus' : '');

export function loginPage({ application, action, username = '', wrong = false }: LoginPage): string {
  const alert = '<p role="alert" id="wrong">Wrong username or password. Please try again.</p>';
  const described = wrong ? ' aria-invalid="true" aria-describedby="wrong"' : '';
  return page(
    'Log in',
    `<h1>Log in</h1>
<p>to continue to <strong>${escaped(application)}</strong></p>
${wrong ? alert : ''}
<form method="post" action="${escaped(action)}">
<label for="username">Username</label>
<input id="username" name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required value="${escaped(username)}"${described}${focus(username === '')}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${described}${focus(username !== '')}>
<button type="submit">Log in</button>
</form>
<small>This is the identity provider of the one-machine stack. People here: <code>alice</code> and <code>bob</code>; the password is the name.</small>`,
  );
}

/** @param description what the specification's error code does not say */
export const errorPage = (error: string, description = ''): string =>
  page(
    'Something went wrong',
    `<h1>Something went wrong</h1><p role="alert"><strong>${escaped(error)}</strong><br>${escaped(description)}</p>`,
  );

export const loggedOutPage = (): string => page('Logged out', '<h1>Logged out</h1><p>You can close this page.</p>');
