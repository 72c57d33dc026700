import type { OpenAPIHono } from '@hono/zod-openapi';
import { createRoute, z } from '@hono/zod-openapi';
import { defined } from '../../../core/documents/defined.ts';
import { describable } from '../../../core/http/describable.ts';
import { absent, json, managementRoutes } from '../../../core/http/management.ts';
import type { Severity } from '../findings.ts';
import { severitySchema } from '../findings.ts';
import { findingsOf } from './findings.ts';
import type { ScanningHttpPorts } from './ports.ts';
import { readImage } from './read-image.ts';
import { imageShape, scanningTag, scanShown, text, texts, time } from './shapes.ts';

const countSchema = z
  .object({
    withFix: z.int().openapi({ description: 'Those for which there is a version with a fix.' }),
    withoutFix: z.int().openapi({ description: 'Those without a fix.' }),
  })
  .openapi('FindingCount', { description: 'The number of findings of one severity.' });
const countsSchema = (description: string) =>
  z
    .object({
      unknown: countSchema,
      negligible: countSchema,
      low: countSchema,
      medium: countSchema,
      high: countSchema,
      critical: countSchema,
    } satisfies Record<Severity, unknown>)
    .openapi({ description });

const takenSchema = z
  .object({
    by: z.enum(['exception', 'vex']).openapi({ description: 'The kind of thing that takes the finding away.' }),
    exception: text('The name of the exception.').optional(),
    expiresAt: time('The time at which the exception ends.').optional(),
    owner: text('The owner of the exception.').optional(),
    reason: text('The reason of the exception, or the justification of the VEX statement.'),
    policy: text('The trust policy whose authority has signed the VEX statement.').optional(),
    document: text('The id of the VEX document.').optional(),
  })
  .openapi('FindingTaken', { description: 'The thing that takes a finding away.' });
const findingSchema = z
  .object({
    id: text('The name of the vulnerability.'),
    aliases: texts('Other names of the vulnerability.').optional(),
    package: text('The name of the package.'),
    purl: text('The package URL of the package.').optional(),
    version: text('The version of the package in the image.'),
    fixedIn: text('The versions with a fix.').optional(),
    fixedSince: time('The time since which there is a fix, as far as it is known.').optional(),
    severity: describable(severitySchema).openapi({ description: 'The severity, as the scanner gives it.' }),
    cvss: z.number().optional().openapi({ description: 'The CVSS score, from 0 to 10.' }),
    links: texts('Pages about the vulnerability.'),
    taken: takenSchema.optional(),
  })
  .openapi('Finding', { description: 'A vulnerability of one package.' });
const policySchema = z
  .object({
    name: text('The name of the scan policy.'),
    mode: z.enum(['off', 'audit', 'enforce']).openapi({ description: 'The mode of the policy.' }),
    effect: z
      .enum(['open', 'warn', 'closed'])
      .openapi({ description: 'The effect on pulls: none, a warning, or a refusal.' }),
    counts: countsSchema('The findings that nothing has taken away for this policy.'),
    reasons: texts('The reasons, whole sentences.'),
    notes: texts('Sentences about what the judgement leaves out.'),
    graceUntil: time('The time until which it may still be pulled.').optional(),
    nextChangeAt: time('The time at which the judgement may change by itself.').optional(),
  })
  .openapi('PolicyOnFindings', { description: 'The judgement of one scan policy about the findings.' });
const reportSchema = z
  .object({
    by: z
      .object({
        is: z.enum(['scanner', 'caller']).openapi({ description: 'The kind of the source.' }),
        name: text('The name of the scanner, or the actor that has put the report.'),
      })
      .openapi({ description: 'The source of the report.' }),
    format: text('The format of the report.'),
    scanner: z
      .object({
        name: text('The name of the scanner.'),
        vendor: text('The vendor of the scanner.'),
        version: text('The version of the scanner.'),
        databaseUpdatedAt: time('The time of its database.').optional(),
      })
      .openapi({ description: 'The scanner, as the report names it.' }),
    scannedAt: time('The time that counts as that of the scan.'),
    receivedAt: time('The time at which the report arrived.'),
    report: text('The digest of the referrer that keeps the report as it came.').optional(),
    sbom: text('The digest of the referrer that keeps the SBOM.').optional(),
    notes: texts('Sentences that say why the report may mean less than it seems.'),
  })
  .openapi('ScanReport', { description: 'The last report about an image.' });

export const imageFindings = z
  .object({
    digest: text('The digest of the image.'),
    platform: text('The platform of the image, as os/architecture.').optional(),
    state: z
      .enum(['reported', 'unscannable', 'waiting'])
      .openapi({ description: 'The state: a report is there, no scanner can scan it, or it waits for one.' }),
    report: reportSchema.optional(),
    scan: scanShown.optional(),
    counts: countsSchema('All findings of the report, those that something takes away as well.'),
    findings: z.array(findingSchema).openapi({ description: 'The worst findings, at most 1,000, from the worst on.' }),
    policies: z.array(policySchema).openapi({ description: 'The judgements of the policies that cover it.' }),
  })
  .openapi('ImageFindings', { description: 'The findings of one image, and what the policies say of them.' });

const routes = {
  read: createRoute({
    method: 'get',
    path: '/images/findings',
    operationId: 'getImageFindings',
    summary: 'Shows the findings of an image',
    description:
      'Shows the vulnerabilities that the last report about an image names, with what takes each away, and the ' +
      'judgement of each scan policy. Of an index it shows those of each image that it lists.',
    request: { query: z.object(imageShape) },
    responses: {
      ...absent('manifestNotFound'),
      200: json(
        'The findings of the image.',
        z
          .object({
            repository: text('The repository that holds the image.'),
            reference: text('The tag or digest of the request.'),
            digest: text('The digest that it names now.'),
            images: z
              .array(imageFindings)
              .openapi({ description: 'The image itself, or those that the index lists, without attestations.' }),
          })
          .openapi('Findings', { description: 'The findings of an image, or of all images of an index.' }),
      ),
    },
  }),
};

/** Makes the routes of `/images/findings` of the management API. */
export function findingRoutes(ports: ScanningHttpPorts): OpenAPIHono {
  const { documents, registry } = ports;
  const api = managementRoutes(scanningTag);
  api.openapi(routes.read, async (context) => {
    const { repository, reference } = context.req.valid('query');
    const key = { registry, repository };
    const manifest = await readImage(documents, key, reference);
    const images = await findingsOf(ports, key, manifest);
    return context.json({ repository, reference, ...defined({ digest: manifest.digest, images }) }, 200);
  });
  return api;
}
