import { z } from 'zod';
import { defined } from '../../../core/documents/defined.ts';
import { jsonIn } from '../../../core/oci/json.ts';
import type { CallFailed } from './answers.ts';
import { failed, faultOfBody, statusFailure, unanswered } from './answers.ts';
import type { AskScanner } from './ask-scanner.ts';
import { isMediaType, mediaTypes } from './media-types.ts';
import type { ScannerCapability } from './metadata.ts';
import type { ScannerTarget } from './registration.ts';
import { callUrl } from './registration.ts';

const maxBytes = 64 * 1024;

/** The manifest that is scanned. */
export interface ScannedArtifact {
  readonly repository: string;
  readonly digest: string;
  readonly mediaType: string;
  readonly tag?: string;
}

/** A report that a scan makes. */
export interface WantedReport {
  /** The media type of the report, as the adapter writes it. */
  readonly reportType: string;
  /** The format of the SBOM in it; absent for a report of vulnerabilities. */
  readonly sbomMediaType?: string;
}

export interface ScanRequest {
  /** The URL of the registry, with the scheme, as the adapter reaches it. */
  readonly registryUrl: string;
  /** The whole value of an `Authorization` header. */
  readonly authorization: string;
  readonly artifact: ScannedArtifact;
  readonly wanted: readonly WantedReport[];
}

export type ScanOutcome =
  | { readonly is: 'accepted'; readonly id: string }
  /** The scanner cannot scan what it was asked to. */
  | { readonly is: 'unscannable'; readonly reason: string }
  | CallFailed;

/** Returns the report of vulnerabilities that a capability makes, the newer form first; `undefined` if it makes none. */
export function vulnerabilityReportOf({ produces }: Pick<ScannerCapability, 'produces'>): WantedReport | undefined {
  const reportType = [mediaTypes.report, mediaTypes.olderReport].find((type) =>
    produces.some((each) => isMediaType(each, [type])),
  );
  return reportType === undefined ? undefined : { reportType };
}

// The specification leaves the form of an id to the adapter. Two dots would lead out of the path, even escaped.
const idSchema = z.object({
  id: z
    .string()
    .min(1)
    .max(300)
    .regex(/^[\u0021-\u007e]+$/)
    .refine((id) => id !== '.' && id !== '..'),
});

const call = 'the request for a scan';

/** Asks for a scan, once. A repetition may begin another scan, which costs time and changes nothing else. */
export async function askScan(ask: AskScanner, target: ScannerTarget, request: ScanRequest): Promise<ScanOutcome> {
  const answer = await ask.askScanner({
    url: callUrl(target.url, ['scan']),
    method: 'POST',
    headers: { ...target.headers, 'Content-Type': mediaTypes.request, Accept: mediaTypes.response },
    body: JSON.stringify(bodyOf(request)),
    mostBytes: maxBytes,
    timeoutMs: target.timeoutMs,
  });
  if (answer.is !== 'answered') return unanswered(answer);
  if (answer.status === 501) return { is: 'unscannable', reason: statusFailure(answer, call).reason };
  if (answer.status !== 202) return statusFailure(answer, call);
  const fault = faultOfBody(answer, call, [mediaTypes.response]);
  if (fault !== undefined) return fault;
  const parsed = idSchema.safeParse(jsonIn(answer.body));
  return parsed.success
    ? { is: 'accepted', id: parsed.data.id }
    : failed('The scanner accepted the scan, but gave no usable id for it.', false);
}

function bodyOf({ registryUrl, authorization, artifact, wanted }: ScanRequest) {
  const { repository, digest, mediaType, tag } = artifact;
  return {
    registry: { url: registryUrl, authorization },
    artifact: { repository, digest, mime_type: mediaType, ...defined({ tag }) },
    enabled_capabilities: wanted.map(({ reportType, sbomMediaType }) => ({
      type: sbomMediaType === undefined ? 'vulnerability' : 'sbom',
      produces_mime_types: [reportType],
      ...(sbomMediaType === undefined ? {} : { parameters: { sbom_media_types: [sbomMediaType] } }),
    })),
  };
}
