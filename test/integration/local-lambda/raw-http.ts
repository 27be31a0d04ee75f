/** An HTTP client that sends exactly the bytes it is given and shows exactly the headers that came back. */
import { once } from 'node:events';
import { connect } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** Lower-case name and value, in the order in which they came. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly bytes: Buffer;
  /** The bytes as UTF-8. */
  readonly body: string;
}

function parse(bytes: Buffer): RawAnswer {
  const end = bytes.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return {
    status: Number(statusLine.split(' ')[1]),
    headers,
    bytes: bytes.subarray(end + 4),
    body: bytes.toString('utf8', end + 4),
  };
}

/**
 * Sends one request on a connection of its own and reads until the other side ends it.
 * @param origin of the server
 * @param requestLine for example `GET /a%2Fb?x HTTP/1.1`
 * @param headers complete lines; `Host` and `Connection: close` are added
 */
export async function sendRaw(
  origin: string,
  requestLine: string,
  headers: readonly string[] = [],
  body: Buffer | string = '',
): Promise<RawAnswer> {
  const { hostname, port } = new URL(origin);
  const socket = connect(Number(port), hostname === 'localhost' ? '127.0.0.1' : hostname);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.write(
    [requestLine, `Host: ${hostname}:${port}`, 'Connection: close', ...headers, '', ''].join('\r\n'),
    'latin1',
  );
  socket.write(body);
  await once(socket, 'close');
  return parse(Buffer.concat(chunks));
}

/** Every value under a name. */
export const valuesOf = (answer: RawAnswer, name: string): string[] =>
  answer.headers.filter(([found]) => found === name).map(([, value]) => value);
