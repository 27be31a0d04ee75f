/** Whether a request carries a Signature Version 4 that AWS would look at. The signature itself is not recomputed. */
import type { IncomingMessage } from 'node:http';

const pattern =
  /^AWS4-HMAC-SHA256 Credential=(?<credential>[^,\s]+),\s*SignedHeaders=(?<signed>[a-z0-9;-]+),\s*Signature=[0-9a-f]{64}$/;

const incomplete = (message: string) => ({ type: 'IncompleteSignatureException', message });
const invalid = (message: string) => ({ type: 'InvalidSignatureException', message });

/**
 * @param service as it must stand in the credential scope
 * @returns what AWS would refuse it for; `undefined` where nothing is wrong
 */
export function signatureFault(
  request: IncomingMessage,
  service: string,
): { readonly type: string; readonly message: string } | undefined {
  const { authorization } = request.headers;
  if (authorization === undefined) {
    return { type: 'MissingAuthenticationTokenException', message: 'Missing Authentication Token' };
  }
  const { credential, signed } = pattern.exec(authorization)?.groups ?? {};
  if (credential === undefined || signed === undefined)
    return incomplete('Authorization is not a Signature Version 4.');

  const date = String(request.headers['x-amz-date'] ?? '');
  if (!/^\d{8}T\d{6}Z$/.test(date)) return incomplete('X-Amz-Date is missing or not in ISO 8601 basic format.');

  const [keyId, day, region, ofService, terminator, ...rest] = credential.split('/');
  if (!keyId || !region || rest.length > 0) return incomplete('Credential must have five elements.');
  if (day !== date.slice(0, 8)) return invalid('Date in the credential scope is not the date of the request.');
  if (ofService !== service) return invalid(`Credential should be scoped to the service '${service}'.`);
  if (terminator !== 'aws4_request') return invalid("Credential should end in 'aws4_request'.");

  const headers = signed.split(';');
  const unsigned = ['host', ...Object.keys(request.headers).filter((name) => name.startsWith('x-amz-'))].filter(
    (name) => !headers.includes(name),
  );
  if (unsigned.length > 0) return invalid(`Headers must be signed: ${unsigned.join(', ')}`);
  return undefined;
}
