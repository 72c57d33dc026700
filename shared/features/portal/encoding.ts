/** The forms in which a file lies ready, the smaller one first. */
type Form = 'br' | 'gz';

/** Chooses the form of an answer by `Accept-Encoding` (RFC 9110, section 12.5.3); `undefined` is the file as it is. */
export function encodingFor(acceptEncoding: string | null): Form | undefined {
  const weights = new Map<string, number>();
  for (const each of (acceptEncoding ?? '').toLowerCase().split(',').slice(0, 20)) {
    const [name = '', ...parameters] = each.split(';').map((part) => part.trim());
    const quality = parameters.find((part) => part.startsWith('q='));
    weights.set(name, quality === undefined ? 1 : Number(quality.slice(2)) || 0);
  }
  const weightOf = (name: string) => weights.get(name) ?? weights.get('*') ?? 0;
  const br = weightOf('br');
  const gz = Math.max(weightOf('gzip'), weights.get('x-gzip') ?? 0);
  if (br > 0 && br >= gz) return 'br';
  return gz > 0 ? 'gz' : undefined;
}
