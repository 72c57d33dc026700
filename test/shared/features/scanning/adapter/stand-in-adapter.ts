import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The ways in which the adapter may depart from the specification, or use what it leaves open. */
export interface Quirks {
  /** It never answers these calls. */
  hangs?: ('metadata' | 'scan' | 'report')[];
  /** The value of Refresh-After while a scan runs; absent, there is none, as with Trivy's adapter. */
  refreshAfter?: string;
  /** A redirect leads there instead of to the question itself. */
  redirectsTo?: string;
  /** A finished report is answered with this status. */
  reportStatus?: number;
  /** The report is about this image. */
  answersFor?: { repository?: string; digest?: string } | 'nothing';
  /** The declared length of the report, whatever its length is. */
  declaredLength?: number;
  /** So many bytes are added to the report, in a description. */
  paddedBy?: number;
  /** The content type of the report. */
  contentType?: string;
  /** The report says that it is packed. */
  contentEncoding?: string;
  /** The body of the report, instead of a report. */
  body?: string;
  /** The id of scans. */
  id?: string;
  /** A scan is answered with this status and message. */
  scanFault?: { status: number; message: string };
  /** The metadata's properties, besides the usual ones. */
  properties?: Record<string, string>;
  /** The header that must come with every call. */
  demands?: { header: string; value: string };
}

interface SeenCall {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface StandInAdapter {
  /** The base URL, without /api/v1. */
  readonly url: string;
  readonly quirks: Quirks;
  /** The calls that came, from the first on. */
  readonly seen: SeenCall[];
  /** The vulnerabilities that the next reports have, as the scanner API writes them. */
  vulnerabilities: Record<string, unknown>[];
  /** The questions for a report that are answered with "not yet". */
  polls: number;
  /** The time of the database that the metadata name. */
  databaseUpdatedAt: string;
  close(): void;
}

interface Scan {
  readonly artifact: { readonly repository: string; readonly digest: string; readonly mime_type: string };
  readonly reports: ReadonlySet<string>;
}

const types = {
  metadata: 'application/vnd.scanner.adapter.metadata+json; version=1.1',
  request: 'application/vnd.scanner.adapter.scan.request+json; version=1.1',
  response: 'application/vnd.scanner.adapter.scan.response+json; version=1.0',
  error: 'application/vnd.scanner.adapter.error+json; version=1.0',
  report: 'application/vnd.security.vulnerability.report; version=1.1',
  sbom: 'application/vnd.security.sbom.report+json; version=1.0',
};
const consumes = ['application/vnd.oci.image.manifest.v1+json', 'application/vnd.docker.distribution.manifest.v2+json'];
const sbomTypes = ['application/spdx+json', 'application/vnd.cyclonedx+json'];
const scanner = { name: 'Stand-in', vendor: 'Tests', version: '1.0' };

/** Starts a scanner adapter that was written from the specification of the pluggable scanner API 1.2 alone. */
export async function startStandInAdapter(quirks: Quirks = {}): Promise<StandInAdapter> {
  const scans = new Map<string, Scan>();
  const server = createServer((request, response) => void handle(request, response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const adapter: StandInAdapter = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    quirks,
    seen: [],
    vulnerabilities: [],
    polls: 0,
    databaseUpdatedAt: '2026-11-30T06:00:00Z',
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const { pathname: path, searchParams } = new URL(request.url ?? '/', adapter.url);
    adapter.seen.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, body });
    const { demands, hangs = [] } = quirks;
    if (demands !== undefined && request.headers[demands.header] !== demands.value) {
      refuse(response, 401, 'credentials are missing');
      return;
    }
    if (path === '/api/v1/metadata') {
      if (!hangs.includes('metadata')) metadata(response);
      return;
    }
    if (path === '/api/v1/scan') {
      if (!hangs.includes('scan')) accept(request, response, body);
      return;
    }
    const [, id] = /^\/api\/v1\/scan\/([^/]+)\/report$/.exec(path) ?? [];
    if (id === undefined) {
      refuse(response, 404, 'no such path');
      return;
    }
    if (!hangs.includes('report'))
      report(request, response, decodeURIComponent(id), searchParams.get('sbom_media_type'));
  }

