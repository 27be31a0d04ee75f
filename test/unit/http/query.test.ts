import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { parseParameters, single } from '../../../functions/http/query.ts';

const read = (text: string): Record<string, readonly string[]> | undefined => {
  const parameters = parseParameters(text);
  return parameters && Object.fromEntries(parameters);
};

describe('a query', () => {
  const queries: readonly [string, Record<string, readonly string[]> | undefined][] = [
    ['', {}],
    ['a=1&b=2', { a: ['1'], b: ['2'] }],
    ['a=1&a=2', { a: ['1', '2'] }],
    ['&&a=1&', { a: ['1'] }],
    ['a&b=', { a: [''], b: [''] }],
    ['a=b=c', { a: ['b=c'] }],
    ['=x', { '': ['x'] }],
    ['a=b+c%2B', { a: ['b c+'] }],
    ['%61=%C3%BC', { a: ['ü'] }],
    ['constructor=1', { constructor: ['1'] }],
    ['a=1;b=2', { a: ['1;b=2'] }],
    ['a[]=1', { 'a[]': ['1'] }],
    ['a=%', undefined],
    ['a=%zz', undefined],
    ['%E0%A4=1', undefined],
    ['a=%FF', undefined],
    ['a=%C0%AF', undefined],
    ['a=%u0041', undefined],
  ];
  for (const [text, expected] of queries) {
    test(`${JSON.stringify(text)} is ${expected === undefined ? 'refused' : JSON.stringify(expected)}`, () => {
      assert.deepEqual(read(text), expected);
    });
  }

  test('of more than 100 parameters is refused', () => {
    assert.notEqual(read(Array.from({ length: 100 }, () => 'a=1').join('&')), undefined);
    assert.equal(read(Array.from({ length: 101 }, () => 'a=1').join('&')), undefined);
  });

  test('of any text is read without throwing, and as URLSearchParams does where it is not refused', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.webQueryParameters()), (text) => {
        const parameters = parseParameters(text);
        if (parameters === undefined || text.startsWith('?')) return;
        const expected = new URLSearchParams(text);
        assert.deepEqual([...parameters.keys()], [...new Set(expected.keys())]);
        for (const [name, values] of parameters) assert.deepEqual(values, expected.getAll(name));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a parameter that must be single', () => {
  const singles: readonly [string, string][] = [
    ['state=a', 'value'],
    ['state=', 'absent'],
    ['code=a', 'absent'],
    ['state=a&state=a', 'duplicated'],
    ['state=a&%73tate=b', 'duplicated'],
    ['state=&state=b', 'duplicated'],
    ['State=a', 'absent'],
  ];
  for (const [text, kind] of singles) {
    test(`is ${kind} in ${text}`, () => {
      assert.equal(single(parseParameters(text) ?? new Map<string, string[]>(), 'state').kind, kind);
    });
  }

  test('is never taken from what every object has', () => {
    assert.equal(single(parseParameters('') ?? new Map<string, string[]>(), 'constructor').kind, 'absent');
  });
});
