import type { OpenAPIHono } from '@hono/zod-openapi';
import type { PolicyRoutePorts } from '../../core/verdicts/policy-routes.ts';
import { verdictPolicyRoutes } from '../../core/verdicts/policy-routes.ts';
import { quarantinePolicies, quarantineSettingsSchema } from './policy.ts';

const words = {
  tag: { name: 'quarantine', description: 'Manages the policies by which images wait until somebody passes them.' },
  path: '/quarantine/policies',
  one: 'quarantine policy',
  component: 'QuarantinePolicy',
  code: 'quarantinePolicyNotFound',
} as const;

/** Makes the routes of `/quarantine/policies` of the management API. */
export function quarantineRoutes(ports: PolicyRoutePorts): OpenAPIHono {
  return verdictPolicyRoutes(ports, quarantinePolicies, quarantineSettingsSchema, words);
}
