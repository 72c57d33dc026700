import { badRequest } from './refusal.ts';

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

export const isJsonObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Parses a text that came from outside; a malformed one is the caller's fault (400). */
export function parseJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw badRequest('The request body is not valid JSON.');
  }
}

/** An own member of an object, and never one that `Object.prototype` lends: `c.constructor` is undefined. */
export function member(target: Json | undefined, key: string | number): Json | undefined {
  if (Array.isArray(target)) return typeof key === 'number' ? target[key] : undefined;
  if (!isJsonObject(target) || typeof key === 'number') return undefined;
  return Object.hasOwn(target, key) ? target[key] : undefined;
}