  function metadata(response: ServerResponse): void {
    send(response, 200, types.metadata, {
      scanner,
      capabilities: [
        { type: 'vulnerability', consumes_mime_types: consumes, produces_mime_types: [types.report] },
        {
          type: 'sbom',
          consumes_mime_types: consumes,
          produces_mime_types: [types.sbom],
          additional_attributes: { sbom_media_types: sbomTypes },
        },
      ],
      properties: {
        'harbor.scanner-adapter/scanner-type': 'os-package-vulnerability',
        'harbor.scanner-adapter/vulnerability-database-updated-at': adapter.databaseUpdatedAt,
        ...quirks.properties,
      },
    });
  }

  function accept(request: IncomingMessage, response: ServerResponse, body: string): void {
    if (quirks.scanFault !== undefined) {
      refuse(response, quirks.scanFault.status, quirks.scanFault.message);
      return;
    }
    if (request.headers['content-type'] !== types.request) {
      refuse(response, 400, 'wrong content type');
      return;
    }
    const asked = JSON.parse(body) as {
      registry: { url: string };
      artifact: Scan['artifact'];
      enabled_capabilities: {
        type: string;
        produces_mime_types: string[];
        parameters?: { sbom_media_types: string[] };
      }[];
    };
    if (!URL.canParse(asked.registry.url)) {
      refuse(response, 422, 'invalid registry.url');
      return;
    }
    if (!consumes.includes(asked.artifact.mime_type)) {
      refuse(response, 501, 'cannot scan this type');
      return;
    }
    const reports = asked.enabled_capabilities.flatMap(({ produces_mime_types: produced, parameters }) =>
      produced.flatMap((type) => (parameters?.sbom_media_types ?? ['']).map((sbom) => `${type} ${sbom}`)),
    );
    const id = quirks.id ?? `scan-${scans.size + 1}`;
    scans.set(id, { artifact: asked.artifact, reports: new Set(reports) });
    send(response, 202, types.response, { id });
  }

  function report(request: IncomingMessage, response: ServerResponse, id: string, sbomType: string | null): void {
    const { accept: type = '' } = request.headers;
    const scan = scans.get(id);
    if (type === types.sbom && sbomType === null) {
      refuse(response, 400, 'missing SBOM media type');
      return;
    }
    if (scan === undefined || !scan.reports.has(`${type} ${sbomType ?? ''}`)) {
      refuse(response, 404, 'no such scan');
      return;
    }
    if (adapter.polls > 0) {
      adapter.polls -= 1;
      const { refreshAfter, redirectsTo } = quirks;
      response.writeHead(302, {
        Location: redirectsTo ?? request.url,
        ...(refreshAfter === undefined ? {} : { 'Refresh-After': refreshAfter }),
      });
      response.end();
      return;
    }
    if (quirks.reportStatus !== undefined) {
      refuse(response, quirks.reportStatus, 'the scan failed');
      return;
    }
    finished(response, scan, type, sbomType);
  }

  function finished(response: ServerResponse, scan: Scan, type: string, sbomType: string | null): void {
    const { answersFor, paddedBy, contentType, contentEncoding, declaredLength, body } = quirks;
    const about = answersFor === 'nothing' ? undefined : { ...scan.artifact, ...answersFor };
    const content =
      sbomType === null
        ? // A clean report leaves the list out, as Go's encoder does.
          {
            severity: 'High',
            ...(adapter.vulnerabilities.length > 0 ? { vulnerabilities: adapter.vulnerabilities } : {}),
          }
        : { media_type: sbomType, sbom: { bomFormat: 'CycloneDX', components: [] } };
    const text =
      body ??
      JSON.stringify({
        generated_at: '2026-11-30T07:00:00.123456789Z',
        artifact: about,
        scanner,
        ...content,
        pad: 'x'.repeat(paddedBy ?? 0),
      });
    response.writeHead(200, {
      'Content-Type': contentType ?? type,
      ...(contentEncoding === undefined ? {} : { 'Content-Encoding': contentEncoding }),
      ...(declaredLength === undefined ? {} : { 'Content-Length': declaredLength }),
    });
    response.end(text);
  }

  return adapter;
}

function send(response: ServerResponse, status: number, type: string, value: unknown): void {
  response.writeHead(status, { 'Content-Type': type });
  response.end(JSON.stringify(value));
}

function refuse(response: ServerResponse, status: number, message: string): void {
  send(response, status, types.error, { error: { message } });
}
