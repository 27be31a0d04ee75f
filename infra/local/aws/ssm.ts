/** The part of AWS Systems Manager Parameter Store that the broker and its operator use, on this machine. */

export type ParameterType = 'String' | 'StringList' | 'SecureString';

export interface SsmOptions {
  /** 0 (default): any free port. */
  readonly port?: number;
  /** Where the parameters are kept between starts; default: nowhere. */
  readonly file?: string;
  /** Calls of one operation per second before it is throttled; default 40, as AWS. */
  readonly callsPerSecond?: number;
}

/** One call: the operation, the names it was for, and how it was answered. */
export interface SsmCall {
  readonly operation: string;
  readonly names: readonly string[];
  readonly status: number;
}

export interface Ssm {
  readonly endpoint: string;
  readonly calls: SsmCall[];
  /** `fail`: 500 to everything; `hang`: no answer; `throttle`: ThrottlingException to everything. */
  mode: 'normal' | 'fail' | 'hang' | 'throttle';
  /** Writes a parameter, or its next version. Returns the version. */
  put(name: string, value: string, type?: ParameterType): number;
  close(): Promise<void>;
}

/** Starts the endpoint on 127.0.0.1. */
export async function startSsm(options: SsmOptions = {}): Promise<Ssm> {
  throw new Error(`the parameter store is not built yet (port ${options.port ?? 0})`);
}
