import { DockerfileFault } from './fault.ts';

function quoted(line: string, at: number): { field: string; end: number } {
  let field = '';
  for (;;) {
    const close = line.indexOf('"', at);
    if (close < 0) throw new DockerfileFault('extraneous or missing " in quoted-field');
    field += line.slice(at, close);
    if (line[close + 1] !== '"') return { field, end: close + 1 };
    field += '"';
    at = close + 2;
  }
}

/** Parts one line of CSV into its fields, by RFC 4180's quoting. @throws DockerfileFault */
export function csvFields(line: string): string[] {
  if (line === '') throw new DockerfileFault('EOF');
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (line[at] === '"') {
      const { field, end } = quoted(line, at + 1);
      fields.push(field);
      if (end < line.length && line[end] !== ',') throw new DockerfileFault('extraneous or missing " in quoted-field');
      at = end;
    } else {
      const comma = line.indexOf(',', at);
      const field = line.slice(at, comma < 0 ? undefined : comma);
      if (field.includes('"')) throw new DockerfileFault('bare " in non-quoted-field');
      fields.push(field);
      at += field.length;
    }
    if (at >= line.length) return fields;
    at++;
  }
}
