/**
 * All that pages share. They import it from here alone: then it is one script for all of them, which comes with the
 * first load, instead of one for each set of pages that share something.
 */
export * from './kit/answer.tsx';
export * from './kit/api.ts';
export * from './kit/badges.tsx';
export * from './kit/bulk.ts';
export * from './kit/button.tsx';
export * from './kit/clients.tsx';
export * from './kit/deletion.tsx';
export * from './kit/dialog.tsx';
export * from './kit/edits.ts';
export * from './kit/facts.tsx';
export * from './kit/fields.tsx';
export * from './kit/filter.tsx';
export * from './kit/format.ts';
export * from './kit/given.ts';
export * from './kit/link.tsx';
export * from './kit/links.ts';
export * from './kit/load.ts';
export * from './kit/me.ts';
export * from './kit/page-head.tsx';
export * from './kit/pager.tsx';
export * from './kit/pages.ts';
export * from './kit/ping.ts';
export * from './kit/preferences.ts';
export * from './kit/reference.ts';
export * from './kit/route.ts';
export * from './kit/save-file.ts';
export * from './kit/schemas.ts';
export * from './kit/search.tsx';
export * from './kit/secrets.tsx';
export * from './kit/selection.ts';
export * from './kit/send.ts';
export * from './kit/shell.tsx';
export * from './kit/states.tsx';
export * from './kit/table.tsx';
export * from './kit/tabs.tsx';
export * from './kit/text.tsx';
export * from './kit/toasts.ts';
export * from './kit/values.tsx';
export * from './kit/visible-everywhere.ts';
export * from './kit/visible-text.ts';
export * from './kit/words.ts';
export { signal, useSignal } from '@preact/signals';
export type { ComponentChildren, VNode } from 'preact';
export { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
export { useLocation } from 'wouter-preact';
