import { request as httpRequest } from 'node:http';

export interface Sent {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** The address of this machine to send from. */
  readonly from?: string;
}

/** Over a connection of its own. */
export function send(
  url: string,
  { method = 'GET', headers = {}, body, from = '127.0.0.1' }: Sent = {},
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, headers, localAddress: from, agent: false }, (answer) => {
      let text = '';
      answer
        .setEncoding('utf8')
        .on('data', (chunk: string) => (text += chunk))
        .on('end', () => resolve({ status: answer.statusCode ?? 0, text }))
        .on('error', reject);
    });
    request.on('error', reject).end(body);
  });
}
