/**
 * Hands `serverless.yml` what `infra/stage/template.ts` works out about the stage. CommonJS, because the framework
 * resolves its variables from files of that kind only, on whatever Node it was started with.
 */
'use strict';
const { runOnProjectNode } = require('./node.cjs');

module.exports = async ({ resolveVariable }) => {
  const stage = await resolveVariable('sls:stage');
  const service = await resolveVariable('self:service');
  return JSON.parse(runOnProjectNode(['infra/stage/template.ts', service, stage]));
};
