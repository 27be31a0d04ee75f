/** What a deployed function is, as far as the machine that runs it needs to know, and what an invocation can come to. */
import type { IncomingMessage } from 'node:http';

/** A function as the packaged template describes it, with its code unpacked. */
export interface DeployedFunction {
  /** As deployed, for example `token-broker-local-api`. */
  readonly name: string;
  readonly arn: string;
  /** `index.handler`, or with folders in front. */
  readonly handler: string;
  /** The folder that holds the unpacked package; what the function sees as `LAMBDA_TASK_ROOT`. */
  readonly root: string;
  readonly timeoutSeconds: number;
  readonly memoryMegabytes: number;
  /** The template's variables with every intrinsic resolved. */
  readonly environment: Readonly<Record<string, string>>;
  readonly region: string;
  readonly logGroup: string;
  readonly logFormat: 'Text' | 'JSON';
  /** Modules that each process loads before anything of the function's; for tests that look into a process. */
  readonly preload?: readonly URL[];
}

/** A streamed answer as its function writes it. */
export interface StreamedResult {
  /** Of what is written: the integration type where a prelude goes ahead. */
  readonly contentType: string;
  /** Its trailers say whether the function failed on the way. */
  readonly written: IncomingMessage;
  /**
   * Nobody takes the rest. On AWS the function is not told and goes on; here its process is ended, so that nothing
   * runs on a developer's machine for nobody.
   */
  cancel(): void;
}

/** What became of one invocation. */
export type Outcome =
  /** The bytes of the JSON that the handler returned. */
  | { readonly kind: 'result'; readonly body: Buffer }
  /** The handler threw, or the process failed to start, ended or ran out of time. */
  | { readonly kind: 'error'; readonly errorType: string; readonly errorMessage: string }
  /** The event is larger than Lambda takes; nothing was invoked. */
  | { readonly kind: 'event_too_large' };

/** The same, where the function may also have begun to answer and be still at it. */
export type Beginning = Outcome | ({ readonly kind: 'stream' } & StreamedResult);

/** One line that a function, or the machine on its behalf, wrote. */
export interface FunctionLine {
  readonly functionName: string;
  readonly pid: number;
  readonly stream: 'stdout' | 'stderr' | 'platform';
  readonly text: string;
}

/** Takes every line of every function. */
export type LineSink = (line: FunctionLine) => void;

/** Lambda's limit for the payload of a synchronous invocation, in either direction. */
export const payloadLimitBytes = 6 * 1024 * 1024;

/** Lambda's limit for a streamed answer. */
export const streamLimitBytes = 200 * 1024 * 1024;

/** How long a process may take from its start until it asks for its first event. */
export const initLimitMs = 10_000;
