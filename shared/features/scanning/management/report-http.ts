import type { OpenAPIHono } from '@hono/zod-openapi';
import { createRoute, z } from '@hono/zod-openapi';
import { absent, callerOf, causeIn, conflicting, json, managementRoutes } from '../../../core/http/management.ts';
import { repositoryIn } from '../../../core/http/management.ts';
import { readSmallBody } from '../../../core/http/request.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import { maxReportBytes } from '../formats/report-json.ts';
import { putReport } from '../results.ts';
import { findingsOf } from './findings.ts';
import { imageFindings } from './findings-http.ts';
import type { ScanningHttpPorts } from './ports.ts';
import { readImage } from './read-image.ts';
import { digestIn, scanningTag } from './shapes.ts';

const route = createRoute({
  method: 'put',
  path: '/images/report',
  operationId: 'putImageReport',
  summary: 'Puts the report of a scan that a CI has made',
  description:
    'Takes the report of a scan as the body: JSON of Trivy or Grype, SARIF, CycloneDX with vulnerabilities, or a ' +
    'report of the pluggable scanner API; the format is recognized. It takes the place of the report before, is kept as ' +
    'a referrer of the image, and the image is judged by it at once. A report that names another image is refused, and ' +
    'so is one about an index: each image that it lists has its own. The right to push is not enough, for who pushes ' +
    'could clear its own image: it takes the right to change anything, or quarantine/write of the repository.',
  request: {
    query: z.object({
      repository: repositoryIn('The repository that holds the image.'),
      digest: digestIn('The digest of the image: a tag may move.'),
    }),
    body: {
      required: true,
      content: { 'application/octet-stream': { schema: { description: 'The report, JSON of at most 32 MiB.' } } },
      description: 'The report, JSON of at most 32 MiB, with any Content-Type.',
    },
  },
  responses: {
    ...absent('manifestNotFound'),
    ...conflicting('reportOfIndex', 'reportOfOther'),
    200: json('The findings of the image, and what the policies say of them.', imageFindings),
  },
});

/** Makes the route of reports that a CI puts. */
export function reportRoutes(ports: ScanningHttpPorts): OpenAPIHono {
  const api = managementRoutes(scanningTag);
  api.openapi(route, async (context) => {
    const { repository, digest } = context.req.valid('query');
    const key = { registry: ports.registry, repository };
    const [bytes, manifest] = await Promise.all([
      readSmallBody(context.req.raw, 'report', maxReportBytes),
      readImage(ports.documents, key, digest),
    ]);
    await putReport(ports, key, manifest, { bytes, by: callerOf(context).actor, cause: causeIn(context) });
    const [shown] = await findingsOf(ports, key, await readImage(ports.documents, key, digest));
    if (shown === undefined) throw new RegistryError({ is: 'manifest-unknown', reference: digest });
    return context.json(shown, 200);
  });
  return api;
}
