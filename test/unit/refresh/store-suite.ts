/** What every session store does, whatever it keeps its rows in. */
import { describe } from 'node:test';
import { endingBehaviour } from './suite/ending.ts';
import { expiryBehaviour } from './suite/expiry.ts';
import { leaseBehaviour } from './suite/lease.ts';
import { rowBehaviour } from './suite/rows.ts';
import { prepareSetting } from './suite/setting.ts';
import type { OpenStore } from './suite/setting.ts';

/** Registers the tests of one implementation. */
export function storeSuite(name: string, open: OpenStore): void {
  describe(name, () => {
    const setting = prepareSetting(open);
    rowBehaviour(setting);
    leaseBehaviour(setting);
    endingBehaviour(setting);
    expiryBehaviour(setting);
  });
}
