import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cookie } from '../../../functions/contract/wire.ts';
import { readReturnUrl, returnCookie, returnDeletion } from '../../../functions/session/logout.ts';
import { readReport, reportCookie } from '../../../functions/session/report.ts';
import { after, rules, sealer, sent } from './sample.ts';

describe('the way home from the provider’s logout', () => {
  const stored = returnCookie('https://app.example.com/bye', sealer);

  test('is kept in a Lax cookie for five minutes', () => {
    assert.deepEqual(
      { ...stored, value: '' },
      { name: cookie.logoutReturn, value: '', path: '/', sameSite: 'Lax', maxAgeSeconds: 300 },
    );
    assert.deepEqual(returnDeletion, { ...stored, value: '', maxAgeSeconds: 0 });
  });

  test('is found again, for five minutes', () => {
    assert.equal(readReturnUrl(sent([stored]), { ...rules, now: after(299) }), 'https://app.example.com/bye');
    assert.equal(readReturnUrl(sent([stored]), { ...rules, now: after(300) }), undefined);
  });

  test('is not known without a cookie, with two of them, or with a broken one', () => {
    assert.equal(readReturnUrl(sent([]), rules), undefined);
    assert.equal(readReturnUrl(sent([stored], [stored]), rules), undefined);
    assert.equal(readReturnUrl(sent([{ ...stored, value: `${stored.value}A` }]), rules), undefined);
  });
});

describe('an audience report', () => {
  const path = '/bff/diagnostics';
  const report = { orders: { code: 'opaque_access_token', asked: { audience: 'https://orders.example.com' } } };
  const stored = [reportCookie(report, path, sealer)].flatMap((one) => one ?? []);

  test('comes back for an hour, at its own path', () => {
    assert.equal(stored[0]?.path, path);
    assert.deepEqual(readReport(sent(stored), rules), report);
    assert.equal(readReport(sent(stored), { ...rules, now: after(3600) }), undefined);
  });

  test('is found beside a planted one', () => {
    const planted = stored.map((one) => ({ ...one, value: 'x' }));
    assert.deepEqual(readReport(sent(planted, stored), rules), report);
  });

  test('over 2 KB is not kept', () => {
    assert.equal(reportCookie({ orders: 'x'.repeat(1500) }, path, sealer), undefined);
    assert.ok(reportCookie({ orders: 'x'.repeat(1200) }, path, sealer));
  });
});
