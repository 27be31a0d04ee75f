/** An API whose answer is not HTTP, or stops half-way: a problem of the broker's, and nothing of what was sent. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answerOf, type Answer } from '../../unit/outgoing/raw-server.ts';
import { valuesOf } from '../local-lambda/raw-http.ts';
import { codeIn, recording } from './recording.ts';

const ended =
  (bytes: string): Answer =>
  (socket) =>
    socket.end(bytes, 'latin1');

/** Header lines without end, as long as somebody listens. */
const endless: Answer = (socket) => {
  socket.write('HTTP/1.1 200 OK\r\n');
  const write = (): void => {
    while (socket.writable && socket.write(`X-Evil-${'evil'.repeat(100)}: ${'x'.repeat(1000)}\r\n`));
  };
  socket.on('drain', write);
  write();
};

const faults: Readonly<Record<string, readonly [answer: Answer | string, code: string]>> = {
  'begins with no status line': ['evil evil evil\r\n\r\n', 'upstream_invalid'],
  'is of another protocol': [ended('SSH-2.0-evil\r\n'), 'upstream_invalid'],
  'is a page without a head': ['<html>evil</html>\r\n\r\n', 'upstream_invalid'],
  'is of HTTP/2': ['HTTP/2 200\r\nContent-Length: 4\r\n\r\nevil', 'upstream_invalid'],
  'has a status of two digits': [answerOf('evil', 'HTTP/1.1 20 OK'), 'upstream_invalid'],
  'has a status that is no number': [answerOf('evil', 'HTTP/1.1 2x0 OK'), 'upstream_invalid'],
  'has the status 999': [answerOf('evil', 'HTTP/1.1 999 Evil'), 'upstream_invalid'],
  'has the status 600': [answerOf('evil', 'HTTP/1.1 600 Evil'), 'upstream_invalid'],
  'changes the protocol': ['HTTP/1.1 101 S\r\nUpgrade: evil\r\nConnection: upgrade\r\n\r\nevil', 'upstream_invalid'],
  'has two lengths': ['HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nevil1', 'upstream_invalid'],
  'has a list of lengths': ['HTTP/1.1 200 OK\r\nContent-Length: 4, 5\r\n\r\nevil1', 'upstream_invalid'],
  'has a length and chunks': [
    'HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n',
    'upstream_invalid',
  ],
  'has a length that is no number': ['HTTP/1.1 200 OK\r\nContent-Length: evil\r\n\r\nevil', 'upstream_invalid'],
  'has a negative length': ['HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\nevil', 'upstream_invalid'],
  'has a header without a colon': ['HTTP/1.1 200 OK\r\nevil\r\n\r\n', 'upstream_invalid'],
  'has a zero byte in a header': ['HTTP/1.1 200 OK\r\nX-Evil: a\0b\r\nContent-Length: 0\r\n\r\n', 'upstream_invalid'],
  'has a space in the name of a header': [
    'HTTP/1.1 200 OK\r\nSet Cookie: evil\r\nContent-Length: 0\r\n\r\n',
    'upstream_invalid',
  ],
  'has a bare carriage return in a header': [
    'HTTP/1.1 200 OK\r\nX-A: a\rSet-Cookie: evil=1\r\nContent-Length: 0\r\n\r\n',
    'upstream_invalid',
  ],
  'has a head without end': [endless, 'upstream_too_large'],
  'has a head of ninety kilobytes': [`HTTP/1.1 200 OK\r\nX-Evil: ${'x'.repeat(90_000)}\r\n\r\n`, 'upstream_too_large'],
  'stops in its head': [ended('HTTP/1.1 200 OK\r\nX-Evil: 1\r\n'), 'upstream_unreachable'],
  'stops in its body': [ended('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nevil'), 'upstream_unreachable'],
  'stops between two chunks': [
    ended('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n'),
    'upstream_unreachable',
  ],
  'stops within a chunk': [
    ended('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nevil'),
    'upstream_unreachable',
  ],
  'has a chunk whose size is no number': [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\nevil\r\n\r\n',
    'upstream_unreachable',
  ],
  'has a chunk longer than it says': [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nevil\r\n0\r\n\r\n',
    'upstream_unreachable',
  ],
  'is reset in its body': [
    (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nevil', () => socket.resetAndDestroy());
    },
    'upstream_unreachable',
  ],
  'is larger than a function may answer': [answerOf('evil'.repeat(1_125_001)), 'upstream_too_large'],
  'claims to be larger than any memory': [
    (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n${'evil'.repeat(1_200_000)}`);
    },
    'upstream_too_large',
  ],
  'is never begun': [() => undefined, 'upstream_timeout'],
  'is begun and not gone on with': [
    (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nevil');
    },
    'upstream_timeout',
  ],
};

describe('an answer that', () => {
  const stack = recording({ api: { timeouts: { connect: '1s', response: '1s' } } });

  for (const [what, [answer, code]] of Object.entries(faults)) {
    it(`${what} is a problem with a code, and the next one is right`, async () => {
      stack.answers(answer);
      const failed = await stack.send('/api/orders/1', { method: 'POST' });
      assert.equal(failed.received.length, 1, 'the call is not repeated');
      assert.equal(codeIn(failed.answer), code);
      assert.equal(failed.answer.status, code === 'upstream_timeout' ? 504 : 502);
      assert.deepEqual(valuesOf(failed.answer, 'content-type'), ['application/problem+json']);
      assert.deepEqual(valuesOf(failed.answer, 'cache-control'), ['no-store']);
      assert.doesNotMatch(JSON.stringify([failed.answer.headers, failed.answer.body]), /evil/i);

      stack.answers(answerOf('right'));
      const { answer: next } = await stack.send('/api/orders/2');
      assert.deepEqual([next.status, next.body], [200, 'right']);
    });
  }
});
