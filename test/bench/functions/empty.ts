/** The least that a function can be: what it takes is the runtime's own. */

export const handler = async (): Promise<{ statusCode: number }> => Promise.resolve({ statusCode: 204 });
