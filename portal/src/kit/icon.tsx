import type { VNode } from 'preact';

/** The shapes of the icons, on a field of 16 by 16. Fonts lack some of these signs. */
const shapes = {
  copy: 'M5.5 5.5h7v8h-7zM3.5 10.5v-8h7',
  done: 'M3 8.5l3.5 3.5L13 4.5',
  close: 'M4 4l8 8M12 4l-8 8',
  auto: 'M8 2.5a5.5 5.5 0 1 0 0 11zM8 2.5a5.5 5.5 0 0 1 0 11M9 5.5h3.5M9 8h4.5M9 10.5h3.5',
  light: 'M8 5a3 3 0 1 0 .01 0zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1',
  dark: 'M13 9.5A5.5 5.5 0 1 1 6.5 3a4.5 4.5 0 0 0 6.5 6.5z',
  rows: 'M2.5 3.5h11M2.5 8h11M2.5 12.5h11',
} as const;

/** A sign beside a word, or in a button with a label: it says nothing by itself. */
export function Icon({ of }: { readonly of: keyof typeof shapes }): VNode {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={shapes[of]} />
    </svg>
  );
}
