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
  const { origin, host } = publicUrl ?? new URL(request.url);
  return { url: origin, host };
}
