import type { OpenAPIHono } from '@hono/zod-openapi';
import { managementRoutes } from '../../../core/http/management.ts';
import { verdictPolicyRoutes } from '../../../core/verdicts/policy-routes.ts';
import { scanPolicies, scanSettingsSchema } from '../policy.ts';
import { exceptionRoutes } from './exceptions-http.ts';
import { findingRoutes } from './findings-http.ts';
import type { ScanningHttpPorts } from './ports.ts';
import { reportRoutes } from './report-http.ts';
import { scannerRoutes } from './scanners-http.ts';
import { scanRoutes } from './scans-http.ts';
import { scanningTag } from './shapes.ts';

const words = {
  tag: scanningTag,
  path: '/scanning/policies',
  one: 'scan policy',
  component: 'ScanPolicy',
  code: 'scanPolicyNotFound',
} as const;

/** Makes the routes of `/scanning` of the management API, and those of findings and reports below `/images`. */
export function scanningRoutes(ports: ScanningHttpPorts): OpenAPIHono {
  const api = managementRoutes(scanningTag);
  api.route('/', verdictPolicyRoutes(ports, scanPolicies, scanSettingsSchema, words));
  for (const routes of [exceptionRoutes, scannerRoutes, scanRoutes, findingRoutes, reportRoutes])
    api.route('/', routes(ports));
  return api;
}
