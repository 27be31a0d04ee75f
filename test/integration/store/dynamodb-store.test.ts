/** The session store in DynamoDB has the behaviour of every store. */
import { startTable } from '../../../infra/local/aws/table.ts';
import { storeSuite } from '../../unit/refresh/store-suite.ts';
import { storeIn } from './fixture.ts';

storeSuite('the session store in DynamoDB', async (nowMs) => {
  const table = await startTable({ name: 'sessions' });
  return { store: storeIn(table.endpoint, nowMs), other: storeIn(table.endpoint, nowMs), close: () => table.close() };
});
