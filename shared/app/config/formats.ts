import { z } from 'zod';
import type { RegistryName } from '../../core/oci/name.ts';
import { isRegistryName } from '../../core/oci/name.ts';
import { isNetwork, loopbackNetworks } from '../../core/outbound/public-address.ts';
import { parsePasswordHash } from '../../features/identity/password.ts';
import type { Rates } from '../../features/identity/ratelimits.ts';
import { clientClasses, parseActorClasses } from '../../features/usage/client-class.ts';

const hostNameList =
  /^(own|[a-z0-9._-]{1,255}|\[[0-9a-f:.]{2,45}\])(,(own|[a-z0-9._-]{1,255}|\[[0-9a-f:.]{2,45}\]))*$/i;
export const hostNamesSchema = z
  .string()
  .regex(
    hostNameList,
    'must be "any", or "own", or names without ports that are answered to besides, as in registry.lan,host.docker.internal',
  )
  .transform((text) => text.split(','));

/** At least 32 bytes, in base64. */
export const keySchema = z
  .string()
  .transform((text) => Buffer.from(text, 'base64'))
  .refine((key) => key.length >= 32, 'must be at least 32 bytes in base64: make one with "openssl rand -base64 32"');

export const registryNameSchema = z.custom<RegistryName>(
  (value) => typeof value === 'string' && isRegistryName(value),
  'must be 1 to 50 lower-case letters, digits and dashes',
);

/** Where clients find the registry: an origin, without a path. */
export const originSchema = z
  .url({ protocol: /^https?$/ })
  .transform((text) => new URL(text))
  .refine(
    (url) => url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '',
    'must be https://HOST or http://HOST, with a port where it is not the usual one',
  );

/** https://learn.microsoft.com/azure/azure-monitor/app/connection-strings */
export const connectionStringSchema = z
  .string()
  .regex(/(^|;)InstrumentationKey=[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(;|$)/i, 'must hold InstrumentationKey=UUID')
  .regex(/(^|;)IngestionEndpoint=https:\/\/./i, 'must hold IngestionEndpoint=https://…');

/** Not plain http: what goes over it are keys. */
export const vaultSchema = z
  .url({ protocol: /^https$/ })
  .transform((text) => new URL(text))
  .refine((url) => url.href === `${url.origin}/`, 'must be https://NAME.vault.azure.net, without a path');

export const passwordHashSchema = z.string().transform((text, context) => {
  const parsed = parsePasswordHash(text);
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: 'custom', message: 'must be scrypt:16384:8:1:SALT:HASH, the last two in base64url' });
  return z.NEVER;
});

/** The networks that are opened besides public addresses. */
export const outboundSchema = z
  .string()
  .transform((text) =>
    text === 'public'
      ? []
      : text.split(',').flatMap((network) => (network === 'loopback' ? loopbackNetworks : [network])),
  )
  .refine(
    (networks) => networks.every(isNetwork),
    'must be "public", or networks to open besides, as in loopback,10.1.0.0/16,fd00:1::/64',
  );

/** `sku` takes ACR's numbers for the registry's SKU, and what the registry has set instead of them. */
export const rateLimitsSchema = z.union(
  [
    z.literal('sku'),
    z.literal('off'),
    z
      .string()
      .regex(/^[1-9]\d{0,8}\/[1-9]\d{0,8}\/[1-9]\d{0,8}$/)
      .transform(parseRates),
  ],
  {
    error: 'must be "sku", "off", or READS/WRITES/DELETES a minute, as in 10000/2000/1000',
  },
);

function parseRates(text: string): Rates {
  const [read = 0, write = 0, deletes = 0] = text.split('/').map(Number);
  return { read, write, delete: deletes };
}

/** `docker.io,ghcr.io,registry.example.com:5000`, or `none`. */
export const hostsSchema = z.string().transform((text, context) => {
  const hosts =
    text === 'none'
      ? []
      : text
          .split(',')
          .map((host) => host.trim().toLowerCase())
          .filter((host) => host !== '');
  for (const host of hosts)
    if (!/^(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?$/.test(host))
      context.addIssue({ code: 'custom', message: `"${host}" is not a host, with its port if it has one` });
  return hosts;
});

export const actorClassesSchema = z.string().transform((text, context) => {
  const parsed = parseActorClasses(text);
  if (parsed !== undefined) return parsed;
  context.addIssue({
    code: 'custom',
    message: `must be NAME=CLASS,… where NAME may end in * and CLASS is one of ${clientClasses.join(', ')}`,
  });
  return z.NEVER;
});
