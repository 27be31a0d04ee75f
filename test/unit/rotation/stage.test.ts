/** What a stage says about its rotation, when it is packaged and when it runs. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { longestSessionOf, readRotationSettings } from '../../../functions/configuration/rotation.ts';
import { validateFile } from '../../../functions/configuration/validate.ts';
import { checkRotation, checksEvery, shortestPeriodHours } from '../../../infra/stage/rotation.ts';
import type { StageParameters } from '../../../infra/stage/parameters.ts';
import { PackagingError } from '../../../infra/stage/problems.ts';
import { stageWith, type Changes } from '../configuration/stage.ts';
import { day, hour, rules } from './samples.ts';

const paths = { base: '/bff', callback: '/bff/callback', apiPrefixes: ['/api'] };

function packagedWith(absolute: Changes[string]) {
  const result = validateFile(stageWith({ 'session.absolute': absolute }), { stage: 'dev', paths });
  assert.ok(result.kind === 'valid');
  return result.packaged;
}

const parametersWith = (period: number) => ({ keyRotation: { period } }) as unknown as StageParameters;

describe('the longest session of a stage', () => {
  it('is what its configuration says', () => {
    assert.equal(longestSessionOf(packagedWith('12h')), 12 * hour);
    assert.equal(longestSessionOf(packagedWith(undefined)), 8 * hour);
  });

  it('is the longest that is allowed where only a parameter tells', () => {
    assert.equal(longestSessionOf(packagedWith({ $parameter: 'absolute' })), 90 * day);
  });
});

describe('a rotation period', () => {
  it('is at least a tenth of the time for which a key is kept', () => {
    assert.equal(shortestPeriodHours(rules(1, 8 * hour).longestSessionSeconds), 1);
    assert.equal(shortestPeriodHours(rules(1, 18 * hour).longestSessionSeconds), 2);
    assert.equal(shortestPeriodHours(rules(1, 90 * day).longestSessionSeconds), 217);
  });

  it('that is too short for the longest session is refused, with the shortest one that is not', () => {
    checkRotation('dev', parametersWith(217 * hour), packagedWith('90d'));
    assert.throws(
      () => checkRotation('dev', parametersWith(217 * hour - 1), packagedWith('90d')),
      (error) =>
        error instanceof PackagingError &&
        /^config\/dev\.params\.yml: keyRotation\.period: .*"217h"/.test(error.message),
    );
  });

  it('is looked after several times', () => {
    assert.equal(checksEvery(2 * hour), 'rate(1 hour)');
    assert.equal(checksEvery(30 * day), 'rate(1 day)');
  });
});

describe('the function', () => {
  const variables = { PARAMETER_PREFIX: '/token-broker/dev', ROTATION_PERIOD_SECONDS: '7200', PARAMETERS_KMS_ARN: '' };

  it('is told its parameter and its rules', () => {
    assert.deepEqual(readRotationSettings(packagedWith('4h'), variables), {
      parameter: '/token-broker/dev/cookie-keys',
      rules: { periodSeconds: 7200, longestSessionSeconds: 4 * hour },
    });
  });

  it('names the key that encrypts the parameter where the stage has one', () => {
    const kmsKey = 'arn:aws:kms:eu-central-1:111122223333:key/1';
    assert.equal(readRotationSettings(packagedWith('4h'), { ...variables, PARAMETERS_KMS_ARN: kmsKey }).kmsKey, kmsKey);
  });

  it('does nothing without its period', () => {
    for (const period of [undefined, '', '0', 'monthly']) {
      assert.throws(
        () => readRotationSettings(packagedWith('4h'), { ...variables, ROTATION_PERIOD_SECONDS: period }),
        RangeError,
      );
    }
  });
});
