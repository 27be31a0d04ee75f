/** The broker's DynamoDB table on this machine: dynalite, behind a layer that counts calls and fails on purpose. */

export interface TableOptions {
  readonly name: string;
  /** 0 (default): any free port. */
  readonly port?: number;
  /** The folder it is kept in between starts; default: memory. */
  readonly folder?: string;
  /** Name of the string hash key; default `key`. */
  readonly hashKey?: string;
}

/** How many items were read and written since the start, by operations of the data plane, and refused by a switch. */
export interface TableCounts {
  reads: number;
  writes: number;
  refused: number;
}

export interface Table {
  readonly endpoint: string;
  readonly name: string;
  readonly counts: TableCounts;
  /** `throttle`: ProvisionedThroughputExceededException to everything; `gone`: connections are refused or reset. */
  mode: 'normal' | 'throttle' | 'gone';
  close(): Promise<void>;
}

/** Starts dynalite on 127.0.0.1 and creates the table where it does not exist. */
export async function startTable(options: TableOptions): Promise<Table> {
  throw new Error(`the table ${options.name} is not built yet`);
}
