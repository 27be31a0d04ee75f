/** Reads the fields of a JSON object that was sealed. A field of another shape makes the whole value invalid, without an exception. */
import type { EpochSeconds } from '../contract/units.ts';

export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue };

export type JsonObject = Readonly<Record<string, JsonValue>>;

/** @returns undefined unless the bytes are the JSON text of an object */
export function parseObject(bytes: Buffer): JsonObject | undefined {
  try {
    const value = JSON.parse(bytes.toString()) as JsonValue;
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isText = (value: JsonValue | undefined): value is string => typeof value === 'string';

export const isOptionalText = (value: JsonValue | undefined): value is string | undefined =>
  value === undefined || typeof value === 'string';

/** A number from 0 upwards that has no fraction. */
export const isWhole = (value: JsonValue | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

export const isTime = (value: JsonValue | undefined): value is EpochSeconds => isWhole(value);

/** 16 bytes as base64url. */
export const isId = (value: JsonValue | undefined): value is string =>
  typeof value === 'string' && /^[\w-]{21}[AQgw]$/.test(value);
