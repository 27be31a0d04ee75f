/** The process environment and the Node flags of a function, as the managed runtime sets them: nothing of the developer's machine. */
import type { DeployedFunction } from './function.ts';

/** What the emulated parts have in common; any value will do, since none of them checks a signature. */
const credentials = {
  AWS_ACCESS_KEY_ID: 'ASIALOCALLOCALLOCAL0',
  AWS_SECRET_ACCESS_KEY: 'local-secret-access-key-for-loopback-only',
  AWS_SESSION_TOKEN: 'local-session-token',
};

/**
 * @param deployed the function that will run
 * @param runtimeApi `host:port` of the Runtime API that serves this one process
 * @param logStream name of the log stream, one per process
 */
export function functionEnvironment(
  deployed: DeployedFunction,
  runtimeApi: string,
  logStream: string,
): Record<string, string> {
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin:/opt/bin',
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    AWS_REGION: deployed.region,
    AWS_DEFAULT_REGION: deployed.region,
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_RUNTIME_API: runtimeApi,
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_FUNCTION_NAME: deployed.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(deployed.memoryMegabytes),
    AWS_LAMBDA_LOG_GROUP_NAME: deployed.logGroup,
    AWS_LAMBDA_LOG_STREAM_NAME: logStream,
    AWS_LAMBDA_LOG_FORMAT: deployed.logFormat,
    LAMBDA_TASK_ROOT: deployed.root,
    _HANDLER: deployed.handler,
    ...credentials,
    ...deployed.environment,
  };
}

/**
 * The flags of the managed bootstrap. The two heap sizes are shares of the memory size.
 * @param memoryMegabytes the function's memory size
 */
export function nodeFlags(memoryMegabytes: number): string[] {
  return [
    '--expose-gc',
    '--max-http-header-size=81920',
    `--max-old-space-size=${Math.floor(memoryMegabytes * 0.9)}`,
    `--max-semi-space-size=${Math.max(1, Math.floor(memoryMegabytes * 0.05))}`,
  ];
}
