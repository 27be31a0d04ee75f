/** The part of dynalite that is used here; the package brings no types. */
declare module 'dynalite' {
  import type { Server } from 'node:http';

  export interface DynaliteOptions {
    /** LevelDB folder; default: memory. */
    readonly path?: string;
    /** How long a new table is not yet usable. */
    readonly createTableMs?: number;
  }

  /** The server opens its store at once and closes it with its last connection. */
  export default function dynalite(options?: DynaliteOptions): Server;
}
