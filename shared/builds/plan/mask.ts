const hidden = '***';
/** Shorter ones would hide half of what is printed, and are no secrets. In characters. */
const shortest = 4;

/** How a secret looks where it is printed: as it is, each of its lines, and as programs write it into URLs, JSON and headers. */
export function formsOf(secret: string): string[] {
  const lines = [secret, secret.trim(), ...secret.split(/\r?\n/).map((line) => line.trim())];
  const forms = lines.flatMap((text) => [text, encodeURIComponent(text), JSON.stringify(text).slice(1, -1), Buffer.from(text).toString('base64'), Buffer.from(text).toString('base64url')]);
  // The longer first: a line is part of the whole.
  return [...new Set(forms)].filter((form) => form.length >= shortest).toSorted((a, b) => b.length - a.length);
}

/** Hides what is secret in a text that comes in pieces, wherever it is cut. */
export class Mask {
  readonly #forms: readonly string[];
  readonly #longest: number;
  #held = '';

  constructor(secrets: readonly string[]) {
    this.#forms = secrets.flatMap(formsOf).toSorted((a, b) => b.length - a.length);
    this.#longest = this.#forms[0]?.length ?? 0;
  }

  /** What may be shown by now: the end is held back for as long as a secret may begin there. */
  push(text: string): string {
    this.#held = this.#hide(this.#held + text);
    const safe = this.#safeLength();
    const shown = this.#held.slice(0, safe);
    this.#held = this.#held.slice(safe);
    return shown;
  }

  /** The rest. */
  end(): string {
    const rest = this.#hide(this.#held);
    this.#held = '';
    return rest;
  }

  #hide(text: string): string {
    return this.#forms.reduce((shown, form) => shown.replaceAll(form, hidden), text);
  }

  /** Up to the first place from which on everything is the beginning of a secret. */
  #safeLength(): number {
    for (let at = Math.max(0, this.#held.length - this.#longest + 1); at < this.#held.length; at += 1) {
      const end = this.#held.slice(at);
      if (this.#forms.some((form) => form.startsWith(end))) return at;
    }
    return this.#held.length;
  }
}
