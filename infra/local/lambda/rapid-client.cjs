/**
 * Preloaded into every function process: takes the place of the native part of `aws-lambda-ric`, so that AWS's own
 * runtime interface client runs without a compiler. It speaks the Lambda Runtime API over node:http.
 */
'use strict';

const Module = require('node:module');
const { Agent, request } = require('node:http');

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const base = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`;

/** The post of the last result. The client calls `done` and `error` synchronously, so `next` waits for it instead. */
let posted = Promise.resolve();

function call(method, path, headers, body) {
  return new Promise((resolve, reject) => {
    const outgoing = request(`${base}${path}`, { method, headers, agent }, (response) => {
      let bodyJson = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => (bodyJson += chunk));
      response.on('end', () => resolve({ bodyJson, headers: response.headers }));
      response.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function post(path, body, headers) {
  const bytes = Buffer.from(body);
  posted = call(
    'POST',
    path,
    { 'content-type': 'application/json', 'content-length': bytes.length, ...headers },
    bytes,
  );
  // A failure is met by the `await` in `next`; until then it is not an unhandled one.
  posted.catch(() => {});
}

const client = {
  initializeClient() {},
  async next() {
    await posted;
    return call('GET', '/next', {});
  },
  done(id, body) {
    post(`/${id}/response`, body, {});
  },
  error(id, body, xrayCause) {
    post(`/${id}/error`, body, { 'lambda-runtime-function-xray-error-cause': encodeURIComponent(xrayCause) });
  },
};

const load = Module._load;
Module._load = function (name, ...rest) {
  if (name !== './rapid-client.node') return Reflect.apply(load, this, [name, ...rest]);
  Module._load = load;
  return client;
};
