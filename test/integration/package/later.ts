/** What the function for tests loads when it is needed. */
export { decodeJwt } from 'jose';
