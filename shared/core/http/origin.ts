/** The address at which clients find the registry. */
export interface Origin {
  /** `https://registry.example`, without a slash at its end. */
  readonly url: string;
  /** The host and port, which tokens are issued for. */
  readonly host: string;
}

/**
 * Returns the setting's origin if there is one, else that of the request's own URL. `X-Forwarded-*` is never read: its
 * sender would choose where clients send their passwords.
 */
export function originOf(request: Request, publicUrl: URL | undefined): Origin {
  if (publicUrl !== undefined) return { url: publicUrl.origin, host: publicUrl.host };
  const { url } = request;
  const pathStart = url.indexOf('/', url.indexOf('://') + 3);
  const host = url.slice(url.indexOf('://') + 3, pathStart);
  // The host is cut out, as every request needs it; one that a challenge could not quote as it stands is parsed first.
  if (plainHost.test(host)) return { url: url.slice(0, pathStart), host };
  const parsed = new URL(url);
  return { url: parsed.origin, host: parsed.host };
}

const plainHost = /^[a-z0-9.-]+(?::\d+)?$/;
