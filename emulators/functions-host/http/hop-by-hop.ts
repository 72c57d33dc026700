import type { IncomingMessage } from 'node:http';

const always = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** A message's headers without those that belong to one connection: RFC 9110 section 7.6.1. */
export function endToEndHeaders(message: IncomingMessage): Record<string, string[]> {
  const named = (message.headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  const dropped = new Set([...always, ...named]);
  return Object.fromEntries(
    Object.entries(message.headersDistinct).flatMap(([name, lines]) =>
      lines === undefined || dropped.has(name) ? [] : [[name, lines]],
    ),
  );
}
