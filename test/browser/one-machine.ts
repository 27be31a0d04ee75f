/** The stack as `npm start` runs it, for the tests of one file. */
import { join } from 'node:path';
import { projectRoot } from '../../infra/build.ts';
import type { StackOptions } from '../../infra/local/stack.ts';
import { running } from '../integration/broker/running.ts';
import type { Running } from '../integration/broker/running.ts';

/**
 * Call it at the top of a file. Its members can be used in tests and hooks.
 *
 * @param options what differs from a plain `npm start`
 */
export const oneMachine = (options: StackOptions = {}): Running =>
  running({ configuration: { file: join(projectRoot, 'config/local.jsonc') }, ...options });
