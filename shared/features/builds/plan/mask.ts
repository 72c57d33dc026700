const hidden = '***';
/**
 * The length of the shortest secret that is hidden, in characters. Shorter ones would hide half of the output, and are
 * no secrets.
 */
const shortest = 4;

/**
 * Returns the forms in which a secret may be printed: as it is, each of its lines, and as programs write it into URLs,
 * JSON and headers.
 */
export function formsOf(secret: string): string[] {
  const lines = [secret, secret.trim(), ...secret.split(/\r?\n/).map((line) => line.trim())];
  const forms = lines.flatMap((text) => [
    text,
    encodeURIComponent(text),
    JSON.stringify(text).slice(1, -1),
    Buffer.from(text).toString('base64'),
    Buffer.from(text).toString('base64url'),
  ]);
  // The longer forms come first: a line is part of the whole.
  return [...new Set(forms)].filter((form) => form.length >= shortest).toSorted((a, b) => b.length - a.length);
}

/** Hides secrets in a text that comes in pieces, wherever it is cut: the output does not depend on the cuts. */
export class Mask {
  readonly #forms: readonly string[];
  readonly #starts: ReadonlySet<string>;
  #held = '';

  constructor(secrets: readonly string[]) {
    this.#forms = secrets.flatMap(formsOf).toSorted((a, b) => b.length - a.length);
    this.#starts = new Set(this.#forms.map((form) => form.slice(0, 1)));
  }

  /**
   * Returns the text that may be shown by now: the end is held back while a secret, or a longer one, may begin there.
   */
  push(text: string): string {
    const { shown, heldFrom } = this.#scan(this.#held + text, false);
    this.#held = (this.#held + text).slice(heldFrom);
    return shown;
  }

  /** Returns the rest. */
  end(): string {
    const { shown } = this.#scan(this.#held, true);
    this.#held = '';
    return shown;
  }

  /** Scans a text. Secrets that overlap are hidden as one, since the end of the second must not be shown either. */
  #scan(text: string, isWhole: boolean): { readonly shown: string; readonly heldFrom: number } {
    let [shown, begins, ends] = ['', 0, 0];
    for (let at = 0; at < text.length; at += 1) {
      const isInside = at < ends;
      if (this.#starts.has(text.charAt(at))) {
        if (!isWhole && this.#mayBeginAt(text, at))
          return isInside ? { shown: shown.slice(0, -hidden.length), heldFrom: begins } : { shown, heldFrom: at };
        const form = this.#forms.find((each) => text.startsWith(each, at));
        if (form !== undefined && !isInside) [shown, begins] = [shown + hidden, at];
        if (form !== undefined) ends = Math.max(ends, at + form.length);
      }
      if (at >= ends) shown += text.charAt(at);
    }
    return { shown, heldFrom: text.length };
  }

  /** Says whether a secret may begin here that the text to follow completes. */
  #mayBeginAt(text: string, at: number): boolean {
    const left = text.length - at;
    return this.#forms.some((form) => form.length > left && form.startsWith(text.slice(at)));
  }
}
