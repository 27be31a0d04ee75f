/** The model of the table does what every session store does, or the model check would prove something about another one. */
import { storeSuite } from '../unit/refresh/store-suite.ts';
import { createTable } from './table.ts';

storeSuite('the session store of the model check', async (nowMs) => {
  const table = createTable(nowMs, () => undefined);
  const open = () => table.store(async (_label, _kind, perform) => perform());
  return { store: open(), other: open(), close: async () => undefined };
});
