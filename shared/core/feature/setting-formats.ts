import { z } from 'zod';

/** At least 32 bytes, in base64. */
export const keySchema = z
  .string()
  .transform((text) => Buffer.from(text, 'base64'))
  .refine((key) => key.length >= 32, 'must be at least 32 bytes in base64: make one with "openssl rand -base64 32"');

/** The URL at which clients find the registry: an origin, without a path. */
export const originSchema = z
  .url({ protocol: /^https?$/ })
  .transform((text) => new URL(text))
  .refine(
    (url) => url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '',
    'must be https://HOST or http://HOST, with a port where it is not the usual one',
  );
