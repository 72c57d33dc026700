const noted = new WeakMap<Request, Set<string>>();

/** Distribution-spec, "Warnings": of all that an answer carries, the header's name and what is around it included. */
const maxBytes = 4_096;
const aroundText = 'Warning: 299 - ""'.length;

/** Remembers what the answer to a request is to warn of, whatever the answer is. */
export function noteWarning(request: Request, text: string): void {
  const texts = noted.get(request) ?? new Set();
  noted.set(request, texts.add(text));
}

/**
 * Adds `Warning: 299 - "…"` to an answer, if there is something to warn of. It is one header whatever there is to say:
 * several of a name reach a client as one, which containerd does not read.
 */
export function withWarnings(answer: Response, request: Request): Response {
  const texts = noted.get(request);
  if (texts !== undefined) answer.headers.set('Warning', `299 - "${quoted([...texts].join('; '))}"`);
  return answer;
}

/** Printable ASCII alone may stand between the quotes; what is too long is cut, and no escape in its middle. */
function quoted(text: string): string {
  const escaped = text.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&');
  if (escaped.length <= maxBytes - aroundText) return escaped;
  return escaped.slice(0, maxBytes - aroundText - 3).replace(/(?<!\\)((?:\\\\)*)\\$/, '$1') + '...';
}
