import { basesOf, type BasesOptions } from '../../../../shared/core/dockerfile/bases.ts';

/** The images' names, sorted; a Dockerfile that is refused fails the test with what it was refused for. */
export function imagesOf(text: string, options: BasesOptions = {}): string[] {
  const bases = basesOf(text, options);
  if ('error' in bases) throw new Error(`line ${bases.error.line}: ${bases.error.message}`);
  return [...new Set(bases.refs.map(({ name }) => name))].sort();
}

/** `line: message` of a Dockerfile that is refused; empty for one that is not. */
export function refusalOf(text: string, options: BasesOptions = {}): string {
  const bases = basesOf(text, options);
  return 'error' in bases ? `${bases.error.line}: ${bases.error.message}` : '';
}

export const library = (name: string): string => `docker.io/library/${name}`;
