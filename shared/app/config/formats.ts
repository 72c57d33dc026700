import { z } from 'zod';
import type { RegistryName } from '../../core/oci/name.ts';
import { isRegistryName } from '../../core/oci/name.ts';
import { isNetwork, loopbackNetworks } from '../../core/outbound/public-address.ts';

const hostNameList =
  /^(own|[a-z0-9._-]{1,255}|\[[0-9a-f:.]{2,45}\])(,(own|[a-z0-9._-]{1,255}|\[[0-9a-f:.]{2,45}\]))*$/i;
export const hostNamesSchema = z
  .string()
  .regex(
    hostNameList,
    'must be "any", or "own", or additional names without ports, as in registry.lan,host.docker.internal',
  )
  .transform((text) => text.split(','));

export const registryNameSchema = z.custom<RegistryName>(
  (value) => typeof value === 'string' && isRegistryName(value),
  'must be 1 to 50 lower-case letters, digits and dashes',
);

/** https://learn.microsoft.com/azure/azure-monitor/app/connection-strings */
export const connectionStringSchema = z
  .string()
  .regex(
    /(^|;)InstrumentationKey=[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(;|$)/i,
    'must contain InstrumentationKey=UUID',
  )
  .regex(/(^|;)IngestionEndpoint=https:\/\/./i, 'must contain IngestionEndpoint=https://…');

/** Not plain http: what goes over it are keys. */
export const vaultSchema = z
  .url({ protocol: /^https$/ })
  .transform((text) => new URL(text))
  .refine((url) => url.href === `${url.origin}/`, 'must be https://NAME.vault.azure.net, without a path');

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
    'must be "public", or additional networks, as in loopback,10.1.0.0/16,fd00:1::/64',
  );
