/** Thrown when a sign-in at an issuer fails, with a sentence for the person who reads it on a page. */
export class SignInFailed extends Error {
  override readonly name = 'SignInFailed';
  readonly status: 400 | 403 | 404 | 429 | 503;

  constructor(status: SignInFailed['status'], message: string) {
    super(message);
    this.status = status;
  }
}

/** The characters that end a text in HTML. */
const special: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Answers a person whose sign-in has failed by a page without a script, which says what to do. */
export function failedPage({ status, message }: SignInFailed): Response {
  const text = message.replace(/[&<>"]/g, (each) => special[each] ?? '');
  const page = [
    '<!doctype html>',
    '<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
    '<title>Sign-in failed – Longshore</title>',
    `<main><h1>Sign-in failed</h1><p>${text}</p><p><a href="/ui/">Back to the portal</a></p></main></html>`,
    '',
  ].join('\n');
  return new Response(page, { status, headers: { 'Content-Type': 'text/html; charset=utf-8' } });
}
