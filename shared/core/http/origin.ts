/** Where clients find the registry. */
export interface Origin {
  /** `https://registry.example`, without a slash at its end. */
  readonly url: string;
  /** Host and port: what tokens are issued for. */
  readonly host: string;
}

/**
 * The setting's origin where there is one, else that of the request's own URL. `X-Forwarded-*` is never read: whoever
 * sends it would choose where clients take their passwords.
 */
export function originOf(request: Request, publicUrl: URL | undefined): Origin {
  if (publicUrl !== undefined) return { url: publicUrl.origin, host: publicUrl.host };
  const { url } = request;
  const pathStart = url.indexOf('/', url.indexOf('://') + 3);
  const host = url.slice(url.indexOf('://') + 3, pathStart);
  // Cut out, as every request needs it; what a challenge could not quote as it stands is parsed first.
  if (plainHost.test(host)) return { url: url.slice(0, pathStart), host };
  const parsed = new URL(url);
  return { url: parsed.origin, host: parsed.host };
}

const plainHost = /^[a-z0-9.-]+(?::\d+)?$/;
