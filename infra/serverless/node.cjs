/** Runs a file of this project on the Node version it is written for, whichever one the framework was started with. */
'use strict';
const { spawnSync } = require('node:child_process');
const { delimiter, join, resolve } = require('node:path');

const root = resolve(__dirname, '../..');

/**
 * @param {readonly string[]} command a file relative to the project, then its arguments
 * @returns {string} what it wrote to stdout
 * @throws Error with what it wrote to stderr, where it failed
 */
exports.runOnProjectNode = ([file, ...parameters]) => {
  const PATH = [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter);
  const ended = spawnSync('node', [join(root, file), ...parameters], {
    encoding: 'utf8',
    env: { ...process.env, PATH },
    shell: process.platform === 'win32',
  });
  if (ended.error) throw ended.error;
  if (ended.status !== 0) throw new Error(ended.stderr.trim());
  return ended.stdout;
};
