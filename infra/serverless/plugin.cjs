/**
 * Makes the framework's own commands safe to use: whatever packages a stage builds it and validates its configuration
 * first, and the stage of one's own machine is never deployed.
 */
'use strict';
const { readFileSync } = require('node:fs');
const { join, resolve } = require('node:path');
const { runOnProjectNode } = require('./node.cjs');

/** The stage that may speak plain http to servers on this machine. */
const machineStage = 'local';

module.exports = class StagePlugin {
  constructor(serverless, options) {
    this.serverless = serverless;
    this.options = options;
    this.hooks = {
      initialize: () => this.refuse(),
      'before:package:initialize': () => this.prepare(),
    };
  }

  get stage() {
    return this.serverless.getProvider('aws').getStage();
  }

  fail(message) {
    throw new this.serverless.classes.Error(message);
  }

  refuse() {
    if (this.serverless.processedInput.commands[0] !== 'deploy') return;
    if (this.stage === machineStage) {
      this.fail(`The stage "${machineStage}" runs on one machine and is never deployed: it allows plain http.`);
    }
    if (this.options.package) this.checkPackageStage(resolve(this.serverless.serviceDir, this.options.package));
  }

  checkPackageStage(directory) {
    const state = JSON.parse(readFileSync(join(directory, 'serverless-state.json'), 'utf8'));
    const packaged = state.service.provider.stage;
    if (packaged !== this.stage) {
      this.fail(`${directory} was packaged for the stage "${packaged}", not for "${this.stage}".`);
    }
  }

  prepare() {
    // Set by `npm run package`, which has done it already.
    if (process.env.TOKEN_BROKER_PREPARED === this.stage) return;
    try {
      runOnProjectNode(['infra/package.ts', '--stage', this.stage, '--prepare-only']);
    } catch (error) {
      this.fail(error.message);
    }
  }
};
