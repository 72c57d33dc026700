/** The media types of the pluggable scanner API 1.2, as its servers compare them: character by character. */
export const mediaTypes = {
  metadata: 'application/vnd.scanner.adapter.metadata+json; version=1.1',
  olderMetadata: 'application/vnd.scanner.adapter.metadata+json; version=1.0',
  request: 'application/vnd.scanner.adapter.scan.request+json; version=1.1',
  response: 'application/vnd.scanner.adapter.scan.response+json; version=1.0',
  report: 'application/vnd.security.vulnerability.report; version=1.1',
  olderReport: 'application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0',
  sbomReport: 'application/vnd.security.sbom.report+json; version=1.0',
} as const;

/** Writes a media type in one form, without parameters but its version; `undefined` for a text that is none. */
function formOf(text: string | undefined): { readonly type: string; readonly version: string | undefined } | undefined {
  if (text === undefined || text.length > 300) return undefined;
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const version = parameters.find((each) => each.startsWith('version='))?.slice('version='.length);
  return type.includes('/') ? { type, version: version?.replaceAll('"', '') } : undefined;
}

/** Says whether a content type is one of those that were asked for. One without a version is of every version. */
export function isMediaType(text: string | undefined, allowed: readonly string[]): boolean {
  const form = formOf(text);
  if (form === undefined) return false;
  return allowed.map(formOf).some((one) => {
    const isVersion = form.version === undefined || form.version === one?.version;
    return one !== undefined && one.type === form.type && isVersion;
  });
}
