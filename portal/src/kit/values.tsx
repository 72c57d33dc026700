import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { Button } from './button.tsx';
import { formatAgo, formatBytes, formatNumber, formatTime, shortDigest } from './format.ts';
import { Icon } from './icon.tsx';
import { toast } from './toasts.ts';
import { visibleLines } from './visible-text.ts';

const unknown = <span class="unknown">–</span>;

/** A time: how long ago it was, and by its title when. */
export function Time({ at }: { readonly at: string | undefined }): VNode {
  return at === undefined ? (
    unknown
  ) : (
    <time dateTime={at} title={formatTime(at)}>
      {formatAgo(at)}
    </time>
  );
}

/** A size; its title has all its digits. */
export function Bytes({ of }: { readonly of: number | undefined }): VNode {
  return of === undefined ? unknown : <span title={`${formatNumber(of)} bytes`}>{formatBytes(of)}</span>;
}

export function Count({ of }: { readonly of: number | undefined }): VNode {
  return of === undefined ? unknown : <span>{formatNumber(of)}</span>;
}

/** A digest, shortened; its title is the whole one, and it can be copied. */
export function Digest({ of }: { readonly of: string }): VNode {
  return (
    <span class="digest">
      <code title={of}>{shortDigest(of)}</code>
      <Copy text={of} what="the digest" />
    </span>
  );
}

/** Copies a text. */
export function Copy({ text, what }: { readonly text: string; readonly what: string }): VNode {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    // The text that is pasted elsewhere is the one that was seen: what acts unseen would act there.
    await navigator.clipboard.writeText(visibleLines(text));
    setCopied(true);
    setTimeout(() => setCopied(false), 2_000);
    toast('Copied.');
  };
  // On plain http, except on this machine itself, browsers have no clipboard for pages.
  const disabledWhy = 'clipboard' in navigator ? undefined : 'Browsers let pages copy over https alone: mark the text.';
  return (
    <Button kind="quiet" label={`Copy ${what}`} disabledWhy={disabledWhy} onPress={copy}>
      <Icon of={isCopied ? 'done' : 'copy'} />
    </Button>
  );
}

/** A line to be typed or pasted elsewhere. */
export function CommandLine({ text, what = 'the command' }: { readonly text: string; readonly what?: string }): VNode {
  return (
    <div class="command">
      <code tabIndex={0}>{text}</code>
      <Copy text={text} what={what} />
    </div>
  );
}
