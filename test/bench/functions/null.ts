/** Answers every event with a small JSON and looks at nothing. */

const body = JSON.stringify([{ type: 'sub', value: 'somebody' }]);

export const handler = async (): Promise<object> =>
  Promise.resolve({ statusCode: 200, headers: { 'content-type': 'application/json' }, cookies: [], body });
